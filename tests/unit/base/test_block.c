/* test_block.c - every byte at every place, against the plain question. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "base/block.h"

static void answers_for_each_byte(void **state)
{
	static const char ranges[][2] = { { 'a', 'z' }, { '0', '9' },     { '\t', '\r' },
					  { ' ', ' ' }, { '\0', '\x7f' }, { '\x7f', '\x7f' } };

	(void)state;
	for (int first = 0; first < 256; first++) {
		char text[BLOCK_BYTES];

		for (int i = 0; i < BLOCK_BYTES; i++)
			text[i] = (char)(first + 37 * i);
		struct block b = block_load(text), lower = block_lower(&b);

		for (int i = 0; i < BLOCK_BYTES; i++) {
			int c = (unsigned char)text[i];
			int is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');

			assert_int_equal(block_high(&b) >> i & 1, c > 0x7f);
			assert_int_equal(block_is(&b, '\'') >> i & 1, c == '\'');
			assert_int_equal(block_in(&lower, 'a', 'z') >> i & 1, is_letter);
			for (size_t r = 0; r < sizeof(ranges) / sizeof(*ranges); r++)
				assert_int_equal(block_in(&b, ranges[r][0], ranges[r][1]) >> i & 1,
						 c >= ranges[r][0] && c <= ranges[r][1]);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(answers_for_each_byte) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
