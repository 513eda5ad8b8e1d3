/* test_unicode.c - how many code points each class has, and the classes that regular expressions
 * of other make get wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "metering/unicode.h"

#define SURROGATES   0xd800
#define NO_SURROGATE 0xe000

/* The numbers of Unicode 16.0, counted by a regular expression engine that has it, one code
 * point at a time. */
static void test_counts(void **state)
{
	uint32_t count[32] = { 0 }, cjk = 0;

	(void)state;
	for (uint32_t cp = 0; cp < UNICODE_END; cp++) {
		count[unicode_class(cp)]++;
		cjk += unicode_is_cjk(cp);
	}
	assert_int_equal(count[UC_UPPER], 1858 + 31);
	assert_int_equal(count[UC_LOWER], 2258);
	assert_int_equal(count[UC_CASELESS], 404 + 136477);
	assert_int_equal(count[UC_MARK], 2501);
	assert_int_equal(count[UC_NUMBER], 1911);
	assert_int_equal(count[UC_SPACE], 25);
	assert_int_equal(count[UC_OTHER], UNICODE_END - 1889 - 2258 - 136881 - 2501 - 1911 - 25);
	assert_int_equal(cjk, 112672);
}

static void test_spaces(void **state)
{
	static const uint32_t single[] = { ' ',    0x85,   0xa0,   0x1680, 0x2028,
					   0x2029, 0x202f, 0x205f, 0x3000 };

	(void)state;
	for (uint32_t cp = '\t'; cp <= '\r'; cp++)
		assert_int_equal(unicode_class(cp), UC_SPACE);
	for (uint32_t cp = 0x2000; cp <= 0x200a; cp++)
		assert_int_equal(unicode_class(cp), UC_SPACE);
	for (size_t i = 0; i < sizeof(single) / sizeof(single[0]); i++)
		assert_int_equal(unicode_class(single[i]), UC_SPACE);
	assert_int_equal(unicode_class(0xfeff), UC_OTHER); /* JavaScript says space */
	assert_int_equal(unicode_class(0x200b), UC_OTHER);
}

static void test_classes(void **state)
{
	static const struct {
		uint32_t cp;
		enum uclass class;
		bool cjk;
	} known[] = {
		{ 0, UC_OTHER, false },         { 'A', UC_UPPER, false },
		{ 'z', UC_LOWER, false },       { '7', UC_NUMBER, false },
		{ '_', UC_OTHER, false },       { 0xaa, UC_CASELESS, false },
		{ 0xb2, UC_NUMBER, false },     { 0xdf, UC_LOWER, false },
		{ 0x17f, UC_LOWER, false },     { 0x1c5, UC_UPPER, false }, /* title case */
		{ 0x295, UC_LOWER, false },     { 0x2b0, UC_CASELESS, false },
		{ 0x301, UC_MARK, false },      { 0x903, UC_MARK, false },
		{ 0x20dd, UC_MARK, false },     { 0x2167, UC_NUMBER, false },
		{ 0x3001, UC_OTHER, true },     { 0x3042, UC_CASELESS, true },
		{ 0x4e00, UC_CASELESS, true },  { 0xac00, UC_CASELESS, true },
		{ 0xd7ff, UC_OTHER, true },     { 0xff21, UC_UPPER, true },
		{ 0xff41, UC_LOWER, true },     { 0xff11, UC_NUMBER, true },
		{ 0x10d50, UC_UPPER, false }, /* new in 16.0 */
		{ 0x1f600, UC_OTHER, false },   { 0x20000, UC_CASELESS, true },
		{ 0x2ebf0, UC_CASELESS, true }, { UNICODE_END - 1, UC_OTHER, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		assert_int_equal(unicode_class(known[i].cp), known[i].class);
		assert_int_equal(unicode_is_cjk(known[i].cp), known[i].cjk);
	}
}

/* What is no character is not looked up. */
static void test_beyond(void **state)
{
	(void)state;
	for (uint32_t cp = SURROGATES; cp < NO_SURROGATE; cp++)
		assert_int_equal(unicode_class(cp), UC_OTHER);
	assert_int_equal(unicode_class(UNICODE_END), UC_OTHER);
	assert_int_equal(unicode_class(UINT32_MAX), UC_OTHER);
	assert_false(unicode_is_cjk(UINT32_MAX));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_counts),
		cmocka_unit_test(test_spaces),
		cmocka_unit_test(test_classes),
		cmocka_unit_test(test_beyond),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
