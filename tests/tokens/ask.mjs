// Asks the tools in C: documents in, lines out.
import { execFileSync } from "node:child_process";

export function ask(program, args, documents) {
  const input = Buffer.concat(documents.flatMap((data) => [Buffer.from(`${data.length}\n`), data]));
  try {
    return execFileSync(program, args, { input, maxBuffer: 2 ** 30, timeout: 300000 }).toString().split("\n").slice(0, -1);
  } catch (error) {
    throw new Error(error.message); // without all that was said
  }
}

// The ids or counts of Buffers, as tests/tools/tok_tool.c prints them.
export function answers(tool, encoding, mode, documents) {
  const lines = ask(tool, [encoding, mode], documents);
  if (lines.length !== documents.length) throw new Error(`${mode}: ${lines.length} answers to ${documents.length} documents`);
  return lines;
}
