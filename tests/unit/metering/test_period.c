/* test_period.c - windows against the C library's calendar. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <time.h>
#include "metering/period.h"

static uint64_t instant(int year, int month, int day, int hour)
{
	struct tm tm = {
		.tm_year = year - 1900, .tm_mon = month - 1, .tm_mday = day, .tm_hour = hour
	};

	return (uint64_t)timegm(&tm) * US_PER_SEC;
}

static void expect(enum period p, uint64_t at_us, uint64_t starts_us, uint64_t ends_us)
{
	struct window w = period_window(p, (struct wall){ at_us });

	assert_int_equal(w.starts.us, starts_us);
	assert_int_equal(w.ends.us, ends_us);
}

static void test_names(void **state)
{
	enum period p;

	(void)state;
	for (unsigned i = 0; i < PERIOD_COUNT; i++) {
		assert_true(period_find(span_of(period_name((enum period)i)), &p));
		assert_int_equal(p, i);
	}
	assert_false(period_find(SPAN("year"), &p));
	assert_false(period_find(SPAN("mon"), &p));
}

static void test_edges(void **state)
{
	uint64_t december = instant(2026, 12, 1, 0);

	(void)state;
	expect(PERIOD_month, december - 1, instant(2026, 11, 1, 0), december);
	expect(PERIOD_month, december, december, instant(2027, 1, 1, 0));
	expect(PERIOD_month, instant(2028, 2, 29, 23), instant(2028, 2, 1, 0),
	       instant(2028, 3, 1, 0));
	expect(PERIOD_month, instant(2100, 2, 28, 23), instant(2100, 2, 1, 0),
	       instant(2100, 3, 1, 0));
	expect(PERIOD_month, 0, 0, instant(1970, 2, 1, 0));
	expect(PERIOD_week, instant(2026, 11, 22, 12), instant(2026, 11, 16, 0),
	       instant(2026, 11, 23, 0)); /* a Sunday */
	expect(PERIOD_week, instant(2026, 11, 23, 0), instant(2026, 11, 23, 0),
	       instant(2026, 11, 30, 0));
	expect(PERIOD_week, 0, 0, instant(1970, 1, 5, 0));
	expect(PERIOD_day, instant(2026, 11, 22, 23), instant(2026, 11, 22, 0),
	       instant(2026, 11, 23, 0));
	expect(PERIOD_hour, instant(2026, 11, 22, 23) + 1, instant(2026, 11, 22, 23),
	       instant(2026, 11, 23, 0));
	expect(PERIOD_hour, 0, 0, 3600 * US_PER_SEC);
	expect(PERIOD_total, instant(2026, 11, 22, 23), 0, PERIOD_NEVER);
	expect(PERIOD_month, UINT64_MAX, instant(9999, 12, 1, 0), instant(10000, 1, 1, 0));
}

/* Every month and every day of some centuries, and no gap between two windows. */
static void test_against_calendar(void **state)
{
	(void)state;
	for (int month = 0; month < 12 * 400; month++)
		expect(PERIOD_month, instant(1970, month + 1, 15, 7),
		       instant(1970, month + 1, 1, 0), instant(1970, month + 2, 1, 0));
	for (unsigned p = 0; p < PERIOD_total; p++) {
		struct wall at = { instant(2024, 1, 1, 0) };

		for (int i = 0; i < 1000; i++) {
			struct window w = period_window((enum period)p, at);
			struct window next = period_window((enum period)p, w.ends);

			assert_true(w.starts.us <= at.us && at.us < w.ends.us);
			assert_int_equal(next.starts.us, w.ends.us);
			at = w.ends;
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_edges),
		cmocka_unit_test(test_against_calendar),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
