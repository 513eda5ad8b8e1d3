// Reads metering/vocab/*.pairs; NOTICE.md there tells their form.
import { readFileSync } from "node:fs";

export const ENCODINGS = ["cl100k_base", "o200k_base"];

export const pairsFile = (name) => new URL(`../../metering/vocab/${name}.pairs`, import.meta.url);

// The tokens in the order of their ids, as strings of bytes.
export function tokensOf(data) {
  const count = data.readUInt32LE(4), plane = count - 256, tokens = [];
  const part = (id, side) => {
    const at = 8 + 256 + 3 * side * plane + id - 256;
    return tokens[data[at] | data[at + plane] << 8 | data[at + 2 * plane] << 16];
  };
  for (let id = 0; id < count; id++)
    tokens.push(id < 256 ? String.fromCharCode(data[8 + id]) : part(id, 0) + part(id, 1));
  return tokens;
}

export const readTokens = (name) => tokensOf(readFileSync(pairsFile(name)));
