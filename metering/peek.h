/* peek.h - a strict look at a whole request body before anything is forwarded.
 *
 * Reads RFC 8259 JSON to the letter and extracts what metering needs: model, stream flag,
 * caps, n, priced options, attribution. Anything that two parsers could read differently
 * is refused (threats T42-T48): duplicate metering keys, escaped or case-changed metering
 * keys, wrong types, numbers out of range, depth over 64.
 * Pure: bytes in, facts out. Spans in the result point into the body.
 */
#ifndef METERING_PEEK_H
#define METERING_PEEK_H
#include <stdbool.h>
#include <stdint.h>
#include "base/buf.h"
#include "base/err.h"
#include "metering/dialect.h"

struct peek {
	char model[96];           /* from the body; empty if the path names it or none is needed */
	bool stream;              /* as the body says; the shape's default when absent (Ollama: true) */
	bool has_stream;
	uint64_t max_output_tok;  /* the largest cap given; 0: none */
	uint64_t n;               /* choices asked for (n, best_of, candidateCount), at least 1 */
	bool wants_usage;         /* stream_options.include_usage is true */
	bool background;          /* asynchronous: refused by the gate */
	char tier[16];            /* service_tier / speed asked for; empty: none */
	char user[64];            /* user, safety_identifier, metadata.user_id ...; empty: none */
	uint64_t image_parts, audio_parts; /* parts that are not text */
	uint64_t text_bytes;      /* bytes inside JSON strings, base64 data URLs excluded */
	uint64_t data_bytes;      /* bytes of base64 data URLs or inline data */
	char priced_option[48];   /* a priced option the tables do not know (then refuse); empty: none */
	/* where include_usage goes: */
	size_t insert_at;         /* body offset right after the top-level '{'; or of the value to replace */
	size_t replace_len;       /* bytes to replace at insert_at (a present stream_options value) */
	bool empty_object;        /* the top-level object has no members: no comma after the insertion */
	struct span stream_options; /* the present value, for merging; empty if absent */
};

/* Fills *out from the body. ERR_GARBLED: refuse with 400; why_room bytes at `why` then say
 * what is wrong and where, for the caller's eyes. */
enum err peek_body(enum shape_id shape, struct span body, struct peek *out, char *why,
		   size_t why_room) MUST_USE;

/* Writes the body with stream_options.include_usage set to true; every other byte stays.
 * `to` is empty before. False: no room. */
bool peek_with_usage(const struct peek *p, struct span body, struct buf *to) MUST_USE;

#endif
