/* test_learn.c - estimates that learn: a made-up provider of unknown ratios, which changes its
 * tokenizer on the way; outliers, freezing, threads, and lines of text that read back to the
 * last bit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include "metering/learn.h"
#include "metering/usage.h"

#define PROVIDER SPAN("somewhere")
#define FAMILY   SPAN("newmodel")

static const struct learn_prior unknown = { "newmodel", false, 1050, 1050, 1100 };
static const struct learn_prior exact = { "gpt-4o", true, 1000, 1000, 1000 };

/* ---- a provider that nobody knows ---- */

struct chance {
	uint64_t state;
};

/* Uniform in [0, 1). */
static double chance(struct chance *c)
{
	uint64_t z = c->state += UINT64_C(0x9e3779b97f4a7c15); /* splitmix64 */

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return (double)((z ^ z >> 31) >> 11) / 9007199254740992.0;
}

static double between(struct chance *c, double low, double high)
{
	return low + (high - low) * chance(c);
}

/* From least to least x 2^doublings, small ones as often as large ones. */
static double scale(struct chance *c, double least, unsigned doublings)
{
	unsigned whole = (unsigned)(chance(c) * doublings);

	return least * (double)(UINT64_C(1) << whole) * (1 + chance(c));
}

static double size_of(double v)
{
	return v < 0 ? -v : v;
}

/* Of mean 0 and deviation 1, nearly normal. */
static double noise(struct chance *c)
{
	double sum = -6;

	for (unsigned i = 0; i < 12; i++)
		sum += chance(c);
	return sum;
}

/* What it counts for each token of ours, for messages and tools; noise_part: of each count. */
struct provider {
	double ascii, cjk, other, message, tools, tool, picture, base, noise_part;
};

static struct provider make_provider(struct chance *c)
{
	return (struct provider){ .ascii = between(c, 0.75, 1.9),
				  .cjk = between(c, 0.75, 1.9),
				  .other = between(c, 0.75, 2.2),
				  .message = between(c, 0, 10),
				  .tools = between(c, 0, 500),
				  .tool = between(c, 0.7, 1.6),
				  .picture = between(c, 0.8, 1.3),
				  .base = between(c, 0, 60),
				  .noise_part = 0.015 };
}

/* Chats of 30 to 30,720 tokens; most in English, some in Chinese, some in Russian, many mixed. */
static struct learn_features make_request(struct chance *c)
{
	double text = scale(c, 30, 10), kind = chance(c), foreign = 0.02;
	struct learn_features f = { .messages = (uint64_t)scale(c, 1, 5) };

	f.frame_tok = 3 + 4 * f.messages;
	if (kind > 0.6)
		foreign = between(c, 0.1, 0.95);
	f.cjk_tok = (uint64_t)(kind > 0.8 ? text * foreign : 0);
	f.other_tok = (uint64_t)(kind <= 0.8 ? text * foreign : text * 0.01);
	f.ascii_tok = (uint64_t)text + 1 - f.cjk_tok - f.other_tok;
	if (chance(c) < 0.3)
		f.tool_tok = (uint64_t)between(c, 50, 3000);
	if (chance(c) < 0.15)
		f.picture_tok = (uint64_t)between(c, 85, 4000);
	return f;
}

static uint64_t count(struct chance *c, const struct provider *p, const struct learn_features *f)
{
	double tok = p->ascii * (double)f->ascii_tok + p->cjk * (double)f->cjk_tok +
		     p->other * (double)f->other_tok;

	tok += p->message * (double)f->messages + p->tool * (double)f->tool_tok +
	       p->picture * (double)f->picture_tok + p->base + (f->tool_tok > 0 ? p->tools : 0);
	tok *= 1 + p->noise_part * noise(c);
	return tok < 1 ? 1 : (uint64_t)(tok + 0.5);
}

/* ---- how good it is ---- */

struct score {
	unsigned n, held, uncut; /* estimates; within the high bound; above the low one */
	double error, room;      /* sums: of errors, and of how much more is held than needed */
};

/* Lets it estimate and then learn n requests. */
static void run(struct learn *l, struct chance *c, const struct provider *p, unsigned n,
		struct score *s)
{
	for (unsigned i = 0; i < n; i++) {
		struct learn_features f = make_request(c);
		uint64_t tok = count(c, p, &f);
		struct learn_estimate e;

		learn_estimate(learn_find(l, PROVIDER, FAMILY), &unknown, LEARN_prompt, &f, &e);
		assert_true(e.low_tok <= e.mean_tok && e.mean_tok <= e.high_tok);
		s->n++;
		s->held += tok <= e.high_tok;
		s->uncut += tok >= e.low_tok;
		s->error += size_of((double)e.mean_tok - (double)tok) / (double)tok;
		s->room += (double)e.high_tok / (double)tok - 1;
		assert_true(learn_sample(l, PROVIDER, &unknown, LEARN_prompt, &f, tok));
	}
}

static double mean_error(const struct score *s)
{
	return s->error / s->n;
}

/* At least 95 % of the estimates were within each bound, and the high one is of use. */
static void expect_bounds(const struct score *s)
{
	assert_true(s->held >= 0.95 * s->n);
	assert_true(s->uncut >= 0.95 * s->n);
	assert_true(s->room / s->n < 0.10);
}

/* After 200 requests to whom nobody knows: an error under 2 %, bounds that hold. Then it
 * changes its tokenizer, and 200 requests later the same is true again. */
static void learns_what_nobody_knows(void **state)
{
	struct score known = { 0 }, changed = { 0 };

	(void)state;
	for (unsigned seed = 1; seed <= 30; seed++) {
		struct chance c = { seed * 7919 };
		struct provider p = make_provider(&c);
		struct learn *l = learn_new();
		struct score s = { 0 }, warm_up = { 0 };

		run(l, &c, &p, 200, &warm_up);
		run(l, &c, &p, 300, &s);
		assert_true(mean_error(&s) < 0.02);
		run(l, &c, &p, 500, &known);

		p = make_provider(&c);
		run(l, &c, &p, 200, &warm_up);
		s = (struct score){ 0 };
		run(l, &c, &p, 300, &s);
		assert_true(mean_error(&s) < 0.02);
		run(l, &c, &p, 500, &changed);
		learn_free(l);
	}
	expect_bounds(&known);
	expect_bounds(&changed);
	print_message("mean error %.2f %%, after a change %.2f %%; held by the high bound %.1f %%, "
		      "%.1f %% of what is needed is held\n",
		      100 * mean_error(&known), 100 * mean_error(&changed),
		      100.0 * known.held / known.n, 100 + 100 * known.room / known.n);
}

/* The same from bytes: four to a token on average, and no script but ASCII or not. */
static void learns_from_bytes(void **state)
{
	struct chance c = { 5 };
	struct provider p = make_provider(&c);
	struct learn *l = learn_new();
	double error = 0;
	unsigned held = 0;

	(void)state;
	for (unsigned i = 0; i < 1200; i++) {
		struct learn_features real = make_request(&c), f;
		uint64_t tok = count(&c, &p, &real);
		struct learn_estimate e;
		double ascii_bytes = (double)real.ascii_tok * between(&c, 3.6, 4.2);

		f = learn_bytes((uint64_t)ascii_bytes, 3 * (real.cjk_tok + real.other_tok));
		f.messages = real.messages;
		f.tool_tok = real.tool_tok;
		f.picture_tok = real.picture_tok;
		learn_estimate(learn_find(l, PROVIDER, FAMILY), &unknown, LEARN_prompt_bytes, &f,
			       &e);
		learn_sample(l, PROVIDER, &unknown, LEARN_prompt_bytes, &f, tok);
		if (i < 200)
			continue;
		error += size_of((double)e.mean_tok - (double)tok) / (double)tok;
		held += tok <= e.high_tok;
	}
	assert_true(error / 1000 < 0.08);
	assert_true(held >= 950);
	learn_free(l);
}

/* Where the vocabulary is public text weighs 1, whatever comes; the rest is learned. */
static void exact_models_learn_only_the_rest(void **state)
{
	struct provider p = { 1, 1, 1, 7, 90, 1.4, 1, 11, 0 };
	struct learn *l = learn_new();
	struct chance c = { 3 };
	struct learn_features f = { .ascii_tok = 1000, .cjk_tok = 10 };
	struct learn_estimate e;
	struct learn_model *m;

	(void)state;
	for (unsigned i = 0; i < 400; i++) {
		struct learn_features one = make_request(&c);

		assert_true(
		    learn_sample(l, PROVIDER, &exact, LEARN_prompt, &one, count(&c, &p, &one)));
	}
	f.messages = 3;
	f.frame_tok = 3 + 4 * f.messages;
	f.tool_tok = 100;
	m = learn_find(l, PROVIDER, SPAN("gpt-4o"));
	learn_estimate(m, &exact, LEARN_prompt, &f, &e);
	assert_in_range(e.mean_tok, 1272 - 6, 1272 + 6); /* 1010 + 21 + 90 + 140 + 11 */
	assert_int_equal(e.samples, 400);

	/* An answer costs its text, what our rules add, and one token more. */
	for (unsigned i = 0; i < 300; i++)
		learn_sample(l, PROVIDER, &exact, LEARN_completion, &f, 1026);
	f = (struct learn_features){ .ascii_tok = 5000, .messages = 1 };
	learn_estimate(m, &exact, LEARN_completion, &f, &e);
	assert_int_equal(e.mean_tok, 5001);
	assert_true(e.low_tok >= 4980 && e.high_tok <= 5020);
	learn_free(l);
}

/* ---- priors ---- */

/* Before anything is learned an estimate is our own count, and wide. */
static void nothing_learned_is_the_prior(void **state)
{
	static const struct learn_prior other = { "claude", false, 1220, 1350, 1400 };
	struct learn_features f = { 10000, 100, 10, 31, 7, 200, 85 };
	struct learn_features bytes = learn_bytes(4000, 400);
	struct learn *l = learn_new();
	struct learn_estimate e;

	(void)state;
	assert_null(learn_find(l, PROVIDER, FAMILY));
	learn_estimate(NULL, &exact, LEARN_prompt, &f, &e);
	assert_int_equal(e.mean_tok, 10000 + 100 + 10 + 31 + 200 + 85);
	assert_int_equal(e.samples, 0);
	assert_in_range(e.low_tok, 8000, 9500);
	assert_in_range(e.high_tok, 11500, 12500);
	learn_estimate(NULL, &other, LEARN_prompt, &f, &e);
	assert_int_equal(e.mean_tok, 12200 + 135 + 14 + 31 + 200 + 85);
	assert_in_range(e.low_tok, 7000, 9500);
	assert_in_range(e.high_tok, 17000, 19100);
	learn_estimate(NULL, &other, LEARN_completion, &f, &e);
	assert_int_equal(e.mean_tok, 12200 + 135 + 14 + 31);
	learn_estimate(NULL, &exact, LEARN_prompt_bytes, &bytes, &e);
	assert_int_equal(e.mean_tok, 1050 + 115);
	learn_free(l);
}

static void nothing_is_nothing(void **state)
{
	struct learn_features none = { 0 }, messages = { .messages = 5 };
	struct learn *l = learn_new();
	struct learn_estimate e;

	(void)state;
	learn_estimate(NULL, &unknown, LEARN_prompt, &none, &e);
	assert_int_equal(e.high_tok, 0);
	learn_estimate(NULL, &unknown, LEARN_completion, &messages,
		       &e); /* an answer has no messages */
	assert_int_equal(e.high_tok, 0);
	learn_estimate(NULL, &unknown, LEARN_prompt, &messages, &e);
	assert_true(e.mean_tok > 0);
	learn_free(l);
}

static void names_are_made_plain(void **state)
{
	struct learn_prior odd = { "A b\n\xc3\xa9/x-1.5", false, 1000, 1000, 1000 };
	struct learn_features f = { .ascii_tok = 100 };
	struct learn *l = learn_new();
	struct learn_model *m;

	(void)state;
	assert_true(learn_sample(l, SPAN("My Provider"), &odd, LEARN_prompt, &f, 100));
	m = learn_find(l, SPAN("my_provider"), SPAN("a_b____x-1.5"));
	assert_non_null(m);
	assert_ptr_equal(m, learn_find(l, SPAN("My Provider"), span_of(odd.family)));
	learn_free(l);
}

/* What was learned while a vocabulary was not public is forgotten once it is. */
static void another_class_begins_anew(void **state)
{
	struct learn_prior p = { "newmodel", false, 1000, 1000, 1000 };
	struct learn_features f = { .ascii_tok = 1000 };
	struct learn *l = learn_new();
	struct learn_estimate e;

	(void)state;
	for (unsigned i = 0; i < 100; i++)
		learn_sample(l, PROVIDER, &p, LEARN_prompt, &f, 1500);
	p.exact = true;
	learn_sample(l, PROVIDER, &p, LEARN_prompt, &f, 1000);
	learn_estimate(learn_find(l, PROVIDER, FAMILY), &p, LEARN_prompt, &f, &e);
	assert_int_equal(e.mean_tok, 1000);
	assert_int_equal(e.samples, 1);
	learn_free(l);
}

/* ---- what must not hurt it ---- */

static uint64_t mean_now(struct learn *l, struct learn_features f)
{
	struct learn_estimate e;

	learn_estimate(learn_find(l, PROVIDER, FAMILY), &unknown, LEARN_prompt, &f, &e);
	return e.mean_tok;
}

/* One absurd report in a while moves an estimate by less than 1 %. */
static void absurd_samples_do_no_harm(void **state)
{
	struct learn_features f = { .ascii_tok = 4000, .messages = 3 };
	struct chance c = { 11 };
	struct provider p = make_provider(&c);
	struct learn *l = learn_new();
	struct score s = { 0 };
	uint64_t before;

	(void)state;
	run(l, &c, &p, 300, &s);
	for (unsigned i = 0; i < 20; i++) {
		struct learn_features one = make_request(&c);

		before = mean_now(l, f);
		learn_sample(l, PROVIDER, &unknown, LEARN_prompt, &one, i % 2 ? 1 : USAGE_TOK_MAX);
		assert_in_range(mean_now(l, f), before - before / 100, before + before / 100);
		run(l, &c, &p, 25, &s);
	}
	assert_false(learn_sample(l, PROVIDER, &unknown, LEARN_prompt, &f, 0));
	assert_false(learn_sample(l, PROVIDER, &unknown, LEARN_prompt, &f, USAGE_TOK_MAX + 1));
	s = (struct score){ 0 };
	run(l, &c, &p, 300, &s);
	assert_true(mean_error(&s) < 0.02);
	learn_free(l);
}

/* A flag and its news: once when it begins, once when it is over. */
struct news {
	unsigned began, over;
};

static void on_news(void *arg, const struct learn_view *v)
{
	struct news *n = arg;

	assert_string_equal(v->provider, "somewhere");
	assert_string_equal(v->family, "newmodel");
	n->began += v->drift;
	n->over += !v->drift;
}

static void drift_is_told_once(void **state)
{
	struct learn_features f = { .ascii_tok = 1000 };
	struct learn *l = learn_new();
	struct news n = { 0 };

	(void)state;
	for (unsigned i = 0; i < 200; i++)
		learn_sample(l, PROVIDER, &unknown, LEARN_prompt, &f, 1300);
	learn_each_news(l, on_news, &n);
	assert_int_equal(n.began + n.over, 0);

	assert_int_equal(learn_freeze(l, SPAN(""), SPAN(""), true), 1);
	for (unsigned i = 0; i < 100; i++) {
		learn_sample(l, PROVIDER, &unknown, LEARN_prompt, &f, 1400);
		learn_each_news(l, on_news, &n);
	}
	assert_int_equal(n.began, 1);
	assert_int_equal(n.over, 0);
	learn_freeze(l, PROVIDER, FAMILY, false);
	for (unsigned i = 0; i < 300; i++) {
		learn_sample(l, PROVIDER, &unknown, LEARN_prompt, &f, 1400);
		learn_each_news(l, on_news, &n);
	}
	assert_int_equal(n.began, 1);
	assert_int_equal(n.over, 1);
	learn_free(l);
}

static void nonsense_stays_finite(void **state)
{
	struct learn *l = learn_new();
	struct chance c = { 17 };

	(void)state;
	for (unsigned i = 0; i < 20000; i++) {
		uint64_t number[8];
		struct learn_features f;
		struct learn_estimate e;

		for (unsigned k = 0; k < 8; k++)
			number[k] = chance(&c) < 0.5 ? 0 : (uint64_t)scale(&c, 1, 62);
		_Static_assert(sizeof(f) == 7 * sizeof(number[0]), "all of it");
		memcpy(&f, number, sizeof(f));
		learn_sample(l, PROVIDER, &unknown, i % LEARN_KIND_COUNT, &f, number[7] >> 12);
		learn_estimate(learn_find(l, PROVIDER, FAMILY), &unknown, i % LEARN_KIND_COUNT, &f,
			       &e);
		assert_true(e.low_tok <= e.mean_tok && e.mean_tok <= e.high_tok);
		assert_true(e.high_tok < UINT64_C(1) << 40);
	}
	learn_free(l);
}

static void there_is_a_ceiling(void **state)
{
	struct learn_features f = { .ascii_tok = 100 };
	struct learn_prior p = unknown;
	struct learn *l = learn_new();
	struct learn_estimate e;
	char name[32];

	(void)state;
	for (unsigned i = 0; i < LEARN_MODELS_MAX + 10; i++) {
		snprintf(name, sizeof(name), "model-%u", i);
		p.family = name;
		assert_int_equal(learn_sample(l, PROVIDER, &p, LEARN_prompt, &f, 150),
				 i < LEARN_MODELS_MAX);
	}
	learn_estimate(learn_find(l, PROVIDER, SPAN("model-0")), &p, LEARN_prompt, &f, &e);
	assert_int_equal(e.samples, 1);
	assert_null(learn_find(l, PROVIDER, span_of(name)));
	learn_free(l);
}

/* ---- freezing ---- */

static void frozen_estimates_stay(void **state)
{
	struct learn_features f = { .ascii_tok = 4000, .messages = 3 };
	struct chance c = { 23 };
	struct provider p = make_provider(&c);
	struct learn *l = learn_new();
	struct learn_estimate before, after;
	struct score s = { 0 };

	(void)state;
	run(l, &c, &p, 100, &s);
	assert_int_equal(learn_freeze(l, SPAN("elsewhere"), SPAN(""), true), 0);
	assert_int_equal(learn_freeze(l, PROVIDER, FAMILY, true), 1);
	learn_estimate(learn_find(l, PROVIDER, FAMILY), &unknown, LEARN_prompt, &f, &before);
	p = make_provider(&c);
	run(l, &c, &p, 100, &s);
	learn_estimate(learn_find(l, PROVIDER, FAMILY), &unknown, LEARN_prompt, &f, &after);
	assert_memory_equal(&before, &after, sizeof(before));
	learn_freeze(l, PROVIDER, FAMILY, false);
	run(l, &c, &p, 100, &s);
	learn_estimate(learn_find(l, PROVIDER, FAMILY), &unknown, LEARN_prompt, &f, &after);
	assert_int_not_equal(before.mean_tok, after.mean_tok);
	assert_int_equal(after.samples, 200);
	learn_free(l);
}

/* ---- text ---- */

struct copy {
	struct learn *to;
	struct buf text;
	unsigned lines;
};

static bool copy_line(void *arg, const char *name, struct span line)
{
	struct copy *copy = arg;
	char why[200];

	assert_true(span_starts(line, SPAN("weir-learn/1 ")));
	assert_true(span_starts(span_skip(line, 13), span_of(name)));
	assert_int_equal(line.at[line.len], '\0');
	assert_int_equal(strlen(line.at), line.len);
	assert_true(buf_add(&copy->text, line) && buf_add(&copy->text, SPAN("\n")));
	if (copy->to)
		assert_int_equal(learn_read(copy->to, line, why, sizeof(why)), ERR_OK);
	copy->lines++;
	return true;
}

static void expect_same_text(struct learn *a, struct learn *b)
{
	struct copy from_a = { .lines = 0 }, from_b = { .lines = 0 };

	buf_init(&from_a.text, 1u << 20);
	buf_init(&from_b.text, 1u << 20);
	learn_each_line(a, false, copy_line, &from_a);
	learn_each_line(b, false, copy_line, &from_b);
	assert_true(from_a.lines > 0);
	assert_int_equal(from_a.text.len, from_b.text.len);
	assert_memory_equal(from_a.text.at, from_b.text.at, from_a.text.len);
	buf_release(&from_a.text);
	buf_release(&from_b.text);
}

/* What is read back goes on as if nothing had happened, to the last bit. */
static void lines_read_back(void **state)
{
	struct learn *l = learn_new(), *back = learn_new();
	struct copy copy = { .to = back };
	struct learn_features f = { .ascii_tok = 100 };
	struct chance c = { 31 }, same;
	struct provider p = make_provider(&c);
	struct score s = { 0 };

	(void)state;
	run(l, &c, &p, 137, &s);
	learn_sample(l, PROVIDER, &exact, LEARN_prompt, &f, 123);
	learn_sample(l, PROVIDER, &exact, LEARN_completion, &f, 101);
	learn_sample(l, SPAN("elsewhere"), &exact, LEARN_prompt_bytes, &f, 90);
	assert_int_equal(learn_freeze(l, SPAN("elsewhere"), SPAN(""), true), 1);
	buf_init(&copy.text, 1u << 20);
	learn_each_line(l, false, copy_line, &copy);
	assert_int_equal(copy.lines, 4);
	expect_same_text(l, back);
	same = c;
	run(l, &c, &p, 50, &s);
	run(back, &same, &p, 50, &s);
	expect_same_text(l, back);
	buf_release(&copy.text);
	learn_free(l);
	learn_free(back);
}

static void only_changes_are_shown_again(void **state)
{
	struct learn_features f = { .ascii_tok = 100 };
	struct learn *l = learn_new();
	struct copy copy = { .to = NULL };

	(void)state;
	buf_init(&copy.text, 1u << 20);
	learn_sample(l, PROVIDER, &unknown, LEARN_prompt, &f, 123);
	learn_sample(l, PROVIDER, &exact, LEARN_prompt, &f, 123);
	learn_each_line(l, true, copy_line, &copy);
	assert_int_equal(copy.lines, 2);
	learn_each_line(l, true, copy_line, &copy);
	assert_int_equal(copy.lines, 2);
	learn_sample(l, PROVIDER, &unknown, LEARN_prompt, &f, 123);
	learn_each_line(l, true, copy_line, &copy);
	assert_int_equal(copy.lines, 3);
	learn_unkept(l);
	learn_each_line(l, true, copy_line, &copy);
	assert_int_equal(copy.lines, 5);
	buf_release(&copy.text);
	learn_free(l);
}

static bool keep_line(void *arg, const char *name, struct span line)
{
	(void)name;
	*(char **)arg = strndup(line.at, line.len);
	return false;
}

/* Puts `to` where `from` stood; expects the complaint. */
static void refuse(struct learn *l, const char *line, const char *from, const char *to,
		   const char *complaint)
{
	const char *at = strstr(line, from);
	char *bad, why[200] = "";

	assert_non_null(at);
	assert_true(asprintf(&bad, "%.*s%s%s", (int)(at - line), line, to, at + strlen(from)) > 0);
	assert_int_not_equal(learn_read(l, span_of(bad), why, sizeof(why)), ERR_OK);
	if (!strstr(why, complaint))
		fail_msg("\"%s\" does not say \"%s\"", why, complaint);
	assert_int_not_equal(learn_check(span_of(bad), why, sizeof(why)), ERR_OK);
	free(bad);
}

static void garbage_is_refused(void **state)
{
	struct learn_features f = { .ascii_tok = 100 };
	struct learn *l = learn_new(), *untouched = learn_new();
	char *line = NULL, *more, why[200];

	(void)state;
	learn_sample(l, PROVIDER, &unknown, LEARN_prompt, &f, 123);
	learn_sample(untouched, PROVIDER, &unknown, LEARN_prompt, &f, 123);
	learn_each_line(l, false, keep_line, &line);
	assert_int_equal(learn_check(span_of(line), why, sizeof(why)), ERR_OK);

	refuse(l, line, "weir-learn/1", "weir-learn/9", "does not begin with weir-learn/1");
	refuse(l, line, "somewhere", "Some?where", "no name");
	refuse(l, line, " prompt ", " poem ", "nothing is learned of this kind: \"poem\"");
	refuse(l, line, " prompt ", " ", "nothing is learned of this kind: \"learned=503\"");
	refuse(l, line, "samples=1", "samples=-1", "no whole number: \"-1\"");
	refuse(l, line, "samples=1", "samples=1.5", "no whole number");
	refuse(l, line, "samples=1", "samples=1e99", "out of its range");
	refuse(l, line, "samples=1", "samples=x", "no number: \"x\"");
	refuse(l, line, "samples=1", "samples=1,2", "not as many numbers as there must be: \"samp");
	refuse(l, line, "samples=1", "samples=", "not as many numbers");
	refuse(l, line, "samples=1", "samples=2", "does not add up");
	refuse(l, line, "seen=1", "sean=1", "this field is missing: \"seen\"");
	refuse(l, line, "frozen=0", "frozen=2", "0 or 1");
	refuse(l, line, "learned=", "learned=9", "no set of coefficients");
	refuse(l, line, "weight=", "weight=9", "out of its range: \"ascii\"");
	refuse(l, line, "weight=", "weight=nan", "no number");
	refuse(l, line, "info=", "info=-", "not positive definite");
	refuse(l, line, "history=0", "history=-1", "does not add up");
	refuse(l, line, " ratio_sum_permil", " x=1 ratio_sum_permil", "missing");
	refuse(l, line, "bias=0", "bias=7", "these errors cannot be");
	assert_true(asprintf(&more, "%s more=1", line) > 0);
	assert_int_not_equal(learn_check(span_of(more), why, sizeof(why)), ERR_OK);
	assert_string_equal(why, "something follows the last field: \"more=1\"");
	free(more);
	for (size_t len = strlen(line); len-- > 1;) { /* cut anywhere */
		line[len - 1] = '\0';
		if (strstr(line, "ratio_sum_permil=")) /* a shorter number is a number */
			continue;
		assert_int_not_equal(learn_check(span_of(line), why, sizeof(why)), ERR_OK);
	}
	expect_same_text(l, untouched);
	free(line);
	learn_free(l);
	learn_free(untouched);
}

/* ---- threads ---- */

#define THREADS 4
#define ROUNDS  3000

struct crowd {
	struct learn *l;
	uint64_t seed;
};

static void *be_one_of_many(void *arg)
{
	struct crowd *me = arg;
	struct chance c = { me->seed };
	struct provider p = { 1.2, 1.2, 1.2, 4, 0, 1, 1, 5, 0.01 };
	struct learn_prior prior = unknown;
	char name[32];

	prior.family = name;
	for (unsigned i = 0; i < ROUNDS; i++) {
		struct learn_features f = make_request(&c);
		struct learn_estimate e;

		snprintf(name, sizeof(name), "model-%u", i % 40);
		learn_estimate(learn_find(me->l, PROVIDER, span_of(name)), &prior, LEARN_prompt, &f,
			       &e);
		if (e.low_tok > e.mean_tok || e.mean_tok > e.high_tok)
			return me;
		if (!learn_sample(me->l, PROVIDER, &prior, LEARN_prompt, &f, count(&c, &p, &f)))
			return me;
		if (i % 500 == 0)
			learn_freeze(me->l, PROVIDER, span_of(name), i % 1000 == 0);
	}
	return NULL;
}

static bool add_seen(void *arg, const struct learn_view *v)
{
	uint64_t in_buckets = 0;

	for (unsigned i = 0; i < LEARN_BUCKETS; i++)
		in_buckets += v->bucket[i];
	assert_int_equal(in_buckets, v->seen);
	*(uint64_t *)arg += v->seen;
	return true;
}

static bool ignore_line(void *arg, const char *name, struct span line)
{
	(void)arg, (void)name;
	return line.len > 0;
}

static void many_threads_at_once(void **state)
{
	struct learn *l = learn_new();
	struct crowd crowd[THREADS];
	pthread_t thread[THREADS];
	uint64_t seen = 0;
	void *trouble;

	(void)state;
	for (unsigned i = 0; i < THREADS; i++) {
		crowd[i] = (struct crowd){ l, i + 1 };
		assert_int_equal(pthread_create(&thread[i], NULL, be_one_of_many, &crowd[i]), 0);
	}
	for (unsigned i = 0; i < 50; i++) {
		learn_each_line(l, true, ignore_line, NULL);
		learn_each(l, add_seen, &(uint64_t){ 0 });
	}
	for (unsigned i = 0; i < THREADS; i++) {
		assert_int_equal(pthread_join(thread[i], &trouble), 0);
		assert_null(trouble);
	}
	learn_each(l, add_seen, &seen);
	assert_int_equal(seen, THREADS * ROUNDS);
	learn_free(l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(learns_what_nobody_knows),
		cmocka_unit_test(learns_from_bytes),
		cmocka_unit_test(exact_models_learn_only_the_rest),
		cmocka_unit_test(nothing_learned_is_the_prior),
		cmocka_unit_test(nothing_is_nothing),
		cmocka_unit_test(names_are_made_plain),
		cmocka_unit_test(another_class_begins_anew),
		cmocka_unit_test(absurd_samples_do_no_harm),
		cmocka_unit_test(drift_is_told_once),
		cmocka_unit_test(nonsense_stays_finite),
		cmocka_unit_test(there_is_a_ceiling),
		cmocka_unit_test(frozen_estimates_stay),
		cmocka_unit_test(lines_read_back),
		cmocka_unit_test(only_changes_are_shown_again),
		cmocka_unit_test(garbage_is_refused),
		cmocka_unit_test(many_threads_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
