/* test_tok.c - counts of texts that are known, and the same in however many deltas. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>
#include "metering/tok.h"

/* A text, and how many tokens it has in cl100k_base and o200k_base. */
struct known {
	struct span text;
	uint64_t count[VOCAB_COUNT];
};

static const struct known texts[] = {
#define KNOWN(text, cl100k, o200k) { SPAN(text), { cl100k, o200k } },
#include "tests/unit/metering/tok.tbl.h"
};

#define TEXTS (sizeof(texts) / sizeof(*texts))

struct counter {
	struct vocabs *vocabs;
	struct tok *tok;
};

static int set_up(void **state)
{
	struct counter *c = calloc(1, sizeof(*c));

	assert_int_equal(vocabs_new(&c->vocabs), ERR_OK);
	c->tok = tok_new(c->vocabs);
	assert_non_null(c->tok);
	*state = c;
	return 0;
}

static int tear_down(void **state)
{
	struct counter *c = *state;

	tok_free(c->tok);
	vocabs_free(c->vocabs);
	free(c);
	return 0;
}

static uint64_t count(struct counter *c, int id, struct span text)
{
	return tok_total(tok_count(c->tok, (enum vocab_id)id, text));
}

/* In memory of exactly its size, so that a sanitizer sees what is read beyond. */
static struct span copy(struct span text)
{
	char *at = malloc(text.len > 0 ? text.len : 1);

	assert_non_null(at);
	memcpy(at, text.at, text.len);
	return (struct span){ at, text.len };
}

static struct span repeat(struct span text, size_t bytes)
{
	char *at = malloc(bytes);

	assert_non_null(at);
	for (size_t i = 0; i < bytes; i++)
		at[i] = text.at[i % text.len];
	return (struct span){ at, bytes / text.len * text.len };
}

static uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state >> 11;
}

static void counts_known_texts(void **state)
{
	struct counter *c = *state;

	for (size_t i = 0; i < TEXTS; i++)
		for (int id = 0; id < VOCAB_COUNT; id++) {
			struct span text = copy(texts[i].text);

			/* twice: what is met again is remembered */
			assert_int_equal(count(c, id, text), texts[i].count[id]);
			assert_int_equal(count(c, id, text), texts[i].count[id]);
			free((void *)text.at);
		}
}

static void counts_by_script(void **state)
{
	struct counter *c = *state;
	struct tok_count of = tok_count(c->tok, VOCAB_O200K, SPAN("one two 日本 три"));

	assert_int_equal(of.of[TOK_ASCII], 2);
	assert_int_equal(of.of[TOK_CJK], count(c, VOCAB_O200K, SPAN(" 日本")));
	assert_int_equal(of.of[TOK_OTHER], count(c, VOCAB_O200K, SPAN(" три")));
}

static void stops_at_a_limit(void **state)
{
	struct counter *c = *state;
	struct span text = repeat(SPAN("one two three "), 1 << 20);
	uint64_t all = count(c, VOCAB_O200K, text), some;

	assert_true(tok_count_limited(c->tok, VOCAB_O200K, text, all, &some));
	assert_int_equal(some, all);
	assert_false(tok_count_limited(c->tok, VOCAB_O200K, text, all - 1, &some));
	assert_false(tok_count_limited(c->tok, VOCAB_O200K, text, 100, &some));
	assert_true(some > 100);
	assert_false(tok_count_limited(c->tok, VOCAB_O200K, text, all - 100, &some));
	assert_in_range(some, all - 99, all);
	free((void *)text.at);
}

/* After every byte of every text, the stream says what the text until there would count. */
static void streams_byte_by_byte(void **state)
{
	struct counter *c = *state;

	for (size_t i = 0; i < TEXTS; i++)
		for (int id = 0; id < VOCAB_COUNT; id++) {
			struct span text = texts[i].text;
			struct tok_stream s;
			int64_t work = INT64_MAX;

			tok_stream_init(&s, (enum vocab_id)id);
			for (size_t n = 1; n <= text.len; n++) {
				struct span byte = { text.at + n - 1, 1 };

				assert_int_equal(tok_stream_push(c->tok, &s, byte, &work), 1);
				assert_int_equal(tok_total(tok_stream_count(c->tok, &s)),
						 count(c, id, (struct span){ text.at, n }));
			}
			tok_stream_release(&s);
		}
}

/* In random deltas, with little work at a time. asked: one in so many pushes also counts. */
static struct tok_count stream(struct counter *c, int id, struct span text, size_t delta_max,
			       unsigned asked, uint64_t *random)
{
	struct tok_stream s;
	struct tok_count sum;

	tok_stream_init(&s, (enum vocab_id)id);
	while (text.len > 0) {
		struct span delta = { text.at, 1 + next_random(random) % delta_max };
		int64_t work = (int64_t)(next_random(random) % 5000) + 1;

		if (delta.len > text.len)
			delta.len = text.len;
		text = span_skip(text, tok_stream_push(c->tok, &s, delta, &work));
		if (next_random(random) % asked == 0)
			tok_stream_count(c->tok, &s);
	}
	sum = tok_stream_count(c->tok, &s);
	assert_false(s.blind);
	tok_stream_release(&s);
	return sum;
}

/* What its pieces are made of, over and over: each is longer than any tail. */
static const struct span long_texts[] = {
	SPAN("a"),
	SPAN("A"),
	SPAN("-"),
	SPAN(" "),
	SPAN("\n"),
	SPAN("字"),
	SPAN("字A"),
	SPAN("="),
	SPAN(" \n"),
	SPAN("\t \r"),
	SPAN("\u3000 "),
	SPAN("/\n"),
	SPAN("\u0301"),
	SPAN("é"),
	SPAN("字字字AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
	SPAN("😀"),
	SPAN("1"),
	SPAN("xyz"),
	SPAN("'s"),
};

#define LONG_TEXTS (sizeof(long_texts) / sizeof(*long_texts))

static const struct span ends[] = {
	SPAN(""),         SPAN("x"),    SPAN("A"),  SPAN("'s"), SPAN("'l"),
	SPAN("'ſx"),      SPAN("\n"),   SPAN(" "),  SPAN(" x"), SPAN("\n "),
	SPAN("\u3000字"), SPAN("AAAA"), SPAN("字"), SPAN("1"),  SPAN("/"),
};

#define ENDS (sizeof(ends) / sizeof(*ends))

static void streams_long_pieces(void **state)
{
	struct counter *c = *state;
	uint64_t random = 88172645463325252;

	for (size_t i = 0; i < LONG_TEXTS * ENDS; i++) {
		struct span part = long_texts[i / ENDS], end = ends[i % ENDS];
		size_t len = (300 + next_random(&random) % 900) / part.len * part.len;
		char text[3000];
		struct span whole = { text, 0 };

		/* the long piece, an end, and both again */
		while (whole.len < 2 * (len + end.len))
			for (size_t n = 0; n < len + end.len; n++)
				text[whole.len++] = n < len ? part.at[n % part.len]
							    : end.at[n - len];
		for (int id = 0; id < VOCAB_COUNT; id++) {
			struct tok_count one = tok_count(c->tok, (enum vocab_id)id, whole);
			struct tok_count other = stream(c, id, whole, 40, 20, &random);

			assert_memory_equal(&one, &other, sizeof(one));
			other = stream(c, id, whole, 1, 50, &random);
			assert_memory_equal(&one, &other, sizeof(one));
		}
	}
}

static void streams_mixed_text(void **state)
{
	struct counter *c = *state;
	uint64_t random = 2463534242;

	for (int round = 0; round < 60; round++) {
		char text[4000];
		struct span whole = { text, 0 };

		while (whole.len < 3000) {
			struct span next = texts[next_random(&random) % TEXTS].text;
			struct span part = long_texts[next_random(&random) % LONG_TEXTS];

			memcpy(text + whole.len, next.at, next.len);
			whole.len += next.len;
			for (uint64_t n = next_random(&random) % 100; n > 0; n--) {
				if (whole.len + part.len > 3500)
					break;
				memcpy(text + whole.len, part.at, part.len);
				whole.len += part.len;
			}
		}
		for (int id = 0; id < VOCAB_COUNT; id++) {
			struct tok_count one = tok_count(c->tok, (enum vocab_id)id, whole);
			struct tok_count other = stream(c, id, whole, round % 2 ? 8 : 700, 10,
							&random);

			assert_memory_equal(&one, &other, sizeof(one));
		}
	}
}

/* What is no UTF-8, and what a lenient reader takes it for. */
static void mends_broken_text(void **state)
{
	static const struct {
		struct span broken, mended;
	} pairs[] = {
		{ SPAN("a\xff z"), SPAN("a\ufffd z") },
		{ SPAN("\xe2\x82"), SPAN("\ufffd") },
		{ SPAN("\xe2\x82z\xf0\x9f\x98"), SPAN("\ufffdz\ufffd") },
		{ SPAN("\xed\xa0\x80"), SPAN("\ufffd\ufffd\ufffd") },
		{ SPAN("\xc0\xaf\xf4\x90\x80\x80\x80"),
		  SPAN("\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd") },
		{ SPAN("日\xe6\x97本"), SPAN("日\ufffd本") },
	};
	struct counter *c = *state;
	uint64_t random = 362436069;

	for (size_t i = 0; i < sizeof(pairs) / sizeof(*pairs); i++)
		for (int id = 0; id < VOCAB_COUNT; id++) {
			uint64_t expected = count(c, id, pairs[i].mended);

			assert_int_equal(count(c, id, pairs[i].broken), expected);
			assert_int_equal(tok_total(stream(c, id, pairs[i].broken, 1, 2, &random)),
					 expected);
		}
}

/* What a thread is to count, and whether it was as much as expected. */
struct job {
	const struct vocabs *vocabs;
	bool right;
};

static void *count_apart(void *arg)
{
	struct job *job = arg;
	struct counter c = { .tok = tok_new(job->vocabs) };

	job->right = c.tok != NULL;
	for (size_t i = 0; job->right && i < 20 * TEXTS; i++) {
		const struct known *known = &texts[i % TEXTS];

		job->right = count(&c, i / TEXTS % VOCAB_COUNT, known->text) ==
			     known->count[i / TEXTS % VOCAB_COUNT];
	}
	tok_free(c.tok);
	return NULL;
}

static void threads_share_vocabularies(void **state)
{
	struct counter *c = *state;
	pthread_t threads[3];
	struct job jobs[3];

	for (int i = 0; i < 3; i++) {
		jobs[i] = (struct job){ .vocabs = c->vocabs };
		assert_int_equal(pthread_create(&threads[i], NULL, count_apart, &jobs[i]), 0);
	}
	for (int i = 0; i < 3; i++) {
		pthread_join(threads[i], NULL);
		assert_true(jobs[i].right);
	}
}

/* A hundred kilobytes take some 10 ms; with the square of that in it, at least 5 s. */
static void takes_linear_time(void **state)
{
	struct counter *c = *state;

	for (size_t i = 0; i < LONG_TEXTS; i += 2)
		for (int id = 0; id < VOCAB_COUNT; id++) {
			struct span text = repeat(long_texts[i], 100000);
			clock_t begun = clock();

			count(c, id, text);
			assert_true(clock() - begun < 2 * CLOCKS_PER_SEC);
			free((void *)text.at);
		}
}

/* No push does much more than it was allowed to. */
static void keeps_to_its_work(void **state)
{
	struct counter *c = *state;

	for (size_t i = 0; i < LONG_TEXTS; i++)
		for (int id = 0; id < VOCAB_COUNT; id++) {
			struct span text = repeat(long_texts[i], 20000), rest = text;
			struct tok_stream s;

			tok_stream_init(&s, (enum vocab_id)id);
			while (rest.len > 0) {
				int64_t work = 1000;
				size_t taken = tok_stream_push(c->tok, &s, rest, &work);

				assert_true(taken > 0 && work > -100000);
				rest = span_skip(rest, taken);
			}
			assert_int_equal(tok_total(tok_stream_count(c->tok, &s)),
					 count(c, id, text));
			tok_stream_release(&s);
			free((void *)text.at);
		}
}

/* A tail that is full of the beginning of one long piece, and hardly any work allowed. */
static void goes_on_with_little_work(void **state)
{
	static const char *const begins[] = { "",         "--------", "--------\n",
					      "aaaaaaaa", "        ", "\t\t\t\t\t\t\t\t\n",
					      "12345678", "Abcdefgh" };
	static const char *const units[] = { "-", "\u2026", "a",      "A",     "\u6f22",
					     " ", "\n",     "\u3000", "\u0301" };
	struct counter *c = *state;
	char text[4096];

	for (size_t i = 0; i < sizeof(begins) / sizeof(*begins) * sizeof(units) / sizeof(*units);
	     i++) {
		const char *begin = begins[i % (sizeof(begins) / sizeof(*begins))];
		const char *unit = units[i / (sizeof(begins) / sizeof(*begins))];
		size_t len = (size_t)snprintf(text, sizeof(text), "%s", begin);

		while (len < 1500)
			len += (size_t)snprintf(text + len, sizeof(text) - len, "%s", unit);
		for (int id = 0; id < VOCAB_COUNT; id++) {
			struct span rest = { text, len };
			struct tok_stream s;
			unsigned pushes = 0;

			tok_stream_init(&s, (enum vocab_id)id);
			while (rest.len > 0) {
				int64_t work = 1;

				rest = span_skip(rest, tok_stream_push(c->tok, &s, rest, &work));
				assert_true(++pushes <= len);
			}
			assert_int_equal(tok_total(tok_stream_count(c->tok, &s)),
					 count(c, id, (struct span){ text, len }));
			tok_stream_release(&s);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts_known_texts),
		cmocka_unit_test(counts_by_script),
		cmocka_unit_test(stops_at_a_limit),
		cmocka_unit_test(streams_byte_by_byte),
		cmocka_unit_test(streams_long_pieces),
		cmocka_unit_test(streams_mixed_text),
		cmocka_unit_test(mends_broken_text),
		cmocka_unit_test(threads_share_vocabularies),
		cmocka_unit_test(goes_on_with_little_work),
		cmocka_unit_test(takes_linear_time),
		cmocka_unit_test(keeps_to_its_work),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
