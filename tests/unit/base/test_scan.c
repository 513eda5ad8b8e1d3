/* test_scan.c - every byte at every place, against the plain loop; and nothing is read
 * outside of the bytes given, which a sanitizer would see. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include "base/scan.h"

static size_t plainly(const char *text, size_t len, bool (*goes_on)(char c))
{
	size_t at = 0;

	while (at < len && goes_on(text[at]))
		at++;
	return at;
}

static void expect(const char *text, size_t len)
{
	assert_int_equal(scan_string(text, text + len) - text, plainly(text, len, scan_is_text));
	assert_int_equal(scan_line(text, text + len) - text,
			 plainly(text, len, scan_is_inside_line));
}

static void finds_every_byte_at_every_place(void **state)
{
	(void)state;
	for (size_t len = 1; len < 60; len++) {
		char *text = malloc(len);

		for (size_t at = 0; at < len; at++) {
			for (unsigned byte = 0; byte < 256; byte++) {
				memset(text, 'a', len);
				text[at] = (char)byte;
				expect(text, len);
			}
		}
		free(text);
	}
}

static void finds_the_first_of_many(void **state)
{
	unsigned seed = 1;

	(void)state;
	for (unsigned i = 0; i < 200000; i++) {
		static const char bytes[] = "aaaaaaaaaaaaaa !\"#[\\]\r\n\x1f\x7f\x80\xff";
		size_t len;
		char *text;

		seed = seed * 1664525u + 1013904223u;
		len = seed >> 26;
		text = malloc(len + 1);
		for (size_t at = 0; at < len; at++) {
			seed = seed * 1664525u + 1013904223u;
			text[at] = bytes[(seed >> 16) % (sizeof(bytes) - 1)];
		}
		expect(text, len);
		free(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_every_byte_at_every_place),
		cmocka_unit_test(finds_the_first_of_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
