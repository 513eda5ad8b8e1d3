/* test_sse.c - the event-stream grammar, for every cut into three. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include "base/buf.h"
#include "metering/sse.h"

struct heard {
	struct buf text;
	bool data_open;
	unsigned brackets; /* closing ones of a bare value */
};

static void say(struct heard *h, const char *word, struct span s)
{
	assert_true(buf_add(&h->text, span_of(word)) && buf_add(&h->text, s));
}

static void on_data(void *arg, struct span piece)
{
	struct heard *h = arg;

	say(h, h->data_open ? "" : "<", piece);
	h->data_open = true;
}

static void on_event(void *arg, struct span name)
{
	struct heard *h = arg;

	say(h, h->data_open ? ">" : "<>", name);
	say(h, ";", (struct span){ 0 });
	h->data_open = false;
}

/* A bare value of these tests is whole with its second closing bracket. */
static void on_bare(void *arg, struct span piece)
{
	struct heard *h = arg;

	say(h, "", piece);
	for (size_t i = 0; i < piece.len; i++)
		h->brackets += piece.at[i] == '}';
}

static bool on_bare_line(void *arg)
{
	struct heard *h = arg;

	return h->brackets < 2;
}

static void on_bare_cut(void *arg)
{
	say(arg, "!", (struct span){ 0 });
}

static const struct sse_sink sink = { on_data, on_event, on_bare, on_bare_line, on_bare_cut };

static void show(struct sse *s, struct span bytes, struct heard *h)
{
	char *copy = malloc(bytes.len > 0 ? bytes.len : 1);
	struct span left = { copy, bytes.len };

	if (bytes.len > 0)
		memcpy(copy, bytes.at, bytes.len);
	while (left.len > 0) {
		size_t taken = sse_step(s, left, &sink, h);

		assert_true(taken >= 1 && taken <= left.len);
		left = span_skip(left, taken);
	}
	free(copy);
}

static void expect(struct span stream, const char *want)
{
	for (size_t a = 0; a <= stream.len; a++) {
		for (size_t b = a; b <= stream.len; b++) {
			struct heard h = { 0 };
			struct sse s;

			buf_init(&h.text, 1 << 16);
			sse_init(&s);
			show(&s, (struct span){ stream.at, a }, &h);
			show(&s, (struct span){ stream.at + a, b - a }, &h);
			show(&s, span_skip(stream, b), &h);
			sse_end(&s, &sink, &h);
			assert_true(buf_add(&h.text, (struct span){ "", 1 }));
			assert_string_equal(h.text.at, want);
			buf_release(&h.text);
		}
	}
}

static void lines_end_in_three_ways(void **state)
{
	(void)state;
	expect(SPAN("data: a\n\ndata: b\n\n"), "<a>;<b>;");
	expect(SPAN("data: a\r\n\r\ndata: b\r\n\r\n"), "<a>;<b>;");
	expect(SPAN("data: a\r\rdata: b\r\r"), "<a>;<b>;");
	expect(SPAN("data: a\r\n\ndata: b\n\r\n\r\r"), "<a>;<b>;");
}

static void fields_come_in_any_order(void **state)
{
	(void)state;
	expect(SPAN("event: e\ndata: a\n\n"), "<a>e;");
	expect(SPAN("data: a\nevent: e\n\n"), "<a>e;");
	expect(SPAN("event: e\nevent: f\ndata:a\nid: 1\nretry: 2\n\n"), "<a>f;");
	expect(SPAN("event:e\n\ndata: a\n\n"), "<>e;<a>;");
	expect(SPAN("data: a\ndata:b\ndata:  c\n\n"), "<a\nb\n c>;");
	expect(SPAN("data\ndata\n\n"), "<\n>;");
	expect(SPAN("data:\n\n"), "<>;");
	expect(SPAN("event\n\n"), "<>;");
	expect(SPAN("error: {}\n\n"), "<{}>error;");
	expect(SPAN("datax: a\ndat: b\n data: c\ndata : d\nDATA: e\n\n"), "");
	expect(SPAN("averyveryverylongfield: a\ndata: b: c\n\n"), "<b: c>;");
}

static void comments_and_blank_lines_are_nothing(void **state)
{
	(void)state;
	expect(SPAN(": x\n\n\n\n:\n:data: a\n\n"), "");
	expect(SPAN("data: a\n: x\ndata: b\n\n"), "<a\nb>;");
	expect(SPAN("\n\n\n"), "");
	expect(SPAN(""), "");
}

static void a_byte_order_mark_counts_only_at_the_beginning(void **state)
{
	(void)state;
	expect(SPAN("\xef\xbb\xbf"
		    "data: a\n\n"),
	       "<a>;");
	expect(SPAN("\xef\xbb\xbf\n\xef\xbb\xbf"
		    "data: a\n\n"),
	       "");
	expect(SPAN("\xef\xbb\xbf: x\ndata: a\n\n"), "<a>;");
	expect(SPAN("\xef\xbb\xbf\xef\xbb\xbf"
		    "data: a\n\n"),
	       "");
}

static void an_unfinished_event_counts(void **state)
{
	(void)state;
	expect(SPAN("data: a\n"), "<a>;");
	expect(SPAN("data: a"), "<a>;");
	expect(SPAN("data: a\r"), "<a>;");
	expect(SPAN("data:"), "<>;");
	expect(SPAN("data"), "<>;");
	expect(SPAN("event: e"), "<>e;");
	expect(SPAN(": a"), "");
	expect(SPAN("dat"), "");
}

static void bare_json_stands_between_events(void **state)
{
	(void)state;
	expect(SPAN("data: a\n\n{\n \"x\": {\n\n}\n}\ndata: b\n\n"),
	       "<a>;{\n \"x\": {\n}\n}\n<b>;");
	expect(SPAN("{{}}\n\ndata: b\n\n"), "{{}}\n<b>;");
	expect(SPAN("{{}} x\ndata: b\n\n"), "{{}} x\n<b>;");
	expect(SPAN("{\n}"), "{\n}!");
	expect(SPAN("{\ndata: b\n\n"), "{\n!<b>;");
	expect(SPAN("[\n: x\nevent: e\n\n"), "[\n!<>e;");
	expect(SPAN("event: e\n{}\n\n"), "<>e;");
}

static void long_names_are_cut(void **state)
{
	(void)state;
	expect(SPAN("event: 0123456789012345678901234567890123456789012345678901234567890\n\n"),
	       "<>012345678901234567890123456789012345678901234567;");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_end_in_three_ways),
		cmocka_unit_test(fields_come_in_any_order),
		cmocka_unit_test(comments_and_blank_lines_are_nothing),
		cmocka_unit_test(a_byte_order_mark_counts_only_at_the_beginning),
		cmocka_unit_test(an_unfinished_event_counts),
		cmocka_unit_test(bare_json_stands_between_events),
		cmocka_unit_test(long_names_are_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
