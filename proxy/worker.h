/* worker.h - the event loops that carry the traffic.
 *
 * N workers, each one thread with one libevent loop that owns its sockets, exchanges and
 * pools; they share nothing but the immutable snapshots and the thread-safe tables named in
 * struct worker_shared. A worker never blocks.
 *
 * The loop has three beats: callbacks record facts, steps decide, the sweep frees.
 */
#ifndef PROXY_WORKER_H
#define PROXY_WORKER_H
#include <stdbool.h>
#include <stdint.h>
#include "base/buf.h"
#include "base/err.h"

struct books;
struct box;
struct conf;
struct inflight;
struct learn;
struct owners;
struct vocabs;
struct workers;

/* What all workers use. Owned by the caller; outlives the workers. */
struct worker_shared {
	const struct conf *conf;
	struct box *registry;        /* of struct registry (metering/registry.h) */
	struct box *prices;          /* of struct price_book (metering/price.h) */
	struct inflight *inflight;   /* store/inflight.h */
	struct books *books;         /* store/books.h */
	const struct vocabs *vocabs; /* metering/vocab.h; NULL: tokens are estimated from bytes */
	struct learn *learn;         /* metering/learn.h */
	struct owners *owners;       /* metering/owners.h */
};

/* Binds the listeners and starts the threads. On error `why` (room bytes) says what failed. */
enum err workers_start(const struct worker_shared *shared, struct workers **out, char *why,
		       size_t room) MUST_USE;

/* The port that the first listener is bound to (for "127.0.0.1:0"). */
uint16_t workers_port(const struct workers *w);

/* Stops accepting; idle client connections are closed, exchanges under way go on. */
void workers_drain(struct workers *w);

/* Wakes what waits for more of a shared limit. Any thread, until workers_stop(). */
void workers_ring(struct workers *w);

/* Exchanges still under way, over all workers. */
uint64_t workers_active(const struct workers *w);

/* Ends what is left (rows are still written), joins the threads, frees. */
void workers_stop(struct workers *w);

/* Appends the proxy's metrics, summed over workers, in the Prometheus text format. */
bool workers_metrics(const struct workers *w, struct buf *to);

/* Appends the states, how often each edge was taken, as JSON. */
bool workers_states(const struct workers *w, struct buf *to);

#endif
