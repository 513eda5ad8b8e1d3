#include "base/base64.h"

void base64_init(struct base64 *b)
{
	*b = (struct base64){ 0 };
}

/* 0 to 63; 64 for what is no letter. */
static uint32_t value_of(char c)
{
	if (c >= 'A' && c <= 'Z')
		return (uint32_t)(c - 'A');
	if (c >= 'a' && c <= 'z')
		return (uint32_t)(c - 'a' + 26);
	if (c >= '0' && c <= '9')
		return (uint32_t)(c - '0' + 52);
	return c == '+' ? 62 : c == '/' ? 63 : 64;
}

/* Takes one letter; false where it does not belong. Padding stands only at the end, and
 * only for the last one or two letters of four. */
static bool take(struct base64 *b, char c)
{
	uint32_t value = value_of(c);

	if (c == '=' && b->count >= 2) {
		b->padded++;
		value = 0;
	} else if (value == 64 || b->padded > 0) {
		return false;
	}
	b->bits = b->bits << 6 | value;
	b->count++;
	return true;
}

size_t base64_feed(struct base64 *b, struct span piece, char *to)
{
	size_t len = 0;

	for (size_t i = 0; i < piece.len && !b->broken; i++) {
		if (!take(b, piece.at[i])) {
			b->broken = true;
			break;
		}
		if (b->count < 4)
			continue;
		for (unsigned byte = 0; byte + b->padded < 3; byte++)
			to[len++] = (char)(b->bits >> (16 - 8 * byte) & 0xff);
		b->count = 0;
	}
	return len;
}

bool base64_end(const struct base64 *b)
{
	return !b->broken && b->count == 0;
}
