#!/usr/bin/env node
// peer.mjs NAME ENCODING texts|attacks < documents: how fast another tokenizer is, for bench.mjs.
// For texts prints bytes, tokens, ns of the first pass over all documents in this process, ns of
// the second; for attacks ns of each document. A time is the lesser of CPU and wall clock, so
// that neither busy neighbours nor threads of the garbage collector count against it.
import { readFileSync } from "node:fs";

const [name, encoding, what] = process.argv.slice(2);

const PEERS = {
  async tiktoken() {
    const { get_encoding } = await import("tiktoken");
    const tokenizer = get_encoding(encoding);
    return (text) => tokenizer.encode_ordinary(text).length;
  },
  async "gpt-tokenizer"() {
    const { countTokens } = await import(`gpt-tokenizer/encoding/${encoding}`);
    const ordinary = { disallowedSpecial: new Set() };
    return (text) => countTokens(text, ordinary);
  },
  async "ai-tokenizer"() {
    const { default: Tokenizer } = await import("ai-tokenizer");
    const tokenizer = new Tokenizer(await import(`ai-tokenizer/encoding/${encoding}`));
    return (text) => tokenizer.count(text);
  },
};

function documentsOf(data) {
  const found = [];
  for (let at = 0; at < data.length;) {
    const end = data.indexOf(10, at), length = +data.toString("latin1", at, end);
    found.push(data.toString("utf8", end + 1, end + 1 + length));
    at = end + 1 + length;
  }
  return found;
}

function timed(work) {
  const cpu = process.cpuUsage(), wall = process.hrtime.bigint();
  const result = work();
  const spent = process.cpuUsage(cpu);
  return [result, Math.min((spent.user + spent.system) * 1000, Number(process.hrtime.bigint() - wall))];
}

const documents = documentsOf(readFileSync(0));
const count = await PEERS[name]();
const sum = () => documents.reduce((tokens, text) => tokens + count(text), 0);

count("Hello, world!"); // what is loaded late is loaded now
if (what === "attacks") {
  console.log(documents.map((text) => timed(() => count(text))[1]).join("\t"));
} else {
  const [tokens, cold] = timed(sum), [, warm] = timed(sum);
  console.log([documents.reduce((bytes, text) => bytes + Buffer.byteLength(text), 0), tokens, cold, warm].join("\t"));
}
