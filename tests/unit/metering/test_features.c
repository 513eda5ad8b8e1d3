/* test_features.c - what estimates are made from: the prior estimate is our own count, and a
 * body that nobody counted is measured by its bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "metering/features.h"

static uint64_t prior_mean(const char *model, const struct prompt_count *c)
{
	struct learn_features f;
	struct learn_estimate e;
	struct learn_prior p;
	struct tok_model m;

	tok_model_find(NULL, span_of(model), &m);
	f = features_prompt(c, &m);
	p = features_prior(&m);
	learn_estimate(NULL, &p, LEARN_prompt, &f, &e);
	assert_in_range(e.mean_tok, prompt_tok(c, &m) - 1, prompt_tok(c, &m) + 1);
	if (m.exact)
		assert_int_equal(e.mean_tok, prompt_tok(c, &m));
	return e.mean_tok;
}

static void the_prior_is_our_count(void **state)
{
	struct prompt_count chat = { .text = { { 1000, 200, 30 } }, .messages = 5, .system = true };
	struct prompt_count all = { .text = { { 20, 0, 3 } },
				    .tools = { { 300, 10, 0 } },
				    .messages = 9,
				    .names = 2,
				    .calls = 3,
				    .parallel = 2,
				    .tool_count = 4,
				    .with_arguments = 3,
				    .properties = 7,
				    .helps = 5,
				    .pictures = 2,
				    .picture_tok = 1530,
				    .system = true };
	struct prompt_count one = { .text = { { 1, 0, 0 } } };

	(void)state;
	assert_int_equal(prior_mean("gpt-4o", &chat), 1230 + 3 + 5 * 4);
	assert_true(prior_mean("gpt-4o", &all) > 20 + 3 + 310 + 1530);
	assert_int_equal(prior_mean("gpt-4o", &one), 1);
	prior_mean("gpt-5", &all);
	prior_mean("gpt-3.5-turbo-0301", &all);
	assert_true(prior_mean("claude-sonnet-4-5", &chat) > 1230 * 12 / 10);
	prior_mean("claude-opus-4-7", &all);
	prior_mean("gemini-2.5-pro", &all);
	prior_mean("whatever", &all);
	prior_mean("whatever", &one);
}

static void only_whole_counts_teach(void **state)
{
	struct prompt_count c = { .messages = 1, .pictures = 1 };

	(void)state;
	assert_true(features_are_whole(&c));
	c.remote = true;
	assert_false(features_are_whole(&c));
	c = (struct prompt_count){ .unseen = 1 };
	assert_false(features_are_whole(&c));
	c = (struct prompt_count){ .unread = 1 };
	assert_false(features_are_whole(&c));
	c = (struct prompt_count){ .damaged = true };
	assert_false(features_are_whole(&c));
}

static void answers_are_their_text(void **state)
{
	struct learn_features f = features_answer((struct tok_count){ { 7, 8, 9 } }, 3);

	(void)state;
	assert_int_equal(f.ascii_tok, 7);
	assert_int_equal(f.cjk_tok, 8);
	assert_int_equal(f.other_tok, 9);
	assert_int_equal(f.frame_tok, 3);
	assert_int_equal(f.messages + f.tool_tok + f.picture_tok, 0);
}

static void bodies_are_their_bytes(void **state)
{
	struct peek p = { .image_parts = 2, .data_bytes = 0 };
	struct learn_features f = features_body(&p, SPAN("{\"a\":\"\xe6\xbc\xa2\xc3\xa9\"}"));

	(void)state;
	assert_int_equal(f.ascii_tok, 2); /* 8 bytes */
	assert_int_equal(f.other_tok, 2); /* 5 bytes */
	assert_int_equal(f.picture_tok, 2000);
	p.data_bytes = 5;
	f = features_body(&p, SPAN("{\"a\":\"\"}"));
	assert_int_equal(f.ascii_tok, 1);
	p.data_bytes = 500;
	f = features_body(&p, SPAN("{\"a\":\"\"}"));
	assert_int_equal(f.ascii_tok, 0);
}

static void every_byte_of_a_body_counts(void **state)
{
	static char body[4200];
	struct peek p = { 0 };
	size_t other = 0;

	(void)state;
	for (size_t len = 0; len < sizeof(body); len++) {
		struct learn_features f = features_body(&p, (struct span){ body, len });

		assert_int_equal(f.other_tok, (other + 3) / 4);
		assert_int_equal(f.ascii_tok, (len - other + 3) / 4);
		body[len] = len < 2100 || len % 3 == 0 ? '\xff' : 'a'; /* sums that are full, too */
		other += body[len] != 'a';
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_prior_is_our_count),
		cmocka_unit_test(only_whole_counts_teach),
		cmocka_unit_test(answers_are_their_text),
		cmocka_unit_test(bodies_are_their_bytes),
		cmocka_unit_test(every_byte_of_a_body_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
