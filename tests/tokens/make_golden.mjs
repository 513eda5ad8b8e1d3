#!/usr/bin/env node
// Makes golden.txt: short strings and what npm's tiktoken says of them. Made once; make it again
// only to add strings, and look at the difference.
//
//   npm ci && ./make_golden.mjs
//
// A line is a JSON string, a tab, its cl100k_base ids, a tab, its o200k_base ids.
import { writeFileSync } from "node:fs";
import { get_encoding } from "tiktoken";
import { Chance } from "./chance.mjs";
import { LANGUAGES, Texts, sample } from "./texts.mjs";
import { ENCODINGS } from "./vocab.mjs";
import { NASTY } from "./nasty.mjs";

const MOST = 44; // characters
const encodings = ENCODINGS.map((name) => get_encoding(name));
const chance = new Chance(20);
const strings = new Set(NASTY);

function add(count, make) {
  for (const enough = strings.size + count; strings.size < enough;) {
    const characters = [...make()], length = chance.between(1, MOST), from = chance.below(Math.max(characters.length - length, 1));
    strings.add(characters.slice(from, from + length).join(""));
  }
}

const texts = new Texts(0); // nothing of this machine: the set can be made anywhere
for (const language of LANGUAGES) add(50, () => sample(language));
add(400, () => texts.document("class stress", chance));
add(100, () => texts.document("random Unicode", chance));
add(100, () => texts.document("random ASCII", chance));
add(150, () => texts.document("vocabulary tokens", chance));
add(40, () => texts.document("long pieces", chance));
const lines = [...strings].map((string) =>
  [JSON.stringify(Buffer.from(string).toString()), ...encodings.map((encoding) => encoding.encode_ordinary(string).join(" "))].join("\t"));
writeFileSync(new URL("golden.txt", import.meta.url), lines.join("\n") + "\n");
console.log(`${lines.length} strings`);
