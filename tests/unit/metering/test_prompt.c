/* test_prompt.c - what of a request body is prompt, and how many tokens that is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include "metering/prompt.h"

#define CHAT      SHAPE_openai_chat
#define RESPONSES SHAPE_openai_responses
#define PNG                                                                                        \
	"iVBORw0KGgoAAAANSUhEUgAAAgAAAAIACAYAAAD0eNT6AAAABHNCSVQICAgIfAhkiAAAAAlwSFlzAAAOxAAADsQB" \
	"lSsOGwAAABl0RVh0U29mdHdhcmUAd3d3Lmlua3NjYXBlLm9yZ5vuPBoAACAASURBVHic7d15dBzVnS/w763q"     \
	"vdXqbu2yJdmyjW3Z2GwmZjEYMCQQhyWZJDNZZiZ5M5mXzPJm3nvzzpzJvMnMyTvzTmbJMhOyA4EkLAkQCBDC"     \
	"agMGG2PwgldZ8qK9tbTU6rWq7vujVd3q"

static struct vocabs *vocabs;
static struct tok *tok;
static struct tok_model model;
static struct prompt_count c;

/* Counts the prompt in steps of so many nanoseconds; returns its tokens. */
static uint64_t count_in_steps(enum shape_id shape, const char *name, struct span body,
			       int64_t work_ns)
{
	struct prompt *p;

	tok_model_find(NULL, span_of(name), &model);
	p = prompt_new(shape, &model, body);
	assert_non_null(p);
	while (!prompt_step(p, tok, work_ns))
		;
	c = *prompt_counted(p);
	prompt_free(p);
	return prompt_tok(&c, &model);
}

static uint64_t count(enum shape_id shape, const char *name, const char *body)
{
	return count_in_steps(shape, name, span_of(body), INT64_MAX);
}

static uint64_t alone(const char *text)
{
	return tok_total(tok_count(tok, VOCAB_O200K, span_of(text)));
}

static void expect_sum(const char *what, struct tok_count got, uint64_t wanted)
{
	if (tok_total(got) != wanted)
		fail_msg("%s: %ju tokens and not %ju", what, (uintmax_t)tok_total(got),
			 (uintmax_t)wanted);
}

/* Is the text that was counted these texts, each on its own? Ends with NULL. */
static void expect_texts(const char *what, struct tok_count got, ...)
{
	uint64_t wanted = 0;
	const char *text;
	va_list texts;

	va_start(texts, got);
	while ((text = va_arg(texts, const char *)) != NULL)
		wanted += alone(text);
	va_end(texts);
	expect_sum(what, got, wanted);
}

/* --- against what providers counted --- */

static const struct recorded {
	uint64_t tok;
	enum shape_id shape;
	const char *model;
	struct prompt_count count;
} recorded[] = {
#define RECORDED(reported, s, name, text_tok, tools_tok, some_system, ...)                         \
	{ .tok = reported,                                                                         \
	  .shape = SHAPE_##s,                                                                      \
	  .model = name,                                                                           \
	  .count = { .text = { { text_tok } },                                                     \
		     .tools = { { tools_tok } },                                                   \
		     .system = some_system,                                                        \
		     .messages = __VA_ARGS__ } },
#include "tests/unit/metering/recorded.tbl.h"
};

/* How far off the count may be. Where the vocabulary is the model's own: text alone, not at
 * all; tools, 5 tokens or a tenth. Where it is not: a fifth. */
static uint64_t allowed(const struct recorded *r)
{
	if (!model.exact)
		return r->tok / 5 + 5;
	if (r->count.tool_count + r->count.calls + r->count.formats == 0)
		return 0;
	return r->tok / 10 > 5 ? r->tok / 10 : 5;
}

struct score {
	unsigned requests, exact;
	uint64_t ppm; /* the sum of what they are off */
};

static void score(struct score *s, const struct recorded *r)
{
	uint64_t got = prompt_tok(&r->count, &model);
	uint64_t off = got > r->tok ? got - r->tok : r->tok - got;

	if (off > allowed(r))
		fail_msg("%s by %s: %ju tokens and not %ju", shape_name(r->shape), r->model,
			 (uintmax_t)got, (uintmax_t)r->tok);
	s->requests++;
	s->exact += off == 0;
	s->ppm += off * 1000000 / r->tok;
}

/* On average 1.5 % where the vocabulary is known, before anything is learned; else 7 %. */
static void test_recorded(void **state)
{
	struct score own = { 0 }, others = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(recorded) / sizeof(recorded[0]); i++) {
		tok_model_find(NULL, span_of(recorded[i].model), &model);
		score(model.exact ? &own : &others, &recorded[i]);
	}
	printf("%u requests: %u counted exactly, %ju ppm off on average; %u of others: %ju ppm\n",
	       own.requests, own.exact, (uintmax_t)(own.ppm / own.requests), others.requests,
	       (uintmax_t)(others.ppm / others.requests));
	assert_true(own.requests >= 30 && others.requests >= 10);
	assert_true(own.ppm / own.requests < 15000);
	assert_true(others.ppm / others.requests < 70000);
}

/* --- what is prompt --- */

static void test_chat(void **state)
{
	(void)state;
	count(CHAT, "gpt-4o",
	      "{\"model\":\"gpt-4o\",\"user\":\"not this\",\"messages\":["
	      "{\"role\":\"system\",\"content\":\"Be brief.\"},"
	      "{\"role\":\"user\",\"name\":\"ann\",\"content\":[{\"type\":\"text\",\"text\":"
	      "\"Gr\\u00fc\\u00dfe \\ud83d\\ude00\\n\"},{\"type\":\"text\",\"text\":\"two\"}]},"
	      "{\"role\":\"assistant\",\"refusal\":\"No.\",\"content\":null,\"tool_calls\":["
	      "{\"id\":\"call_1\",\"type\":\"function\",\"function\":{\"name\":\"f\","
	      "\"arguments\":\"{\\\"a\\\": 1}\"}}]},"
	      "{\"role\":\"tool\",\"tool_call_id\":\"call_1\",\"content\":\"42\"}]}");
	expect_texts("chat", c.text, "Be brief.", "ann", "Grüße 😀\n", "two", "No.", "f",
		     "{\"a\": 1}", "42", NULL);
	assert_true(c.messages == 4 && c.names == 1 && c.calls == 1 && c.system && !c.remote);
	assert_int_equal(tok_total(c.tools), 0);
}

static const struct request {
	enum shape_id shape;
	const char *model, *body;
	const char *texts[12], *tools[12]; /* end with NULL */
	struct prompt_count count;         /* but for the texts */
} requests[] = {
#define TEXTS(...)                                                                                 \
	{                                                                                          \
		__VA_ARGS__                                                                        \
	}
#define REQUEST(s, name, sent, its_texts, its_tools, some_system, ...)                             \
	{ .shape = SHAPE_##s,                                                                      \
	  .model = name,                                                                           \
	  .body = sent,                                                                            \
	  .texts = its_texts,                                                                      \
	  .tools = its_tools,                                                                      \
	  .count = { .system = some_system, .messages = __VA_ARGS__ } },
#include "tests/unit/metering/request.tbl.h"
};

/* The tokens of each alone, in the vocabulary of the model. */
static uint64_t sum(const char *const *texts)
{
	uint64_t tok_sum = 0;

	for (; *texts; texts++)
		tok_sum += tok_total(tok_count(tok, model.vocab, span_of(*texts)));
	return tok_sum;
}

static void test_requests(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		const struct request *r = &requests[i];

		count(r->shape, r->model, r->body);
		expect_sum(r->body, c.text, sum(r->texts));
		expect_sum(r->body, c.tools, sum(r->tools));
		c.text = c.tools = (struct tok_count){ 0 };
		assert_memory_equal(&c, &r->count, offsetof(struct prompt_count, damaged) + 1);
	}
}

static void test_parallel_calls(void **state)
{
	const char *body = "{\"messages\":[{\"tool_calls\":[{\"function\":{\"name\":\"f\"}},"
			   "{\"function\":{\"name\":\"g\"}},{\"function\":{\"name\":\"h\"}}]},"
			   "{\"tool_calls\":[{\"function\":{\"name\":\"f\"}}]}]}";

	(void)state;
	count(CHAT, "gpt-4o", body);
	assert_int_equal(c.calls, 4);
	assert_int_equal(c.parallel, 3);
}

static void test_tools(void **state)
{
	static const char arguments[] =
	    "{\"type\":\"object\",\"required\":[\"a\"],\"additionalProperties\":false,\"properties\":{"
	    "\"a\":{\"type\":\"string\",\"description\":\"The place.\"},"
	    "\"b\":{\"type\":[\"integer\",\"null\"],\"enum\":[1,\"two\"],\"default\":\"no\"},"
	    "\"c\":{\"type\":\"array\",\"items\":{\"type\":\"object\",\"properties\":{"
	    "\"d\":{\"type\":\"number\"}}}}}}";
	static const struct {
		enum shape_id shape;
		const char *before, *between, *after;
	} forms[] = {
		{ CHAT, "{\"tools\":[{\"type\":\"function\",\"function\":{",
		  "\"parameters\":", "}}]}" },
		{ CHAT, "{\"functions\":[{", "\"parameters\":", "}]}" },
		{ RESPONSES, "{\"tools\":[{\"type\":\"function\",", "\"parameters\":", "}]}" },
		{ SHAPE_anthropic, "{\"tools\":[{", "\"input_schema\":", "}]}" },
		{ SHAPE_gemini, "{\"tools\":[{\"functionDeclarations\":[{",
		  "\"parametersJsonSchema\":", "}]}]}" },
		{ SHAPE_gemini, "{\"tools\":[{\"function_declarations\":[{",
		  "\"parameters\":", "}]}]}" },
		{ SHAPE_bedrock_converse, "{\"toolConfig\":{\"tools\":[{\"toolSpec\":{",
		  "\"inputSchema\":{\"json\":", "}}}]}}" },
		{ SHAPE_cohere, "{\"tools\":[{\"type\":\"function\",\"function\":{",
		  "\"parameters\":", "}}]}" },
		{ SHAPE_ollama, "{\"tools\":[{\"type\":\"function\",\"function\":{",
		  "\"parameters\":", "}}]}" },
	};
	char body[1024];

	(void)state;
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		snprintf(body, sizeof(body),
			 "%s\"name\":\"get\",\"description\":\"Gets it\",%s%s%s", forms[i].before,
			 forms[i].between, arguments, forms[i].after);
		count(forms[i].shape, "gpt-4o", body);
		assert_false(c.damaged);
		expect_texts(shape_name(forms[i].shape), c.tools, " get", " Gets it", "a",
			     " string", " The place.", "b", " integer", " null", "1", "two", "c",
			     " array", " object", "d", " number", NULL);
		assert_true(c.tool_count == 1 && c.with_arguments == 1 && c.properties == 4);
		assert_true(c.lists == 1 && c.choices == 2 && c.helps == 1);
		assert_int_equal(tok_total(c.text), 0);
	}
}

static void test_format(void **state)
{
	const char *schema = "{\"required\":[\"a\"],\"type\":\"object\",\"properties\":{\"a\":{"
			     "\"enum\":[1,null,{\"x\":[]}]}},\"additionalProperties\":false}";
	const char *shown = "{\"type\":\"object\",\"properties\":{\"a\":{\"enum\":[1,null,"
			    "{\"x\":[]}]}}}";
	char body[512];

	(void)state;
	snprintf(body, sizeof(body),
		 "{\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"name\":\"n\","
		 "\"description\":\"It is\",\"strict\":true,\"schema\":%s}}}",
		 schema);
	count(CHAT, "gpt-4o", body);
	expect_texts("chat format", c.tools, " n", " It is", shown, NULL);
	assert_true(c.formats == 1 && c.tool_count == 0);
	snprintf(body, sizeof(body),
		 "{\"text\":{\"format\":{\"type\":\"json_schema\",\"name\":\"n\",\"schema\":%s}}}",
		 schema);
	count(RESPONSES, "gpt-4o", body);
	expect_texts("responses format", c.tools, " n", shown, NULL);
	snprintf(body, sizeof(body), "{\"generationConfig\":{\"responseSchema\":%s}}", schema);
	count(SHAPE_gemini, "gemini-2.5-pro", body);
	expect_texts("gemini format", c.tools, shown, NULL);
	snprintf(body, sizeof(body), "{\"format\":%s}", schema);
	count(SHAPE_ollama, "llama3", body);
	expect_texts("ollama format", c.tools, shown, NULL);
}

static void test_responses(void **state)
{
	(void)state;
	count(RESPONSES, "gpt-5", "{\"instructions\":\"Be nice.\",\"input\":\"Hello there\"}");
	expect_texts("responses text", c.text, "Be nice.", "Hello there", NULL);
	assert_int_equal(c.messages, 2);
	count(RESPONSES, "gpt-5",
	      "{\"previous_response_id\":\"resp_1\",\"input\":["
	      "{\"role\":\"developer\",\"content\":\"D\"},"
	      "{\"role\":\"user\",\"content\":[{\"type\":\"input_text\",\"text\":\"U\"}]},"
	      "{\"type\":\"reasoning\",\"encrypted_content\":\"gAAAA\",\"summary\":[{\"text\":"
	      "\"S\"}]},{\"type\":\"function_call\",\"name\":\"f\",\"arguments\":\"{}\"},"
	      "{\"type\":\"function_call_output\",\"output\":\"O\"}]}");
	expect_texts("responses items", c.text, "D", "U", "S", "f", "{}", "O", NULL);
	assert_true(c.messages == 5 && c.calls == 1 && c.system && c.remote);
}

static void test_anthropic(void **state)
{
	(void)state;
	count(SHAPE_anthropic, "claude-sonnet-4-5",
	      "{\"system\":[{\"type\":\"text\",\"text\":\"Sys\"}],\"messages\":["
	      "{\"role\":\"user\",\"content\":\"Hi\"},{\"role\":\"assistant\",\"content\":["
	      "{\"type\":\"thinking\",\"thinking\":\"Hm\",\"signature\":\"AAAA\"},"
	      "{\"type\":\"tool_use\",\"id\":\"t\",\"name\":\"get\",\"input\":"
	      "{\"q\": [1, 2.5, true], \"s\": \"a\\\"b\"}}]},"
	      "{\"role\":\"user\",\"content\":[{\"type\":\"tool_result\",\"content\":["
	      "{\"type\":\"text\",\"text\":\"R\"},{\"type\":\"image\",\"source\":"
	      "{\"type\":\"base64\",\"media_type\":\"image/png\",\"data\":\"" PNG "\"}}]},"
	      "{\"type\":\"image\",\"source\":{\"type\":\"url\",\"url\":\"https://x.test/y\"}},"
	      "{\"type\":\"document\",\"source\":{\"type\":\"text\",\"data\":\"plain text\"}},"
	      "{\"type\":\"document\",\"source\":{\"type\":\"base64\",\"data\":\"JVBERi0x\"}}]}]}");
	expect_texts("anthropic", c.text, "Sys", "Hi", "Hm", "get",
		     "{\"q\":[1,2.5,true],\"s\":\"a\"b\"}", "R", "plain text", NULL);
	assert_true(c.messages == 3 && c.calls == 1);
	assert_true(c.pictures == 2 && c.unseen == 1 && c.unread == 1);
	assert_int_equal(c.picture_tok, 19 * 19 + 37 * 37); /* 512 x 512, and one of 1024 x 1024 */
	assert_false(model.exact);
}

static void test_gemini(void **state)
{
	(void)state;
	count(
	    SHAPE_gemini, "gemini-2.5-flash",
	    "{\"systemInstruction\":{\"parts\":[{\"text\":\"Sys\"}]},\"contents\":["
	    "{\"role\":\"user\",\"parts\":[{\"text\":\"Hi\"},{\"inlineData\":{\"mimeType\":"
	    "\"image/png\",\"data\":\"" PNG "\"}},{\"inline_data\":{\"mime_type\":"
	    "\"audio/mp3\",\"data\":\"SUQzBAAAAAAA\"}}]},"
	    "{\"role\":\"model\",\"parts\":[{\"functionCall\":{\"name\":\"f\",\"id\":\"no\","
	    "\"args\":{\"a\":1}},\"thoughtSignature\":\"AAAA\"}]},"
	    "{\"role\":\"user\",\"parts\":[{\"functionResponse\":{\"name\":\"f\",\"response\":"
	    "{\"r\":\"ok\"},\"parts\":[{\"inlineData\":{\"mimeType\":\"image/png\",\"data\":\"" PNG
	    "\"}}]}}]}]}");
	expect_texts("gemini", c.text, "Sys", "Hi", "f", "{\"a\":1}", "f", "{\"r\":\"ok\"}",
		     "[{\"inlineData\":{\"mimeType\":\"image/png\",\"data\":}}]", NULL);
	assert_true(c.messages == 3 && c.pictures == 2 && c.unseen == 0 && c.unread == 1);
	assert_int_equal(c.picture_tok, 2 * 258);
}

static void test_others(void **state)
{
	(void)state;
	count(SHAPE_openai_completions, "davinci-002", "{\"prompt\":[\"One\",\"Two\"]}");
	assert_true(tok_total(c.text) == 2 && c.messages == 0);
	count(SHAPE_openai_completions, "davinci-002", "{\"prompt\":[5,6,7],\"suffix\":\"x\"}");
	assert_int_equal(tok_total(c.text), 4);
	assert_int_equal(count(SHAPE_openai_embeddings, "text-embedding-3-small",
			       "{\"input\":[\"One\",\"Two\"]}"),
			 2);
	assert_int_equal(
	    count(SHAPE_openai_embeddings, "text-embedding-3-small", "{\"input\":[[1,2],[3,4,5]]}"),
	    5);
	count(SHAPE_bedrock_converse, "anthropic.claude-3-haiku",
	      "{\"system\":[{\"text\":\"S\"}],\"messages\":[{\"content\":[{\"text\":\"T\"},"
	      "{\"image\":{\"format\":\"png\",\"source\":{\"bytes\":\"" PNG "\"}}},"
	      "{\"toolUse\":{\"name\":\"f\",\"input\":{\"a\":1}}},{\"toolResult\":{\"content\":["
	      "{\"json\":{\"b\":2}},{\"text\":\"R\"}]}}]}]}");
	expect_texts("converse", c.text, "S", "T", "f", "{\"a\":1}", "{\"b\":2}", "R", NULL);
	assert_true(c.pictures == 1 && c.messages == 1 && c.calls == 1);
	count(SHAPE_cohere, "command-a",
	      "{\"messages\":[{\"content\":\"M\",\"tool_plan\":\"P\"}],\"documents\":["
	      "{\"data\":{\"text\":\"D\"}}]}");
	expect_texts("cohere", c.text, "M", "P", "[{\"data\":{\"text\":\"D\"}}]", NULL);
	count(SHAPE_ollama, "llama3",
	      "{\"messages\":[{\"content\":\"M\",\"images\":[\"" PNG "\"],\"tool_calls\":["
	      "{\"function\":{\"name\":\"f\",\"arguments\":{\"a\":1}}}]}]}");
	expect_texts("ollama", c.text, "M", "f", "{\"a\":1}", NULL);
	assert_int_equal(c.pictures, 1);
	count(SHAPE_gemini_interactions, "gemini-2.5-flash",
	      "{\"system_instruction\":\"S\",\"input\":[{\"type\":\"text\",\"text\":\"T\"}]}");
	expect_texts("interactions", c.text, "S", "T", NULL);
	assert_int_equal(count(SHAPE_free, "gpt-4o", "no JSON at all"), 0);
}

static void test_pictures(void **state)
{
	(void)state;
	count(CHAT, "gpt-4o",
	      "{\"messages\":[{\"content\":[{\"type\":\"image_url\",\"image_url\":{\"url\":"
	      "\"data:image/png;base64," PNG "\",\"detail\":\"low\"}},"
	      "{\"type\":\"image_url\",\"image_url\":{\"detail\":\"high\",\"url\":"
	      "\"data:image/png;base64," PNG "\"}},"
	      "{\"type\":\"image_url\",\"image_url\":{\"url\":\"https://x.test/y.png\"}},"
	      "{\"type\":\"image_url\",\"image_url\":{\"url\":\"https://x.test/z\",\"detail\":"
	      "\"low\"}}]}]}");
	assert_int_equal(c.picture_tok, 85 + 255 + 765 + 85);
	assert_true(c.pictures == 4 && c.unseen == 2);
	assert_int_equal(tok_total(c.text), 0);
	count(RESPONSES, "gpt-4o",
	      "{\"input\":[{\"content\":[{\"type\":\"input_image\",\"detail\":\"low\","
	      "\"image_url\":\"data:image/png;base64," PNG "\"}]},{\"output\":[{\"image_url\":"
	      "\"data:image/png;base64," PNG "\"}]}]}");
	assert_int_equal(c.picture_tok, 85 + 255);
}

/* Data in the middle of JSON is known by its look alone; letters that only look like it
 * are text. */
static void test_data_in_trees(void **state)
{
	char body[2048], long_word[400];

	(void)state;
	count(SHAPE_cohere, "embed-v4",
	      "{\"inputs\":[{\"content\":[{\"image_url\":{\"url\":\"data:image/png;base64," PNG
	      "\"}}]}]}");
	expect_texts("data URL", c.text, "[{\"content\":[{\"image_url\":{\"url\":\"\"}}]}]", NULL);
	assert_true(c.pictures == 1 && c.unseen == 0);
	memset(long_word, 'a', sizeof(long_word) - 1);
	long_word[sizeof(long_word) - 1] = '\0';
	snprintf(body, sizeof(body),
		 "{\"messages\":[{\"content\":[{\"input\":{\"w\":\"%s\",\"p\":\"" PNG "\"}}]}]}",
		 long_word);
	count(SHAPE_anthropic, "claude-3", body);
	snprintf(body, sizeof(body), "{\"w\":\"%s\",\"p\":\"\"}", long_word);
	expect_texts("letters", c.text, body, NULL);
	assert_int_equal(c.pictures, 1);
}

/* --- any cut, any depth --- */

static struct span big_body(size_t times, char **memory)
{
	static const char piece[] =
	    "{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"The qu\\u00efck brown "
	    "fox \\ud83e\\udd8a jumps over 13 lazy dogs, 跳過了懶狗。\\n\\n    return x;  \"},"
	    "{\"type\":\"image_url\",\"image_url\":{\"url\":\"data:image/png;base64," PNG
	    "\"}}]},{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[{\"function\":{"
	    "\"name\":\"f\",\"arguments\":\"{\\\"a\\\":[1,2]}\"}}]}";
	size_t len = 0, room = times * sizeof(piece) + 64;

	*memory = malloc(room);
	assert_non_null(*memory);
	len += (size_t)snprintf(*memory, room, "{\"messages\":[");
	for (size_t i = 0; i < times; i++) {
		memcpy(*memory + len, piece, sizeof(piece) - 1);
		len += sizeof(piece) - 1;
		(*memory)[len++] = i + 1 < times ? ',' : ']';
	}
	(*memory)[len++] = '}';
	return (struct span){ *memory, len };
}

static void test_budgets(void **state)
{
	static const int64_t budgets[] = { 1, 7, 100, 999, 10000, 1000000 };
	struct prompt_count whole;
	struct span body;
	char *memory;

	(void)state;
	body = big_body(50, &memory);
	count_in_steps(CHAT, "gpt-4o", body, INT64_MAX);
	whole = c;
	assert_true(whole.messages == 100 && whole.pictures == 50 && whole.calls == 50);
	for (size_t i = 0; i < sizeof(budgets) / sizeof(budgets[0]); i++) {
		count_in_steps(CHAT, "gpt-4o", body, budgets[i]);
		assert_memory_equal(&c, &whole, offsetof(struct prompt_count, damaged) + 1);
	}
	free(memory);
}

/* Given back in the middle of a text, and of a tree. */
static void test_dropped(void **state)
{
	struct span body;
	char *memory;

	(void)state;
	body = big_body(3, &memory);
	tok_model_find(NULL, SPAN("gpt-4o"), &model);
	for (unsigned steps = 0; steps < 12; steps++) {
		struct prompt *p = prompt_new(CHAT, &model, body);

		assert_non_null(p);
		for (unsigned i = 0; i < steps; i++)
			prompt_step(p, tok, 1);
		prompt_free(p);
	}
	prompt_free(NULL);
	free(memory);
}

static void test_depth(void **state)
{
	char body[512];
	size_t len = 0;

	(void)state;
	len += (size_t)snprintf(body, sizeof(body), "{\"messages\":[{\"content\":[{\"input\":");
	for (unsigned i = 0; i < 50; i++)
		len += (size_t)snprintf(body + len, sizeof(body) - len, "[");
	len += (size_t)snprintf(body + len, sizeof(body) - len, "\"deep\"");
	for (unsigned i = 0; i < 50; i++)
		len += (size_t)snprintf(body + len, sizeof(body) - len, "]");
	snprintf(body + len, sizeof(body) - len, "}]}]}");
	count(SHAPE_anthropic, "claude-3", body);
	assert_false(c.damaged);
	assert_in_range(tok_total(c.text), 10, 60);
}

static void test_damaged(void **state)
{
	(void)state;
	assert_true(count(CHAT, "gpt-4o", "{\"messages\":[{\"content\":\"Hello there") > 0);
	assert_true(c.damaged);
	expect_texts("damaged", c.text, "Hello there", NULL);
	count(CHAT, "gpt-4o", "{\"messages\":[{\"content\":\"Hello\"}]]");
	assert_true(c.damaged && c.messages == 1);
	count(CHAT, "gpt-4o", "");
	assert_true(c.damaged && c.messages == 0);
	count(CHAT, "gpt-4o", "\"x\"");
	assert_true(!c.damaged && tok_total(c.text) == 0);
	count(CHAT, "gpt-4o", "{\"tools\":\"x\",\"messages\":{\"0\":{\"content\":\"y\"}}}");
	assert_false(c.damaged);
}

static int64_t thread_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

/* A long body is counted without ever holding its thread for long. */
static void test_cost(void **state)
{
	int64_t begun, from, longest = 0;
	struct prompt *p;
	struct span body;
	char *memory;
	bool done;

	(void)state;
	body = big_body(2000, &memory);
	tok_model_find(NULL, SPAN("gpt-4o"), &model);
	p = prompt_new(CHAT, &model, body);
	assert_non_null(p);
	begun = thread_ns();
	do {
		from = thread_ns();
		done = prompt_step(p, tok, 100000);
		longest = thread_ns() - from > longest ? thread_ns() - from : longest;
	} while (!done);
	printf("%zu bytes: %jd us, the longest of its steps %jd us\n", body.len,
	       (intmax_t)((thread_ns() - begun) / 1000), (intmax_t)(longest / 1000));
	assert_true(longest < 20000000);
	prompt_free(p);
	free(memory);
}

static int set_up(void **state)
{
	(void)state;
	if (vocabs_new(&vocabs) != ERR_OK)
		return -1;
	tok = tok_new(vocabs);
	return tok ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	tok_free(tok);
	vocabs_free(vocabs);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_recorded),  cmocka_unit_test(test_chat),
		cmocka_unit_test(test_requests),  cmocka_unit_test(test_parallel_calls),
		cmocka_unit_test(test_tools),     cmocka_unit_test(test_format),
		cmocka_unit_test(test_responses), cmocka_unit_test(test_anthropic),
		cmocka_unit_test(test_gemini),    cmocka_unit_test(test_others),
		cmocka_unit_test(test_pictures),  cmocka_unit_test(test_data_in_trees),
		cmocka_unit_test(test_budgets),   cmocka_unit_test(test_dropped),
		cmocka_unit_test(test_depth),     cmocka_unit_test(test_damaged),
		cmocka_unit_test(test_cost),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
