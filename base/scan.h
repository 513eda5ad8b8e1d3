/* scan.h - skips bytes that need no thought, sixteen at a time where the machine can.
 *
 * Both return the first byte in [p, end) that does need thought, or end. They never read
 * outside [p, end).
 */
#ifndef BASE_SCAN_H
#define BASE_SCAN_H
#include <stdbool.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

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
	while (p < end && (signed char)*p >= ' ' && *p != '"' && *p != '\\')
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
	while (p < end && *p != '\r' && *p != '\n')
		p++;
	return p;
}

#endif
