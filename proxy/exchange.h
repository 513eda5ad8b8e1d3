/* exchange.h - one request and its response, from head to ledger row.
 *
 * Shape      callbacks record facts, steps decide, the sweep frees:
 *              1. client.c, upstream.c and deadlines set bits in x->facts or x->attempt and call
 *                 exchange_wake(). They never change state.
 *              2. the worker calls exchange_run() on every woken exchange; it repeats
 *                 step_<state>() until a step waits.
 *              3. the worker's sweep frees exchanges in XS_DONE, after all callbacks of this
 *                 loop turn have returned.
 *            Bytes of a response body do not wait for a step: they pass in the callback
 *            (relay.h); only what they mean for the exchange is a fact.
 * Owner      the worker. client and upstream point to each other through the exchange only;
 *            it nulls both when it lets go, so no one can reach a freed one.
 * Invariant  a slot is open exactly from admission to SETTLE, so every admitted exchange
 *            leaves one row and no other leaves any.
 * Threads    none; one worker.
 */
#ifndef PROXY_EXCHANGE_H
#define PROXY_EXCHANGE_H
#include <stdbool.h>
#include <stdint.h>
#include "base/clk.h"
#include "base/digest.h"
#include "base/id.h"
#include "base/wheel.h"
#include "metering/allowance.h"
#include "metering/dialect.h"
#include "metering/meter.h"
#include "metering/refusal.h"
#include "metering/sluice.h"
#include "proxy/relay.h"
#include "proxy/request.h"
#include "proxy/route.h"

enum exchange_state {
#define STATE(name, letter, doing) XS_##name,
#include "proxy/exchange.tbl.h"
	XS_COUNT
};

enum exchange_ending {
	END_NOT_YET,
#define END(name, text, who, sentence) END_##name,
#include "proxy/end.tbl.h"
	END_COUNT
};

struct client;
struct slot;
struct upstream;
struct worker;

struct exchange {
	enum exchange_state state;    /* written by become() only */
	enum exchange_ending ending;  /* why it ended; set once */
	enum exchange_state ended_in; /* the phase in which it did */
	enum refusal refusal;         /* what a REPLY says */
	bool woken;
	bool later;  /* in the worker's list of that name */
	bool parked; /* waits for more of a shared limit: in the worker's list of such */
	struct worker *worker;
	struct client *client;     /* NULL once the client is gone or served */
	struct upstream *upstream; /* the attempt's connection; NULL outside DIAL to RELAY */
	struct exchange *next_woken, *next_later, *next, **link;
	struct exchange *parked_older, *parked_newer;
	struct mono parked_at;
	struct mono entered[XS_COUNT]; /* when each state was first entered; 0: never */
	struct wall started;
	struct id id;
	char id_text[ID_TEXT_ROOM];
	struct { /* about the exchange: set by callbacks, never cleared */
		bool head_read, body_read, garbled, too_large;
		bool crowded; /* the worker holds as many body bytes as it may */
		bool client_gone, shutdown;
		bool late;       /* the deadline of the present phase has passed */
		bool over_time;  /* the total deadline has */
		bool walled;     /* a budget ends here: x->shortfall says which */
		bool unpaid;     /* of what passes next nobody says whether it can be paid */
		bool unanswered; /* it was parked for as long as it may: nobody says how much is
				    left */
	} facts;
	struct { /* about one upstream connection: cleared by a retry */
		bool connected, refused, untrusted, failed, garbled, sent_any, reused;
		bool response_head, response_over;
		bool declined; /* the provider refused the option that we had added */
		bool dirty;    /* the connection must not serve anyone else */
	} attempt;
	unsigned attempts_count;
	struct deadline phase, total;
	struct request *request;   /* what the client asked; freed when it is answered */
	size_t body_counted_bytes; /* of it, in the worker's sum of bodies held */
	struct route route;
	uint8_t key_hash[SHA256_BYTES];
	enum http1_method allowed; /* what a 405 recommends */
	bool streams;              /* the client asked for a stream */
	bool wants_sse;            /* ... and refusals as SSE events, too */
	bool head_only;            /* the method was HEAD */
	bool asked_again;          /* without the option that the provider had declined */
	bool keep_alive;           /* the client's connection may serve another request */
	bool replied;              /* bytes of our own answer or the relay's are under way */
	uint8_t minor;             /* of the client's HTTP version */
	struct slot *slot;         /* the row in the making; NULL before admission */
	struct hold hold;
	struct quota_details *shortfall; /* what the refusal of a limit reports; NULL otherwise */
	char why[128];                   /* a sentence for the refusal; may be empty */
	struct meter meter;              /* our own count of its tokens */
	struct sluice sluice;            /* how much of a stream is paid for */
	struct relay relay;
};

/* A new exchange of this client in HEAD; NULL when out of memory. */
struct exchange *exchange_new(struct worker *w, struct client *c) MUST_USE;

/* Marks x to be run before the loop waits again; idempotent, fine in any callback. */
void exchange_wake(struct exchange *x);

/* Runs steps until one waits. May end x; does not free it. */
void exchange_run(struct exchange *x);

/* Frees an exchange in DONE; the sweep only. */
void exchange_free(struct exchange *x);

/* Keeps what a limit's refusal reports; without memory it reports less. */
void exchange_fall_short(struct exchange *x, const struct quota_details *why);

/* Names for people, all static text. */
const char *exchange_state_name(enum exchange_state s);
const char *exchange_state_doing(enum exchange_state s);
char exchange_state_letter(enum exchange_state s);
const char *exchange_ending_name(enum exchange_ending e);
char exchange_ending_who(enum exchange_ending e);

/* Why the edge exists; NULL when there is none. */
const char *exchange_edge(enum exchange_state from, enum exchange_state to);

#endif
