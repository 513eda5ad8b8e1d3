// Answers made up in OpenAI's dialects, as their hosts differ: in the order of members, in how text
// is escaped, in what stands in one chunk, in how many choices speak at a time.
import { NASTY } from "./nasty.mjs";

const WORDS = ["the", " lamp", " is", " on", ".", "\n\n", "- ", " don't", " 12", "3 ", "  ", " naïve", "灯塔", "が", " 🙂", "{\"a\": [1, ", "\"b\"}", "</", "x".repeat(90)];

const text = (chance) => chance.times(chance.between(0, 30), () => chance.once(4) ? chance.pick(NASTY) : chance.pick(WORDS));

// In pieces of whole characters.
function pieces(chance, whole) {
  const characters = [...whole], found = [];
  while (characters.length > 0) found.push(characters.splice(0, chance.few(12)).join(""));
  return found;
}

const ordered = (style, members) => style.sorted ? Object.fromEntries(Object.entries(members).sort(([a], [b]) => a < b ? -1 : 1)) : members;

const escape = (style, json) => style.ascii ? json.replace(/[^\x00-\x7f]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`) : json;

// --- chat ---

const thought = (style, piece) => Object.fromEntries(style.reasoning.map((field) => [field, piece]));
const said = (style, piece) => style.lists ? [{ type: "text", text: piece }] : piece;

function* call(chance, style, index) {
  const [field, input] = chance.once(4) ? ["custom", "input"] : ["function", "arguments"];
  const head = { id: `call_${index}`, type: field }, name = `look_${index}`, parts = pieces(chance, text(chance));
  const element = (members) => ({ tool_calls: [ordered(style, { index, ...members })] });
  if (style.wholeCalls) return yield element({ ...head, [field]: { name, [input]: parts.join("") } }); // in this order everywhere
  yield element({ ...head, [field]: ordered(style, { name, [input]: "" }) });
  for (const part of parts) yield element({ [field]: { [input]: part } });
}

function* deltas(chance, style) {
  yield { role: "assistant", content: said(style, "") };
  for (const piece of style.reasoning.length > 0 ? pieces(chance, text(chance)) : []) yield thought(style, piece);
  const field = chance.once(5) ? "refusal" : "content";
  for (const piece of pieces(chance, text(chance))) yield { [field]: field === "content" ? said(style, piece) : piece };
  for (let i = 0; i < style.calls; i++) yield* call(chance, style, i);
}

function chatBody(chance, style, index) {
  const function_ = () => ({ name: "look", arguments: text(chance) });
  const message = { role: "assistant", content: said(style, text(chance)), ...thought(style, text(chance)), refusal: null };
  if (style.calls > 0) message.tool_calls = Array.from({ length: style.calls }, (_, i) => ({ id: `${i}`, type: "function", function: function_() }));
  return ordered(style, { index, message, finish_reason: "stop" });
}

// --- completions ---

function* completion(chance) {
  for (const piece of pieces(chance, text(chance))) yield piece;
}

// --- responses ---

function* item(chance, style, output_index) {
  const event = (type, members) => style.typeLast ? { ...members, type } : { type, ...members };
  const id = `item_${output_index}`, kind = chance.pick(["message", "reasoning", "function_call", "custom_tool_call"]), name = `look_${output_index}`;
  const [deltas, index] = { message: ["output_text", "content_index"], reasoning: ["reasoning_summary_text", "summary_index"],
    function_call: ["function_call_arguments"], custom_tool_call: ["custom_tool_call_input"] }[kind];
  const described = { id, type: kind, ...(index ? {} : { call_id: id, name }) };
  yield event("response.output_item.added", { item: described, output_index });
  for (let k = 0, parts = index ? chance.between(1, 2) : 1; k < parts; k++) {
    if (index) yield event(`response.${kind === "message" ? "content" : "reasoning_summary"}_part.added`, { [index]: k, item_id: id, output_index });
    for (const delta of pieces(chance, text(chance)))
      yield event(`response.${deltas}.delta`, ordered(style, { ...(index ? { [index]: k } : {}), delta, item_id: id, output_index, sequence_number: 7 }));
  }
  yield event("response.output_item.done", { item: described, output_index });
}

function* responses(chance, style) {
  for (let i = 0; i < style.items; i++) yield* item(chance, style, i);
}

const responsesBody = (chance, style) => ({ output: Array.from({ length: style.items }, () => chance.pick([
  () => ({ type: "message", content: [{ type: "output_text", text: text(chance) }, { type: "refusal", refusal: text(chance) }] }),
  () => ({ type: "reasoning", summary: [{ type: "summary_text", text: text(chance) }] }),
  () => ({ type: "function_call", name: "look", arguments: text(chance) }),
])()) });

// --- streams ---

// What the choices say, each in its order, anyhow mixed.
function* mixed(chance, speeches) {
  let left = speeches.map((speech, index) => ({ speech, index }));
  while (left.length > 0) {
    const { speech, index } = chance.pick(left), next = speech.next();
    if (next.done) left = left.filter((one) => one.speech !== speech);
    else yield [index, next.value];
  }
}

function* chunks(chance, style, shape) {
  const speak = shape === "openai-chat" ? deltas : completion, member = shape === "openai-chat" ? "delta" : "text";
  for (const [index, value] of mixed(chance, Array.from({ length: style.choices }, () => speak(chance, style))))
    yield ordered(style, { id: "made-up", choices: [style.sorted ? { [member]: value, index } : { index, [member]: value }], model: "m" });
}

const STREAMS = { "openai-chat": chunks, "openai-completions": chunks, "openai-responses": responses };
const BODIES = {
  "openai-chat": (chance, style) => ({ choices: Array.from({ length: style.choices }, (_, i) => chatBody(chance, style, i)) }),
  "openai-completions": (chance) => ({ choices: [{ text: text(chance), index: 0 }] }),
  "openai-responses": responsesBody,
};

const block = (style, doc) => [...(doc.type ? [`event: ${doc.type}`] : []), `data: ${escape(style, JSON.stringify(doc))}`, "", ""].join(style.line);

function makeStyle(chance) {
  const sorted = chance.once(2), choices = sorted ? 1 : chance.few(4); // who speaks behind what is spoken: one alone can be told
  return {
    sorted, choices,
    ascii: chance.once(2), line: chance.pick(["\n", "\n", "\r\n", "\r"]), lists: chance.once(4), typeLast: chance.once(3),
    reasoning: chance.pick([[], ["reasoning"], ["reasoning_content"], ["reasoning", "reasoning_content"]]),
    calls: chance.below(choices > 1 ? 2 : 4), wholeCalls: chance.once(2), items: chance.between(1, 5),
  };
}

// { file, api, dialect, content_type, bytes }, as a recording would be.
export function madeUp(chance, number) {
  const style = makeStyle(chance), api = chance.pick(Object.keys(STREAMS)), streams = !chance.once(4);
  const written = streams ? [...STREAMS[api](chance, style, api)].map((doc) => block(style, doc)).join("") : escape(style, JSON.stringify(BODIES[api](chance, style)));
  return {
    file: `made up ${number}: ${api} ${JSON.stringify(style)}`, api, dialect: "openai", bytes: Buffer.from(written),
    content_type: streams ? "text/event-stream" : "application/json",
  };
}
