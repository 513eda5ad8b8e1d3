/* lossy.c - finds what is broken in UTF-8. */
#include "metering/lossy.h"
#include "base/scan.h"
#include "base/utf8.h"

size_t lossy_valid(struct span text)
{
	size_t i = 0;

	while (i < text.len) {
		if (text.len - i >= 8 && !(scan_load(text.at + i) & SCAN_EACH(0x80))) {
			i += 8;
			continue;
		}
		size_t len = utf8_len(span_skip(text, i));

		if (len == 0)
			break;
		i += len;
	}
	return i;
}

size_t lossy_broken(struct span text)
{
	const unsigned char *p = (const unsigned char *)text.at;
	unsigned char low = 0x80, high = 0xbf;
	size_t whole = p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4, i = 1;

	if (p[0] < 0xc2 || p[0] > 0xf4)
		return 1;
	if (p[0] == 0xe0)
		low = 0xa0;
	else if (p[0] == 0xed)
		high = 0x9f;
	else if (p[0] == 0xf0)
		low = 0x90;
	else if (p[0] == 0xf4)
		high = 0x8f;
	while (i < whole && i < text.len && p[i] >= low && p[i] <= high) {
		low = 0x80;
		high = 0xbf;
		i++;
	}
	return i == text.len ? 0 : i;
}
