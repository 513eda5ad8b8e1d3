/* octet.c - one table for all grammars, so that they cannot disagree about a byte; and the
 * check of field values, which are most of a head, eight bytes at a time. */
#include "proxy/octet.h"

/* Sums of the classes, by what is allowed beside being part of a token. */
#define ALL (OCTET_TOKEN | OCTET_NAME | OCTET_PATH | OCTET_QUERY | OCTET_HOST)
#define TPQ (OCTET_TOKEN | OCTET_NAME | OCTET_PATH | OCTET_QUERY)
#define TQ  (OCTET_TOKEN | OCTET_NAME | OCTET_QUERY)
#define T   (OCTET_TOKEN | OCTET_NAME)
#define PQ  (OCTET_PATH | OCTET_QUERY)
#define Q   OCTET_QUERY
#define LOW (OCTET_TOKEN | OCTET_PATH | OCTET_QUERY | OCTET_HOST)

/* clang-format off */
const uint8_t octet_classes[256] = {
	['!'] = TPQ, ['#'] = T,   ['$'] = TPQ, ['%'] = T,   ['&'] = TPQ, ['\''] = TPQ,
	['('] = PQ,  [')'] = PQ,  ['*'] = TPQ, ['+'] = TPQ, [','] = PQ,  ['-'] = ALL,
	['.'] = ALL, ['/'] = PQ,  [':'] = PQ,  [';'] = Q,   ['='] = PQ,  ['?'] = Q,
	['@'] = PQ,  ['['] = Q,   [']'] = Q,   ['^'] = TQ,  ['_'] = LOW, ['`'] = TQ,
	['{'] = Q,   ['|'] = TQ,  ['}'] = Q,   ['~'] = TPQ,
	['0'] = ALL, ALL, ALL, ALL, ALL, ALL, ALL, ALL, ALL, ALL,
	['A'] = ALL, ALL, ALL, ALL, ALL, ALL, ALL, ALL, ALL, ALL, ALL, ALL, ALL,
		ALL, ALL, ALL, ALL, ALL, ALL, ALL, ALL, ALL, ALL, ALL, ALL, ALL,
	['a'] = ALL, ALL, ALL, ALL, ALL, ALL, ALL, ALL, ALL, ALL, ALL, ALL, ALL,
		ALL, ALL, ALL, ALL, ALL, ALL, ALL, ALL, ALL, ALL, ALL, ALL, ALL,
};
/* clang-format on */

static bool is_control(char c)
{
	return ((unsigned char)c < 0x20 && c != '\t') || c == 0x7f;
}

/* Has any of eight bytes a value under 0x20, or 0x7f? The usual borrow trick: exact for
 * "any", and a tab that it takes for a control character is looked at again. */
static bool eight_suspect(const char *at)
{
	const uint64_t ones = UINT64_C(0x0101010101010101), tops = ones << 7;
	uint64_t word, del;

	memcpy(&word, at, sizeof(word));
	del = word ^ ones * 0x7f;
	return (((word - ones * 0x20) & ~word) | ((del - ones) & ~del)) & tops;
}

bool octet_is_value(struct span s, char *bad)
{
	size_t i = 0;

	while (i < s.len) {
		if (s.len - i >= 8 && !eight_suspect(s.at + i)) {
			i += 8;
			continue;
		}
		if (is_control(s.at[i])) {
			*bad = s.at[i];
			return false;
		}
		i++;
	}
	return true;
}

bool octet_decimal(struct span s, uint64_t *out)
{
	uint64_t value = 0;

	if (s.len == 0 || s.len > 18 || (s.len > 1 && s.at[0] == '0'))
		return false;
	for (size_t i = 0; i < s.len; i++) {
		if (s.at[i] < '0' || s.at[i] > '9')
			return false;
		value = value * 10 + (uint64_t)(s.at[i] - '0');
	}
	*out = value;
	return true;
}
