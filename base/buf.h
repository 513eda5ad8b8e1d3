/* buf.h - bytes that grow up to a ceiling.
 *
 * Owner    whoever holds the struct; buf_release() frees the bytes.
 * Limit    cap_bytes, given at buf_init() and never exceeded.
 * Errors   an addition past the ceiling (or out of memory) adds nothing and
 *          returns false; what was there stays.
 * Threads  none.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H
#include <stdbool.h>
#include <stddef.h>
#include "base/must.h"
#include "base/span.h"

struct buf {
	char *at;         /* NULL until the first byte; not NUL-terminated */
	size_t len;       /* bytes in use */
	size_t room;      /* bytes allocated */
	size_t cap_bytes; /* the ceiling */
};

/* An empty buffer; allocates nothing yet. */
void buf_init(struct buf *b, size_t cap_bytes);

/* Frees the bytes; the buffer is empty and usable again. */
void buf_release(struct buf *b);

/* Makes room for `more` further bytes and returns where they go, or NULL. Add
 * what was written there to b->len. */
char *buf_reserve(struct buf *b, size_t more) MUST_USE;

/* Appends a copy of s. */
bool buf_add(struct buf *b, struct span s) MUST_USE;

/* Appends formatted text, without a NUL. */
bool buf_addf(struct buf *b, const char *fmt, ...) MUST_USE __attribute__((format(printf, 2, 3)));

/* Appends s as the inside of a JSON string: quotes, backslashes and control
 * characters escaped; bytes that are not UTF-8 become U+FFFD. */
bool buf_add_json(struct buf *b, struct span s) MUST_USE;

/* Drops the first n bytes; the rest moves to the front. n at most b->len. */
void buf_drop(struct buf *b, size_t n);

/* All bytes in use; valid until the next change. */
static inline struct span buf_span(const struct buf *b)
{
	return (struct span){ b->at, b->len };
}

#endif
