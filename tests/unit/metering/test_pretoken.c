/* test_pretoken.c - where pieces end: by hand, and blocks against one piece at a time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "metering/pretoken.h"

/* A text with bars where pieces end; bars are no part of it. */
struct split {
	const char *cl100k, *o200k;
};

static const struct split splits[] = {
	{ "Hello|,| world|!", "Hello|,| world|!" },
	{ "don|'t| I|'LL| it|'ſ", "don't| I'LL| it'ſ" },
	{ "don|'t|x", "don't|x" },
	{ "a|'s|'s", "a's|'s" },
	{ "a|'s|'s|'s", "a's|'s's" },
	{ " '|s| '|s", " '|s| '|s" },
	{ "'s|ound|'l|''|ll", "'sound|'l|''|ll" },
	{ "camelCase| HTTPServer", "camel|Case| HTTPServer" },
	{ "字ABC|-字ABCd", "字|ABC|-字ABCd" },
	{ "x|\u0301x", "x\u0301x" },
	{ "123|456|7| |89", "123|456|7| |89" },
	{ "½٣4|5", "½٣4|5" },
	{ "};\n\n|//| x", "};\n\n//| x" },
	{ ";\n|/\n|;a", ";\n/\n|;a" },
	{ "a|  \n \n|  | b|\t|1", "a|  \n \n|  | b|\t|1" },
	{ "a|\n|b|  ", "a|\n|b|  " },
	{ "  | ----", "  | ----" },
	{ "x| |\u3000日| 。", "x| |\u3000日| 。" },
	{ "\302\205|\ufeffa", "\302\205|\ufeffa" },
};

#define SPLITS (sizeof(splits) / sizeof(*splits))

static uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state >> 11;
}

/* The text with bars put where the machine ends pieces. */
static void put_bars(enum vocab_id id, struct span text, char *to)
{
	while (text.len > 0) {
		size_t len = pretoken_first(id, text).len;

		memcpy(to, text.at, len);
		to += len;
		text = span_skip(text, len);
		if (text.len > 0)
			*to++ = '|';
	}
	*to = '\0';
}

static void splits_as_written(void **state)
{
	(void)state;
	for (size_t i = 0; i < SPLITS; i++)
		for (int id = 0; id < VOCAB_COUNT; id++) {
			const char *expected = id == VOCAB_CL100K ? splits[i].cl100k
								  : splits[i].o200k;
			char text[200], said[400];
			size_t len = 0;

			for (const char *p = expected; *p; p++)
				if (*p != '|')
					text[len++] = *p;
			put_bars((enum vocab_id)id, (struct span){ text, len }, said);
			assert_string_equal(said, expected);
		}
}

/* A piece that is not open ends where it does whatever comes behind. */
static void stays_closed(void **state)
{
	static const char alphabet[] = "aA's tl1-/\n \rvre";
	uint64_t random = 123456789;

	(void)state;
	for (int round = 0; round < 200000; round++) {
		enum vocab_id id = round % VOCAB_COUNT;
		char text[16];
		size_t len = 1 + next_random(&random) % 8;

		for (size_t i = 0; i < sizeof(text); i++)
			text[i] = alphabet[next_random(&random) % (sizeof(alphabet) - 1)];
		struct pretoken piece = pretoken_first(id, (struct span){ text, len });

		if (!piece.open)
			assert_int_equal(pretoken_first(id, (struct span){ text, 16 }).len,
					 piece.len);
	}
}

/* Characters of the alphabet until there are `bytes` of them or a few more. */
static size_t random_text(struct span alphabet, char *to, size_t bytes, uint64_t *random)
{
	size_t len = 0;

	while (len < bytes) {
		struct span c = span_skip(alphabet, next_random(random) % alphabet.len);

		while ((*c.at & 0xc0) == 0x80)
			c.at--;
		c.len = pretoken_char(c).len;
		memcpy(to + len, c.at, c.len);
		len += c.len;
	}
	return len;
}

/* What a block says of its pieces, a piece at a time says, too; and a block says something of
 * most texts. */
static void agrees_with_blocks(void **state)
{
	static const struct span alphabets[] = {
		SPAN("abcXY   "),
		SPAN("a'stlre SLVD  "),
		SPAN("aB'- 12\n"),
		SPAN("  \n\t\rx;"),
		SPAN("/\n;/ a."),
		SPAN("0123456789 a"),
		SPAN("aB bcdef. éſ'"),
		SPAN("-=_ \n/"),
		SPAN("'sS'tT'll've a1"),
		SPAN("\n \n\n  x"),
		SPAN("\x1c\x1f\x7f\x0b\x0c a@[`{"),
	};
	uint64_t random = 987654321;
	size_t said = 0;

	(void)state;
	for (int round = 0; round < 100000; round++) {
		struct span alphabet = alphabets[round / VOCAB_COUNT % 11];
		enum vocab_id id = round % VOCAB_COUNT;
		char text[2 * PRETOKEN_BLOCK];
		size_t len = random_text(alphabet, text, PRETOKEN_BLOCK + 32, &random), at = 0;

		for (uint64_t starts = pretoken_block(id, text); starts != 0;
		     starts &= starts - 1) {
			at += pretoken_first(id, (struct span){ text + at, len - at }).len;
			assert_int_equal(at, __builtin_ctzll(starts));
			said++;
		}
	}
	assert_true(said > 1000000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(splits_as_written),
		cmocka_unit_test(stays_closed),
		cmocka_unit_test(agrees_with_blocks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
