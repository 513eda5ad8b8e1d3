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

struct text {
	char *at;
	size_t len;
};

static void add_base64(struct text *to, struct span bytes)
{
	static const char digits[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	for (size_t i = 0; i < bytes.len; i += 3) {
		uint32_t three = 0;

		for (size_t j = 0; j < 3; j++)
			three = three << 8 | (i + j < bytes.len ? (uint8_t)bytes.at[i + j] : 0);
		for (size_t j = 0; j < 4; j++)
			to->at[to->len++] = i + j <= bytes.len ? digits[three >> (18 - 6 * j) & 63]
							       : '=';
	}
}

/* The bytes of all tokens, one behind the other. */
struct arena {
	struct text bytes;
	struct span *token;
};

static void add_bytes(struct text *to, struct span bytes)
{
	assert_true(to->len + bytes.len <= TEXT_MAX);
	memcpy(to->at + to->len, bytes.at, bytes.len);
	to->len += bytes.len;
}

/* A number of three planes. */
static uint32_t number_at(const uint8_t *low, uint32_t plane)
{
	return low[0] | (uint32_t)low[plane] << 8 | (uint32_t)low[2 * plane] << 16;
}

static void add_token(struct arena *a, const uint8_t *pairs, uint32_t count, uint32_t id)
{
	const uint8_t *single = pairs + 8, *left = single + BYTES;
	char *start = a->bytes.at + a->bytes.len;
	uint32_t plane = count - BYTES;

	if (id < BYTES) {
		add_bytes(&a->bytes, (struct span){ (const char *)single + id, 1 });
	} else {
		for (int side = 0; side < 2; side++) {
			uint32_t part = number_at(left + 3 * plane * side + id - BYTES, plane);

			assert_true(part < id);
			add_bytes(&a->bytes, a->token[part]);
		}
	}
	a->token[id] = (struct span){ start, (size_t)(a->bytes.at + a->bytes.len - start) };
}

/* All tokens, base64 and rank, as the published files have them. */
static struct text make_text(struct span data)
{
	const uint8_t *pairs = (const uint8_t *)data.at;
	uint32_t count = pairs[4] | (uint32_t)pairs[5] << 8 | (uint32_t)pairs[6] << 16;
	struct arena arena = { { malloc(TEXT_MAX), 0 }, calloc(count, sizeof(struct span)) };
	struct text text = { malloc(TEXT_MAX), 0 };

	assert_true(arena.bytes.at && arena.token && text.at);
	assert_memory_equal(pairs, "WVP1", 4);
	assert_int_equal(data.len, 8 + BYTES + 6 * ((size_t)count - BYTES));
	for (uint32_t id = 0; id < count; id++) {
		add_token(&arena, pairs, count, id);
		assert_true(text.len < TEXT_MAX - 1024);
		add_base64(&text, arena.token[id]);
		text.len += (size_t)sprintf(text.at + text.len, " %u\n", id);
	}
	free(arena.token);
	free(arena.bytes.at);
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
