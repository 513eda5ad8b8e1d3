/* test_counts.c - from overlapping numbers to disjoint ones: nothing lost, nothing twice. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "metering/counts.h"

static const struct counting inside = { REASONING_inside, false };
static const struct counting on_top = { REASONING_on_top, false };
static const struct counting hidden = { REASONING_hidden, false };
static const struct counting apart = { REASONING_inside, true };

static struct usage spread(struct counting how, const uint32_t n[COUNT_COUNT])
{
	struct usage u = { 0 };
	struct counts c;

	counts_clear(&c);
	for (unsigned i = 0; i < COUNT_COUNT; i++)
		if (n[i] > 0)
			counts_add(&c, i, n[i]);
	counts_spread(&c, how, u.quantity, &u);
	return u;
}

#define SPREAD(how, ...) spread(how, (uint32_t[COUNT_COUNT]){ __VA_ARGS__ })

static void included_caches_come_out_of_the_input(void **state)
{
	struct usage u = SPREAD(
	    inside, [COUNT_input] = 100, [COUNT_cached] = 30, [COUNT_written] = 20);

	(void)state;
	assert_int_equal(u.quantity[Q_input], 50);
	assert_int_equal(u.quantity[Q_cache_read], 30);
	assert_int_equal(u.quantity[Q_cache_write_5m], 20);
	assert_int_equal(usage_totals(&u).input_tok, 100);
	assert_false(u.inconsistent);
}

static void caches_apart_go_on_top(void **state)
{
	struct usage u = SPREAD(apart, [COUNT_input] = 6, [COUNT_cached] = 30, [COUNT_written] = 25,
				[COUNT_written_5m] = 10, [COUNT_written_1h] = 12);

	(void)state;
	assert_int_equal(u.quantity[Q_input], 6);
	assert_int_equal(u.quantity[Q_cache_read], 30);
	assert_int_equal(u.quantity[Q_cache_write_5m], 10);
	assert_int_equal(u.quantity[Q_cache_write_1h], 15); /* the unsplit rest: the dearer place */
	assert_int_equal(usage_totals(&u).input_tok, 61);
	assert_int_equal(usage_totals(&u).cache_write_tok, 25);
	u = SPREAD(apart, [COUNT_written] = 25, [COUNT_written_5m] = 10);
	assert_int_equal(u.quantity[Q_cache_write_5m], 25);
	u = SPREAD(apart, [COUNT_written_5m] = 10, [COUNT_written_1h] = 12);
	assert_int_equal(usage_totals(&u).cache_write_tok, 22);
	assert_false(u.inconsistent);
}

static void sound_and_pictures_come_out_of_what_is_fresh(void **state)
{
	struct usage u = SPREAD(
	    inside, [COUNT_input] = 100, [COUNT_cached] = 40, [COUNT_input_audio] = 30,
	    [COUNT_cached_audio] = 10, [COUNT_input_image] = 20, [COUNT_cached_image] = 5,
	    [COUNT_output] = 50, [COUNT_output_audio] = 8, [COUNT_output_image] = 9);

	(void)state;
	assert_int_equal(u.quantity[Q_cache_read], 30);
	assert_int_equal(u.quantity[Q_cache_read_audio], 10);
	assert_int_equal(u.quantity[Q_input_audio], 20);
	assert_int_equal(u.quantity[Q_input_image], 15);
	assert_int_equal(u.quantity[Q_input], 25);
	assert_int_equal(u.quantity[Q_output], 33);
	assert_int_equal(usage_totals(&u).input_tok, 100);
	assert_int_equal(usage_totals(&u).cached_read_tok, 40);
	assert_int_equal(usage_totals(&u).output_tok, 50);
	assert_false(u.inconsistent);
}

static void reasoning_has_three_places(void **state)
{
	struct usage u = SPREAD(inside, [COUNT_output] = 10, [COUNT_reasoning] = 4);

	(void)state;
	assert_int_equal(u.quantity[Q_output], 6);
	assert_int_equal(usage_totals(&u).output_tok, 10);
	u = SPREAD(on_top, [COUNT_output] = 10, [COUNT_reasoning] = 4);
	assert_int_equal(u.quantity[Q_output], 10);
	assert_int_equal(usage_totals(&u).output_tok, 14);
	u = SPREAD(hidden, [COUNT_input] = 35, [COUNT_output] = 12, [COUNT_total] = 109);
	assert_int_equal(u.quantity[Q_output], 12);
	assert_int_equal(u.quantity[Q_reasoning], 62);
	assert_false(u.inconsistent);
	u = SPREAD(hidden, [COUNT_input] = 35, [COUNT_output] = 12, [COUNT_total] = 47);
	assert_int_equal(u.quantity[Q_reasoning], 0);
}

static void more_reasoning_than_output_is_kept_as_said(void **state)
{
	struct usage u = SPREAD(inside, [COUNT_output] = 10, [COUNT_reasoning] = 11);

	(void)state;
	assert_true(u.inconsistent);
	assert_int_equal(u.quantity[Q_output], 0);
	assert_int_equal(u.quantity[Q_reasoning], 10);
	assert_int_equal(usage_totals(&u).output_tok, 10);
	assert_int_equal(usage_totals(&u).reasoning_tok, 11);
}

static void what_does_not_add_up_is_said(void **state)
{
	(void)state;
	assert_true(SPREAD(inside, [COUNT_input] = 10, [COUNT_cached] = 11).inconsistent);
	assert_true(SPREAD(inside, [COUNT_input] = 10, [COUNT_output] = 5, [COUNT_total] = 16)
			.inconsistent);
	assert_true(SPREAD(apart, [COUNT_written] = 5, [COUNT_written_1h] = 6).inconsistent);
	assert_true(SPREAD(inside, [COUNT_input] = 10, [COUNT_input_audio] = 11).inconsistent);
	assert_false(SPREAD(inside, [COUNT_input] = 10, [COUNT_output] = 5, [COUNT_tool_input] = 2,
			    [COUNT_total] = 17)
			 .inconsistent);
}

/* Whatever a provider says, the disjoint input is the whole input and the same for the
 * output: nothing is billed twice and nothing is lost. */
static void the_sum_is_always_the_whole(void **state)
{
	static const struct counting *const hows[] = { &inside, &on_top, &apart };
	unsigned seed = 7;

	(void)state;
	for (unsigned i = 0; i < 200000; i++) {
		const struct counting *how = hows[i % 3];
		uint32_t n[COUNT_COUNT] = { 0 };
		struct usage_totals t;
		struct usage u;
		uint64_t input, output;

		for (unsigned c = 0; c < COUNT_FEES; c++) {
			seed = seed * 1664525u + 1013904223u;
			n[c] = seed >> 28 < 8 ? 0 : seed >> 8 & 0xff;
		}
		u = spread(*how, n);
		t = usage_totals(&u);
		input = n[COUNT_input];
		if (how->caches_apart)
			input += n[COUNT_cached] +
				 (n[COUNT_written] > 0 ? n[COUNT_written]
						       : n[COUNT_written_5m] + n[COUNT_written_1h]);
		output = n[COUNT_output] + (how == &on_top ? n[COUNT_reasoning] : 0);
		assert_int_equal(t.input_tok, input);
		assert_int_equal(t.output_tok, output);
		assert_int_equal(t.tool_input_tok, n[COUNT_tool_input]);
		assert_int_equal(t.reasoning_tok, n[COUNT_reasoning]);
	}
}

static void takes_numbers_as_written(void **state)
{
	static const char *const bad[] = { "-1",      "1.5", "1000000001", "1e10",
					   "1e99999", "x",   "",           "01" };
	struct counts c;

	(void)state;
	counts_clear(&c);
	counts_set(&c, COUNT_input, SPAN("188.0"));
	assert_int_equal(c.n[COUNT_input], 188);
	counts_set(&c, COUNT_input, SPAN("1e3"));
	assert_int_equal(c.n[COUNT_input], 1000);
	counts_set(&c, COUNT_input, SPAN("1000000000"));
	assert_false(c.inconsistent);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		counts_clear(&c);
		counts_set(&c, COUNT_input, span_of(bad[i]));
		assert_true(c.inconsistent);
		assert_false(counts_has(&c, COUNT_input));
	}
}

static void takes_costs_as_written(void **state)
{
	struct counts c;

	(void)state;
	counts_clear(&c);
	assert_int_equal(c.cost_pusd, -1);
	counts_set_cost(&c, SPAN("1.13e-05"), 0);
	assert_int_equal(c.cost_pusd, 11300000);
	counts_set_cost(&c, SPAN("1466250"), 10);
	assert_int_equal(c.cost_pusd, 146625000);
	counts_set_cost(&c, SPAN("0"), 0);
	assert_int_equal(c.cost_pusd, 0);
	assert_false(c.inconsistent);
	counts_set_cost(&c, SPAN("-1"), 10);
	assert_true(c.inconsistent);
	assert_int_equal(c.cost_pusd, 0);
}

static void sums_do_not_wrap(void **state)
{
	struct counts c, more;

	(void)state;
	counts_clear(&c);
	counts_clear(&more);
	counts_add(&c, COUNT_input, 900000000);
	counts_add(&more, COUNT_input, 900000000);
	counts_sum(&c, &more);
	assert_int_equal(c.n[COUNT_input], USAGE_TOK_MAX);
	assert_true(c.inconsistent);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(included_caches_come_out_of_the_input),
		cmocka_unit_test(caches_apart_go_on_top),
		cmocka_unit_test(sound_and_pictures_come_out_of_what_is_fresh),
		cmocka_unit_test(reasoning_has_three_places),
		cmocka_unit_test(more_reasoning_than_output_is_kept_as_said),
		cmocka_unit_test(what_does_not_add_up_is_said),
		cmocka_unit_test(the_sum_is_always_the_whole),
		cmocka_unit_test(takes_numbers_as_written),
		cmocka_unit_test(takes_costs_as_written),
		cmocka_unit_test(sums_do_not_wrap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
