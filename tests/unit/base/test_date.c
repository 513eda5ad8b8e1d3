/* Dates: both forms, days that do not exist, and every day of 8,000 years against timegm(). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>
#include <cmocka.h>
#include "base/date.h"

static void assert_parse(const char *text, enum err want, uint64_t want_s)
{
	struct wall w = { 77 };

	assert_int_equal(date_parse(span_of(text), &w), want);
	assert_int_equal(w.us, want == ERR_OK ? want_s * US_PER_SEC : 77);
}

static void reads_both_forms(void **state)
{
	(void)state;
	assert_parse("1970-01-01", ERR_OK, 0);
	assert_parse("2026-08-21", ERR_OK, 1787270400);
	assert_parse("2026-08-21T00:00:01Z", ERR_OK, 1787270401);
	assert_parse("2000-02-29T23:59:59Z", ERR_OK, 951868799);
	assert_parse("9999-12-31T23:59:59Z", ERR_OK, 253402300799);
}

static void refuses_the_rest(void **state)
{
	static const char *const garbled[] = { "",
					       "2026",
					       "2026-8-21",
					       "2026-08-21 ",
					       "2026/08/21",
					       "2026-08-21T",
					       "2026-08-21T10:00Z",
					       "2026-08-21T10:00:00",
					       "2026-08-21t10:00:00Z",
					       "2026-08-21T10:00:00+02:00",
					       "2026-08-2x",
					       "-026-08-21" };
	static const char *const absent[] = {
		"1969-12-31", "2026-00-01", "2026-13-01",           "2026-01-00",
		"2026-01-32", "2026-04-31", "2026-02-29",           "2100-02-29",
		"0000-01-01", "2026-02-31", "2026-08-21T24:00:00Z", "2026-08-21T10:60:00Z"
	};

	(void)state;
	for (size_t i = 0; i < sizeof(garbled) / sizeof(garbled[0]); i++)
		assert_parse(garbled[i], ERR_GARBLED, 0);
	for (size_t i = 0; i < sizeof(absent) / sizeof(absent[0]); i++)
		assert_parse(absent[i], ERR_RANGE, 0);
}

static void agrees_with_the_system_calendar(void **state)
{
	char text[DATE_TEXT_ROOM], want[DATE_TEXT_ROOM];

	(void)state;
	for (uint64_t day = 0; day < 2932897; day++) { /* until 9999-12-31 */
		time_t at = (time_t)(day * 86400 + (day % 3 == 0 ? 0 : day % 86400));
		struct wall w = { (uint64_t)at * US_PER_SEC }, back;
		struct tm tm;

		date_text(w, text);
		gmtime_r(&at, &tm);
		strftime(want, sizeof(want), at % 86400 ? "%Y-%m-%dT%H:%M:%SZ" : "%Y-%m-%d", &tm);
		assert_string_equal(text, want);
		assert_int_equal(date_parse(span_of(text), &back), ERR_OK);
		assert_int_equal(back.us, w.us);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_both_forms),
		cmocka_unit_test(refuses_the_rest),
		cmocka_unit_test(agrees_with_the_system_calendar),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
