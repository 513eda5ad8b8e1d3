#!/usr/bin/env node
// bench.mjs TOOL ROUNDS [FILE]: measures for bench/tokens, prints the tables, writes them to FILE.
// Every figure is of a process of its own; the candidates take turns.
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { cpus, loadavg, release } from "node:os";
import { fileURLToPath } from "node:url";
import { Chance } from "./chance.mjs";
import { corpora, packed } from "./corpora.mjs";

const [tool, roundsText, file] = process.argv.slice(2);
const rounds = +roundsText;
const BYTES = 4e6, PEER_BYTES = 1e6, ATTACK_BYTES = 16384;
const ENCODINGS = ["o200k_base", "cl100k_base"];
const PEERS = ["tiktoken", "gpt-tokenizer", "ai-tokenizer"];
const PEER_ATTACKS = ["a", "-", "space", "random letters"];

// --- measuring ---

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const lines = (program, args, input) => execFileSync(program, args, { input, maxBuffer: 1e8, timeout: 600000 })
  .toString().trimEnd().split("\n").map((line) => line.split("\t"));
const numbers = (line) => line.map(Number);
const askWeir = (encoding, documents) => numbers(lines(tool, [encoding, "texts", "1"], documents)[0]);
const askPeer = (name, encoding, what, documents) =>
  numbers(lines(process.execPath, [here("peer.mjs"), name, encoding, what], documents)[0]);

const megabytes = (bytes, ns) => bytes * 1000 / ns; // a second

// One text and encoding: { bytes a token, lists of MB/s and ns by candidate }
function measure(encoding, text) {
  const found = { cold: { Weir: [] }, warm: { Weir: [] }, push: [], ask: [], differs: {} };
  const right = askWeir(encoding, text.part)[1];
  for (const name of PEERS) found.cold[name] = [], found.warm[name] = [];
  for (let i = 0; i < rounds; i++) {
    const [bytes, tokens, cold, warm, deltas, pushed, asked] = askWeir(encoding, text.whole);
    found.bytesPerToken = bytes / tokens;
    found.cold.Weir.push(megabytes(bytes, cold));
    found.warm.Weir.push(megabytes(bytes, warm));
    found.push.push(pushed / deltas);
    found.ask.push(asked / deltas);
    for (const name of PEERS) {
      const [size, theirs, first, second] = askPeer(name, encoding, "texts", text.part);
      found.cold[name].push(megabytes(size, first));
      found.warm[name].push(megabytes(size, second));
      found.differs[name] = theirs - right;
    }
  }
  return found;
}

function attackDocuments() {
  const chance = new Chance(3);
  return packed([..."a- "].map((unit) => unit.repeat(ATTACK_BYTES))
    .concat(chance.times(ATTACK_BYTES, () => String.fromCharCode(chance.between(97, 122)))).map((text) => Buffer.from(text)));
}

// --- tables ---

const digits = (value) => value.toFixed(value < 10 ? 1 : 0);
const row = (cells) => `| ${cells.join(" | ")} |\n`;
const table = (head, rows) => row(head) + `|${"---|".repeat(head.length)}\n` + rows.map(row).join("");

function spread(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const range = sorted.length > 1 ? ` (${digits(sorted[0])}-${digits(sorted.at(-1))})` : "";
  return digits(sorted[sorted.length >> 1]) + range;
}

function speedTable(figures) {
  const rows = figures.flatMap(([text, found]) => ["cold", "warm"].map((state) => [`${text.name}, ${state}`,
    found.bytesPerToken.toFixed(2), `**${spread(found[state].Weir)}**`, ...PEERS.map((name) => spread(found[state][name]))]));
  const wrong = figures.flatMap(([text, { differs }]) => PEERS.filter((name) => differs[name])
    .map((name) => `${name} ${Math.abs(differs[name])} too ${differs[name] > 0 ? "many" : "few"} in ${text.name}`));
  return table(["MB/s", "bytes a token", "Weir", ...PEERS], rows)
    + `\nNumbers of tokens: ${wrong.length > 0 ? `${wrong.join(", ")}; all others equal` : "all equal"}.\n`;
}

const deltaTable = (figures) => table(["ns for a delta of 1 to 8 bytes", "push", "push, and ask for the count"],
  figures.map(([text, found]) => [text.name, spread(found.push), spread(found.ask)]));

function attackTable(encoding) {
  const peers = PEERS.map((name) => askPeer(name, encoding, "attacks", attackDocuments()));
  const rows = lines(tool, [encoding, "attacks", roundsText]).map(([name, ...rest]) => {
    const [bytes, , whole, pushed, , longest] = numbers(rest), at = PEER_ATTACKS.indexOf(name);
    return [name, digits(whole / bytes), digits(pushed / bytes), digits(longest / 1000),
      ...peers.map((ns) => at < 0 ? "" : digits(ns[at] / ATTACK_BYTES))];
  });
  return table(["ns a byte", "Weir", "in bounded pushes", "longest push, us", ...PEERS], rows);
}

function section(encoding, texts) {
  console.error(encoding);
  const figures = texts.map((text) => [text, measure(encoding, text)]);
  return `## ${encoding}\n\n${speedTable(figures)}\n${deltaTable(figures)}\n${attackTable(encoding)}`;
}

// --- all of it ---

const version = (name) => `${name} ${JSON.parse(readFileSync(here(`node_modules/${name}/package.json`))).version}`;
const commit = execFileSync("git", ["describe", "--always", "--dirty"], { cwd: here(".") }).toString().trim();
const texts = corpora(BYTES, PEER_BYTES);
const sizes = texts.map(({ name, size, madeUp }) => `${name} ${(size / 1e6).toFixed(1)} MB${madeUp ? " (made up from a sample)" : ""}`);

const report = `# What counting tokens costs

Written by \`bench/tokens\`; run it to reproduce. ${new Date().toISOString().slice(0, 10)}, ${cpus().length} cores of ${cpus()[0].model.trim()},
Linux ${release()}, ${rounds} rounds, load average ${loadavg()[1].toFixed(1)} at the end; weir ${commit}; node ${process.versions.node}, ${PEERS.map(version).join(", ")}.

Cells: median (least-most) of the rounds. One thread; CPU time, for the JavaScript ones the lesser of CPU
time and wall clock. Cold: Weir with the empty caches of a new thread, the others in their first pass over
the text in a new process, which includes what the engine takes to compile them. Warm: the same text a
second time. Weir counts all of a text, the others its first ${PEER_BYTES / 1e6} MB. Compare ratios within a run; other
machines and other minutes have other figures.

The texts are what the packages of this machine carry, no standard corpus: ${sizes.join(", ")}.
English is manual pages and licences without markup; code is C headers, JavaScript and
Python; Chinese is the lines of translated messages and manual pages that are mostly Han.

Attacks are one piece of a megabyte, bad for whoever takes quadratic time; the others are given 16 kB of
four of them. A bounded push stops when it has used up its 50 us of work and is called again.

${ENCODINGS.map((encoding) => section(encoding, texts)).join("\n")}
## Elsewhere

Published by the authors of other tokenizers, for one thread, on their machines and texts: good for the order
of magnitude only. MB/s: quicktok 0.4.0 on Apple M1, o200k: 73-101 (Pile), 92-117 (code), 39-59 (many
languages). bpe-openai on M1, o200k: 27-36. tiktoken's Rust crate on M1: 14-23. Gigatoken 0.10 on Zen 5,
GPT-2's vocabulary: 685-774 cold, 1,010-1,057 warm.
`;
console.log(report);
if (file) writeFileSync(file, report);
