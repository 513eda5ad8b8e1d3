/* test_picture.c - a picture's size from its first bytes, and what it costs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include "metering/picture.h"

static struct picture_probe probe;
static char letters[200000];

/* Encodes bytes; the tests' own, since nothing else here writes base64. */
static struct span encode(const void *bytes, size_t len)
{
	static const char table[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const unsigned char *from = bytes;
	char *to = letters;

	for (size_t i = 0; i < len; i += 3) {
		uint32_t bits = (uint32_t)from[i] << 16;

		bits |= i + 1 < len ? (uint32_t)from[i + 1] << 8 : 0;
		bits |= i + 2 < len ? from[i + 2] : 0;
		*to++ = table[bits >> 18];
		*to++ = table[bits >> 12 & 63];
		*to++ = i + 1 < len ? table[bits >> 6 & 63] : '=';
		*to++ = i + 2 < len ? table[bits & 63] : '=';
	}
	return (struct span){ letters, (size_t)(to - letters) };
}

static bool look(struct span s, size_t step)
{
	picture_probe_init(&probe);
	while (s.len > 0) {
		size_t len = s.len < step ? s.len : step;

		picture_probe_feed(&probe, (struct span){ s.at, len });
		s = span_skip(s, len);
	}
	return probe.step == PICTURE_DONE;
}

static void expect(const void *bytes, size_t len, uint32_t width, uint32_t height)
{
	for (size_t step = 1; step < 80; step++) {
		if (!look(encode(bytes, len), step))
			fail_msg("no picture of %u x %u, in steps of %zu", width, height, step);
		assert_int_equal(probe.width, width);
		assert_int_equal(probe.height, height);
	}
}

static const unsigned char png[] = "\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x04\0\0\0\x02\x03\x08\x06";
static const unsigned char gif[] = "GIF89a\x20\x03\x58\x02\xf7\0\0";
static const unsigned char lossy[] = "RIFF\x24\0\0\0WEBPVP8 \x18\0\0\0\x30\x01\0\x9d\x01\x2a"
				     "\x80\x02\xe0\x41\x02";
static const unsigned char lossless[] = "RIFF\x24\0\0\0WEBPVP8L\x18\0\0\0\x2f\x7f\xc2\x77\0"
					"\x10\x10\x10\x10\x10";
static const unsigned char extended[] = "RIFF\x24\0\0\0WEBPVP8X\x0a\0\0\0\x10\0\0\0"
					"\xff\xff\0\x0f\x27\0";

static void test_fixed_places(void **state)
{
	(void)state;
	expect(png, sizeof(png) - 1, 1024, 515);
	expect(gif, sizeof(gif) - 1, 800, 600);
	expect(lossy, sizeof(lossy) - 1, 640, 480);
	expect(lossless, sizeof(lossless) - 1, 640, 480);
	expect(extended, sizeof(extended) - 1, 65536, 10000);
}

static const unsigned char jpeg_frame[] = "\xff\xc2\0\x11\x08\x02\x36\x02\x55\x03\x01\x22\0";

/* A JPEG with so many bytes of something else before its frame. */
static size_t make_jpeg(unsigned char *to, size_t before)
{
	unsigned char *at = to;

	memcpy(at, "\xff\xd8\xff\xe0\0\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0", 20);
	at += 20;
	while (before > 0) {
		size_t len = before < 65533 ? before : 65533;

		memcpy(at, "\xff\xff\xe1", 3); /* with a byte of padding */
		at[3] = (unsigned char)((len + 2) >> 8);
		at[4] = (unsigned char)(len + 2);
		memset(at + 5, 0xff, len);
		at += 5 + len;
		before -= len;
	}
	memcpy(at, jpeg_frame, sizeof(jpeg_frame));
	return (size_t)(at - to) + sizeof(jpeg_frame);
}

static void test_jpeg(void **state)
{
	static unsigned char bytes[140000];

	(void)state;
	expect(bytes, make_jpeg(bytes, 0), 597, 566);
	expect(bytes, make_jpeg(bytes, 1), 597, 566);
	expect(bytes, make_jpeg(bytes, 300), 597, 566);
	assert_true(look(encode(bytes, make_jpeg(bytes, 65400)), 4096));
	assert_int_equal(probe.width, 597);
	assert_false(look(encode(bytes, make_jpeg(bytes, 70000)), 4096)); /* too far to look */
	assert_int_equal(probe.step, PICTURE_NONE);
	assert_true(probe.looked <= PICTURE_LOOK_MAX + 48);
}

static void test_no_picture(void **state)
{
	static const unsigned char late[] = "\xff\xd8\xff\xda\0\x0c\x03";
	static const unsigned char bare[] = "\xff\xd8\x01\x02\x03\x04";
	static const unsigned char empty[] = "\xff\xd8\xff\xe0\0\x01\xff\xc0";
	static const unsigned char flat[] = "\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\0\0\0\x02\x03";
	static const unsigned char huge[] = "\x89PNG\r\n\x1a\n\0\0\0\rIHDR\xff\0\0\0\0\0\x02\x03";

	(void)state;
	assert_false(look(encode(late, sizeof(late)), 1));
	assert_false(look(encode(bare, sizeof(bare)), 1));
	assert_false(look(encode(empty, sizeof(empty)), 1));
	assert_false(look(encode(flat, sizeof(flat)), 1));
	assert_false(look(encode(huge, sizeof(huge)), 1));
	assert_false(look(SPAN("JVBERi0xLjcKJeLjz9MK"), 20)); /* a PDF */
	assert_int_equal(probe.step, PICTURE_NONE);
	assert_false(look(SPAN("!!"), 2));
	assert_int_equal(probe.step, PICTURE_NONE);
	assert_false(look(SPAN(""), 1));
	assert_int_equal(probe.step, PICTURE_MAGIC); /* not known yet */
	assert_false(look((struct span){ encode(png, sizeof(png) - 1).at, 20 }, 7));
	assert_int_equal(probe.step, PICTURE_HEADER);
}

/* Any bytes at all: no report of a size that picture_tok() would not take. */
static void test_noise(void **state)
{
	static const unsigned char *const starts[] = { png, gif, lossy, lossless, jpeg_frame };
	unsigned char bytes[64];
	struct tok_model m;
	unsigned found = 0;

	(void)state;
	srandom(7);
	tok_model_find(NULL, SPAN("gpt-4.1-mini"), &m);
	for (unsigned round = 0; round < 20000; round++) {
		for (size_t i = 0; i < sizeof(bytes); i++)
			bytes[i] = (unsigned char)random();
		if (round % 2 == 0)
			memcpy(bytes, starts[round / 2 % 5], (size_t)random() % 13);
		bytes[0] = round % 10 == 1 ? 0xff : bytes[0];
		bytes[1] = round % 10 == 1 ? 0xd8 : bytes[1];
		bytes[2] = round % 10 == 1 ? 0xff : bytes[2];
		if (!look(encode(bytes, sizeof(bytes)), 17))
			continue;
		found++;
		assert_true(picture_tok(m.picture, probe.width, probe.height, PICTURE_HIGH) > 0);
	}
	assert_true(found > 0);
}

/* --- what it costs --- */

static void test_prices(void **state)
{
	static const struct {
		const char *model;
		uint32_t width, height;
		enum picture_detail detail;
		uint64_t tok;
	} cases[] = {
		{ "gpt-4o", 1024, 1024, PICTURE_HIGH, 765 },
		{ "gpt-4o", 2048, 4096, PICTURE_HIGH, 1105 },
		{ "gpt-4o", 4096, 8192, PICTURE_LOW, 85 },
		{ "gpt-4o", 597, 566, PICTURE_HIGH, 765 }, /* recorded */
		{ "gpt-4o", 540, 360, PICTURE_HIGH, 425 }, /* recorded */
		{ "gpt-4o", 512, 512, PICTURE_HIGH, 255 },
		{ "gpt-4o", 513, 512, PICTURE_HIGH, 425 },
		{ "gpt-4o", 1, 1, PICTURE_HIGH, 255 },
		{ "gpt-4o", 1, 1u << 30, PICTURE_HIGH, 85 + 4 * 170 },
		{ "gpt-4-turbo", 1024, 1024, PICTURE_HIGH, 765 },
		{ "gpt-4o-mini", 1024, 1024, PICTURE_HIGH, 2833 + 4 * 5667 },
		{ "gpt-4o-mini", 1024, 1024, PICTURE_LOW, 2833 },
		{ "gpt-5", 1024, 1024, PICTURE_HIGH, 70 + 4 * 140 },
		{ "o3", 1024, 1024, PICTURE_HIGH, 75 + 4 * 150 },
		{ "gpt-4.1-mini", 1024, 1024, PICTURE_HIGH, 1659 }, /* 1024 patches */
		{ "gpt-4.1-mini", 1800, 2400, PICTURE_HIGH, 2353 }, /* 1452 */
		{ "gpt-4.1-nano", 1800, 2400, PICTURE_HIGH, 3572 }, /* 1452 */
		{ "o4-mini", 1024, 1024, PICTURE_HIGH, 1762 },      /* 1024 */
		{ "o4-mini", 1, 1u << 30, PICTURE_HIGH, 2642 },     /* 1536 */
		{ "gpt-5-mini", 1024, 1024, PICTURE_LOW, 415 },     /* 256 */
		{ "claude-sonnet-4-5", 1000, 1000, PICTURE_HIGH, 1296 },
		{ "claude-sonnet-4-5", 1092, 1092, PICTURE_HIGH, 1521 },
		{ "claude-sonnet-4-5", 8000, 8000, PICTURE_HIGH, 1568 },
		{ "claude-sonnet-4-5", 200, 200, PICTURE_HIGH, 64 },
		{ "claude-opus-4-7", 2576, 1449, PICTURE_HIGH, 4784 },
		{ "gemini-2.5-flash", 384, 384, PICTURE_HIGH, 258 },
		{ "gemini-2.5-flash", 960, 540, PICTURE_HIGH, 516 },
		{ "gpt-3.5-turbo", 960, 540, PICTURE_HIGH, 0 }, /* is blind */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct tok_model m;
		uint64_t tok;

		tok_model_find(NULL, span_of(cases[i].model), &m);
		tok = picture_tok(m.picture, cases[i].width, cases[i].height, cases[i].detail);
		if (tok != cases[i].tok)
			fail_msg("%s %u x %u: %ju and not %ju", cases[i].model, cases[i].width,
				 cases[i].height, (uintmax_t)tok, (uintmax_t)cases[i].tok);
	}
}

/* A turned picture costs the same; a larger one of the same form never much less. */
static void test_turned(void **state)
{
	static const char *const names[] = { "gpt-4o",     "gpt-4.1-mini", "claude-opus-4-7",
					     "gemini-2.0", "qwen-vl",      "gpt-5.4" };

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct tok_model m;

		tok_model_find(NULL, span_of(names[i]), &m);
		for (uint32_t w = 1; w < 5000; w += 97)
			for (uint32_t h = w; h < 5000; h += 131)
				assert_int_equal(picture_tok(m.picture, w, h, PICTURE_HIGH),
						 picture_tok(m.picture, h, w, PICTURE_HIGH));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fixed_places), cmocka_unit_test(test_jpeg),
		cmocka_unit_test(test_no_picture),   cmocka_unit_test(test_noise),
		cmocka_unit_test(test_prices),       cmocka_unit_test(test_turned),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
