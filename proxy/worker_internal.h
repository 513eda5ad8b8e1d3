/* worker_internal.h - what one worker owns; for the files of this room only.
 *
 * Everything here belongs to the worker's thread. Other threads read metrics and active, and
 * set the two orders, which are atomic. */
#ifndef PROXY_WORKER_INTERNAL_H
#define PROXY_WORKER_INTERNAL_H
#include <pthread.h>
#include <stdatomic.h>
#include "base/box.h"
#include "base/wheel.h"
#include "metering/allowance.h"
#include "proxy/access_log.h"
#include "proxy/client.h"
#include "proxy/exchange.h"
#include "proxy/http1.h"
#include "proxy/listener.h"
#include "proxy/metrics.h"
#include "proxy/upstream.h"
#include "proxy/wire.h"
#include "proxy/worker.h"

enum worker_order {
	ORDER_SERVE,
	ORDER_DRAIN, /* no new connections, idle ones closed */
	ORDER_STOP   /* end what is left and leave the loop */
};

struct worker {
	const struct worker_shared *shared;
	const struct conf *conf;
	unsigned index;
	pthread_t thread;
	_Atomic int order; /* enum worker_order, from the main thread */
	int bell;          /* eventfd that announces an order */
	bool draining;
	bool crowded;          /* no more clients are taken: connections are not kept */
	unsigned clients_most; /* limits.clients, or fewer where descriptors are few */
	struct event_base *base;
	struct evdns_base *dns;
	struct event *tick, *bell_event;
	struct wire_loop loop;
	struct wheel wheel;
	struct http1_limits limits;
	struct listener *listeners;
	unsigned listeners_count;
	struct origin *origins; /* one for each provider of the config, in its order */
	struct client *clients; /* alive */
	struct exchange *exchanges, *woken;
	struct exchange *later, **later_end; /* to be run in a turn to come, one in each */
	struct exchange *parked_oldest, *parked_newest; /* wait for more of a shared limit */
	unsigned parked_count;
	struct event *parked_due;               /* when the oldest has waited long enough */
	struct meter_kit kit;                   /* what tokens are counted with */
	struct client *dead_clients, *revisits; /* linked by next */
	struct upstream *dead_upstreams;
	struct exchange *dead_exchanges;
	size_t bodies_bytes; /* of requests held now */
	struct box_pin registry, prices;
	struct metrics metrics;
	struct access_log access;
	struct http1_request request_head; /* scratch of the parser */
	struct http1_response response_head;
	char date[HEAD_DATE_ROOM];
	uint64_t date_second;
	struct mono doubted; /* when a doubt about a price was last logged */
	struct mono ticked;  /* when the last tick came: a late one means a stalled loop */
};

/* Arms d to fire us from now. */
void worker_deadline(struct worker *w, struct deadline *d, uint64_t us);

/* The date header's value for now. */
struct span worker_date(struct worker *w);

/* Is a client's connection kept for its next request? Not while others wait for one. */
static inline bool worker_keeps_clients(const struct worker *w)
{
	return !w->draining && !w->crowded;
}

/* Closes the connections that have been without a request for a while, so that others find room. */
void worker_close_idle(struct worker *w);

/* Counts the growth of x's request body against limits.bodies. ERR_TOO_BIG: above it. */
enum err worker_count_body(struct worker *w, struct exchange *x) MUST_USE;

/* Lists of what is alive, and of what the sweep frees at the end of the turn. */
void worker_adopt_client(struct worker *w, struct client *c);
void worker_bury_client(struct worker *w, struct client *c);
void worker_adopt_exchange(struct worker *w, struct exchange *x);
void worker_bury_exchange(struct worker *w, struct exchange *x);
void worker_bury_upstream(struct worker *w, struct upstream *u);

/* Runs x again in a turn to come: for work that is done in slices. Others come first. */
void worker_run_later(struct worker *w, struct exchange *x);

/* Lets x wait for more of a shared limit: it is woken when that may have come, or, then with
 * facts.unanswered, after quota.deadline. Fine for one that waits already. False: too many do. */
bool worker_park(struct worker *w, struct exchange *x) MUST_USE;

/* It waits no longer; fine for one that did not. */
void worker_unpark(struct worker *w, struct exchange *x);

/* Looks once more, after the sweep, at what a client has already sent. */
void worker_revisit_client(struct worker *w, struct client *c);

/* Says that a budget passed a warning level: what allowance_settle() tells, of a worker. */
void worker_note_crossing(void *worker, const struct crossing *c);

#endif
