#!/usr/bin/env node
// compare.mjs ENCODING TOOL MB SEED: MB megabytes of documents through npm's tiktoken and through
// the C counter; ids must be equal, and counts in each way that the counter has of counting.
import { get_encoding } from "tiktoken";
import { answers } from "./ask.mjs";
import { Chance } from "./chance.mjs";
import { KINDS, Texts } from "./texts.mjs";

const [encoding, tool, megabytes, seed] = process.argv.slice(2);
const MODES = ["ids", "count", "scalar", `stream:${seed}`, "ring", "backtrack"];
const BATCH = 4e6, SHOWN = 3, STOCK = 8e6;

const reference = get_encoding(encoding);
const wrong = Object.fromEntries(MODES.map((mode) => [mode, 0]));
let documents = 0, bytes = 0;

function show(mode, kind, { data }, expected, found) {
  console.log(`${encoding} ${mode}, ${kind}: ${data.length} bytes, expected ${expected.slice(0, 400)}, found ${found.slice(0, 400)}`);
  console.log(`  base64 ${data.toString("base64").slice(0, 4000)}`);
}

function compare(kind, batch) {
  const ids = batch.map(({ text }) => reference.encode_ordinary(text));
  for (const mode of MODES) {
    const found = answers(tool, encoding, mode, batch.map(({ data }) => data));
    batch.forEach((document, i) => {
      const expected = mode === "ids" ? ids[i].join(" ") : String(ids[i].length);
      if (found[i] !== expected && ++wrong[mode] <= SHOWN) show(mode, kind, document, expected, found[i]);
    });
  }
  documents += batch.length;
  for (const { data } of batch) bytes += data.length;
}

const texts = new Texts(STOCK);
for (const [kind, share] of Object.entries(KINDS)) {
  const chance = new Chance(+seed + share);
  let batch = [], size = 0;
  for (const document of texts.documents(kind, chance, megabytes * 1e6 * share / 100)) {
    batch.push(document);
    size += document.data.length;
    if (size >= BATCH) {
      compare(kind, batch);
      batch = [], size = 0;
    }
  }
  compare(kind, batch);
}
for (const mode of MODES)
  console.log(`${wrong[mode] ? "FAIL" : "ok  "} ${encoding}, ${mode}: ${wrong[mode]} of ${documents} documents differ, ${(bytes / 1e6).toFixed(1)} MB`);
