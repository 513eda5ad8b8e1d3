/* refusal.h - our own answers, worded in the caller's dialect. Pure text; proxy/reply.c sends it.
 *
 * Shapes: DESIGN section 3 and the field's SDKs decide every byte here: status 429 with
 * x-should-retry: false makes exactly one request and a readable RateLimitError. A limit that
 * lifts by itself within a minute says when, and clients then ask again.
 */
#ifndef METERING_REFUSAL_H
#define METERING_REFUSAL_H
#include <stdbool.h>
#include <stdint.h>
#include "base/buf.h"
#include "base/clk.h"
#include "metering/dialect.h"
#include "metering/unit.h"

/* The closed set of reasons why Weir answers instead of the provider: refusal.tbl.h. */
enum refusal {
#define REFUSAL(name, status, type, code, text) REFUSE_##name,
#include "metering/refusal.tbl.h"
	REFUSE_COUNT
};

/* What a quota refusal tells; only for REFUSE_quota and REFUSE_rate_limit. Of money it is
 * the contract's object; of another unit it says `unit`, `limit`, `current`, `estimated` and
 * `remaining` in the place of the amounts. */
struct quota_details {
	const char *scope, *scope_id, *resource_type, *period;
	enum unit unit;
	int64_t limit;
	int64_t current;                              /* spent, and held for requests under way */
	int64_t estimated;                            /* what the refused request would have held */
	struct wall period_starts_at, period_ends_at; /* 0 and PERIOD_NEVER are worded as null */
	uint64_t retry_after_us;                      /* 0: there is nothing to wait for */
	bool passes; /* a rate: the same request may well be admitted in a moment */
};

struct refusal_answer {
	int status;
	bool as_sse;        /* content-type text/event-stream, still with the status */
	struct buf body;    /* the caller releases it */
	struct buf headers; /* "name: value\r\n" lines beyond content-type and length */
};

/* Its HTTP status. */
int refusal_status(enum refusal r);

/* "quota" and so on; static text, stable enough for logs and metrics. */
const char *refusal_name(enum refusal r);

/* Words refusal r. text: a sentence for people, NULL for the table's own (for a quota: one
 * that tells the figures of q). q: NULL unless quota or rate_limit. request_id: NULL or the text of
 * our id. as_sse: `event: error` with the same object, then `event: done`. False: out of memory
 * (then send a bare status). A 405 still needs the caller's Allow. */
bool refusal_word(enum refusal r, enum error_style style, const char *text,
		  const struct quota_details *q, const char *request_id, bool as_sse,
		  struct refusal_answer *out) MUST_USE;

/* The in-stream error event with which a stream of this shape is cut; appended to `to`.
 * Bedrock's shapes get a whole AWS frame, Ollama's a line, all others an SSE event. What
 * the client got before must end with a whole event. False: no room, nothing appended. */
bool refusal_stream_event(enum refusal r, enum shape_id shape, const char *text,
			  const struct quota_details *q, const char *request_id,
			  struct buf *to) MUST_USE;

#endif
