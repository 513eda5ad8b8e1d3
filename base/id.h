/* id.h - the proxy's own request id: a UUIDv7, made at the request head.
 *
 * 48 bits of wall time in ms, then a per-thread counter and random bits: unique
 * across processes and restarts, roughly in order of time. Never a client's.
 */
#ifndef BASE_ID_H
#define BASE_ID_H
#include <stdbool.h>
#include <stdint.h>
#include "base/clk.h"
#include "base/span.h"

#define ID_BYTES     16
#define ID_TEXT_ROOM 37 /* 36 characters and a NUL */

struct id {
	uint8_t byte[ID_BYTES];
};

/* A new id; never the same twice. Any thread. */
struct id id_new(struct wall now);

/* Writes the usual 8-4-4-4-12 form. */
void id_text(struct id id, char to[ID_TEXT_ROOM]);

/* Reads that form; false when s is not one. */
bool id_parse(struct span s, struct id *out);

#endif
