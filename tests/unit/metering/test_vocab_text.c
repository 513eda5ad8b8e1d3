/* test_vocab_text.c - the pairs that the program carries stand for the vocabularies as they were
 * published: the rank files, made again out of them, have the known sums. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include "base/digest.h"
#include "metering/vocab_data.h"

#define BYTES    256
#define TEXT_MAX (4u << 20)

/* Where a token's bytes are in the arena that all are written to. */
struct place {
	uint32_t at, len;
};

struct text {
	char *at;
	size_t len;
};

static void add_base64(struct text *to, const char *bytes, size_t len)
{
	static const char digits[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	for (size_t i = 0; i < len; i += 3) {
		uint32_t three = 0;

		for (size_t j = 0; j < 3; j++)
			three = three << 8 | (i + j < len ? (uint8_t)bytes[i + j] : 0);
		for (size_t j = 0; j < 4; j++)
			to->at[to->len++] = i + j <= len ? digits[three >> (18 - 6 * j) & 63] : '=';
	}
}

static uint32_t plane_id(const uint8_t *low, uint32_t plane)
{
	return low[0] | (uint32_t)low[plane] << 8 | (uint32_t)low[2 * plane] << 16;
}

/* All tokens, base64 and rank, as the published files have them. */
static struct text make_text(struct span pairs)
{
	const uint8_t *at = (const uint8_t *)pairs.at;
	uint32_t count = at[4] | (uint32_t)at[5] << 8 | (uint32_t)at[6] << 16, arena_len = 0;
	uint32_t plane = count - BYTES;
	const uint8_t *single = at + 8, *left = single + BYTES, *right = left + 3 * plane;
	struct place *token = calloc(count, sizeof(*token));
	char *arena = malloc(TEXT_MAX);
	struct text text = { malloc(TEXT_MAX), 0 };

	assert_true(token && arena && text.at);
	assert_memory_equal(at, "WVP1", 4);
	assert_int_equal(pairs.len, 8 + BYTES + 6 * (size_t)plane);
	for (uint32_t id = 0; id < count; id++) {
		token[id].at = arena_len;
		if (id < BYTES) {
			arena[arena_len++] = (char)single[id];
		} else {
			uint32_t part[2] = { plane_id(left + id - BYTES, plane),
					     plane_id(right + id - BYTES, plane) };

			for (int i = 0; i < 2; i++) {
				assert_true(part[i] < id);
				memcpy(arena + arena_len, arena + token[part[i]].at,
				       token[part[i]].len);
				arena_len += token[part[i]].len;
			}
		}
		token[id].len = arena_len - token[id].at;
		assert_true(arena_len < TEXT_MAX / 2 && text.len < TEXT_MAX - 1024);
		add_base64(&text, arena + token[id].at, token[id].len);
		text.len += (size_t)sprintf(text.at + text.len, " %u\n", id);
	}
	free(token);
	free(arena);
	return text;
}

static void expect_sum(enum vocab_id id, size_t len, const char *sum)
{
	struct text text = make_text(vocab_data(id));
	uint8_t digest[SHA256_BYTES];
	char hex[2 * SHA256_BYTES + 1];

	digest_sha256((struct span){ text.at, text.len }, digest);
	digest_hex(digest, SHA256_BYTES, hex);
	assert_string_equal(hex, sum);
	assert_int_equal(text.len, len);
	free(text.at);
}

static void test_cl100k(void **state)
{
	(void)state;
	expect_sum(VOCAB_CL100K, 1681126,
		   "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7");
}

static void test_o200k(void **state)
{
	(void)state;
	expect_sum(VOCAB_O200K, 3613922,
		   "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cl100k),
		cmocka_unit_test(test_o200k),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
