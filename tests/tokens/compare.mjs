#!/usr/bin/env node
// compare.mjs ENCODING TOOL MB SEED: MB megabytes of documents through npm's tiktoken and through
// the C counter; ids must be equal, and counts in each way that the counter has of counting.
import { get_encoding } from "tiktoken";
import { answers } from "./ask.mjs";
import { Chance } from "./chance.mjs";
import { KINDS, Texts } from "./texts.mjs";

const [encoding, tool, megabytes, seed] = process.argv.slice(2);
const MODES = ["ids", "count", "scalar", `stream:${seed}`, "ring", "backtrack"];
const BATCH = 24e6, SHOWN = 3, STOCK = 8e6;

const reference = get_encoding(encoding);
const wrong = Object.fromEntries(MODES.map((mode) => [mode, 0]));
let count = 0, bytes = 0;

function show(mode, { kind, data }, expected, found) {
  console.log(`${encoding} ${mode}, ${kind}: ${data.length} bytes, expected ${expected.slice(0, 400)}, found ${found.slice(0, 400)}`);
  console.log(`  base64 ${data.toString("base64").slice(0, 4000)}`);
}

function compare(documents) {
  const ids = documents.map(({ text }) => reference.encode_ordinary(text));
  for (const mode of MODES) {
    const lenient = mode === "count" || mode.startsWith("stream");
    const found = answers(tool, encoding, mode, documents.map(({ data, whole }) => lenient ? data : whole));
    documents.forEach((document, i) => {
      const expected = mode === "ids" ? ids[i].join(" ") : String(ids[i].length);
      if (found[i] !== expected && ++wrong[mode] <= SHOWN) show(mode, document, expected, found[i]);
    });
  }
}

function* allDocuments() {
  const texts = new Texts(STOCK);
  for (const [kind, share] of Object.entries(KINDS))
    for (const document of texts.documents(kind, new Chance(+seed + share), megabytes * 1e6 * share / 100)) {
      count++, bytes += document.data.length;
      yield document;
    }
}

let batch = [], limit = BATCH;
for (const document of allDocuments()) {
  batch.push(document);
  if (bytes >= limit) {
    compare(batch);
    batch = [], limit = bytes + BATCH;
  }
}
compare(batch);
for (const mode of MODES)
  console.log(`${wrong[mode] ? "FAIL" : "ok  "} ${encoding}, ${mode}: ${wrong[mode]} of ${count} documents differ, ${(bytes / 1e6).toFixed(1)} MB`);
