/* Exact decimals: the grammar, the edges of both widths, one rounding half to even. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>
#include "base/decimal.h"

static enum err parse(const char *text, unsigned places, u128 *out)
{
	return decimal_parse(span_of(text), places, out);
}

static void assert_parses(const char *text, unsigned places, u128 want)
{
	u128 got = 77;

	assert_int_equal(parse(text, places, &got), ERR_OK);
	assert_true(got == want);
}

static void assert_fails(const char *text, unsigned places, enum err want)
{
	u128 got = 77;

	assert_int_equal(parse(text, places, &got), want);
	assert_true(got == 77);
}

static void reads_units(void **state)
{
	(void)state;
	assert_parses("0", 24, 0);
	assert_parses("-0", 24, 0);
	assert_parses("0e999999999999999999999", 24, 0);
	assert_parses("1.5", 2, 150);
	assert_parses("150e-2", 1, 15);
	assert_parses("1.130E-05", 24, (u128)11300000000000 * 1000000);
	assert_parses("2.9999900000000002e-06", 24, (u128)2999990000000000200);
	assert_parses("1e-24", 24, 1);
	assert_parses("10e-25", 24, 1);
	assert_parses("0.000000000000000000000001", 24, 1);
	assert_parses("340282366920938463463374607431768211455", 0, ~(u128)0);
	assert_parses("34028236692093846346337460743176821145.5e1", 0, ~(u128)0);
}

static void refuses_what_does_not_fit(void **state)
{
	(void)state;
	assert_fails("1e-25", 24, ERR_RANGE);
	assert_fails("0.5", 0, ERR_RANGE);
	assert_fails("-1", 24, ERR_RANGE);
	assert_fails("340282366920938463463374607431768211456", 0, ERR_RANGE);
	assert_fails("340282366920938463463374607431768211460", 0, ERR_RANGE);
	assert_fails("1e39", 0, ERR_RANGE);
	assert_fails("1e400", 24, ERR_RANGE);
	assert_fails("1e-400", 24, ERR_RANGE);
	assert_fails("1e99999999999999999999999999", 24, ERR_RANGE);
	assert_fails("1e-99999999999999999999999999", 24, ERR_RANGE);
}

static void refuses_what_is_no_number(void **state)
{
	static const char *const bad[] = { "",         "-",     "+1",  ".5",    "1.",
					   "01",       "-01",   "1e",  "1e+",   "1,5",
					   " 1",       "1 ",    "1_0", "0x1",   "NaN",
					   "Infinity", "1.5.5", "--1", "1e1.5", "\xd9\xa1" };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_fails(bad[i], 24, ERR_GARBLED);
	struct span with_nul = SPAN("1\0");
	u128 v;
	assert_int_equal(decimal_parse(with_nul, 24, &v), ERR_GARBLED);
}

static void assert_writes(u128 units, unsigned places, const char *want)
{
	char text[DECIMAL_TEXT_ROOM];

	assert_int_equal(decimal_text(units, places, text), strlen(want));
	assert_string_equal(text, want);
}

static void writes_plain_digits(void **state)
{
	(void)state;
	assert_writes(0, 0, "0");
	assert_writes(0, 24, "0");
	assert_writes(5, 1, "0.5");
	assert_writes(100, 1, "10");
	assert_writes(1, 24, "0.000000000000000000000001");
	assert_writes(1, 38, "0.00000000000000000000000000000000000001");
	assert_writes(~(u128)0, 0, "340282366920938463463374607431768211455");
	assert_writes(~(u128)0, 38, "3.40282366920938463463374607431768211455");
}

static void assert_pusd(const char *text, enum err want, int64_t pusd)
{
	int64_t got = 77;

	assert_int_equal(decimal_pusd(span_of(text), &got), want);
	assert_int_equal(got, want == ERR_OK ? pusd : 77);
}

static void assert_near(const char *text, enum err want, int64_t pusd)
{
	int64_t got = 77;

	assert_int_equal(decimal_pusd_near(span_of(text), &got), want);
	assert_int_equal(got, want == ERR_OK ? pusd : 77);
}

static void reads_amounts(void **state)
{
	(void)state;
	assert_pusd("0.000146625", ERR_OK, 146625000);
	assert_pusd("-12.5", ERR_OK, -12500000000000);
	assert_pusd("9223372.036854775807", ERR_OK, INT64_MAX);
	assert_pusd("-9223372.036854775807", ERR_OK, -INT64_MAX);
	assert_pusd("9223372.036854775808", ERR_RANGE, 0);
	assert_pusd("-9223372.036854775808", ERR_RANGE, 0);
	assert_pusd("0.0000000000001", ERR_RANGE, 0);
	assert_pusd("1e400", ERR_RANGE, 0);
	assert_pusd("free", ERR_GARBLED, 0);
}

static void rounds_half_to_even(void **state)
{
	(void)state;
	assert_near("1.13e-05", ERR_OK, 11300000);
	assert_near("0.0000000000005", ERR_OK, 0);
	assert_near("0.0000000000015", ERR_OK, 2);
	assert_near("0.0000000000025", ERR_OK, 2);
	assert_near("0.00000000000250000000000000000000000000000001", ERR_OK, 3);
	assert_near("0.0000000000005000000000000000000000000000", ERR_OK, 0);
	assert_near("-0.0000000000015", ERR_OK, -2);
	assert_near("0.00000000000049999999999", ERR_OK, 0);
	assert_near("0.0000000000006", ERR_OK, 1);
	assert_near("5e-13", ERR_OK, 0);
	assert_near("9e-14", ERR_OK, 0);
	assert_near("9e-9999999999", ERR_OK, 0);
	assert_near("9223372.0368547758074", ERR_OK, INT64_MAX);
	assert_near("9223372.0368547758075", ERR_RANGE, 0);
	assert_near("1e7", ERR_RANGE, 0);
	assert_near("1e", ERR_GARBLED, 0);

	assert_true(decimal_divide(5, 10) == 0);
	assert_true(decimal_divide(15, 10) == 2);
	assert_true(decimal_divide(25, 10) == 2);
	assert_true(decimal_divide(26, 10) == 3);
	assert_true(decimal_divide(3, 2) == 2);
	assert_true(decimal_divide(1, 3) == 0);
	assert_true(decimal_divide(2, 3) == 1);
	assert_true(decimal_divide(~(u128)0, ~(u128)0) == 1);
	assert_true(decimal_divide(~(u128)0, 1) == ~(u128)0);
}

/* Every amount comes back from its own text: edges, then pseudo-random ones. */
static void amounts_survive_their_text(void **state)
{
	uint64_t seed = 0x9e3779b97f4a7c15;
	char text[DECIMAL_TEXT_ROOM];
	int64_t back;

	(void)state;
	for (int i = 0; i < 100000; i++) {
		int64_t pusd = i < 3 ? (int64_t[]){ 0, INT64_MAX, -INT64_MAX }[i]
				     : (int64_t)seed >> (i % 60);

		seed = seed * 6364136223846793005 + 1442695040888963407;
		size_t len = decimal_pusd_text(pusd, text);
		assert_int_equal(decimal_pusd((struct span){ text, len }, &back), ERR_OK);
		assert_int_equal(back, pusd);
	}
	decimal_pusd_text(INT64_MIN, text);
	assert_string_equal(text, "-9223372.036854775808");
	decimal_pusd_text(-1, text);
	assert_string_equal(text, "-0.000000000001");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_units),
		cmocka_unit_test(refuses_what_does_not_fit),
		cmocka_unit_test(refuses_what_is_no_number),
		cmocka_unit_test(writes_plain_digits),
		cmocka_unit_test(reads_amounts),
		cmocka_unit_test(rounds_half_to_even),
		cmocka_unit_test(amounts_survive_their_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
