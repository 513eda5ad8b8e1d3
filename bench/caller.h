/* caller.h - one connection of the load generator: sends a request, checks the answer.
 *
 * Owner    the crowd owns its callers; each carries at most one exchange at a time.
 * Errors   every exchange ends as exactly one `enum outcome`.
 */
#ifndef BENCH_CALLER_H
#define BENCH_CALLER_H
#include <openssl/types.h>
#include "base/buf.h"
#include "bench/figures.h"
#include "bench/http.h"
#include "bench/link.h"
#include "bench/timer.h"

enum outcome {
#define OUTCOME(name, help) OUTCOME_##name,
#include "bench/outcome.tbl.h"
	OUTCOME_COUNT
};

/* What every caller does, and what they measured together. */
struct crowd {
	struct address to;
	SSL_CTX *tls; /* NULL: plain */
	struct span request;
	uint64_t want_status, want_events, abort_after, timeout_us;
	double abort_prob;       /* of the exchanges; 0: none */
	const char *want_sha256; /* NULL: any */
	bool ends_done;          /* a body must end in "data: [DONE]" */
	bool hold;               /* read one event, then keep the stream open */
	int log_fd;              /* a JSON line per exchange; -1: none */

	int epoll_fd;
	struct timer_heap timers;
	uint64_t random;
	uint64_t outcome[OUTCOME_COUNT], bytes, events, busy, holding, connects;
	struct figures head, first, total, gap;
	struct caller *free; /* those who have nothing to do */
};

enum caller_state {
	CALLER_FREE,
	CALLER_SENDS,
	CALLER_HEAD,
	CALLER_BODY,
	CALLER_HOLDS
};

struct caller {
	struct timer timer; /* first: the heap gives it back and we cast */
	struct crowd *crowd;
	struct caller *next_free;
	struct link link; /* fd -1: not connected */
	enum caller_state state;
	bool fresh;      /* nothing came over this connection yet */
	bool aborts;     /* this exchange is to be cut */
	bool to_the_end; /* read until nothing comes: a short read may hide more */
	size_t sent;
	struct buf in;
	struct http_body framing;
	uint64_t status, due_us, last_event_us;
	uint64_t got_bytes, body_bytes, events, newline_at; /* +1; 0: none yet */
	char tail[16];                                      /* the last bytes of the body */
	char id[64];                                        /* the response's x-request-id */
	EVP_MD_CTX *digest;
	bool got_first, closes;
};

/* A caller who is free. */
void caller_init(struct caller *c, struct crowd *crowd);

/* Gives a free caller an exchange that was due at due_us (latencies count from there). */
void caller_begin(struct crowd *crowd, uint64_t due_us);

/* epoll says that something happened. closing: also that the other side sends no more. */
void caller_turn(struct caller *c, bool closing);

/* Its deadline has passed. */
void caller_late(struct caller *c);

/* Lets go of everything; an exchange under way is not counted. */
void caller_release(struct caller *c);

#endif
