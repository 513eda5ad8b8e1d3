/* block.h - asks 64 bytes the same question at once; bit i of the answer is for byte i.
 *
 * Sixteen bytes at a time where the machine can, else eight. Questions are about ASCII: a byte
 * above 0x7f is never in a range.
 */
#ifndef BASE_BLOCK_H
#define BASE_BLOCK_H
#include <stdint.h>
#include <string.h>
#include "base/scan.h"

#define BLOCK_BYTES 64

#ifdef __SSE2__

struct block {
	__m128i part[4];
};

/* Reads BLOCK_BYTES at p. */
static inline struct block block_load(const char *p)
{
	struct block b;

	for (int i = 0; i < 4; i++)
		b.part[i] = _mm_loadu_si128((const __m128i *)(const void *)(p + 16 * i));
	return b;
}

static inline uint64_t block_answer(__m128i yes, int part)
{
	return (uint64_t)(uint32_t)_mm_movemask_epi8(yes) << 16 * part;
}

/* Which are above 0x7f? */
static inline uint64_t block_high(const struct block *b)
{
	uint64_t answer = 0;

	for (int i = 0; i < 4; i++)
		answer |= block_answer(b->part[i], i);
	return answer;
}

/* Which are c? */
static inline uint64_t block_is(const struct block *b, char c)
{
	uint64_t answer = 0;

	for (int i = 0; i < 4; i++)
		answer |= block_answer(_mm_cmpeq_epi8(b->part[i], _mm_set1_epi8(c)), i);
	return answer;
}

/* Which are between first and last, these included? */
static inline uint64_t block_in(const struct block *b, char first, char last)
{
	const __m128i shift = _mm_set1_epi8((char)(-128 - first));
	const __m128i end = _mm_set1_epi8((char)(last - first + 1 - 128));
	uint64_t answer = 0;

	for (int i = 0; i < 4; i++)
		answer |= block_answer(_mm_cmplt_epi8(_mm_add_epi8(b->part[i], shift), end), i);
	return answer;
}

/* The letters among them in lower case; other bytes change, too, but never into a letter. */
static inline struct block block_lower(const struct block *b)
{
	struct block lower;

	for (int i = 0; i < 4; i++)
		lower.part[i] = _mm_or_si128(b->part[i], _mm_set1_epi8(0x20));
	return lower;
}

#else

struct block {
	uint64_t part[8];
};

static inline struct block block_load(const char *p)
{
	struct block b;

	for (int i = 0; i < 8; i++)
		b.part[i] = scan_load(p + 8 * i);
	return b;
}

/* yes: the top bit of every byte of which it is true; moved together by a multiplication. */
static inline uint64_t block_answer(uint64_t yes, int part)
{
	return (yes >> 7) * UINT64_C(0x0102040810204080) >> 56 << 8 * part;
}

static inline uint64_t block_high(const struct block *b)
{
	uint64_t answer = 0;

	for (int i = 0; i < 8; i++)
		answer |= block_answer(b->part[i] & SCAN_EACH(0x80), i);
	return answer;
}

static inline uint64_t block_in(const struct block *b, char first, char last)
{
	uint64_t answer = 0;

	for (int i = 0; i < 8; i++) {
		uint64_t low = b->part[i] & SCAN_EACH(0x7f);
		uint64_t from = low + SCAN_EACH(0x80 - first), after = low + SCAN_EACH(0x7f - last);

		answer |= block_answer(from & ~after & ~b->part[i] & SCAN_EACH(0x80), i);
	}
	return answer;
}

static inline uint64_t block_is(const struct block *b, char c)
{
	return block_in(b, c, c);
}

static inline struct block block_lower(const struct block *b)
{
	struct block lower;

	for (int i = 0; i < 8; i++)
		lower.part[i] = b->part[i] | SCAN_EACH(0x20);
	return lower;
}

#endif
#endif
