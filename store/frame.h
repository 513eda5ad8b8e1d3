/* frame.h - how the journal's bytes are told from damage.
 *
 *   magic 4 | CRC-32C 4 | length 4 | sequence 8 | payload        (little-endian)
 *
 * The checksum covers all that follows it, and a salt that stands in the file's name: a
 * text inside a payload that looks like a frame is none, and neither is a block of an
 * older file. A reader that meets damage goes on at the next valid frame.
 *
 * Threads  none.
 */
#ifndef STORE_FRAME_H
#define STORE_FRAME_H
#include <stdint.h>
#include "base/buf.h"
#include "base/must.h"
#include "store/row.h"

#define FRAME_HEAD_BYTES 20
#define FRAME_MAX        (FRAME_HEAD_BYTES + ROW_FRAME_MAX)

/* Appends r as one frame. */
bool frame_add(struct buf *to, uint32_t salt, uint64_t sequence, const struct row *r) MUST_USE;

#define FRAME_SCAN_BYTES 65536

struct frame_scan { /* one file, read from front to back */
	int fd;
	uint32_t salt;
	uint64_t at;      /* offset of the next byte to look at */
	uint64_t skipped; /* bytes that were no frame, since the last frame or the beginning */
	uint64_t loaded_at;
	size_t loaded;
	char bytes[FRAME_SCAN_BYTES]; /* of the file, from loaded_at */
};

/* Begins at the front of fd, which is borrowed. */
void frame_scan_init(struct frame_scan *s, int fd, uint32_t salt);

/* The next valid frame that lies before `end`; false when there is none, and then s->at
 * is `end`. What cannot be read counts as skipped. *payload lasts until the next call. */
bool frame_scan_next(struct frame_scan *s, uint64_t end, uint64_t *sequence, struct span *payload);

#endif
