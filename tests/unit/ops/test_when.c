/* Instants: every form, and what only looks like one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "ops/when.h"

#define NOW_US UINT64_C(1795000000000000) /* 2026-11-18T... */

static bool at(const char *text, enum when_side side, uint64_t *us)
{
	struct wall out = { 0 };
	bool ok = when_instant(span_of(text), (struct wall){ NOW_US }, side, &out);

	*us = out.us;
	return ok;
}

static void assert_at(const char *text, uint64_t want_us)
{
	uint64_t us;

	assert_true(at(text, WHEN_PAST, &us));
	assert_int_equal(us, want_us);
}

static void reads_instants(void **state)
{
	(void)state;
	assert_at("2026-11-22", UINT64_C(1795305600000000));
	assert_at("2026-11-22T03:04:05Z", UINT64_C(1795316645000000));
	assert_at("2026-11-22T03:04:05.678Z", UINT64_C(1795316645678000));
	assert_at("2026-11-22T03:04:05.1234567z", UINT64_C(1795316645123456));
	assert_at("2026-11-22T03:04:05+01:00", UINT64_C(1795313045000000));
	assert_at("2026-11-22T03:04:05.5-05:30", UINT64_C(1795336445500000));
	assert_at("1970-01-01T00:00:00-01:00", UINT64_C(3600000000));
}

static void counts_durations_from_now(void **state)
{
	uint64_t us;

	(void)state;
	assert_at("24h", NOW_US - UINT64_C(86400000000));
	assert_at("7d", NOW_US - UINT64_C(604800000000));
	assert_true(at("30d", WHEN_AHEAD, &us));
	assert_int_equal(us, NOW_US + UINT64_C(2592000000000));
	assert_at("36500d", 0); /* before 1970: since ever */
	assert_false(at("40000d", WHEN_AHEAD, &us));
}

static void refuses_the_rest(void **state)
{
	static const char *const wrong[] = {
		"",
		"24",
		"h",
		"-1h",
		"yesterday",
		"2026-11-31",
		"2026-13-01",
		"26-11-22",
		"2026-11-22T03:04:05",
		"2026-11-22T03:04:05.Z",
		"2026-11-22T03:04:05.5",
		"2026-11-22T24:00:00Z",
		"2026-11-22T03:04:05+1:00",
		"2026-11-22T03:04:05+24:00",
		"2026-11-22T03:04:05+01:60",
		"2026-11-22T03:04:05+0100",
		"2026-11-22T03:04:05Zx",
		"2026-11-22 03:04:05Z",
		"1970-01-01T00:00:00+00:01",
		"2026-11-22x",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		uint64_t us;

		if (at(wrong[i], WHEN_PAST, &us))
			fail_msg("\"%s\" was taken for an instant", wrong[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_instants),
		cmocka_unit_test(counts_durations_from_now),
		cmocka_unit_test(refuses_the_rest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
