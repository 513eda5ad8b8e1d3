/* octet.h - what each byte may be part of, in the grammars of RFC 9110, 9112 and 3986. */
#ifndef PROXY_OCTET_H
#define PROXY_OCTET_H
#include <stdbool.h>
#include <stdint.h>
#include "base/span.h"

enum octet_class {
	OCTET_TOKEN = 1, /* a token: methods, field names, list elements */
	OCTET_PATH = 2,  /* a path, with its slashes, without ';' and '%' */
	OCTET_QUERY = 4, /* a query, without '%' */
	OCTET_HOST = 8,  /* a registered name or an IPv4 address */
	OCTET_NAME = 16  /* a token, without '_': field names of requests */
};

extern const uint8_t octet_classes[256];

/* May byte c be part of a thing of that class? */
static inline bool octet_is(char c, unsigned class)
{
	return octet_classes[(unsigned char)c] & class;
}

/* How many bytes at the front of s are of that class. */
static inline size_t octet_run(struct span s, unsigned class)
{
	size_t n = 0;

	while (n < s.len && octet_is(s.at[n], class))
		n++;
	return n;
}

/* The value of a hex digit, or -1. */
static inline int octet_hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Which byte does the percent escape at the front of s stand for? -1 if it is none. */
static inline int octet_escape(struct span s)
{
	int high, low;

	if (s.len < 3 || s.at[0] != '%')
		return -1;
	high = octet_hex(s.at[1]);
	low = octet_hex(s.at[2]);
	return high < 0 || low < 0 ? -1 : high << 4 | low;
}

/* May s be a field value: no control characters but tabs? If not, *bad is the first one. */
bool octet_is_value(struct span s, char *bad);

/* Reads 1 to 18 decimal digits and nothing else, without leading zeros; false if s is not that. */
bool octet_decimal(struct span s, uint64_t *out);

#endif
