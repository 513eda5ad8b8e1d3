/* scan.h - skips bytes that need no thought: sixteen at a time where the machine can, else
 * eight, the last few one by one.
 *
 * Both functions return the first byte in [p, end) that does need thought, or end. They
 * never read outside [p, end).
 */
#ifndef BASE_SCAN_H
#define BASE_SCAN_H
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#define SCAN_EACH(byte) (UINT64_C(0x0101010101010101) * (uint64_t)(byte))

static inline uint64_t scan_load(const char *p)
{
	uint64_t eight;

	memcpy(&eight, p, sizeof(eight));
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	eight = __builtin_bswap64(eight);
#endif
	return eight;
}

/* The top bit of every byte of x that is below n (n at most 0x80, x without top bits), and
 * perhaps of bytes after the first such one. */
static inline uint64_t scan_below(uint64_t x, unsigned n)
{
	return (x - SCAN_EACH(n)) & ~x & SCAN_EACH(0x80);
}

static inline bool scan_is_text(char c)
{
	return (signed char)c >= ' ' && c != '"' && c != '\\';
}

static inline bool scan_is_inside_line(char c)
{
	return c != '\r' && c != '\n';
}

/* A byte inside a JSON string that is not plain ASCII text: a quote, a backslash, a
 * control character, or a part of a longer UTF-8 character. */
static inline const char *scan_string(const char *p, const char *end)
{
#ifdef __SSE2__
	const __m128i quote = _mm_set1_epi8('"'), slash = _mm_set1_epi8('\\');
	const __m128i space = _mm_set1_epi8(' ');

	for (; end - p >= 16; p += 16) {
		__m128i x = _mm_loadu_si128((const __m128i *)(const void *)p);
		/* signed: what is below a space or above 0x7f */
		__m128i odd = _mm_or_si128(
		    _mm_cmplt_epi8(x, space),
		    _mm_or_si128(_mm_cmpeq_epi8(x, quote), _mm_cmpeq_epi8(x, slash)));
		int mask = _mm_movemask_epi8(odd);

		if (mask != 0)
			return p + __builtin_ctz((unsigned)mask);
	}
#endif
	for (; end - p >= 8; p += 8) {
		uint64_t x = scan_load(p);
		uint64_t odd = (x & SCAN_EACH(0x80)) | scan_below(x, ' ') |
			       scan_below(x ^ SCAN_EACH('"'), 1) |
			       scan_below(x ^ SCAN_EACH('\\'), 1);

		if (odd != 0)
			return p + __builtin_ctzll(odd) / 8;
	}
	while (p < end && scan_is_text(*p))
		p++;
	return p;
}

/* A byte that ends a line: CR or LF. */
static inline const char *scan_line(const char *p, const char *end)
{
#ifdef __SSE2__
	const __m128i cr = _mm_set1_epi8('\r'), lf = _mm_set1_epi8('\n');

	for (; end - p >= 16; p += 16) {
		__m128i x = _mm_loadu_si128((const __m128i *)(const void *)p);
		__m128i ends = _mm_or_si128(_mm_cmpeq_epi8(x, cr), _mm_cmpeq_epi8(x, lf));
		int mask = _mm_movemask_epi8(ends);

		if (mask != 0)
			return p + __builtin_ctz((unsigned)mask);
	}
#endif
	for (; end - p >= 8; p += 8) {
		uint64_t x = scan_load(p);
		uint64_t ends = scan_below(x ^ SCAN_EACH('\r'), 1) |
				scan_below(x ^ SCAN_EACH('\n'), 1);

		if (ends != 0)
			return p + __builtin_ctzll(ends) / 8;
	}
	while (p < end && scan_is_inside_line(*p))
		p++;
	return p;
}

#endif
