/* test_key.c - keys are made, checked and masked. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "metering/key.h"

static void test_round(void **state)
{
	char key[KEY_ROOM], other[KEY_ROOM];
	uint8_t hash[SHA256_BYTES], expected[SHA256_BYTES];

	(void)state;
	for (int i = 0; i < 1000; i++) {
		key_make(key);
		assert_int_equal(strlen(key), KEY_LEN);
		assert_true(key_check(span_of(key)));
	}
	key_make(other);
	assert_string_not_equal(key, other);
	assert_memory_equal(key_public_id(span_of(key)).at, key + 8, KEY_ID_LEN);
	assert_int_equal(key_public_id(span_of(key)).len, KEY_ID_LEN);
	key_hash(span_of(key), hash);
	digest_sha256(span_of(key), expected);
	assert_memory_equal(hash, expected, SHA256_BYTES);
}

/* A checksum that was computed elsewhere: CRC-32 as zlib has it, in base 62. */
static void test_known(void **state)
{
	(void)state;
	assert_true(key_check(SPAN("sk-weir-0123456789AB-abcdefghijklmnopqrstuvwx3iUB0G")));
	assert_false(key_check(SPAN("sk-weir-0123456789AB-abcdefghijklmnopqrstuvwx3iUB00")));
}

static void test_every_change_is_noticed(void **state)
{
	char key[KEY_ROOM];

	(void)state;
	key_make(key);
	for (size_t i = 0; i < KEY_LEN; i++) {
		char was = key[i];

		for (int c = 0; c < 256; c++) {
			key[i] = (char)c;
			assert_true(key_check((struct span){ key, KEY_LEN }) == (key[i] == was));
		}
		key[i] = was;
		assert_false(key_check((struct span){ key, i }));
	}
	assert_false(key_check((struct span){ key, KEY_LEN + 1 }));
	assert_false(key_check((struct span){ NULL, 0 }));
}

static void test_mask(void **state)
{
	char key[KEY_ROOM], mask[KEY_MASK_ROOM];

	(void)state;
	key_mask(SPAN("sk-weir-0123456789AB-abcdefghijklmnopqrstuvwx3iUB0G"), mask);
	assert_string_equal(mask, "sk-weir-0123456789AB-****");
	key_make(key);
	key[KEY_LEN - 1] = '-';
	key_mask(span_of(key), mask);
	assert_string_equal(mask, "****");
	key_mask(SPAN("sk-proj-somebody-elses-secret"), mask);
	assert_string_equal(mask, "****");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round),
		cmocka_unit_test(test_known),
		cmocka_unit_test(test_every_change_is_noticed),
		cmocka_unit_test(test_mask),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
