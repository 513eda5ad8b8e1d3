#!/usr/bin/env node
// abort.mjs TOOL SEED FOLDER|made-up [everywhere]: the answers in OpenAI's dialects of a folder, or
// some that are made up, each cut off at PLACES random places, or after each byte. What Weir counted
// of the output until there must be what npm's tiktoken counts in the texts that had passed;
// answer.mjs says which these are.
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { get_encoding } from "tiktoken";
import { Answer, SHAPES } from "./answer.mjs";
import { ask } from "./ask.mjs";
import { Chance } from "./chance.mjs";
import { madeUp } from "./speech.mjs";

const [tool, seed, folder, everywhere] = process.argv.slice(2);
const MADE_UP = 60, PLACES = 100, SHOWN = 5;
const PUT_ASIDE_TOK = 512; // at most, of each text: while it runs they are estimated by their bytes

// A recording's dialect -> how the configuration calls it; the others are called the same.
const DIALECT = { "openai-chat": "openai", "openai-responses": "openai", "xai-responses": "xai", zai: "vllm" };
const MODELS = { cl100k_base: "gpt-4", o200k_base: "gpt-4o" };
const TOKENIZERS = Object.fromEntries(Object.keys(MODELS).map((encoding) => [encoding, get_encoding(encoding)]));

// What a folder holds, or what is made up.
function cases() {
  if (folder === "made-up") return Array.from({ length: MADE_UP }, (_, i) => madeUp(new Chance(+seed * MADE_UP + i), i));
  const manifest = readdirSync(folder).includes("manifest.json") ? "manifest.json" : "expect.json";
  return JSON.parse(readFileSync(join(folder, manifest))).filter(({ api }) => SHAPES.includes(api))
    .map((recorded) => ({ ...recorded, bytes: readFileSync(join(folder, recorded.file)) }));
}

function placesIn(bytes, chance) {
  if (everywhere) return Array.from({ length: bytes.length + 1 }, (_, at) => at);
  return [...Array.from({ length: PLACES }, () => chance.below(bytes.length)), bytes.length];
}

const faults = [], seen = { answers: 0, cuts: 0, tokens: 0, running: 0 };

function compare(where, said, expected, tokens) {
  const found = said.texts.map((hex) => Buffer.from(hex, "hex").toString()).sort();
  const running = Math.abs(said.running - said.counted);
  seen.cuts++, seen.tokens += tokens, seen.running = Math.max(seen.running, running);
  if (said.counted === tokens && said.bytes === said.said && !said.mixed && JSON.stringify(found) === JSON.stringify(expected)
    && running <= PUT_ASIDE_TOK * Math.max(found.length, 1)) return;
  faults.push(`${where}: ${said.counted} tokens (${said.running} before) and not ${tokens}, ${said.mixed ? "mixed" : "told apart"}, `
    + `${JSON.stringify(found)} and not ${JSON.stringify(expected)}`);
}

function check({ file, api: shape, dialect, content_type: type, bytes }) {
  const answer = new Answer(bytes, type, shape), places = placesIn(bytes, new Chance(+seed + bytes.length));
  const expected = places.map((cut) => answer.texts(cut).sort());
  seen.answers++;
  for (const [encoding, tokenizer] of Object.entries(TOKENIZERS)) {
    const lines = ask(tool, [DIALECT[dialect] ?? dialect, shape, type, MODELS[encoding], answer.choices, seed],
      [bytes, Buffer.from(places.join(" "))]);
    if (lines.length !== places.length) throw new Error(`${file}: ${lines.length} answers to ${places.length} places`);
    places.forEach((cut, i) => {
      const tokens = expected[i].reduce((sum, text) => sum + tokenizer.encode_ordinary(text).length, 0);
      compare(`${encoding}, ${file} cut at ${cut}`, JSON.parse(lines[i]), expected[i], tokens);
    });
  }
}

for (const answer of cases()) check(answer);
for (const fault of faults.slice(0, SHOWN)) console.log(`  ${fault.slice(0, 2000)}`);
console.log(`${faults.length ? "FAIL" : "ok  "} ${folder}: ${seen.answers} answers cut off ${seen.cuts} times, ${faults.length} differ; `
  + `${seen.tokens} tokens in sum, the estimate before at most ${seen.running} off`);
