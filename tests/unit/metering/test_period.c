/* test_period.c - windows against the C library's calendar. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
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
	struct window w = period_window(p, zone_utc(), (struct wall){ at_us });

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
	expect(PERIOD_minute, instant(2026, 11, 22, 23) + 59999999, instant(2026, 11, 22, 23),
	       instant(2026, 11, 22, 23) + 60 * US_PER_SEC);
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
			struct window w = period_window((enum period)p, zone_utc(), at);
			struct window next = period_window((enum period)p, zone_utc(), w.ends);

			assert_true(w.starts.us <= at.us && at.us < w.ends.us);
			assert_int_equal(next.starts.us, w.ends.us);
			at = w.ends;
		}
	}
}

/* --- in places --- */

/* A zone that is nothing but a rule. */
static struct zone *place(const char *rule)
{
	static const char head[] = "TZif2\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
				   "\0\0\0\0\0\0\0\0\1\0\0\0\4\0\0\0\0\0\0ABC";
	char file[256];
	struct zone *z = NULL;
	size_t len = 2 * sizeof(head);

	memcpy(file, head, sizeof(head));
	memcpy(file + sizeof(head), head, sizeof(head));
	len += (size_t)snprintf(file + len, sizeof(file) - len, "\n%s\n", rule);
	assert_int_equal(zone_parse(SPAN("Some/Place"), (struct span){ file, len }, &z), ERR_OK);
	return z;
}

static void expect_at(const struct zone *z, enum period p, uint64_t at_us, uint64_t starts_us,
		      uint64_t ends_us)
{
	struct window w = period_window(p, z, (struct wall){ at_us });

	assert_int_equal(w.starts.us, starts_us);
	assert_int_equal(w.ends.us, ends_us);
}

/* Days of 23 and 25 hours, and what is around them, to the microsecond. */
static void test_daylight(void **state)
{
	struct zone *z = place("CET-1CEST,M3.5.0,M10.5.0/3");
	uint64_t spring = instant(2026, 3, 28, 23), autumn = instant(2026, 10, 24, 22);

	(void)state;
	expect_at(z, PERIOD_day, spring - 1, instant(2026, 3, 27, 23), spring);
	expect_at(z, PERIOD_day, spring, spring, spring + 23 * 3600 * US_PER_SEC);
	expect_at(z, PERIOD_day, autumn + 24 * 3600 * US_PER_SEC, autumn,
		  autumn + 25 * 3600 * US_PER_SEC);
	expect_at(z, PERIOD_week, spring, instant(2026, 3, 22, 23), instant(2026, 3, 29, 22));
	expect_at(z, PERIOD_month, instant(2026, 10, 31, 22), instant(2026, 9, 30, 22),
		  instant(2026, 10, 31, 23));
	expect_at(z, PERIOD_month, instant(2026, 10, 31, 23), instant(2026, 10, 31, 23),
		  instant(2026, 11, 30, 23));
	expect_at(z, PERIOD_month, 0, 0, instant(1970, 1, 31, 23));
	expect_at(z, PERIOD_total, spring, 0, PERIOD_NEVER);
	zone_free(z);
}

/* An hour begins when the clocks say so, and never lasts longer. */
static void test_odd_hours(void **state)
{
	struct zone *india = place("IST-5:30"),
		    *howe = place("<+1030>-10:30<+11>-11,M10.1.0,M4.1.0");
	uint64_t noon = instant(2026, 5, 1, 12), half = 1800 * US_PER_SEC;
	uint64_t back = instant(2026, 4, 4, 15); /* the clocks go from 2:00 to 1:30 */

	(void)state;
	expect_at(india, PERIOD_hour, noon, noon - half, noon + half);
	expect_at(india, PERIOD_day, noon, instant(2026, 4, 30, 18) + half,
		  instant(2026, 5, 1, 18) + half);
	expect_at(howe, PERIOD_hour, back - 1, back - 2 * half, back);
	expect_at(howe, PERIOD_hour, back, back, back + half);
	expect_at(howe, PERIOD_hour, back + half, back + half, back + 3 * half);
	zone_free(india);
	zone_free(howe);
}

/* Where midnight is skipped the day begins later; where it comes twice, the first time. */
static void test_midnights(void **state)
{
	struct zone *skips = place("<-03>3<-02>,M10.2.0/0,M2.3.0/0");
	struct zone *twice = place("XST4XDT,M3.2.0/0:30,M11.1.0/0:30");
	uint64_t skip = instant(2026, 10, 11, 3), fold = instant(2026, 11, 1, 3);

	(void)state;
	expect_at(skips, PERIOD_day, skip - 1, instant(2026, 10, 10, 3), skip);
	expect_at(skips, PERIOD_day, skip, skip, instant(2026, 10, 12, 2));
	/* It is 0:00 at `fold`, half an hour later 23:30 again, and then 0:00 once more. */
	expect_at(twice, PERIOD_day, fold - 1, instant(2026, 10, 31, 3), fold);
	for (uint64_t at = fold; at < fold + 7200 * US_PER_SEC; at += 600 * US_PER_SEC)
		expect_at(twice, PERIOD_day, at, fold, instant(2026, 11, 2, 4));
	zone_free(skips);
	zone_free(twice);
}

/* No gap and no overlap, whatever the clocks do. */
static void test_no_gap(void **state)
{
	static const char *const rules[] = { "CET-1CEST,M3.5.0,M10.5.0/3",
					     "XST4XDT,M3.2.0/0:30,M11.1.0/0:30",
					     "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0",
					     "<-03>3<-02>,M10.2.0/0,M2.3.0/0",
					     "<-02>2<-01>,M3.5.0/-1,M10.5.0/0",
					     "<+14>-14",
					     "<-12>12" };

	(void)state;
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		struct zone *z = place(rules[i]);

		for (unsigned p = 0; p < PERIOD_total; p++) {
			struct wall at = { instant(2026, 1, 1, 0) };

			for (int n = 0; n < 20000 && at.us < instant(2029, 1, 1, 0); n++) {
				struct window w = period_window((enum period)p, z, at), last;

				last = period_window((enum period)p, z,
						     (struct wall){ w.ends.us - 1 });
				assert_true(w.starts.us <= at.us && at.us < w.ends.us);
				assert_int_equal(last.starts.us, w.starts.us);
				assert_int_equal(last.ends.us, w.ends.us);
				assert_true(n == 0 || w.starts.us == at.us);
				at = w.ends;
			}
		}
		zone_free(z);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_edges),
		cmocka_unit_test(test_against_calendar),
		cmocka_unit_test(test_daylight),
		cmocka_unit_test(test_odd_hours),
		cmocka_unit_test(test_midnights),
		cmocka_unit_test(test_no_gap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
