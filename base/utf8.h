/* utf8.h - is this UTF-8 (RFC 3629: no overlong forms, no surrogates)? */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H
#include <stddef.h>
#include "base/span.h"

/* Bytes of the character that s begins with: 1 to 4, or 0 when s does not begin
 * with a whole valid one. s.len at least 1. */
static inline size_t utf8_len(struct span s)
{
	const unsigned char *p = (const unsigned char *)s.at;
	unsigned char low = 0x80, high = 0xbf;
	size_t len;

	if (p[0] < 0x80)
		return 1;
	if (p[0] < 0xc2 || p[0] > 0xf4)
		return 0;
	len = p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
	if (s.len < len)
		return 0;
	if (p[0] == 0xe0)
		low = 0xa0;
	else if (p[0] == 0xed)
		high = 0x9f;
	else if (p[0] == 0xf0)
		low = 0x90;
	else if (p[0] == 0xf4)
		high = 0x8f;
	if (p[1] < low || p[1] > high)
		return 0;
	for (size_t i = 2; i < len; i++)
		if (p[i] < 0x80 || p[i] > 0xbf)
			return 0;
	return len;
}

#endif
