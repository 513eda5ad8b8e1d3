/* tap.h - looks at response bytes on their way to the client.
 *
 * Promise  the tap never changes, delays, reorders or keeps a byte of the relay: it is
 *          shown each payload piece once, in order. Wherever the stream is cut into
 *          pieces the result is the same (proved for every cut of every recording).
 * Owner    the exchange. tap_new() allocates once; only the filter, while a piece ends inside
 *          an event that it may have to drop, holds up to TAP_HELD_MAX more.
 * Errors   none reach the relay. Where bytes make no sense the result says `blind`; the tap
 *          goes on with the next event, line or document. Only an AWS frame whose checksum
 *          does not fit ends it: it has said nothing, and where the next one begins is
 *          unknown.
 * Cost     one pass; no allocation per event.
 */
#ifndef METERING_TAP_H
#define METERING_TAP_H
#include <stdbool.h>
#include "base/span.h"
#include "metering/dialect.h"
#include "metering/usage.h"

enum tap_framing {
	TAP_SSE,
	TAP_NDJSON,
	TAP_EVENTSTREAM,
	TAP_JSON,
	TAP_OPAQUE
};

/* From a response's Content-Type (parameters ignored). Unknown types are TAP_OPAQUE. */
enum tap_framing tap_framing_of(struct span content_type);

struct tap_result {
	struct usage usage; /* source none/reported/partial; counting is the caller's */
	bool has_usage;     /* a usage object was read */
	bool final;         /* usage was read and the dialect's end was seen */
	bool end_seen;      /* the dialect's end was seen */
	bool blind;         /* the bytes stopped making sense somewhere */
	bool usage_dropped; /* the usage event was taken out by tap_filter() */
	char model[96];     /* served; empty if never said */
	char response_id[96];
	char error[48];      /* status word, else code, else type; empty if none */
	uint64_t events;     /* SSE events (with [DONE]), frames or lines; 0 for one JSON body */
	uint64_t text_bytes; /* bytes of generated text that passed (content, tool arguments,
				reasoning) */
};

/* Optional: generated text as it passes, JSON-unescaped, in pieces of any size that hold
 * whole characters. part: the same for all pieces of one text (content, reasoning, arguments of a
 * call ... of one choice); the texts of several choices come interleaved. Arguments that are a
 * JSON object and no string (Gemini, Ollama, whole Anthropic answers) are in text_bytes only. */
typedef void tap_text(void *arg, uint32_t part, struct span piece);

struct tap;

/* NULL only when out of memory. d and s: borrowed, static. */
struct tap *tap_new(const struct dialect *d, enum shape_id s, enum tap_framing f);
void tap_free(struct tap *t); /* NULL is fine */

/* Sets where generated text goes; NULL for nowhere. */
void tap_set_text(struct tap *t, tap_text *on_text, void *arg);

/* A response header: Bedrock's invoke says its counts there when it does not stream. Before
 * the first piece; headers of no interest are ignored. */
void tap_header(struct tap *t, struct span name, struct span value);

/* piece: the next payload bytes, borrowed for the call. */
void tap_show(struct tap *t, struct span piece);

/* The body is over (cleanly or not): a pending last event counts. Call once. */
void tap_end(struct tap *t);

/* The best known so far; valid at any moment, also after a cut. */
void tap_result(const struct tap *t, struct tap_result *out);

/* Was a text shown as part of one that it did not belong to? Who speaks may be said behind what is
 * spoken; until then it is taken for who spoke last. */
bool tap_mixed(const struct tap *t);

/* Bumped whenever the numbers of tap_result() changed; lets a caller copy only news. */
unsigned tap_revision(const struct tap *t);

/* text_bytes of the result alone: cheap, for every piece. */
uint64_t tap_text_bytes(const struct tap *t);

/* --- taking the usage event out again that Weir itself asked for (OpenAI chat and
 * completions streams) --- */

/* Turns it on, before the first piece. From then on tap_show() must be given through
 * tap_filter(). */
void tap_drop_usage_event(struct tap *t);

/* Like tap_show(), but says which bytes may go on. Of the bytes shown so far, those not yet
 * released are held by the tap (at most TAP_HELD_MAX, then they are released and nothing
 * is dropped). Calls out(arg, span) for each run to pass on, in order; bytes of the
 * dropped event are never passed. Events other than the dropped one are released as soon
 * as they can no longer be it, at the latest with the byte that ends them. */
#define TAP_HELD_MAX 16384
void tap_filter(struct tap *t, struct span piece, void (*out)(void *arg, struct span s), void *arg);

/* After tap_end(): what is still held (an unfinished last event) is released. */
void tap_filter_end(struct tap *t, void (*out)(void *arg, struct span s), void *arg);

#endif
