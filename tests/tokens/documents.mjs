#!/usr/bin/env node
// documents.mjs nasty | KIND BYTES SEED | all BYTES SEED: documents on stdout, each a line with its
// length and then its bytes. KIND is one of texts.mjs.
import { Chance } from "./chance.mjs";
import { NASTY } from "./nasty.mjs";
import { KINDS, Texts } from "./texts.mjs";
import { writeSync } from "node:fs";

const [kind, bytes, seed] = process.argv.slice(2);

function* wanted() {
  if (kind === "nasty") {
    for (const text of NASTY) yield Buffer.from(text);
    return;
  }
  const texts = new Texts(kind in KINDS ? 0 : 4e6), chance = new Chance(+seed);
  for (const [name, share] of kind in KINDS ? [[kind, 100]] : Object.entries(KINDS))
    for (const { data } of texts.documents(name, chance, bytes * share / 100)) yield data;
}

for (const data of wanted()) {
  const whole = Buffer.concat([Buffer.from(`${data.length}\n`), data]);
  for (let at = 0; at < whole.length;) at += writeSync(1, whole, at);
}
