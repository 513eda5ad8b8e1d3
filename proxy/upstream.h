/* upstream.h - connections to providers: dialled, used by one exchange at a time, pooled.
 *
 * An origin is one provider seen from one worker: its addresses, its TLS session, its idle
 * connections. Turns wire events into facts of the exchange's attempt.
 *
 * Promise   only a connection whose last response was parsed to its end, with nothing after it,
 *           returns to the pool; an idle one that receives a byte is closed (threats T28, T29).
 *           What a provider sends unasked once the next request has left cannot be told from
 *           an answer to it: nothing in HTTP/1.1 can.
 * Owner     the worker; freed by the sweep. Threads none. */
#ifndef PROXY_UPSTREAM_H
#define PROXY_UPSTREAM_H
#include <stdbool.h>
#include <stdint.h>
#include "base/wheel.h"
#include "proxy/declined.h"
#include "proxy/http1.h"
#include "proxy/resolve.h"
#include "proxy/wire.h"

struct conf_provider;
struct exchange;
struct tls_context;
struct tls_session;
struct upstream;
struct worker;

struct origin {
	const struct conf_provider *provider; /* borrowed from the conf snapshot */
	struct worker *worker;
	struct tls_context *tls; /* borrowed; NULL: plain */
	struct tls_session *session;
	struct resolution known;
	struct upstream *idle; /* newest first */
	unsigned idle_count;
	char *auth_value;      /* "Bearer ...", made once; owned */
	const char *auth_name; /* NULL: the provider wants none */
	struct declined declined;
};

enum upstream_phase {
	UPSTREAM_RESOLVING,
	UPSTREAM_CONNECTING,
	UPSTREAM_BUSY,
	UPSTREAM_IDLE,
	UPSTREAM_DEAD /* for the sweep */
};

struct upstream {
	struct wire wire; /* first: a wire's owner is found by its address */
	struct worker *worker;
	struct origin *origin;
	struct exchange *x; /* NULL while idle or given up */
	enum upstream_phase phase;
	struct http1_scan scan;
	struct deadline deadline;
	struct evdns_getaddrinfo_request *question;
	struct resolution addresses;
	unsigned next_address;
	bool reuse; /* the last response allows another request */
	struct upstream *next, **link;
};

/* Gives x a connection: a pooled one at once (x's attempt is then connected and reused), or a new
 * one, whose facts follow. False: out of memory. */
bool upstream_take(struct origin *o, struct exchange *x) MUST_USE;

/* x has finished with it: back to the pool if its response allows that, else closed. */
void upstream_done(struct upstream *u, bool clean);

/* Frees a dead one; the sweep only. */
void upstream_free(struct upstream *u);

/* Closes all idle connections of o and frees what it holds. */
void origin_release(struct origin *o);

#endif
