/* relay.h - moves a response body from upstream to client and shows it to the tap.
 *
 * Promise   the client receives the provider's payload bytes, unchanged, in the turn of the loop
 *           in which they arrived. Taken away is only the usage event that Weir itself asked
 *           for; added is only an error event when a stream is cut. A refusal that may be about
 *           what we added to the request waits for its end: then it is ours, not the client's.
 * Cost      one read and one write for each wake-up, no copy: payload is compacted where it was
 *           read and goes out from there. What a slow client does not take is kept once, and
 *           then upstream is not read any more until it is out (back-pressure).
 * Owner     the exchange embeds it; relay_release() frees what it holds.
 * Threads   none.
 */
#ifndef PROXY_RELAY_H
#define PROXY_RELAY_H
#include <stdbool.h>
#include <stdint.h>
#include "base/buf.h"
#include "base/err.h"
#include "base/must.h"
#include "base/span.h"
#include "metering/account.h"
#include "metering/refusal.h"
#include "proxy/framing.h"
#include "proxy/head.h"

struct exchange;
struct http1_response;
struct inflate;
struct tap;

struct relay {
	struct framing framing;  /* where the upstream's body ends */
	struct tap *tap;         /* NULL: nothing to meter */
	struct inflate *inflate; /* NULL: the body is not compressed */
	struct buf head;         /* the response head until it goes out with the first piece */
	struct buf doubtful;     /* of a refusal, while it is not known who has to see it */
	uint64_t passed_bytes;   /* body bytes to the client */
	uint64_t drained_bytes;  /* body bytes read after the client had gone */
	struct account account;  /* what the row has of the tap's numbers */
	uint16_t status;
	uint8_t end;    /* enum head_end towards the client */
	bool filters;   /* the usage event is to be taken out */
	bool streams;   /* text/event-stream */
	bool hesitates; /* it may refuse what we added: kept back until that is clear */
	bool owned;     /* whose answer it is need not be noted, or was */
	bool muted;     /* the client has gone: only the tap still listens */
	bool whole;     /* the client has been sent the end of the body */
	char tail[2];   /* the last two bytes passed: is an event under way? */
};

/* The response head has come: decides how to pass it on and starts the tap. The head goes out
 * with the first piece of the body or by relay_flush(). ERR_NOMEM: answer 500 instead. */
enum err relay_begin(struct exchange *x, const struct http1_response *response) MUST_USE;

/* Passes body bytes (changing them in place). Sets x's facts when the body is over, broken, or
 * the client is gone. Returns how many belonged to the response. */
size_t relay_body(struct exchange *x, char *bytes, size_t len);

/* A stream parked at its wall looks again whether more is paid for: it reads on, stays parked, or
 * its facts say that it is over. */
void relay_pay(struct exchange *x);

/* Sends what waits of the head; for heads that arrive alone. */
void relay_flush(struct exchange *x);

/* The upstream has closed: complete if its body ends there, otherwise cut. */
void relay_end(struct exchange *x);

/* Ends a cut answer so that the client knows: an error event in a stream, nothing elsewhere
 * (the connection then closes inside the body). */
void relay_cut(struct exchange *x, enum refusal why, const char *text);

/* Frees tap and buffers. */
void relay_release(struct relay *r);

#endif
