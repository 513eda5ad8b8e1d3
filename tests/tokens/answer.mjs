// What an answer in OpenAI's dialects says, read without Weir: the texts in those of its bytes that
// have passed. Where the bytes end inside an event, the text of its readable beginning has passed
// too: whole characters of a string, up to where it was cut.

// --- JSON that was cut off ---

const isHigh = (code) => code >= 0xd800 && code < 0xdc00;

// How long the character at `at` in a JSON string is, escaped or not; 0: not all of it is there.
function characterLength(text, at) {
  if (text[at] !== "\\") return 1;
  if (text[at + 1] !== "u") return at + 1 < text.length ? 2 : 0;
  if (at + 6 > text.length) return 0;
  if (!isHigh(parseInt(text.slice(at + 2, at + 6), 16))) return 6;
  const second = text.slice(at + 6, at + 12);
  if (/^\\u[dD][c-fC-F]..$/.test(second)) return 12;
  return "\\u".startsWith(second.slice(0, 2)) && second.length < 6 ? 0 : 6; // its other half may come
}

// The value that the beginning of a JSON text holds; undefined where it holds none.
export function readable(text) {
  const open = [];
  let whole = 0, closers = "", isKey = false;
  const keep = (end) => { whole = end, closers = [...open].reverse().join(""); };
  for (let at = 0; at < text.length; at++) {
    const c = text[at];
    if (c === "{" || c === "[") open.push(c === "{" ? "}" : "]"), isKey = c === "{", keep(at + 1);
    else if (c === "}" || c === "]") open.pop(), keep(at + 1);
    else if (c === ",") keep(at), isKey = open.at(-1) === "}";
    else if (c === ":") isKey = false;
    else if (c === "\"") {
      let length = 0;
      for (at++; at < text.length && text[at] !== "\"" && (length = characterLength(text, at)) > 0;) at += length;
      if (text[at] === "\"" && !isKey) keep(at + 1);
      if (text[at] !== "\"") { // it is cut
        if (!isKey) text = text.slice(0, at) + "\"", keep(at + 1);
        break;
      }
    }
  }
  try {
    return JSON.parse(text.slice(0, whole) + closers);
  } catch {
    return undefined;
  }
}

// --- the documents in an answer ---

// The data of each event; the last one need not be over.
function* events(text) {
  let data = null;
  for (const line of text.replace(/^\ufeff/, "").split(/\r\n|\n|\r/)) {
    if (line.startsWith("data:")) data = (data === null ? "" : `${data}\n`) + line.slice(5).replace(/^ /, "");
    if (line === "" && data !== null) yield data, data = null;
  }
  if (data !== null) yield data;
}

function documents(bytes, type) {
  const text = new TextDecoder().decode(bytes, { stream: true }); // without half a character at its end
  return (type.startsWith("text/event-stream") ? [...events(text)] : [text]).map(readable);
}

// --- the texts in a document ---
// doc is what has passed of it, and all of it is known, too: which text it belongs to may stand
// behind the text.

const list = (value) => Array.isArray(value) ? value : [];

const REASONING = ["reasoning", "reasoning_content"];

function* message(m, all) {
  if (typeof m.content === "string") yield ["content", m.content];
  for (const part of list(m.content)) {
    yield ["content", part.text];
    for (const thought of list(part.thinking)) yield ["thinking", thought.text];
  }
  yield ["refusal", m.refusal];
  yield ["reasoning", m[Object.keys(m).find((field) => REASONING.includes(field) && m[field])]]; // some say it twice
  yield ["transcript", m.audio?.transcript];
  yield ["function", m.function_call?.name];
  yield ["arguments", m.function_call?.arguments];
  for (const [i, call] of list(m.tool_calls).entries()) {
    const which = `call ${all.tool_calls[i].index ?? i}`;
    yield [`${which} name`, call.function?.name ?? call.custom?.name];
    yield [`${which} arguments`, call.function?.arguments ?? call.custom?.input];
  }
}

function* chat(doc, all) {
  for (const [i, choice] of list(doc.choices).entries()) {
    const whole = all.choices[i];
    for (const [field, text] of message(choice.delta ?? choice.message ?? {}, whole.delta ?? whole.message ?? {}))
      yield [`${whole.index ?? i} ${field}`, text];
  }
}

function* completions(doc, all) {
  for (const [i, choice] of list(doc.choices).entries()) yield [`${all.choices[i].index ?? i}`, choice.text];
}

function* item(i, said) {
  yield [`${i} name`, said.name];
  yield [`${i} arguments`, said.arguments];
  yield [`${i} input`, said.input];
  for (const [k, part] of list(said.content).entries()) yield [`${i} ${k} text`, part.text], yield [`${i} ${k} refusal`, part.refusal];
  for (const [k, part] of list(said.summary).entries()) yield [`${i} ${k} summary`, part.text];
}

const CALLS = ["function_call", "custom_tool_call", "mcp_call"];

function* responses(doc, { type, output_index, content_index, summary_index, item: calls }) {
  for (const [i, said] of list(doc.output).entries()) yield* item(i, said);
  if (type === "response.output_item.added" && CALLS.includes(calls.type)) yield [`${output_index} name`, doc.item?.name];
  if (type?.endsWith(".delta") && type !== "response.audio.delta") yield [`${output_index} ${content_index ?? summary_index} ${type}`, doc.delta];
}

const TEXTS = { "openai-chat": chat, "openai-completions": completions, "openai-responses": responses };
export const SHAPES = Object.keys(TEXTS);

// An answer of that type and shape, from its bytes.
export class Answer {
  constructor(bytes, type, shape) {
    Object.assign(this, { bytes, type, shape });
    this.documents = documents(bytes, type);
    this.choices = 1 + Math.max(0, ...this.documents.flatMap((doc) => list(doc?.choices).map((choice, i) => choice.index ?? i)));
  }

  // The texts that its first bytes hold, each whole: content, reasoning, the name or the arguments
  // of a call ... of one choice.
  texts(length) {
    const found = new Map();
    documents(this.bytes.subarray(0, length), this.type).forEach((doc, i) => {
      for (const [which, piece] of doc ? TEXTS[this.shape](doc, this.documents[i]) : [])
        if (typeof piece === "string" && piece !== "") found.set(which, (found.get(which) ?? "") + piece);
    });
    return [...found.values()].map((text) => Buffer.from(text).toString()); // half characters are gone
  }
}
