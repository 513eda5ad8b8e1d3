/* utf8.h - is this UTF-8 (RFC 3629: no overlong forms, no surrogates)? */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H
#include <stddef.h>
#include "base/span.h"

/* What the second byte of a character may be, by its first: this rules out overlong forms,
 * surrogates and what is beyond Unicode. */
struct utf8_range {
	unsigned char low, high;
};

static inline struct utf8_range utf8_second(unsigned char first)
{
	switch (first) {
	case 0xe0: return (struct utf8_range){ 0xa0, 0xbf };
	case 0xed: return (struct utf8_range){ 0x80, 0x9f };
	case 0xf0: return (struct utf8_range){ 0x90, 0xbf };
	case 0xf4: return (struct utf8_range){ 0x80, 0x8f };
	default: return (struct utf8_range){ 0x80, 0xbf };
	}
}

/* Bytes of the character that s begins with: 1 to 4, or 0 when s does not begin
 * with a whole valid one. s.len at least 1. */
static inline size_t utf8_len(struct span s)
{
	const unsigned char *p = (const unsigned char *)s.at;
	size_t len;

	if (p[0] < 0x80)
		return 1;
	if (p[0] < 0xc2 || p[0] > 0xf4)
		return 0;
	len = p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
	if (s.len < len)
		return 0;

	struct utf8_range second = utf8_second(p[0]);

	if (p[1] < second.low || p[1] > second.high)
		return 0;
	for (size_t i = 2; i < len; i++)
		if (p[i] < 0x80 || p[i] > 0xbf)
			return 0;
	return len;
}

#endif
