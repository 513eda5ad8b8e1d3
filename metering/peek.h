/* peek.h - a strict look at a whole request body before anything is forwarded.
 *
 * Reads RFC 8259 JSON to the letter and extracts what metering needs: model, stream flag,
 * caps, choices, priced options, attribution. Anything that two parsers could read
 * differently is refused: metering keys that come twice, are escaped, or are spelled in
 * another way ("Model", "maxTokens"), wrong types, numbers out of range, too much depth.
 * Which keys these are on which shape: peek.tbl.h.
 * Pure: bytes in, facts out. One pass; no allocation.
 */
#ifndef METERING_PEEK_H
#define METERING_PEEK_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/buf.h"
#include "base/err.h"
#include "metering/dialect.h"

#define PEEK_CHOICES_MAX 128                        /* n, best_of, candidateCount */
#define PEEK_PROMPTS_MAX 2048                       /* in one request */
#define PEEK_NUMBER_MAX  UINT64_C(9007199254740992) /* 2^53: exact in every parser */
#define PEEK_CAP_MAX     (UINT64_C(1) << 32)        /* tokens; n such answers can be added up */

struct peek {
	char model[96]; /* from the body; empty if it names none (the path may) */
	char tier[16];  /* service_tier or speed asked for, "+" the region; empty: none */
	char user[64];  /* user, safety_identifier, metadata.user_id ...; empty: none */

	bool has_stream;  /* the body says whether to stream */
	bool stream;      /* what it says, else the shape's default (Ollama: true) */
	bool wants_usage; /* stream_options.include_usage is true */
	bool background;  /* asynchronous: the answer will not carry the usage */
	bool has_cap;     /* the body caps the answer */

	uint64_t max_output_tok; /* the largest cap given, cut to PEEK_CAP_MAX; 0 if none */
	uint64_t n; /* answers asked for, at least 1: choices, times prompts where a list of
		     * prompts is answered one by one */

	uint64_t image_parts, audio_parts, file_parts; /* of the prompt that are not text */
	uint64_t text_bytes; /* of strings that become prompt, and of tool descriptions */
	uint64_t data_bytes; /* of strings that carry pictures, sound or files */
	bool remote_input;   /* a part of the prompt is not in the body: ids of earlier turns ... */
	bool shared_input;   /* ... and anyone who knows its id may read it and write to it */
	char previous[96];   /* id of the answer that this one goes on from; empty: none */

	/* An option that costs extra and that no answer reports, so that it cannot be metered:
	 * to be refused, unless the provider's own cost is billed. Empty: none. */
	char priced_option[48];

	/* What peek_with_usage() changes: usage_drop bytes at usage_at become usage_text. */
	size_t usage_at, usage_drop;
	const char *usage_text;
	bool usage_is_new; /* the body had no stream_options: taking the text out undoes it */
};

/* Fills *out from the body. SHAPE_free is not read at all. ERR_GARBLED: to be refused;
 * why_room bytes at `why` then tell the caller what is wrong and where. ERR_NOMEM: no
 * memory for the tables of this shape, which are made at its first use. */
enum err peek_body(enum shape_id shape, struct span body, struct peek *out, char *why,
		   size_t why_room) MUST_USE;

/* Writes the body with stream_options.include_usage set to true; every other byte stays.
 * Only for shapes that have it (chat and legacy completions). `to` is empty before. False:
 * no room. */
bool peek_with_usage(const struct peek *p, struct span body, struct buf *to) MUST_USE;

#endif
