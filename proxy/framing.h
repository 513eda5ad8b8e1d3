/* framing.h - where a message body ends: by length, by chunks, or by close.
 *
 * Promise    takes exactly the bytes of the body and not one more, so that what follows
 *            (a pipelined request) stays with the caller. Any cut of the bytes into pieces
 *            gives the same payload. Payload is compacted in place: no copy elsewhere.
 * Grammar    strict (threats T04, T05): a chunk size is 1 to 15 hex digits and nothing
 *            else; extensions must be well-formed ;name or ;name=value, are bounded to
 *            FRAMING_EXTENSION_MAX per chunk, and are dropped; CRLF only; trailers must be
 *            well-formed fields, are bounded to FRAMING_TRAILER_MAX, and are dropped.
 * Limit      the caller counts the payload and stops when it is too much.
 * Errors     ERR_GARBLED: the body is broken from here on; nothing after it can be trusted,
 *            close the connection.
 * Threads    none.
 */
#ifndef PROXY_FRAMING_H
#define PROXY_FRAMING_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/err.h"
#include "base/must.h"
#include "proxy/http1.h"

#define FRAMING_EXTENSION_MAX 256  /* bytes */
#define FRAMING_TRAILER_MAX   8192 /* bytes */

struct framing {
	uint64_t left;  /* payload bytes still to come, of the body or of this chunk */
	uint16_t extra; /* bytes of extension or trailers read so far, of size digits */
	uint8_t kind;   /* enum http1_body */
	uint8_t state;  /* private to framing.c */
	bool over;      /* the body is complete */
};

/* Begins a body. length counts for BODY_LENGTH only. f->over is true at once when there is
 * nothing to come. */
void framing_init(struct framing *f, enum http1_body kind, uint64_t length);

/* Decodes the next len bytes of the connection. *payload_len bytes of payload then lie at the
 * front of `bytes` (what was after them there is scrap up to *consumed), and *consumed bytes
 * belonged to the body: all of them unless it is over. On ERR_GARBLED the payload before the
 * broken place is still delivered. */
enum err framing_decode(struct framing *f, char *bytes, size_t len, size_t *payload_len,
			size_t *consumed) MUST_USE;

/* The peer closed its side. ERR_OK if the body is over (a body until close is, now);
 * ERR_GONE if it was cut. */
enum err framing_end(struct framing *f) MUST_USE;

#define FRAMING_HEAD_ROOM 20 /* bytes that framing_chunk_head() needs */

/* Writes the head of a chunk of `payload` bytes, "1f4\r\n", and returns its length. Each chunk
 * is followed by CRLF. payload is not 0: the last chunk is FRAMING_LAST. */
size_t framing_chunk_head(size_t payload, char to[FRAMING_HEAD_ROOM]);

#define FRAMING_LAST "0\r\n\r\n"

#endif
