/* test_limits.c - what a client is told of its limits, to the letter. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include "proxy/limits.h"

static const struct wall now = { UINT64_C(1793491200000000) }; /* 2026-11-01 */

static void expect(const struct hold *h, enum error_style style, const char *text)
{
	char to[LIMITS_ROOM];
	struct span s = limits_fields(h, style, now, to);

	if (!span_eq(s, span_of(text)))
		fail_msg("%.*s", SPAN_ARG(s));
}

static struct standing standing(int64_t limit, int64_t left, uint64_t resets_in_us)
{
	return (struct standing){ true, limit, left, { now.us + resets_in_us } };
}

static void test_nothing(void **state)
{
	struct hold h = { 0 };

	(void)state;
	expect(&h, STYLE_openai, "");
	assert_false(limits_are_ours(&h));
	h.standing[UNIT_usd] = standing(2000000000000, 1, 0);
	h.standing[UNIT_concurrent] = standing(2, 1, 0);
	expect(&h, STYLE_openai, "x-weir-budget-remaining-usd: 0.000000000001\r\n");
	assert_false(limits_are_ours(&h));
}

static void test_openai(void **state)
{
	struct hold h = { 0 };

	(void)state;
	h.standing[UNIT_requests] = standing(60, 59, 360 * US_PER_SEC);
	h.standing[UNIT_tokens] = standing(INT64_MAX, 0, 8640 * US_PER_MS);
	expect(
	    &h, STYLE_openai,
	    "x-ratelimit-limit-requests: 60\r\nx-ratelimit-remaining-requests: 59\r\n"
	    "x-ratelimit-reset-requests: 6m0s\r\n"
	    "x-ratelimit-limit-tokens: 9223372036854775807\r\nx-ratelimit-remaining-tokens: 0\r\n"
	    "x-ratelimit-reset-tokens: 8.64s\r\n");
	assert_true(limits_are_ours(&h));
}

static void expect_reset(uint64_t us, const char *says)
{
	struct hold h = { 0 };
	char text[256];

	h.standing[UNIT_tokens] = standing(1, 1, us);
	snprintf(text, sizeof(text),
		 "x-ratelimit-limit-tokens: 1\r\nx-ratelimit-remaining-tokens: 1\r\n"
		 "x-ratelimit-reset-tokens: %s\r\n",
		 says);
	expect(&h, STYLE_gemini, text);
}

static void test_durations(void **state)
{
	struct hold h = { 0 };

	(void)state;
	expect_reset(0, "0ms");
	expect_reset(132 * US_PER_MS, "132ms");
	expect_reset(US_PER_SEC, "1s");
	expect_reset(59999 * US_PER_MS, "59.999s");
	expect_reset(60 * US_PER_SEC, "1m0s");
	expect_reset(3599 * US_PER_SEC + 1, "1h0m0s");
	expect_reset(UINT64_C(31) * 86400 * US_PER_SEC, "744h0m0s");
	h.standing[UNIT_tokens] = standing(1, 1, 0);
	h.standing[UNIT_tokens].resets.us = now.us - 5; /* it is over by now */
	expect(&h, STYLE_openai,
	       "x-ratelimit-limit-tokens: 1\r\nx-ratelimit-remaining-tokens: 1\r\n"
	       "x-ratelimit-reset-tokens: 0ms\r\n");
	h.standing[UNIT_tokens].resets.us = PERIOD_NEVER;
	expect(&h, STYLE_openai,
	       "x-ratelimit-limit-tokens: 1\r\nx-ratelimit-remaining-tokens: 1\r\n");
	expect(
	    &h, STYLE_anthropic,
	    "anthropic-ratelimit-tokens-limit: 1\r\nanthropic-ratelimit-tokens-remaining: 1\r\n");
}

static void test_anthropic(void **state)
{
	struct hold h = { 0 };

	(void)state;
	h.standing[UNIT_requests] = standing(60, 59, 60 * US_PER_SEC);
	expect(
	    &h, STYLE_anthropic,
	    "anthropic-ratelimit-requests-limit: 60\r\nanthropic-ratelimit-requests-remaining: 59\r\n"
	    "anthropic-ratelimit-requests-reset: 2026-11-01T00:01:00.000Z\r\n");
}

/* The longest numbers there are find room. */
static void test_room(void **state)
{
	struct hold h = { 0 };
	char to[LIMITS_ROOM];

	(void)state;
	for (unsigned u = 0; u < UNIT_COUNT; u++)
		h.standing[u] = standing(INT64_MAX, INT64_MAX,
					 UINT64_C(8000) * 365 * 86400 * US_PER_SEC);
	for (unsigned style = 0; style < STYLE_COUNT; style++)
		assert_true(limits_fields(&h, (enum error_style)style, now, to).len > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing),   cmocka_unit_test(test_openai),
		cmocka_unit_test(test_durations), cmocka_unit_test(test_anthropic),
		cmocka_unit_test(test_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
