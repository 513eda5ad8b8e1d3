/* test_tap_texts.c - which texts an answer holds: who speaks may be said before what is spoken,
 * behind it, or not at all. Every answer is cut in two at each of its bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include "metering/tap.h"

#define TEXTS_MAX 8
#define TEXT_ROOM 64

struct heard {
	unsigned count;
	struct {
		uint32_t part;
		char text[TEXT_ROOM];
	} at[TEXTS_MAX];
};

struct answer {
	const char *name;
	enum shape_id shape;
	enum tap_framing framing;
	const char *bytes;
	const char *texts[TEXTS_MAX + 1]; /* in the order in which they begin */
	bool mixed;
};

#define CHAT      SHAPE_openai_chat, TAP_SSE
#define RESPONSES SHAPE_openai_responses, TAP_SSE
#define CHOICE(c) "data: {\"choices\":[" c "]}\n\n"
#define DELTA(d)  CHOICE("{\"index\":0,\"delta\":{" d "}}")
#define CALLS(c)  DELTA("\"tool_calls\":[" c "]")
#define ITEM(type, name, index)                                                                    \
	"data: {\"type\":\"response.output_item." type "\",\"item\":{\"name\":\"" name             \
	"\"},\"output_index\":" index "}\n\n"
#define ARGUMENTS(piece, index)                                                                    \
	"data: {\"type\":\"response.function_call_arguments.delta\",\"delta\":\"" piece            \
	"\",\"output_index\":" index "}\n\n"

static const struct answer answers[] = {
	{ "choices by turns",
	  CHAT,
	  CHOICE("{\"index\":0,\"delta\":{\"content\":\"a\"}}")
	      CHOICE("{\"index\":1,\"delta\":{\"content\":\"x\"}}")
		  CHOICE("{\"index\":0,\"delta\":{\"content\":\"b\"}},"
			 "{\"index\":1,\"delta\":{\"content\":\"y\"}}"),
	  { "ab", "xy" },
	  false },
	{ "one choice, named behind",
	  CHAT,
	  CHOICE("{\"delta\":{\"content\":\"a\"},\"index\":0}")
	      CHOICE("{\"delta\":{\"content\":\"b\"},\"index\":0}") DELTA("\"refusal\":\"no\""),
	  { "ab", "no" },
	  false },
	{ "two of them cannot be told apart",
	  CHAT,
	  CHOICE("{\"delta\":{\"content\":\"a\"},\"index\":0}")
	      CHOICE("{\"delta\":{\"content\":\"x\"},\"index\":1}"),
	  { "ax" },
	  true },
	{ "nobody is named",
	  CHAT,
	  CHOICE("{\"delta\":{\"content\":\"a\"}}") CHOICE("{\"delta\":{\"content\":\"b\"}}"),
	  { "ab" },
	  false },
	{ "content goes on behind calls",
	  CHAT,
	  DELTA("\"content\":\"a\"")
	      CALLS("{\"index\":1,\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}}")
		  DELTA("\"content\":\"b\""),
	  { "ab", "f", "{}" },
	  false },
	{ "calls in pieces",
	  CHAT,
	  CALLS("{\"index\":0,\"function\":{\"name\":\"f\",\"arguments\":\"\"}}")
	      CALLS("{\"index\":0,\"function\":{\"arguments\":\"{1\"}}")
		  CALLS("{\"index\":0,\"function\":{\"arguments\":\"}\"}}")
		      CALLS("{\"index\":1,\"function\":{\"name\":\"g\",\"arguments\":\"{\"}}")
			  CALLS("{\"index\":1,\"function\":{\"arguments\":\"2}\"}}"),
	  { "f", "{1}", "g", "{2}" },
	  false },
	{ "calls named behind",
	  CHAT,
	  CALLS("{\"function\":{\"arguments\":\"\",\"name\":\"f\"},\"index\":0}")
	      CALLS("{\"function\":{\"arguments\":\"{1\"},\"index\":0}")
		  CALLS("{\"function\":{\"arguments\":\"}\"},\"index\":0}")
		      CALLS("{\"function\":{\"arguments\":\"\",\"name\":\"g\"},\"index\":1}")
			  CALLS("{\"function\":{\"arguments\":\"{2\"},\"index\":1}")
			      CALLS("{\"function\":{\"arguments\":\"}\"},\"index\":1}"),
	  { "f", "{1}", "g", "{2}" },
	  false },
	{ "whole calls in one chunk",
	  CHAT,
	  CALLS("{\"function\":{\"name\":\"f\",\"arguments\":\"{1}\"},\"index\":0},"
		"{\"function\":{\"name\":\"g\",\"arguments\":\"{2}\"},\"index\":1}"),
	  { "f", "{1}", "g", "{2}" },
	  false },
	{ "other kinds of calls",
	  CHAT,
	  CALLS("{\"index\":0,\"custom\":{\"name\":\"f\",\"input\":\"1\"}}")
	      DELTA("\"function_call\":{\"name\":\"g\",\"arguments\":\"{\"}")
		  DELTA("\"function_call\":{\"arguments\":\"}\"}"),
	  { "f", "1", "g", "{}" },
	  false },
	{ "reasoning that is said twice",
	  CHAT,
	  DELTA("\"reasoning\":\"a\",\"reasoning_content\":\"a\"")
	      DELTA("\"reasoning\":\"b\",\"reasoning_content\":\"b\"")
		  DELTA("\"reasoning\":null,\"reasoning_content\":null,\"content\":\"c\""),
	  { "ab", "c" },
	  false },
	{ "a whole message",
	  SHAPE_openai_chat,
	  TAP_JSON,
	  "{\"choices\":[{\"message\":{\"reasoning\":\"r\",\"reasoning_content\":\"r\",\"content\":"
	  "\"c\",\"tool_calls\":[{\"function\":{\"name\":\"f\",\"arguments\":\"{1}\"}},{\"custom\":"
	  "{\"name\":\"f\",\"input\":\"{1}\"}}]},\"index\":0}]}",
	  { "r", "c", "f", "{1}", "f", "{1}" },
	  false },
	{ "completions",
	  SHAPE_openai_completions,
	  TAP_SSE,
	  CHOICE("{\"text\":\"a\",\"index\":0}") CHOICE("{\"text\":\"b\",\"index\":0}"),
	  { "ab" },
	  false },
	{ "completions by turns",
	  SHAPE_openai_completions,
	  TAP_SSE,
	  CHOICE("{\"index\":0,\"text\":\"a\"}") CHOICE("{\"index\":1,\"text\":\"x\"}")
	      CHOICE("{\"index\":0,\"text\":\"b\"}"),
	  { "ab", "x" },
	  false },
	{ "items named behind",
	  RESPONSES,
	  ITEM("added", "f", "1") ARGUMENTS("{1", "1") ARGUMENTS("}", "1") ITEM("done", "f", "1")
	      ITEM("added", "f", "2") ARGUMENTS("{1", "2") ARGUMENTS("}", "2"),
	  { "f", "{1}", "f", "{1}" },
	  false },
	{ "what is silent by the event's name",
	  RESPONSES,
	  "event: response.output_item.added\ndata: {\"item\":{\"name\":\"f\"},\"output_index\":0}\n\n"
	  "event: response.output_item.done\ndata: {\"item\":{\"name\":\"f\"},\"output_index\":0,"
	  "\"type\":\"response.output_item.done\"}\n\n",
	  { "f" },
	  false },
	{ "whole items",
	  SHAPE_openai_responses,
	  TAP_JSON,
	  "{\"output\":[{\"summary\":[{\"text\":\"s\"},{\"text\":\"s\"}]},{\"name\":\"f\","
	  "\"arguments\":\"{}\"},{\"content\":[{\"text\":\"t\"},{\"refusal\":\"r\"}]}]}",
	  { "s", "s", "f", "{}", "t", "r" },
	  false },
};

static void hear(void *arg, uint32_t part, struct span piece)
{
	struct heard *h = arg;
	size_t len;
	unsigned i = 0;

	while (i < h->count && h->at[i].part != part)
		i++;
	assert_in_range(i, 0, TEXTS_MAX - 1);
	if (i == h->count)
		h->at[h->count++].part = part;
	len = strlen(h->at[i].text);
	assert_in_range(len + piece.len, 0, TEXT_ROOM - 1);
	memcpy(h->at[i].text + len, piece.at, piece.len);
}

static void check(const struct answer *a, size_t cut)
{
	struct tap *t = tap_new(dialect_find(SPAN("openai")), a->shape, a->framing);
	struct heard h = { 0 };
	unsigned i = 0;

	assert_non_null(t);
	tap_set_text(t, hear, &h);
	tap_show(t, (struct span){ a->bytes, cut });
	tap_show(t, span_skip(span_of(a->bytes), cut));
	tap_end(t);
	for (; a->texts[i] && i < h.count && strcmp(a->texts[i], h.at[i].text) == 0; i++)
		;
	if (a->texts[i] || i < h.count || tap_mixed(t) != a->mixed)
		fail_msg("%s, cut at %zu: text %u is '%s' and not '%s'%s", a->name, cut, i,
			 i < h.count ? h.at[i].text : "", a->texts[i] ? a->texts[i] : "",
			 tap_mixed(t) ? ", mixed" : "");
	tap_free(t);
}

static void texts_are_told_apart(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(answers) / sizeof(*answers); i++)
		for (size_t cut = 0; cut <= strlen(answers[i].bytes); cut++)
			check(&answers[i], cut);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts_are_told_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
