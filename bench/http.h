/* http.h - just enough HTTP/1.1 for both ends of the bench.
 *
 * Written apart from Weir's parser on purpose: a mistake of one should be seen
 * by the other. Everything points into the caller's bytes.
 */
#ifndef BENCH_HTTP_H
#define BENCH_HTTP_H
#include <stdbool.h>
#include <stdint.h>
#include "base/span.h"

#define HTTP_FIELDS_MAX 96

enum http_got {
	HTTP_MORE,
	HTTP_DONE,
	HTTP_BAD
};

struct http_field {
	struct span name, value;
};

struct http_head {
	struct span word[3]; /* method target version, or version status reason */
	struct http_field field[HTTP_FIELDS_MAX];
	size_t fields;
};

/* Reads a head from the front of `in`; *used counts its bytes when HTTP_DONE. */
enum http_got http_head_read(struct span in, struct http_head *h, size_t *used);

/* The value of the first field of that name (any case), or the empty span. */
struct span http_field_find(const struct http_head *h, struct span name);

/* Is `word` one of the comma-separated members of that field? */
bool http_field_has(const struct http_head *h, struct span name, struct span word);

enum http_framing {
	HTTP_EMPTY,
	HTTP_LENGTH,
	HTTP_CHUNKED,
	HTTP_CLOSE
};

struct http_body {
	enum http_framing framing;
	uint64_t left; /* payload bytes until the end of the chunk or the body */
	bool in_chunk, in_trailer, done;
};

/* How the body after this head is framed. response: 204, 304 and 1xx have none,
 * and without a length it goes on until the close. False: the head contradicts itself. */
bool http_body_begin(struct http_body *b, const struct http_head *h, bool response);

/* Takes the next slice of payload out of `in`: *used counts the bytes gone through,
 * *payload is what they carried (maybe nothing). HTTP_MORE: `in` holds too little. */
enum http_got http_body_take(struct http_body *b, struct span in, struct span *payload,
			     size_t *used);

/* Digits only; false for anything else or past 10^15. */
bool http_number(struct span s, int base, uint64_t *out);

#endif
