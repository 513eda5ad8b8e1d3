/* test_tap_limits.c - what hostile or careless bytes may not do to the tap, and what its
 * filter owes a waiting client. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include "base/buf.h"
#include "metering/tap.h"

#define USAGE       "{\"prompt_tokens\":10,\"completion_tokens\":4,\"total_tokens\":14}"
#define USAGE_EVENT "data: {\"id\":\"c\",\"choices\":[],\"usage\":" USAGE "}\n\n"
#define TEXT_EVENT  "data: {\"id\":\"c\",\"choices\":[{\"delta\":{\"content\":\"Hi\"}}]}\n\n"

static struct tap *new_chat(enum tap_framing framing)
{
	struct tap *t = tap_new(dialect_find(SPAN("openai")), SHAPE_openai_chat, framing);

	assert_non_null(t);
	return t;
}

static void expect_usage(struct tap *t, bool blind)
{
	struct tap_result r;

	tap_result(t, &r);
	assert_true(r.has_usage);
	assert_int_equal(r.blind, blind);
	assert_int_equal(r.usage.quantity[Q_input], 10);
	assert_int_equal(r.usage.quantity[Q_output], 4);
}

/* --- text is never usage (T51) --- */

static unsigned seed = 20261122;

static uint32_t next_random(void)
{
	seed = seed * 1664525u + 1013904223u;
	return seed >> 8;
}

/* Strings made of everything that means something to some parser. */
static void random_text(struct buf *to)
{
	static const char *const words[] = {
		"\"usage\":" USAGE,
		"data: [DONE]",
		"\n\n",
		"\r\n\r\n",
		"event: message_stop",
		"data: ",
		"{\"type\":\"response.completed\"}",
		"\"",
		"\\",
		"{",
		"}",
		"[",
		"]",
		",",
		":",
		"[DONE]",
		"\"choices\":[]",
		"event: error",
		"\"error\":{\"code\":1}",
		"\xe2\x82\xac",
		"\xf0\x9f\x98\x80",
		"usageMetadata",
		"\t",
		"\b",
		"1e9",
		"null",
		"a",
		" ",
		"\x01",
		"</script>",
		"\xef\xbb\xbf",
		"{\"usage\":{\"prompt_tokens\":999999,\"completion_tokens\":999999}}",
		"id: 1",
		": ",
		"\\u0022",
	};
	unsigned count = next_random() % 12;

	while (count-- > 0)
		assert_true(
		    buf_add(to, span_of(words[next_random() % (sizeof(words) / sizeof(*words))])));
}

static bool same_text(struct buf *got, struct buf *want)
{
	return got->len == want->len && (got->len == 0 || memcmp(got->at, want->at, got->len) == 0);
}

static void add_piece(void *arg, uint32_t part, struct span piece)
{
	(void)part;
	assert_true(buf_add(arg, piece));
}

struct wrapping {
	enum shape_id shape;
	enum tap_framing framing;
	const char *before, *after, *end;
};

static const struct wrapping wrappings[] = {
	{ SHAPE_openai_chat, TAP_SSE, "data: {\"choices\":[{\"delta\":{\"content\":\"",
	  "\"}}]}\n\n", USAGE_EVENT "data: [DONE]\n\n" },
	{ SHAPE_openai_chat, TAP_SSE,
	  "data: {\"choices\":[{\"delta\":{\"tool_calls\":[{\"function\":{\"arguments\":\"",
	  "\"}}]}}]}\r\n\r\n", USAGE_EVENT "data: [DONE]\n\n" },
	{ SHAPE_openai_responses, TAP_SSE,
	  "event: response.output_text.delta\ndata: {\"type\":\"response.output_text.delta\",\"delta\":\"",
	  "\"}\n\n",
	  "data: {\"type\":\"response.completed\",\"response\":{\"usage\":{\"input_tokens\":10,"
	  "\"output_tokens\":4}}}\n\n" },
	{ SHAPE_anthropic, TAP_SSE,
	  "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"delta\":{\"text\":\"",
	  "\"}}\n\n",
	  "data: {\"type\":\"message_delta\",\"usage\":{\"input_tokens\":10,\"output_tokens\":4}}\n\n"
	  "data: {\"type\":\"message_stop\"}\n\n" },
	{ SHAPE_gemini, TAP_SSE, "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"",
	  "\"}]}}]}\r\n\r\n",
	  "data: {\"candidates\":[{\"finishReason\":\"STOP\"}],\"usageMetadata\":{"
	  "\"promptTokenCount\":10,\"candidatesTokenCount\":4}}\r\n\r\n" },
	{ SHAPE_ollama, TAP_NDJSON, "{\"message\":{\"content\":\"", "\"},\"done\":false}\n",
	  "{\"done\":true,\"prompt_eval_count\":10,\"eval_count\":4}\n" },
	{ SHAPE_cohere, TAP_JSON, "{\"message\":{\"content\":[{\"text\":\"", "\"}]},",
	  "\"usage\":{\"billed_units\":{\"input_tokens\":10,\"output_tokens\":4}}}" },
};

static void wrap(const struct wrapping *w, struct buf *text, struct buf *stream)
{
	assert_true(buf_add(stream, span_of(w->before)) && buf_add_json(stream, buf_span(text)) &&
		    buf_add(stream, span_of(w->after)) && buf_add(stream, span_of(w->end)));
}

static void text_is_never_usage(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 20000; i++) {
		const struct wrapping *w = &wrappings[i % (sizeof(wrappings) / sizeof(*wrappings))];
		struct tap *t = tap_new(dialect_find(SPAN("vllm")), w->shape, w->framing);
		struct buf text, stream, got;
		struct tap_result r;
		size_t cut;

		buf_init(&text, 1 << 16);
		buf_init(&stream, 1 << 20);
		buf_init(&got, 1 << 16);
		random_text(&text);
		wrap(w, &text, &stream);
		tap_set_text(t, add_piece, &got);
		cut = next_random() % stream.len;
		tap_show(t, (struct span){ stream.at, cut });
		tap_show(t, span_skip(buf_span(&stream), cut));
		tap_end(t);
		expect_usage(t, false);
		tap_result(t, &r);
		assert_true(r.final && r.error[0] == '\0');
		assert_int_equal(r.text_bytes, text.len);
		assert_true(same_text(&got, &text));
		buf_release(&text);
		buf_release(&stream);
		buf_release(&got);
		tap_free(t);
	}
}

/* --- floods --- */

/* Shows count times `bytes` and returns how many ns that took for each byte. */
static double flood(struct tap *t, struct span bytes, size_t count)
{
	struct timespec a, b;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &a);
	for (size_t i = 0; i < count; i++)
		tap_show(t, bytes);
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &b);
	return ((double)(b.tv_sec - a.tv_sec) * 1e9 + (double)(b.tv_nsec - a.tv_nsec)) /
	       ((double)bytes.len * (double)count);
}

/* 64 MiB of it between the beginning and the end of a stream: no memory, and time in
 * proportion. */
static void survive_flood(const char *before, struct span bytes, const char *after, bool blind)
{
	struct tap *t = new_chat(TAP_SSE);
	size_t used;
	double few, many;

	tap_show(t, span_of(before));
	few = flood(t, bytes, (4u << 20) / bytes.len);
	used = mallinfo2().uordblks;
	many = flood(t, bytes, (60u << 20) / bytes.len);
	assert_true(mallinfo2().uordblks == used);
	if (many > 8 * few + 20)
		fail_msg("%.2f ns a byte at first, then %.2f", few, many);
	tap_show(t, span_of(after));
	tap_show(t, SPAN(USAGE_EVENT "data: [DONE]\n\n"));
	tap_end(t);
	expect_usage(t, blind);
	tap_free(t);
}

static void floods_cost_no_memory(void **state)
{
	static char plain[65536], commas[65536], deep[65536], zeros[65536];
	char comments[65536], crs[65536], names[65536];

	(void)state;
	memset(plain, 'x', sizeof(plain));
	memset(commas, ',', sizeof(commas));
	memset(deep, '[', sizeof(deep));
	memset(crs, '\r', sizeof(crs));
	for (size_t i = 0; i < sizeof(comments); i++) {
		comments[i] = ": keep-alive\n\n"[i % 14];
		names[i] = "event: a\n"[i % 9];
	}
#define ALL(bytes) ((struct span){ bytes, sizeof(bytes) })
	survive_flood("data: {\"choices\":[{\"delta\":{\"content\":\"", ALL(plain), "\"}}]}\n\n",
		      false);
	survive_flood("data: {\"x\":\"", ALL(plain), "\"}\n\n", false);
	survive_flood("data: {\"id\":\"", ALL(plain), "\"}\n\n", false);
	survive_flood("data: {\"", ALL(plain), "\":1}\n\n", false);
	survive_flood("data: {\"id\":1", ALL(commas), "}\n\n", true);
	survive_flood("data: ", ALL(deep), "\n\n", true);
	survive_flood("data: {\"id\":", ALL(zeros), "}\n\n", true);
	survive_flood("", ALL(zeros), "\n\n", false);
	survive_flood("", ALL(crs), "\n\n", false);
	survive_flood(": ", ALL(plain), "\n\n", false);
	survive_flood("", ALL(plain), "\n\n", false);
	survive_flood("event: ", ALL(plain), "\n\n", false);
	survive_flood("\n", (struct span){ comments, sizeof(comments) / 14 * 14 }, "\n\n", false);
	survive_flood("\n", (struct span){ names, sizeof(names) / 9 * 9 }, "\n\n", false);
	survive_flood("{\"error\": [", (struct span){ commas, 1 }, "\n\n", true);
}

/* A chunk of chat as OpenAI sends it. The limit is a wide one: machines differ, and sanitizers
 * slow things down; the figure printed is for people. */
static void an_event_costs_little(void **state)
{
	static const char event[] =
	    "data: {\"id\":\"chatcmpl-ASYMaNc7XmbGRUNREnmvhyyISBHsv\",\"object\":"
	    "\"chat.completion.chunk\",\"created\":1731368630,\"model\":\"gpt-4o-mini-2024-07-18\","
	    "\"system_fingerprint\":\"fp_0ba0d124f1\",\"choices\":[{\"index\":0,\"delta\":{\"content\":"
	    "\" testing\"},\"logprobs\":null,\"finish_reason\":null}]}\n\n";
	struct tap *t = new_chat(TAP_SSE);
	double ns = 1e9;

	(void)state;
	for (unsigned round = 0; round < 5; round++) {
		double now = flood(t, (struct span){ event, sizeof(event) - 1 }, 100000) *
			     (sizeof(event) - 1);

		ns = now < ns ? now : ns;
	}
	printf("%.0f ns for a chat event of %zu bytes\n", ns, sizeof(event) - 1);
	assert_true(ns < 20000);
	assert_int_equal(tap_text_bytes(t), 500000 * strlen(" testing"));
	tap_free(t);
}

static void a_long_body_costs_no_memory(void **state)
{
	static char numbers[65536];
	struct tap *t = new_chat(TAP_JSON);
	struct tap_result r;

	(void)state;
	for (size_t i = 0; i < sizeof(numbers); i++)
		numbers[i] = "-0.0125,"[i % 8];
	tap_show(t, SPAN("{\"usage\":" USAGE ",\"data\":[{\"embedding\":["));
	flood(t, (struct span){ numbers, sizeof(numbers) }, (32u << 20) / sizeof(numbers));
	tap_show(t, SPAN("0]}]}"));
	tap_end(t);
	expect_usage(t, false);
	tap_result(t, &r);
	assert_true(r.final);
	tap_free(t);
}

/* --- the filter --- */

struct passed {
	struct buf bytes;
	unsigned calls;
};

static void pass(void *arg, struct span s)
{
	struct passed *p = arg;

	p->calls++;
	assert_true(buf_add(&p->bytes, s));
}

static struct tap *new_filter(struct passed *p)
{
	struct tap *t = new_chat(TAP_SSE);

	*p = (struct passed){ 0 };
	buf_init(&p->bytes, 1 << 20);
	tap_drop_usage_event(t);
	return t;
}

static void filter(struct tap *t, struct passed *p, const char *text)
{
	tap_filter(t, span_of(text), pass, p);
}

static void expect_passed(struct passed *p, const char *text)
{
	assert_int_equal(p->bytes.len, strlen(text));
	if (p->bytes.len > 0)
		assert_memory_equal(p->bytes.at, text, p->bytes.len);
}

static void the_filter_holds_no_longer_than_needed(void **state)
{
	struct passed p;
	struct tap *t = new_filter(&p);

	(void)state;
	filter(t, &p, ":");
	expect_passed(&p, ":");
	filter(t, &p, " keep-alive\n\ndata: {\"id\":\"c\",\"choices\":[");
	expect_passed(&p, ": keep-alive\n\n");
	filter(t, &p, "{\"delta");
	expect_passed(&p, ": keep-alive\n\ndata: {\"id\":\"c\",\"choices\":[{\"delta");
	filter(t, &p, "\":{\"content\":\"Hi\"}}]}\n\nda");
	filter(t, &p, "ta: {\"usage\":null");
	filter(t, &p, "}\n\ndata: [");
	filter(t, &p, "D");
	expect_passed(&p, ": keep-alive\n\n" TEXT_EVENT "data: {\"usage\":null}\n\ndata: [D");
	tap_end(t);
	tap_filter_end(t, pass, &p);
	buf_release(&p.bytes);
	tap_free(t);
}

static void one_piece_is_one_run(void **state)
{
	struct passed p;
	struct tap *t = new_filter(&p);

	(void)state;
	filter(t, &p, TEXT_EVENT TEXT_EVENT ": x\n\n" TEXT_EVENT);
	assert_int_equal(p.calls, 1);
	filter(t, &p, USAGE_EVENT);
	assert_int_equal(p.calls, 1);
	filter(t, &p, TEXT_EVENT USAGE_EVENT "data: [DONE]\n\n");
	assert_int_equal(p.calls, 3);
	expect_passed(&p, TEXT_EVENT TEXT_EVENT ": x\n\n" TEXT_EVENT TEXT_EVENT "data: [DONE]\n\n");
	buf_release(&p.bytes);
	tap_free(t);
}

/* An event that is too large to hold goes on, whatever it turns out to be. */
static void the_filter_holds_no_more_than_its_limit(void **state)
{
	char start[] = "data: {\"choices\":[],\"x\":\"";
	struct passed p;
	struct tap *t = new_filter(&p);
	char plain[1000];
	size_t shown = strlen(start);

	(void)state;
	memset(plain, 'x', sizeof(plain));
	filter(t, &p, start);
	while (p.bytes.len == 0) {
		tap_filter(t, (struct span){ plain, sizeof(plain) }, pass, &p);
		shown += sizeof(plain);
		assert_true(shown <= TAP_HELD_MAX + sizeof(plain));
	}
	assert_int_equal(p.bytes.len, shown);
	filter(t, &p, "\",\"usage\":" USAGE "}\n\n");
	assert_int_equal(p.bytes.len, shown + strlen("\",\"usage\":" USAGE "}\n\n"));
	filter(t, &p, USAGE_EVENT TEXT_EVENT);
	assert_int_equal(p.bytes.len,
			 shown + strlen("\",\"usage\":" USAGE "}\n\n") + strlen(TEXT_EVENT));
	expect_usage(t, false);
	buf_release(&p.bytes);
	tap_free(t);
}

static void an_unfinished_event_is_given_back(void **state)
{
	struct passed p;
	struct tap *t = new_filter(&p);

	(void)state;
	filter(t, &p, "data: {\"choices\":[],\"usage\":" USAGE "}\n");
	expect_passed(&p, "");
	tap_end(t);
	tap_filter_end(t, pass, &p);
	expect_passed(&p, "data: {\"choices\":[],\"usage\":" USAGE "}\n");
	expect_usage(t, false);
	buf_release(&p.bytes);
	tap_free(t);
}

static void other_shapes_are_not_filtered(void **state)
{
	struct passed p = { 0 };
	struct tap *t = tap_new(dialect_find(SPAN("anthropic")), SHAPE_anthropic, TAP_SSE);

	(void)state;
	buf_init(&p.bytes, 4096);
	tap_drop_usage_event(t);
	filter(t, &p, "data: {\"choices\":[],\"us");
	expect_passed(&p, "data: {\"choices\":[],\"us");
	buf_release(&p.bytes);
	tap_free(t);
}

/* --- the rest --- */

static void knows_framings_by_content_type(void **state)
{
	(void)state;
	assert_int_equal(tap_framing_of(SPAN("text/event-stream; charset=utf-8")), TAP_SSE);
	assert_int_equal(tap_framing_of(SPAN("Text/Event-Stream")), TAP_SSE);
	assert_int_equal(tap_framing_of(SPAN("application/json ;charset=UTF-8")), TAP_JSON);
	assert_int_equal(tap_framing_of(SPAN("application/problem+json")), TAP_JSON);
	assert_int_equal(tap_framing_of(SPAN("application/x-ndjson")), TAP_NDJSON);
	assert_int_equal(tap_framing_of(SPAN("application/vnd.amazon.eventstream")),
			 TAP_EVENTSTREAM);
	assert_int_equal(tap_framing_of(SPAN("application/octet-stream")), TAP_OPAQUE);
	assert_int_equal(tap_framing_of(SPAN("text/html")), TAP_OPAQUE);
	assert_int_equal(tap_framing_of(SPAN("")), TAP_OPAQUE);
	assert_int_equal(tap_framing_of((struct span){ 0 }), TAP_OPAQUE);
}

static void headers_count_where_the_body_does_not(void **state)
{
	struct tap *t = tap_new(dialect_find(SPAN("bedrock")), SHAPE_bedrock_invoke, TAP_JSON);
	struct tap_result r;

	(void)state;
	tap_header(t, SPAN("Content-Type"), SPAN("application/json"));
	tap_header(t, SPAN("X-Amzn-Bedrock-Input-Token-Count"), SPAN(" 10"));
	tap_header(t, SPAN("x-amzn-bedrock-output-token-count"), SPAN("4"));
	tap_show(t, SPAN("{\"generation\":\"Hi\",\"stop_reason\":\"stop\"}"));
	tap_end(t);
	expect_usage(t, false);
	tap_result(t, &r);
	assert_true(r.final);
	tap_free(t);
}

static void the_revision_says_when_there_is_news(void **state)
{
	struct tap *t = new_chat(TAP_SSE);
	unsigned before = tap_revision(t);

	(void)state;
	tap_show(t, SPAN(TEXT_EVENT));
	assert_true(tap_revision(t) != before); /* the id */
	before = tap_revision(t);
	tap_show(t, SPAN(TEXT_EVENT TEXT_EVENT));
	assert_int_equal(tap_revision(t), before);
	assert_int_equal(tap_text_bytes(t), 6);
	tap_show(t, SPAN(USAGE_EVENT));
	assert_true(tap_revision(t) != before);
	tap_free(t);
}

/* What a document says is not lost because the one before began alike. */
static void documents_that_begin_alike_are_still_read(void **state)
{
#define BEGIN(id) "data: {\"id\":\"" id "\",\"choices\":[{\"delta\":{\"content\":\""
	static const char *const events[] = {
		BEGIN("a") "one\"}}]}\n\n",
		BEGIN("a") "two\"}}]}\n\n",
		BEGIN("b") "three\"}}]}\n\n",
		BEGIN("a") "four\"}}],\"usage\":" USAGE "}\n\n",
		BEGIN("a") "five\"}}],\"error\":{\"code\":\"late\"}}\n\n",
		BEGIN("a") "six\"}}],\"id\":\"c\"}\n\n",
		BEGIN("a") "seven\", broken\n\n",
		BEGIN("a") "eight\"}}]}\n\n",
	};
	struct tap *t = new_chat(TAP_SSE);
	struct tap_result r;
	struct buf text;

	(void)state;
	buf_init(&text, 4096);
	tap_set_text(t, add_piece, &text);
	for (size_t i = 0; i < sizeof(events) / sizeof(*events); i++) {
		static const char *const ids[] = { "a", "a", "b", "a", "a", "c", "a", "a" };

		tap_show(t, span_of(events[i]));
		tap_result(t, &r);
		assert_string_equal(r.response_id, ids[i]);
		assert_int_equal(r.blind, i >= 6);
		assert_string_equal(r.error, i >= 4 ? "late" : "");
		assert_int_equal(r.has_usage, i >= 3);
	}
	expect_usage(t, true);
	assert_int_equal(text.len, strlen("onetwothreefourfivesixseveneight"));
	assert_memory_equal(text.at, "onetwothreefourfivesixseveneight", text.len);
	buf_release(&text);
	tap_free(t);
}

struct parts {
	uint32_t part;
	struct buf text; /* with a bar where another part begins */
};

static void add_part(void *arg, uint32_t part, struct span piece)
{
	struct parts *p = arg;

	if (p->text.len > 0 && part != p->part)
		assert_true(buf_add(&p->text, SPAN("|")));
	p->part = part;
	assert_true(buf_add(&p->text, piece));
}

static void texts_are_told_apart(void **state)
{
#define CHOICE(n, delta) "data: {\"choices\":[{\"index\":" n ",\"delta\":{" delta "}}]}\n\n"
#define CALL(n, args)    "\"tool_calls\":[{\"index\":" n ",\"function\":{\"arguments\":\"" args "\"}}]"
	static const char *const events[] = {
		CHOICE("0", "\"content\":\"one \""),
		CHOICE("0", "\"content\":\"text\""),
		CHOICE("1", "\"content\":\"other\""),
		CHOICE("0", "\"content\":\"first\""),
		CHOICE("0", "\"reasoning\":\"why\""),
		CHOICE("0", CALL("0", "a")),
		CHOICE("0", CALL("0", "b")),
		CHOICE("0", CALL("1", "c")),
		CHOICE("0", "\"refusal\":\"I won't\""),
	};
	struct tap *t = new_chat(TAP_SSE);
	struct parts p = { 0 };

	(void)state;
	buf_init(&p.text, 4096);
	tap_set_text(t, add_part, &p);
	for (size_t i = 0; i < sizeof(events) / sizeof(*events); i++)
		tap_show(t, span_of(events[i]));
	assert_true(span_eq(buf_span(&p.text), SPAN("one text|other|first|why|ab|c|I won't")));
	buf_release(&p.text);
	tap_free(t);
}

static void nothing_at_all_is_no_usage(void **state)
{
	(void)state;
	for (unsigned f = TAP_SSE; f <= TAP_OPAQUE; f++) {
		struct tap *t = new_chat(f);
		struct tap_result r;

		tap_show(t, (struct span){ "", 0 });
		tap_end(t);
		tap_result(t, &r);
		assert_false(r.has_usage || r.blind || r.final || r.end_seen);
		assert_int_equal(r.usage.provider_cost_pusd, -1);
		tap_free(t);
	}
	tap_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_is_never_usage),
		cmocka_unit_test(floods_cost_no_memory),
		cmocka_unit_test(an_event_costs_little),
		cmocka_unit_test(a_long_body_costs_no_memory),
		cmocka_unit_test(the_filter_holds_no_longer_than_needed),
		cmocka_unit_test(one_piece_is_one_run),
		cmocka_unit_test(the_filter_holds_no_more_than_its_limit),
		cmocka_unit_test(an_unfinished_event_is_given_back),
		cmocka_unit_test(other_shapes_are_not_filtered),
		cmocka_unit_test(knows_framings_by_content_type),
		cmocka_unit_test(headers_count_where_the_body_does_not),
		cmocka_unit_test(the_revision_says_when_there_is_news),
		cmocka_unit_test(documents_that_begin_alike_are_still_read),
		cmocka_unit_test(texts_are_told_apart),
		cmocka_unit_test(nothing_at_all_is_no_usage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
