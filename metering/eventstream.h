/* eventstream.h - reads application/vnd.amazon.eventstream, wherever it is split. Pure.
 *
 *   u32 total_len | u32 headers_len | u32 crc of these | headers | payload | u32 crc of all
 *
 * Both checksums are checked. Payload is shown as it comes; of the headers only the three
 * that name a frame are kept.
 * Limit    EVENTSTREAM_FRAME_MAX bytes for a frame.
 * Errors   the first broken frame ends the reading: where the next one begins is unknown.
 */
#ifndef METERING_EVENTSTREAM_H
#define METERING_EVENTSTREAM_H
#include <stdbool.h>
#include <stdint.h>
#include "base/span.h"

#define EVENTSTREAM_FRAME_MAX (25u << 20) /* bytes; AWS: 24 MB of payload, 128 kB of headers */
#define EVENTSTREAM_NAME_MAX  48

struct eventstream_text {
	uint8_t len;
	char at[EVENTSTREAM_NAME_MAX]; /* the first bytes of a header's value */
};

struct eventstream {
	uint8_t state;
	uint8_t number_len; /* bytes of the number being read that were seen */
	uint8_t header_type;
	uint8_t wanted_header; /* which of the kept headers is being read */
	uint32_t number;
	uint32_t frame_left; /* bytes of the frame to come, its last checksum included */
	uint32_t headers_left;
	uint32_t piece_left; /* of the header's name or value */
	uint32_t crc, prelude_crc;
	struct eventstream_text name; /* of the header */
	struct eventstream_text kept[3];
};

/* What a frame's headers say; borrowed for the call. */
struct eventstream_frame {
	struct span message_type; /* event, exception or error */
	struct span event_type;   /* of an event */
	struct span error_type;   /* of the other two */
};

struct eventstream_sink {
	/* A part of the payload, before the frame's checksum was seen. */
	void (*on_payload)(void *arg, struct span piece);
	/* The frame is whole and its checksums fit. */
	void (*on_frame_end)(void *arg, const struct eventstream_frame *f);
};

/* At the beginning of a stream. */
void eventstream_init(struct eventstream *s);

/* Reads on. False from the first broken frame on. */
bool eventstream_feed(struct eventstream *s, struct span piece, const struct eventstream_sink *sink,
		      void *arg);

/* Is the reading between two frames? */
bool eventstream_idle(const struct eventstream *s);

#endif
