/* The checksums against the published check values and against themselves in pieces. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
/* The file itself: this machine uses one of two ways, and both must agree. */
#include "base/crc32.c"

static void check_values(void **state)
{
	(void)state;
	assert_int_equal(crc32_ieee(0, SPAN("123456789")), 0xcbf43926);
	assert_int_equal(crc32_castagnoli(0, SPAN("123456789")), 0xe3069283);
	assert_int_equal(crc32_ieee(0, SPAN("")), 0);
	assert_int_equal(crc32_castagnoli(0, SPAN("")), 0);
}

/* RFC 3720 B.4: 32 bytes of zeros, of ones, and counting up. */
static void rfc_3720(void **state)
{
	char bytes[32];

	(void)state;
	memset(bytes, 0, sizeof(bytes));
	assert_int_equal(crc32_castagnoli(0, (struct span){ bytes, 32 }), 0x8a9136aa);
	memset(bytes, 0xff, sizeof(bytes));
	assert_int_equal(crc32_castagnoli(0, (struct span){ bytes, 32 }), 0x62a8ab43);
	for (int i = 0; i < 32; i++)
		bytes[i] = (char)i;
	assert_int_equal(crc32_castagnoli(0, (struct span){ bytes, 32 }), 0x46dd794e);
}

static void pieces_equal_the_whole(void **state)
{
	struct span whole = SPAN("a weir is a low wall across a river");

	(void)state;
	for (size_t cut = 0; cut <= whole.len; cut++) {
		struct span head = { whole.at, cut }, tail = span_skip(whole, cut);

		assert_int_equal(crc32_ieee(crc32_ieee(0, head), tail), crc32_ieee(0, whole));
		assert_int_equal(crc32_castagnoli(crc32_castagnoli(0, head), tail),
				 crc32_castagnoli(0, whole));
	}
}

static void table_and_processor_agree(void **state)
{
	char bytes[300];

	(void)state;
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (char)(i * 37 + i / 7);
	for (size_t from = 0; from < 9; from++)
		for (size_t len = 0; from + len <= sizeof(bytes); len++) {
			struct span s = { bytes + from, len };

			assert_int_equal(crc32_castagnoli(7, s), run(castagnoli, 7, s));
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(check_values),
		cmocka_unit_test(rfc_3720),
		cmocka_unit_test(pieces_equal_the_whole),
		cmocka_unit_test(table_and_processor_agree),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
