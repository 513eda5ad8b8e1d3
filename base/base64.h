/* base64.h - decodes base64 (RFC 4648, padded) as it passes, cut anywhere. Pure. */
#ifndef BASE_BASE64_H
#define BASE_BASE64_H
#include <stdbool.h>
#include <stdint.h>
#include "base/span.h"

struct base64 {
	uint32_t bits;
	uint8_t count; /* letters in bits, padding included */
	uint8_t padded;
	bool broken;
};

/* Bytes that decoding n letters may need. */
#define BASE64_ROOM(n) ((n) / 4 * 3 + 3)

/* At the beginning of a text. */
void base64_init(struct base64 *b);

/* Decodes the next letters into `to`, which has BASE64_ROOM(piece.len) bytes, and returns
 * how many bytes that gave. Nothing after the first letter that does not belong there. */
size_t base64_feed(struct base64 *b, struct span piece, char *to);

/* Was the text whole? */
bool base64_end(const struct base64 *b);

#endif
