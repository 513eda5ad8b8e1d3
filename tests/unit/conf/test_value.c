/* test_value.c - what people write, to integers and back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "conf/value.h"

static void test_bytes(void **state)
{
	static const struct {
		const char *text;
		uint64_t bytes;
	} good[] = {
		{ "0", 0 },
		{ "512", 512 },
		{ "64k", 65536 },
		{ "64 KB", 65536 },
		{ "1.5g", UINT64_C(3) << 29 },
		{ "32M", 32u << 20 },
		{ "7b", 7 },
		{ "18446744073709551615", UINT64_MAX },
	};
	static const char *const bad[] = { "", "k", "64q", "-1", "1e3", "0x10", "1..5k", "1 2" };
	static const char *const far[] = { "0.1k", "0.5", "18446744073709551616", "17179869184g" };
	uint64_t v = 77;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(value_bytes(span_of(good[i].text), &v), ERR_OK);
		assert_true(v == good[i].bytes);
	}
	v = 77;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(value_bytes(span_of(bad[i]), &v), ERR_GARBLED);
	for (size_t i = 0; i < sizeof(far) / sizeof(far[0]); i++)
		assert_int_equal(value_bytes(span_of(far[i]), &v), ERR_RANGE);
	assert_true(v == 77);
}

static void test_duration(void **state)
{
	uint64_t us = 77;

	(void)state;
	assert_int_equal(value_duration(SPAN("250ms"), &us), ERR_OK);
	assert_true(us == 250000);
	assert_int_equal(value_duration(SPAN("1.5 s"), &us), ERR_OK);
	assert_true(us == 1500000);
	assert_int_equal(value_duration(SPAN("2m"), &us), ERR_OK);
	assert_true(us == 120000000);
	assert_int_equal(value_duration(SPAN("1d"), &us), ERR_OK);
	assert_true(us == UINT64_C(86400000000));
	assert_int_equal(value_duration(SPAN("0"), &us), ERR_OK);
	assert_true(us == 0);
	assert_int_equal(value_duration(SPAN("30"), &us), ERR_GARBLED);
	assert_int_equal(value_duration(SPAN("30 parsec"), &us), ERR_GARBLED);
	assert_int_equal(value_duration(SPAN("0.1us"), &us), ERR_RANGE);
	assert_int_equal(value_duration(SPAN("999999999d"), &us), ERR_RANGE);
}

static void test_usd(void **state)
{
	int64_t pusd = 77;

	(void)state;
	assert_int_equal(value_usd(SPAN("1usd"), &pusd), ERR_OK);
	assert_true(pusd == INT64_C(1000000000000));
	assert_int_equal(value_usd(SPAN("0.15 USD"), &pusd), ERR_OK);
	assert_true(pusd == INT64_C(150000000000));
	assert_int_equal(value_usd(SPAN("$20"), &pusd), ERR_OK);
	assert_true(pusd == INT64_C(20000000000000));
	assert_int_equal(value_usd(SPAN("0.000000000001usd"), &pusd), ERR_OK);
	assert_true(pusd == 1);
	assert_int_equal(value_usd(SPAN("100"), &pusd), ERR_GARBLED);
	assert_int_equal(value_usd(SPAN("$-1"), &pusd), ERR_GARBLED);
	assert_int_equal(value_usd(SPAN("$"), &pusd), ERR_GARBLED);
	assert_int_equal(value_usd(SPAN("1eur"), &pusd), ERR_GARBLED);
	assert_int_equal(value_usd(SPAN("0.0000000000001usd"), &pusd), ERR_RANGE);
	assert_int_equal(value_usd(SPAN("10000000usd"), &pusd), ERR_RANGE);
}

static void test_count_and_bool(void **state)
{
	uint64_t v;
	bool on = false;

	(void)state;
	assert_int_equal(value_count(SPAN("16384"), &v), ERR_OK);
	assert_true(v == 16384);
	assert_int_equal(value_count(SPAN("-1"), &v), ERR_GARBLED);
	assert_int_equal(value_count(SPAN("1.0"), &v), ERR_GARBLED);
	assert_int_equal(value_count(SPAN(""), &v), ERR_GARBLED);
	assert_int_equal(value_count(SPAN("18446744073709551616"), &v), ERR_RANGE);
	assert_int_equal(value_bool(SPAN("Yes"), &on), ERR_OK);
	assert_true(on);
	assert_int_equal(value_bool(SPAN("off"), &on), ERR_OK);
	assert_false(on);
	assert_int_equal(value_bool(SPAN("1"), &on), ERR_GARBLED);
}

static void test_show(void **state)
{
	static const struct {
		uint64_t bytes;
		const char *text;
	} sizes[] = {
		{ 0, "0" }, { 1, "1" }, { 65536, "64k" }, { 1536, "1536" }, { 3u << 20, "3m" }
	};
	static const struct {
		uint64_t us;
		const char *text;
	} times[] = { { 0, "0" },
		      { 250000, "250ms" },
		      { 90000000, "90s" },
		      { 60000000, "1m" },
		      { 1, "1us" } };
	char text[VALUE_TEXT_ROOM];

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		value_show_bytes(sizes[i].bytes, text);
		assert_string_equal(text, sizes[i].text);
	}
	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		value_show_duration(times[i].us, text);
		assert_string_equal(text, times[i].text);
	}
	value_show_usd(INT64_C(150000000000), text);
	assert_string_equal(text, "0.15usd");
}

/* Every number survives being shown and read, over the whole range. */
static void test_round_trip(void **state)
{
	uint64_t v = 1, back;
	int64_t pusd;
	char text[VALUE_TEXT_ROOM];

	(void)state;
	for (int i = 0; i < 10000; i++) {
		uint64_t n = v >> (i % 64);

		value_show_bytes(n, text);
		assert_int_equal(value_bytes(span_of(text), &back), ERR_OK);
		assert_true(back == n);
		value_show_duration(n, text);
		assert_int_equal(value_duration(span_of(text), &back), ERR_OK);
		assert_true(back == n);
		value_show_usd((int64_t)(n >> 1), text);
		assert_int_equal(value_usd(span_of(text), &pusd), ERR_OK);
		assert_true(pusd == (int64_t)(n >> 1));
		v = v * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bytes), cmocka_unit_test(test_duration),
		cmocka_unit_test(test_usd),   cmocka_unit_test(test_count_and_bool),
		cmocka_unit_test(test_show),  cmocka_unit_test(test_round_trip),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
