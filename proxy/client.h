/* client.h - one connection from an application: requests one after the other.
 *
 * Turns wire events into facts for its exchange. A second request that arrives early stays
 * unread in the wire until the first is answered.
 * Owner   the worker's list; freed by the sweep. Threads none. */
#ifndef PROXY_CLIENT_H
#define PROXY_CLIENT_H
#include <stdbool.h>
#include <stdint.h>
#include "base/wheel.h"
#include "proxy/http1.h"
#include "proxy/wire.h"

struct exchange;
struct tls;
struct worker;

enum client_phase {
	CLIENT_SHAKING,   /* TLS handshake */
	CLIENT_IDLE,      /* between requests */
	CLIENT_BUSY,      /* an exchange is under way */
	CLIENT_FLUSHING,  /* the last answer is on its way out, then we close */
	CLIENT_LINGERING, /* we have closed our side and drop what still comes */
	CLIENT_DEAD       /* for the sweep */
};

struct client {
	struct wire wire; /* first: a wire's owner is found by its address */
	struct worker *worker;
	enum client_phase phase;
	struct exchange *x;     /* NULL unless BUSY */
	struct http1_scan scan; /* of the head being read */
	struct deadline deadline;
	struct mono idle_since; /* IDLE or LINGERING */
	uint32_t dropped_bytes; /* while lingering */
	struct client *next, **link, *next_revisit;
	bool revisit; /* in the worker's list of clients to look at again */
};

/* Takes over an accepted socket. tls: NULL for plain. Closes it when out of memory. */
void client_new(struct worker *w, int fd, struct tls *tls);

/* Tells a client that waits for it to send its body. */
void client_invite_body(struct client *c);

/* The exchange no longer needs its client: serve the next request, or close once what is
 * written has left. */
void client_done(struct client *c, bool keep_alive);

/* Closes now: a draining worker's idle connections, a broken one. */
void client_kill(struct client *c);

/* Frees a dead one; the sweep only. */
void client_free(struct client *c);

#endif
