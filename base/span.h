/* span.h - borrowed bytes: where they are and how many. Owns nothing; lives no
 * longer than the memory it points into. */
#ifndef BASE_SPAN_H
#define BASE_SPAN_H
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

struct span {
	const char *at;
	size_t len;
};

/* A string literal as a span, without counting at run time. */
#define SPAN(literal) ((struct span){ "" literal, sizeof(literal) - 1 })

/* What a printf "%.*s" takes. */
#define SPAN_ARG(s) (int)(s).len, (s).at

/* The bytes of a NUL-terminated string; NULL gives the empty span. */
static inline struct span span_of(const char *text)
{
	return (struct span){ text, text ? strlen(text) : 0 };
}

/* Equal byte for byte. */
static inline bool span_eq(struct span a, struct span b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.at, b.at, a.len) == 0);
}

/* Equal but for the case of ASCII letters. */
static inline bool span_eq_nocase(struct span a, struct span b)
{
	return a.len == b.len && (a.len == 0 || strncasecmp(a.at, b.at, a.len) == 0);
}

/* Does s begin with prefix? */
static inline bool span_starts(struct span s, struct span prefix)
{
	return s.len >= prefix.len && memcmp(s.at, prefix.at, prefix.len) == 0;
}

/* What is left of s after its first n bytes; n must be at most s.len. */
static inline struct span span_skip(struct span s, size_t n)
{
	return (struct span){ s.at + n, s.len - n };
}

/* s without leading and trailing spaces and tabs. */
static inline struct span span_trim(struct span s)
{
	while (s.len > 0 && (s.at[0] == ' ' || s.at[0] == '\t'))
		s = span_skip(s, 1);
	while (s.len > 0 && (s.at[s.len - 1] == ' ' || s.at[s.len - 1] == '\t'))
		s.len--;
	return s;
}

/* Takes what stands before the first `end` off the front of s, and that `end`; everything
 * where there is none. */
static inline struct span span_take(struct span *s, char end)
{
	const char *at = s->len > 0 ? memchr(s->at, end, s->len) : NULL;
	struct span taken = *s;

	if (at) {
		taken.len = (size_t)(at - s->at);
		*s = span_skip(*s, taken.len + 1);
	} else {
		s->len = 0;
	}
	return taken;
}

/* Copies s into room bytes at `to`, cut if it must be, always NUL-terminated.
 * Returns false when it was cut. room must be at least 1. */
static inline bool span_copy(struct span s, char *to, size_t room)
{
	size_t len = s.len < room ? s.len : room - 1;

	if (len > 0)
		memcpy(to, s.at, len);
	to[len] = '\0';
	return len == s.len;
}

#endif
