/* test_json.c - the tokenizer: its grammar, its reports, and that cuts change neither. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/buf.h"
#include "base/json.h"

enum {
	ROOT = 1,
	MODEL,
	CHOICES,
	CHOICE,
	CONTENT,
	USAGE,
	TOKENS,
	COST,
	DONE_FLAG,
	DEEP
};

static const struct json_path paths[] = {
	{ "", ROOT, false },
	{ "/model", MODEL, false },
	{ "/choices", CHOICES, false },
	{ "/choices/*", CHOICE, false },
	{ "/choices/*/delta/content", CONTENT, true },
	{ "/usage", USAGE, false },
	{ "/usage/tokens", TOKENS, false },
	{ "/usage/cost", COST, false },
	{ "/done", DONE_FLAG, false },
	{ "/a/*/b/*", DEEP, false },
};

static const char kind_letters[] = "{}[]S.^N10_K";

struct trace {
	struct buf text;
	bool piece_open;
	bool offsets;
};

/* One word for each report; pieces are put together again. */
static void note(void *arg, const struct json_event *e)
{
	struct trace *t = arg;
	bool ok = true;

	if (e->kind == JSON_PIECE) {
		if (!t->piece_open)
			ok = buf_addf(&t->text, " %u.\"", e->tag);
		t->piece_open = true;
		ok = ok && buf_add(&t->text, e->text);
		assert_true(ok && e->text.len > 0);
		return;
	}
	if (e->kind == JSON_PIECES_END && !t->piece_open)
		ok = buf_addf(&t->text, " %u.\"", e->tag);
	if (e->kind == JSON_PIECES_END)
		ok = ok && buf_add(&t->text, SPAN("\""));
	else
		ok = buf_addf(&t->text, " %u%c", e->tag, kind_letters[e->kind]);
	t->piece_open = false;
	if (e->text.len > 0)
		ok = ok && buf_add(&t->text, e->text);
	if (t->offsets)
		ok = ok && buf_addf(&t->text, "@%llu-%llu/%u", (unsigned long long)e->start,
				    (unsigned long long)e->end, e->depth);
	if (e->escaped || e->cut || e->damaged)
		ok = ok && buf_addf(&t->text, "!%s%s%s", e->escaped ? "e" : "", e->cut ? "c" : "",
				    e->damaged ? "d" : "");
	assert_true(ok);
}

struct run {
	struct trace trace;
	bool whole;
	const char *error;
	uint64_t offset;
};

/* Reads text cut at a and b (or, for step > 0, into pieces of step bytes). Each piece lies
 * in memory of its exact size, so that a sanitizer sees any reading past it. */
static struct run run_cut(struct span text, unsigned flags, size_t a, size_t b, size_t step)
{
	struct json_paths *p = json_paths_new(paths, sizeof(paths) / sizeof(*paths));
	struct run r = { .trace = { .offsets = (flags & JSON_KEYS) != 0 } };
	struct json j;

	assert_non_null(p);
	buf_init(&r.trace.text, 1 << 20);
	json_init(&j, p, flags, note, &r.trace);
	for (size_t at = 0, end; at < text.len; at = end) {
		char *piece;

		end = at < a ? a : at < b ? b : text.len;
		if (step > 0)
			end = at + step < text.len ? at + step : text.len;
		piece = malloc(end - at);
		memcpy(piece, text.at + at, end - at);
		json_feed(&j, (struct span){ piece, end - at });
		free(piece);
	}
	r.whole = json_end(&j);
	r.error = json_error(&j);
	r.offset = json_offset(&j);
	json_paths_free(p);
	assert_true(r.whole == (r.error == NULL));
	return r;
}

static void expect_same(const struct run *want, struct run got)
{
	assert_int_equal(got.whole, want->whole);
	assert_int_equal(got.offset, want->offset);
	assert_true(got.error == want->error);
	assert_int_equal(got.trace.text.len, want->trace.text.len);
	if (want->trace.text.len > 0)
		assert_memory_equal(got.trace.text.at, want->trace.text.at, want->trace.text.len);
	buf_release(&got.trace.text);
}

/* The same result for every cut into three, and byte by byte. */
static struct run run_every_cut(struct span text, unsigned flags)
{
	struct run want = run_cut(text, flags, 0, 0, 0);

	for (size_t a = 0; a < text.len; a++)
		for (size_t b = a; b < text.len; b += 1 + text.len / 40)
			expect_same(&want, run_cut(text, flags, a, b, 0));
	expect_same(&want, run_cut(text, flags, 0, 0, 1));
	return want;
}

static void expect_trace(const char *text, unsigned flags, const char *want)
{
	struct run r = run_every_cut(span_of(text), flags);

	if (!r.whole)
		fail_msg("%s: %s at %llu", text, r.error, (unsigned long long)r.offset);
	assert_true(buf_add(&r.trace.text, (struct span){ "", 1 }));
	assert_string_equal(r.trace.text.at, want);
	buf_release(&r.trace.text);
}

static void reports_what_the_paths_name(void **state)
{
	(void)state;
	expect_trace("{\"model\":\"gpt\",\"x\":{\"model\":1},\"choices\":[{\"delta\":{\"content\":"
		     "\"Hi\"}},{}],\"usage\":null,\"done\":true}",
		     0, " 1{ 2Sgpt 3[ 4{ 5.\"Hi\" 4} 4{ 4} 3] 6_ 91 1}");
	expect_trace(" { \"usage\" : { \"tokens\" : 12 , \"cost\" : 1.13e-05 } } \r\n\t", 0,
		     " 1{ 6{ 7N12 8N1.13e-05 6} 1}");
	expect_trace("{\"choices\":[]}", 0, " 1{ 3[ 3] 1}");
	expect_trace("{\"choices\":{\"0\":{\"delta\":{\"content\":\"\"}}}}", 0,
		     " 1{ 3{ 4{ 5.\"\" 4} 3} 1}");
	expect_trace("{\"a\":[{\"b\":[1,[2],\"z\"]},{\"b\":{\"k\":false}}]}", 0,
		     " 1{ 10N1 10[ 10] 10Sz 100 1}");
	expect_trace("-0.5E+10", 0, " 1N-0.5E+10");
	expect_trace("[[],{},[[\"model\"]]]", 0, " 1[ 1]");
	expect_trace("{\"usage\":{\"usage\":{\"tokens\":1}},\"tokens\":2}", 0, " 1{ 6{ 6} 1}");
}

static void unescapes_strings(void **state)
{
	(void)state;
	expect_trace("{\"model\":\"a\\n\\u0041\\u00e9\\u20ac\\ud83d\\ude00\\/\\\"\"}", 0,
		     " 1{ 2Sa\nA\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80/\"!e 1}");
	expect_trace("{\"choices\":[{\"delta\":{\"content\":\"x\\ud83d\\ude00y\\tz\"}}]}", 0,
		     " 1{ 3[ 4{ 5.\"x\xf0\x9f\x98\x80y\tz\"!e 4} 3] 1}");
	expect_trace("{\"model\":\"\\ud83d\\u0041\"}", 0,
		     " 1{ 2S\xef\xbf\xbd"
		     "A!ed 1}");
	expect_trace("{\"model\":\"\\ud83d\\ud83d\\ude00\"}", 0,
		     " 1{ 2S\xef\xbf\xbd\xf0\x9f\x98\x80!ed 1}");
	expect_trace("{\"model\":\"\\ude00-\\ud83dx\"}", 0,
		     " 1{ 2S\xef\xbf\xbd-\xef\xbf\xbdx!ed 1}");
	expect_trace("{\"model\":\"\\ud83d\\n\\ud83d\"}", 0,
		     " 1{ 2S\xef\xbf\xbd\n\xef\xbf\xbd!ed 1}");
	expect_trace("{\"model\":\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"}", 0,
		     " 1{ 2S\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80 1}");
	expect_trace("{\"mod\\u0065l\":\"m\"}", 0, " 1{ 2Sm 1}");
}

static void reports_every_key_of_watched_objects(void **state)
{
	(void)state;
	expect_trace("{\"Model\":1,\"x\":{\"y\":2},\"usage\":{\"t\\u006fkens\":3}}", JSON_KEYS,
		     " 1{@0-1/0 1KModel@1-8/1 1Kx@11-14/1 1Kusage@23-30/1 6{@31-32/1"
		     " 6Ktokens@32-45/2!e 7N3@46-47/2 6}@47-48/1 1}@48-49/0");
	expect_trace("{\"\":1,\"\\ud800\":[],\"a\\u0009\":0}", JSON_KEYS,
		     " 1{@0-1/0 1K@1-3/1 1K\xef\xbf\xbd@6-14/1!ed 1Ka\t@18-27/1!e 1}@29-30/0");
}

static void reads_lists_of_documents(void **state)
{
	(void)state;
	expect_trace("[{\"model\":\"a\"}\n,\r\n{\"model\":\"b\"}]", JSON_IN_AN_ARRAY,
		     " 1{ 2Sa 1} 1{ 2Sb 1}");
	expect_trace("{\"model\":\"a\"}", JSON_IN_AN_ARRAY, " 1{ 2Sa 1}");
	expect_trace("[[{\"model\":\"a\"}]]", JSON_IN_AN_ARRAY, " 1[ 1]");
	expect_trace("[]", JSON_IN_AN_ARRAY, "");
}

static void cuts_what_is_too_long(void **state)
{
	char text[2 * JSON_TEXT_MAX];
	char want[2 * JSON_TEXT_MAX];
	struct run r;

	(void)state;
	snprintf(text, sizeof(text), "{\"model\":\"%0*d\"}", JSON_TEXT_MAX, 0);
	snprintf(want, sizeof(want), " 1{ 2S%0*d 1}", JSON_TEXT_MAX, 0);
	expect_trace(text, 0, want);
	snprintf(text, sizeof(text), "{\"model\":\"%0*d\",\"done\":%0*d}", JSON_TEXT_MAX + 1, 0, 1,
		 0);
	snprintf(want, sizeof(want), " 1{ 2S%0*d!c 9N0 1}", JSON_TEXT_MAX, 0);
	expect_trace(text, 0, want);
	snprintf(text, sizeof(text), "{\"%0*d\":1}", JSON_TEXT_MAX + 1, 0);
	r = run_every_cut(span_of(text), JSON_KEYS);
	assert_true(r.whole);
	buf_release(&r.trace.text);
}

static void lax_reading_replaces_bad_utf8(void **state)
{
	(void)state;
	expect_trace("{\"model\":\"a\xff"
		     "b\xe2\x82"
		     "c\xc0\x80\xed\xa0\x80\"}",
		     JSON_LAX_UTF8,
		     " 1{ 2Sa\xef\xbf\xbd"
		     "b\xef\xbf\xbd"
		     "c\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd!d 1}");
	expect_trace("{\"model\":\"\xf0\x9f\"}", JSON_LAX_UTF8, " 1{ 2S\xef\xbf\xbd!d 1}");
}

static void accepts_the_grammar(void **state)
{
	static const char *const good[] = {
		"0",           "-0",           "1",
		"-12",         "10.01",        "1e5",
		"1E-5",        "0e0",          "0.0e+00",
		"\"\"",        "true",         "false",
		"null",        "[]",           "{}",
		" [ ] ",       "[1,2]",        "{\"a\":1,\"a\":2}",
		"\"\x7f\"",    "[[[[[]]]]]",   "{\"\":{\"\":[]}}",
		"\"\\u0000\"", "\"\\uD800\"",  "123456789012345678901234567890",
		"1e999",       "[1e0 , -0.0]", "\"\xf4\x8f\xbf\xbf\"",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		struct run r = run_every_cut(span_of(good[i]), 0);

		if (!r.whole)
			fail_msg("%s: %s at %llu", good[i], r.error, (unsigned long long)r.offset);
		buf_release(&r.trace.text);
	}
}

static void refuses_what_is_not(void **state)
{
	static const char *const bad[] = {
		"",
		" ",
		"01",
		"-",
		"-a",
		"1.",
		".5",
		"+1",
		"1e",
		"1e+",
		"1.e1",
		"0x10",
		"NaN",
		"Infinity",
		"-Infinity",
		"tru",
		"truE",
		"True",
		"nul",
		"nulll",
		"\"",
		"\"\\x\"",
		"\"\\u12\"",
		"\"\\u12g4\"",
		"\"a\nb\"",
		"\"\t\"",
		"'a'",
		"[",
		"]",
		"[1",
		"[1,",
		"[,1]",
		"[1,]",
		"[1 2]",
		"[1}",
		"{",
		"}",
		"{a:1}",
		"{\"a\"}",
		"{\"a\":}",
		"{\"a\":1,}",
		"{\"a\":1 \"b\":2}",
		"{\"a\",1}",
		"{1:2}",
		"{\"a\"::1}",
		"{\"a\":1]",
		"[]]",
		"{}{}",
		"1 2",
		"\"a\"\"b\"",
		"//x\n1",
		"/*x*/1",
		"\xef\xbb\xbf{}",
		"\"\x80\"",
		"\"\xc0\x80\"",
		"\"\xed\xa0\x80\"",
		"\"\xf5\x80\x80\x80\"",
		"\"\xe2\x82\"",
		"\"\xf0\x80\x80\x80\"",
		"\"\xc3",
		"[\"\x01\"]",
		"\v1",
		"\f1",
		"[1]\\",
		"{\"a\":1;}",
		"1,",
		"\"\\\n\"",
		"--1",
		"1-",
		"1.5.5",
		"1e5.5",
		"\"\\ud83d",
		"\"\\ud83d\\",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct run r = run_every_cut(span_of(bad[i]), 0);

		if (r.whole)
			fail_msg("accepted: %s", bad[i]);
		assert_true(r.offset <= strlen(bad[i]));
		buf_release(&r.trace.text);
	}
}

static void a_nul_is_an_error(void **state)
{
	static const char *const bad[] = { "\0{}", "{}\0", "[\0]", "\"a\0\"", "1\0", "\"\\\0\"" };
	static const size_t len[] = { 3, 3, 3, 4, 2, 4 };

	(void)state;
	for (size_t i = 0; i < 6; i++) {
		struct run r = run_every_cut((struct span){ bad[i], len[i] }, 0);

		assert_false(r.whole);
		buf_release(&r.trace.text);
	}
}

static void says_where_and_why(void **state)
{
	struct run r;

	(void)state;
	r = run_every_cut(SPAN("{\"a\": tru3}"), 0);
	assert_int_equal(r.offset, 9);
	assert_string_equal(r.error, "neither true, false nor null");
	buf_release(&r.trace.text);
	r = run_every_cut(SPAN("\xef\xbb\xbf{}"), 0);
	assert_int_equal(r.offset, 0);
	assert_string_equal(r.error, "a byte order mark is not allowed");
	buf_release(&r.trace.text);
}

static void nests_64_levels_and_no_more(void **state)
{
	char text[4 * JSON_DEPTH_MAX];
	struct run r;

	(void)state;
	memset(text, '[', JSON_DEPTH_MAX + 1);
	memset(text + JSON_DEPTH_MAX, ']', JSON_DEPTH_MAX);
	r = run_cut((struct span){ text, 2 * JSON_DEPTH_MAX }, 0, 0, 0, 0);
	assert_true(r.whole);
	buf_release(&r.trace.text);
	memset(text, '[', JSON_DEPTH_MAX + 1);
	r = run_cut((struct span){ text, JSON_DEPTH_MAX + 1 }, 0, 0, 0, 0);
	assert_false(r.whole);
	assert_int_equal(r.offset, JSON_DEPTH_MAX);
	buf_release(&r.trace.text);
}

static void a_reset_begins_a_new_document(void **state)
{
	struct json_paths *p = json_paths_new(paths, sizeof(paths) / sizeof(*paths));
	struct trace t = { .offsets = false };
	struct json j;

	(void)state;
	buf_init(&t.text, 4096);
	json_init(&j, p, 0, note, &t);
	assert_false(json_begun(&j));
	assert_true(json_feed(&j, SPAN(" ")));
	assert_false(json_begun(&j));
	assert_false(json_feed(&j, SPAN("{\"usage\":{\"tokens\":]")));
	assert_false(json_feed(&j, SPAN("{}")));
	json_reset(&j);
	assert_true(json_feed(&j, SPAN("{\"model\":\"m\"")));
	assert_true(json_begun(&j));
	assert_false(json_done(&j));
	assert_true(json_feed(&j, SPAN("}\n")));
	assert_true(json_done(&j));
	assert_true(json_end(&j));
	assert_int_equal(t.text.len, strlen(" 1{ 6{ 1{ 2Sm 1}"));
	assert_memory_equal(t.text.at, " 1{ 6{ 1{ 2Sm 1}", t.text.len);
	buf_release(&t.text);
	json_paths_free(p);
}

struct resumed {
	struct json *json;
	struct json_place place;
	uint64_t len;
	struct trace trace;
};

static void note_place(void *arg, const struct json_event *e)
{
	struct resumed *r = arg;

	if (e->kind == JSON_PIECE && r->len == 0) {
		assert_true(json_place(r->json, &r->place));
		r->len = e->start + 1;
	}
	note(&r->trace, e);
}

/* A document that begins like the one before need not be read up to its text. */
static void resumes_where_a_text_begins(void **state)
{
	struct json_paths *p = json_paths_new(paths, sizeof(paths) / sizeof(*paths));
	struct span first = SPAN(
	    "{\"model\":\"m\",\"choices\":[{\"delta\":{\"content\":\"one\"}}]}");
	struct span next = SPAN(
	    "{\"model\":\"m\",\"choices\":[{\"delta\":{\"content\":\"t\\u0077o\"}}],"
	    "\"done\":true}");
	struct json j;
	struct resumed r = { .json = &j };

	(void)state;
	buf_init(&r.trace.text, 4096);
	json_init(&j, p, 0, note_place, &r);
	assert_true(json_feed(&j, first) && json_end(&j));
	assert_int_equal(r.len, strlen("{\"model\":\"m\",\"choices\":[{\"delta\":{\"content\":\""));
	json_reset(&j);
	json_resume(&j, &r.place, r.len);
	assert_true(json_begun(&j));
	assert_true(json_feed(&j, span_skip(next, r.len)) && json_end(&j));
	assert_int_equal(json_offset(&j), first.len + next.len);
	assert_true(buf_add(&r.trace.text, (struct span){ "", 1 }));
	assert_string_equal(r.trace.text.at,
			    " 1{ 2Sm 3[ 4{ 5.\"one\" 4} 3] 1} 5.\"two\"!e 4} 3] 91 1}");
	buf_release(&r.trace.text);
	json_paths_free(p);
}

static void the_state_is_small(void **state)
{
	(void)state;
	assert_true(sizeof(struct json) <= 600);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reports_what_the_paths_name),
		cmocka_unit_test(unescapes_strings),
		cmocka_unit_test(reports_every_key_of_watched_objects),
		cmocka_unit_test(reads_lists_of_documents),
		cmocka_unit_test(cuts_what_is_too_long),
		cmocka_unit_test(lax_reading_replaces_bad_utf8),
		cmocka_unit_test(accepts_the_grammar),
		cmocka_unit_test(refuses_what_is_not),
		cmocka_unit_test(a_nul_is_an_error),
		cmocka_unit_test(says_where_and_why),
		cmocka_unit_test(nests_64_levels_and_no_more),
		cmocka_unit_test(a_reset_begins_a_new_document),
		cmocka_unit_test(resumes_where_a_text_begins),
		cmocka_unit_test(the_state_is_small),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
