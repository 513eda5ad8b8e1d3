// Ordinary text without a network: what the packages installed on this machine carry. How much
// that is differs from machine to machine; the rest is made up (texts.mjs).
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { join } from "node:path";

const decoder = new TextDecoder();
const here = (path) => new URL(path, import.meta.url).pathname;

function* filesUnder(folder, wanted, most = 20000) {
  const todo = [folder];
  for (let seen = 0; todo.length > 0 && seen < most;) {
    const dir = todo.pop();
    if (!existsSync(dir)) continue;
    for (const entry of readdirSync(dir, { withFileTypes: true }).sort((a, b) => a.name < b.name ? -1 : 1)) {
      const path = join(dir, entry.name);
      if (entry.isDirectory()) todo.push(path);
      else if (entry.isFile() && wanted.test(entry.name) && statSync(path).size < 2e6 && ++seen) yield path;
    }
  }
}

// The translations of a gettext catalogue.
function messages(data) {
  if (data.length < 28 || data.readUInt32LE(0) !== 0x950412de) return "";
  const count = data.readUInt32LE(8), table = data.readUInt32LE(16);
  const found = [];
  for (let i = 1; i < count; i++) { // the first is about the catalogue itself
    const length = data.readUInt32LE(table + 8 * i), at = data.readUInt32LE(table + 8 * i + 4);
    found.push(decoder.decode(data.subarray(at, at + length)).replaceAll("\0", "\n"));
  }
  return found.join("\n");
}

function textOf(path) {
  const data = readFileSync(path);
  if (path.endsWith(".mo")) return messages(data);
  return decoder.decode(path.endsWith(".gz") ? gunzipSync(data) : data);
}

// Texts of at least `bytes` in sum, if the machine has so many, each with the file it comes from.
function gather(bytes, places) {
  const texts = [];
  let sum = 0;
  for (const [folder, wanted] of places) {
    for (const path of filesUnder(folder, wanted)) {
      if (sum >= bytes) return texts;
      const text = textOf(path);
      texts.push(text);
      sum += Buffer.byteLength(text);
    }
  }
  return texts;
}

const modules = here("../sdk/node_modules"); // there once tests/run sdk has been run

export const english = (bytes) => gather(bytes, [
  ["/usr/share/common-licenses", /./], ["/usr/share/man/man7", /\.gz$/], ["/usr/share/perl", /\.pod$/],
  ["/usr/share/man/man1", /\.gz$/], [modules, /\.md$/]]);

export const language = (code, bytes) => gather(bytes, [
  ...[code, ...(code === "zh" ? ["zh_CN", "zh_TW"] : [])].flatMap((name) => [
    [`/usr/share/man/${name}`, /\.gz$/], [`/usr/share/locale/${name}/LC_MESSAGES`, /\.mo$/]])]);

export const code = (bytes) => [
  ...gather(bytes / 3, [["/usr/include", /\.h$/]]),
  ...gather(bytes / 3, [[modules, /\.m?js$/], ["/usr/share/nodejs", /\.js$/]]),
  ...gather(bytes / 3, [["/usr/lib/python3", /\.py$/], ["/usr/lib/python3.11", /\.py$/], [here("../../proxy"), /\.[ch]$/]])];

export const json = (bytes) => gather(bytes, [
  [modules, /\.json$/], [here("../corpus"), /\.json$/], ["/usr/share", /\.json$/], ["/usr/lib", /\.json$/]]);
