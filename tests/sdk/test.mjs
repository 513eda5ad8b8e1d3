// The official clients through Weir: stream, plain, tools, upstream errors, refusals.
// A refusal must cost exactly one request and raise the client's own rate-limit error.
import assert from "node:assert/strict";

const { WEIR_URL: url, WEIR_KEY: key, WEIR_BROKE_KEY: brokeKey } = process.env;

// Every client calls the global fetch; counting there counts what reaches the wire.
console.error = () => {}; // the clients print what they cannot parse; the tests judge what they raise
const realFetch = globalThis.fetch;
let requests = 0;
globalThis.fetch = (...args) => {
  requests++;
  return realFetch(...args);
};

const { default: OpenAI } = await import("openai");
const { default: OpenAI6 } = await import("openai-6");
const { default: Anthropic } = await import("@anthropic-ai/sdk");
const { GoogleGenAI } = await import("@google/genai");
const { generateText, streamText, jsonSchema, tool } = await import("ai");
const { createOpenAI } = await import("@ai-sdk/openai");
const { createAnthropic } = await import("@ai-sdk/anthropic");

let passed = 0, failed = 0;
async function test(name, body) {
  requests = 0;
  try {
    await Promise.race([body(), new Promise((_, no) => setTimeout(() => no(new Error("took over 20 s")), 20000).unref())]);
    passed++;
    console.log(`ok   ${name}`);
  } catch (error) {
    failed++;
    console.log(`FAIL ${name}: ${error.stack}`);
  }
}

async function raised(run) {
  try {
    await run();
  } catch (error) {
    return error;
  }
  assert.fail("nothing was raised");
}

// Where the third event of such a stream ends, in body bytes. Answers of the stand-in differ in
// their ids only, whose length is the same but when a counter gains a digit: hence the warm-up.
let warm = false;
async function thirdEventEnds(path, body) {
  for (; !warm; warm = true) for (let i = 0; i < 100; i++) await (await raw(path, { ...body, stand_in: { events: 1 } })).text();
  const text = await (await raw(path, { ...body, stand_in: { events: 30 } })).text();
  let at = 0;
  for (let i = 0; i < 3; i++) at = text.indexOf("\n\n", at) + 2;
  return at;
}
const raw = (path, body) => realFetch(url + path, {
  method: "POST", body: JSON.stringify(body), headers: { authorization: `Bearer ${key}`, "content-type": "application/json" } });

const question = [{ role: "user", content: "What is a weir?" }];
const weatherTool = { name: "weather", description: "the weather", parameters: { type: "object", properties: { city: { type: "string" } } } };

// --- OpenAI, both living major versions ---

for (const [version, Client] of [["7", OpenAI], ["6", OpenAI6]]) {
  const client = (apiKey = key) => new Client({ apiKey, baseURL: `${url}/v1` });
  const model = "gpt-4o-mini";
  const name = (what) => `openai ${version}: ${what}`;

  await test(name("plain"), async () => {
    const answer = await client().chat.completions.create({ model, messages: question, stand_in: { input: 11, output: 7 } });
    assert.ok(answer.choices[0].message.content.length > 0);
    assert.deepEqual([answer.usage.prompt_tokens, answer.usage.completion_tokens], [11, 7]);
  });

  await test(name("stream without include_usage never shows the usage event"), async () => {
    const stream = await client().chat.completions.create({ model, messages: question, stream: true, stand_in: { events: 12 } });
    let text = "", empty = 0;
    for await (const chunk of stream) {
      if (chunk.choices.length === 0) empty++;
      text += chunk.choices[0]?.delta?.content ?? "";
    }
    assert.ok(text.length > 0);
    assert.equal(empty, 0);
  });

  await test(name("stream with include_usage shows it"), async () => {
    const stream = await client().chat.completions.create({
      model, messages: question, stream: true, stream_options: { include_usage: true }, stand_in: { events: 5, input: 9, output: 5 } });
    let usage = null;
    for await (const chunk of stream) usage = chunk.usage ?? usage;
    assert.deepEqual([usage.prompt_tokens, usage.completion_tokens], [9, 5]);
  });

  await test(name("tools, streamed"), async () => {
    const stream = await client().chat.completions.create({
      model, messages: question, stream: true, tools: [{ type: "function", function: weatherTool }], stand_in: { tool_call: true } });
    let called = "", args = "";
    for await (const chunk of stream) {
      for (const call of chunk.choices[0]?.delta?.tool_calls ?? []) {
        called ||= call.function?.name ?? "";
        args += call.function?.arguments ?? "";
      }
    }
    assert.ok(called.length > 0);
    JSON.parse(args);
  });

  await test(name("responses, plain and streamed"), async () => {
    const plain = await client().responses.create({ model, input: "hi", stand_in: { input: 3, output: 4 } });
    assert.equal(plain.usage.output_tokens, 4);
    const stream = await client().responses.create({ model, input: "hi", stream: true, stand_in: { events: 6 } });
    let last = null;
    for await (const event of stream) last = event;
    assert.equal(last.type, "response.completed");
  });

  await test(name("embeddings"), async () => {
    const answer = await client().embeddings.create({ model: "text-embedding-3-small", input: "a weir", encoding_format: "float" });
    assert.ok(answer.data[0].embedding.length > 0);
  });

  await test(name("models are listed"), async () => {
    const list = await client().models.list();
    assert.ok(list.data.length > 0);
  });

  await test(name("an upstream 400 arrives as it is"), async () => {
    const error = await raised(() => client().chat.completions.create({ model, messages: question, stand_in: { status: 400 } }));
    assert.ok(error instanceof Client.BadRequestError, String(error));
    assert.equal(requests, 1);
  });

  await test(name("an upstream 500 is retried by the client"), async () => {
    const error = await raised(() => client().chat.completions.create({ model, messages: question, stand_in: { status: 500 } }, { maxRetries: 1 }));
    assert.ok(error instanceof Client.InternalServerError, String(error));
    assert.equal(requests, 2);
  });

  await test(name("a stream that the provider cuts between events raises APIError, readable"), async () => {
    const error = await raised(async () => {
      const ask = { model, messages: question, stream: true, stream_options: { include_usage: true } };
      const at = await thirdEventEnds("/v1/chat/completions", ask);
      const stream = await client().chat.completions.create({ ...ask, stand_in: { events: 30, fault: "cut", at } });
      for await (const _ of stream);
    });
    assert.ok(error instanceof Client.APIError, String(error));
    assert.match(error.message, /provider/i);
  });

  await test(name("a stream that the provider cuts inside an event raises, not ends"), async () => {
    await raised(async () => {
      const stream = await client().chat.completions.create({ model, messages: question, stream: true, stand_in: { events: 30, fault: "cut", at: 2000 } });
      for await (const _ of stream);
    });
  });

  await test(name("the provider's own error in a stream arrives as it is"), async () => {
    const error = await raised(async () => {
      const stream = await client().chat.completions.create({ model, messages: question, stream: true, stand_in: { events: 30, fault: "error", at: 3 } });
      for await (const _ of stream);
    });
    assert.ok(error instanceof Client.APIError, String(error));
  });

  await test(name("a wrong key raises AuthenticationError"), async () => {
    const error = await raised(() => client("sk-wrong").chat.completions.create({ model, messages: question }));
    assert.ok(error instanceof Client.AuthenticationError, String(error));
    assert.equal(requests, 1);
  });

  for (const stream of [false, true]) {
    await test(name(`refusal${stream ? " of a stream" : ""}: one request, RateLimitError, readable`), async () => {
      const error = await raised(() => client(brokeKey).chat.completions.create({ model, messages: question, stream }));
      assert.ok(error instanceof Client.RateLimitError, String(error));
      assert.equal(requests, 1);
      assert.equal(error.status, 429);
      assert.equal(error.code, "quota_exceeded");
      assert.equal(error.type, "insufficient_quota");
      assert.match(error.message, /budget|quota/i);
      assert.equal(error.error.quota_details?.scope, "tenant");
    });
  }
}

// --- Anthropic ---

{
  const client = (apiKey = key) => new Anthropic({ apiKey, baseURL: url });
  const model = "claude-3-haiku-20240307";
  const ask = { model, max_tokens: 200, messages: question };
  const name = (what) => `anthropic: ${what}`;

  await test(name("plain"), async () => {
    const answer = await client().messages.create({ ...ask, stand_in: { input: 11, output: 7 } });
    assert.ok(answer.content[0].text.length > 0);
    assert.deepEqual([answer.usage.input_tokens, answer.usage.output_tokens], [11, 7]);
  });

  await test(name("stream"), async () => {
    const message = await client().messages.stream({ ...ask, stand_in: { events: 9 } }).finalMessage();
    assert.ok(message.content[0].text.length > 0);
    assert.ok(message.usage.output_tokens > 0);
  });

  await test(name("tools"), async () => {
    const answer = await client().messages.create({
      ...ask, tools: [{ name: "weather", input_schema: weatherTool.parameters }], stand_in: { tool_call: true } });
    assert.ok(answer.content.some((part) => part.type === "tool_use"));
  });

  await test(name("an upstream 400 arrives as it is"), async () => {
    const error = await raised(() => client().messages.create({ ...ask, stand_in: { status: 400 } }));
    assert.ok(error instanceof Anthropic.BadRequestError, String(error));
    assert.equal(requests, 1);
  });

  await test(name("a stream that the provider cuts between events raises APIError, readable"), async () => {
    const error = await raised(async () => {
      const at = await thirdEventEnds("/v1/messages", { ...ask, stream: true });
      for await (const _ of await client().messages.create({ ...ask, stream: true, stand_in: { events: 30, fault: "cut", at } }));
    });
    assert.ok(error instanceof Anthropic.APIError, String(error));
    assert.match(error.message, /provider/i);
  });

  await test(name("the provider's own error in a stream arrives as it is"), async () => {
    const error = await raised(async () => {
      for await (const _ of await client().messages.create({ ...ask, stream: true, stand_in: { events: 30, fault: "error", at: 3 } }));
    });
    assert.ok(error instanceof Anthropic.APIError, String(error));
  });

  await test(name("a wrong key raises AuthenticationError"), async () => {
    const error = await raised(() => client("sk-wrong").messages.create(ask));
    assert.ok(error instanceof Anthropic.AuthenticationError, String(error));
  });

  for (const stream of [false, true]) {
    await test(name(`refusal${stream ? " of a stream" : ""}: one request, RateLimitError, readable`), async () => {
      const error = await raised(() => client(brokeKey).messages.create({ ...ask, stream }));
      assert.ok(error instanceof Anthropic.RateLimitError, String(error));
      assert.equal(requests, 1);
      assert.match(error.message, /budget|quota/i);
    });
  }
}

// --- Google ---

{
  const client = (apiKey = key) => new GoogleGenAI({ apiKey, httpOptions: { baseUrl: url } });
  const model = "gemini-2.5-flash";
  const ask = { model, contents: "What is a weir?" };
  const scripted = (stand_in) => ({ ...ask, config: { httpOptions: { extraBody: { stand_in } } } });
  const name = (what) => `@google/genai: ${what}`;

  await test(name("plain"), async () => {
    const answer = await client().models.generateContent(scripted({ input: 11, output: 7 }));
    assert.ok(answer.text.length > 0);
    assert.equal(answer.usageMetadata.promptTokenCount, 11);
  });

  await test(name("stream"), async () => {
    let text = "";
    for await (const chunk of await client().models.generateContentStream(scripted({ events: 8 }))) text += chunk.text ?? "";
    assert.ok(text.length > 0);
  });

  await test(name("tools"), async () => {
    const answer = await client().models.generateContent({
      ...ask, config: { tools: [{ functionDeclarations: [weatherTool] }], httpOptions: { extraBody: { stand_in: { tool_call: true } } } } });
    assert.ok(answer.functionCalls?.length > 0);
  });

  await test(name("an upstream 400 arrives as it is"), async () => {
    const error = await raised(() => client().models.generateContent(scripted({ status: 400 })));
    assert.equal(error.status, 400);
  });

  for (const method of ["generateContent", "generateContentStream"]) {
    await test(name(`refusal of ${method}: one request, status 429, readable`), async () => {
      const error = await raised(() => client(brokeKey).models[method](ask));
      assert.equal(error.status, 429, String(error));
      assert.equal(requests, 1);
      assert.match(error.message, /budget|quota/i);
    });
  }
}

// --- Vercel AI ---

// It has no way to add members to the body, so its fetch does.
const scriptedFetch = (stand_in) => (input, init) =>
  fetch(input, { ...init, body: JSON.stringify({ ...JSON.parse(init.body), stand_in }) });

for (const [provider, make] of [
  ["openai chat", (apiKey, f) => createOpenAI({ apiKey, baseURL: `${url}/v1`, fetch: f }).chat("gpt-4o-mini")],
  ["openai responses", (apiKey, f) => createOpenAI({ apiKey, baseURL: `${url}/v1`, fetch: f }).responses("gpt-4o-mini")],
  ["anthropic", (apiKey, f) => createAnthropic({ apiKey, baseURL: `${url}/v1`, fetch: f })("claude-3-haiku-20240307")],
]) {
  const name = (what) => `ai (${provider}): ${what}`;

  await test(name("plain"), async () => {
    const answer = await generateText({ model: make(key), prompt: "What is a weir?" });
    assert.ok(answer.text.length > 0);
    assert.ok(answer.usage.inputTokens > 0);
  });

  await test(name("stream"), async () => {
    let text = "";
    for await (const piece of streamText({ model: make(key, scriptedFetch({ events: 8 })), prompt: "What is a weir?" }).textStream) text += piece;
    assert.ok(text.length > 0);
  });

  await test(name("tools"), async () => {
    const answer = await generateText({
      model: make(key, scriptedFetch({ tool_call: true })), prompt: "weather?",
      tools: { weather: tool({ description: "the weather", inputSchema: jsonSchema(weatherTool.parameters) }) } });
    assert.ok(answer.toolCalls.length > 0);
  });

  await test(name("an upstream 400 arrives as it is"), async () => {
    const error = await raised(() => generateText({ model: make(key, scriptedFetch({ status: 400 })), prompt: "x", maxRetries: 0 }));
    assert.equal(error.statusCode, 400, String(error));
  });

  // This client decides on retries by the status alone; told not to, it makes one request.
  await test(name("refusal: one request, status 429, readable"), async () => {
    const error = await raised(() => generateText({ model: make(brokeKey), prompt: "x", maxRetries: 0 }));
    assert.equal(error.statusCode, 429, String(error));
    assert.equal(requests, 1);
    assert.match(error.message, /budget|quota/i);
  });
}

console.log(`${passed} passed, ${failed} failed`);
process.exit(failed > 0 ? 1 : 0);
