/* refusal.h - our own answers, worded in the caller's dialect. Pure text; proxy/reply.c sends it.
 *
 * Shapes: DESIGN section 3 and the field's SDKs decide every byte here: status 429 with
 * x-should-retry: false makes exactly one request and a readable RateLimitError.
 */
#ifndef METERING_REFUSAL_H
#define METERING_REFUSAL_H
#include <stdbool.h>
#include <stdint.h>
#include "base/buf.h"
#include "base/clk.h"
#include "metering/dialect.h"

/* REFUSAL(name, status, "openai type", "openai code", "default sentence")
 * The closed set of reasons why Weir answers instead of the provider. */
enum refusal {
#define REFUSAL(name, status, type, code, text) REFUSE_##name,
#include "metering/refusal.tbl.h"
	REFUSE_COUNT
};

struct quota_details { /* the contract's object; only for REFUSE_quota */
	const char *scope, *scope_id, *resource_type, *period;
	int64_t limit_pusd, current_spend_pusd, estimated_cost_pusd;
	struct wall period_starts_at, period_ends_at;
	uint64_t retry_after_s;
};

struct refusal_answer {
	int status;
	bool as_sse;              /* content-type text/event-stream, still with the status */
	struct buf body;          /* the caller releases it */
	struct buf headers;       /* "name: value\r\n" lines beyond content-type and length */
};

int refusal_status(enum refusal r);
const char *refusal_name(enum refusal r);

/* Words refusal r. text: a sentence for people, NULL for the table's own. q: NULL unless quota.
 * as_sse: the SSE form of DESIGN section 3. False: out of memory (then send a bare status). */
bool refusal_word(enum refusal r, enum error_style style, const char *text,
		  const struct quota_details *q, const char *request_id, bool as_sse,
		  struct refusal_answer *out) MUST_USE;

/* The in-stream error event with which a stream of this shape and framing is cut; appended
 * to `to`. eventstream shapes get a whole AWS frame. */
bool refusal_stream_event(enum refusal r, enum shape_id shape, const char *text,
			  const struct quota_details *q, const char *request_id,
			  struct buf *to) MUST_USE;

#endif
