// The texts of bench/tokens: megabytes of four kinds, in documents of some kilobytes. There is no
// standard corpus without a network; these are what the packages on this machine carry.
import { Chance } from "./chance.mjs";
import * as machine from "./machine.mjs";
import { Talk, sample } from "./texts.mjs";

const DOCUMENT_CHARACTERS = 16000, SHORTEST = 200;

// What remains of a manual page without its markup.
const prose = (text) => text.split("\n").filter((line) => !/^[.']/.test(line)).join("\n")
  .replace(/\\f[BIRP]/g, "").replace(/\\-/g, "-").replace(/\\(.)/g, "$1");

const isHan = (text) => (text.match(/\p{Script=Han}/gu)?.length ?? 0) > text.length / 4;
const hanLines = (text) => text.split("\n").filter(isHan).join("\n");

const FOUND = {
  English: (bytes) => machine.english(2 * bytes).map(prose),
  code: (bytes) => machine.code(1.1 * bytes),
  Chinese: (bytes) => machine.language("zh", 5 * bytes).map(hanLines),
  JSON: (bytes) => machine.json(2 * bytes),
};
const MADE_UP = { English: ["en", true], Chinese: ["zh", false] };

function cut(texts, bytes) {
  const found = [];
  let sum = 0;
  for (const text of texts) {
    for (let at = 0; text.length - at >= SHORTEST && sum < bytes; at += DOCUMENT_CHARACTERS) {
      const part = text.slice(at, at + DOCUMENT_CHARACTERS);
      if (part.includes("<|")) continue; // special tokens written out: some tokenizers refuse them
      found.push(Buffer.from(part));
      sum += found.at(-1).length;
    }
  }
  return found;
}

export const sizeOf = (documents) => documents.reduce((sum, data) => sum + data.length, 0);

// As the tools read them: the length in a line, then the bytes.
export const packed = (documents) => Buffer.concat(documents.flatMap((data) => [Buffer.from(`${data.length}\n`), data]));

// [{ name, madeUp, size, whole: all documents packed, part: the first of them packed }]
export function corpora(bytes, partBytes) {
  return Object.entries(FOUND).map(([name, find]) => {
    let documents = cut(find(bytes), bytes);
    const madeUp = sizeOf(documents) < partBytes && name in MADE_UP;
    if (madeUp) {
      const [language, spaced] = MADE_UP[name];
      documents = cut([new Talk(sample(language), spaced).make(new Chance(1), bytes)], bytes);
    }
    const part = cut(documents.map(String), partBytes);
    return { name, madeUp, size: sizeOf(documents), whole: packed(documents), part: packed(part) };
  }).filter(({ size }) => size > 0);
}
