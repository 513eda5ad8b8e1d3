/* lossy.c - finds what is broken in UTF-8. */
#include "metering/lossy.h"
#include <stdbool.h>
#include <stdint.h>
#include "base/scan.h"
#include "base/utf8.h"

/* Do four bytes, the first in the lowest place, begin with a character of three bytes? Most of
 * what is not ASCII does. Not: what two would do for (0xe0 0x80..), and surrogates (0xed 0xa0..).
 */
static bool begins_with_three(uint32_t four)
{
	uint32_t range = four & 0x200f;

	return (four & 0xc0c0f0) == 0x8080e0 && range != 0 && range != 0x200d;
}

size_t lossy_valid(struct span text)
{
	size_t i = 0;

	while (i < text.len) {
		size_t len = 0;

		if (text.len - i >= 8) {
			uint64_t next = scan_load(text.at + i);

			len = !(next & SCAN_EACH(0x80))           ? 8
			      : begins_with_three((uint32_t)next) ? 3
								  : 0;
		}
		if (len == 0)
			len = utf8_len(span_skip(text, i));
		if (len == 0)
			break;
		i += len;
	}
	return i;
}

size_t lossy_broken(struct span text)
{
	const unsigned char *p = (const unsigned char *)text.at;
	struct utf8_range next = utf8_second(p[0]);
	size_t whole = p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4, i = 1;

	if (p[0] < 0xc2 || p[0] > 0xf4)
		return 1;
	while (i < whole && i < text.len && p[i] >= next.low && p[i] <= next.high) {
		next = (struct utf8_range){ 0x80, 0xbf };
		i++;
	}
	return i == text.len ? 0 : i;
}
