/* resolve.h - host name to addresses, without waiting: libevent's resolver, and the rule
 * which addresses a provider may have (threat T27). */
#ifndef PROXY_RESOLVE_H
#define PROXY_RESOLVE_H
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include "base/clk.h"
#include "base/err.h"

#define RESOLVE_ADDRESSES_MAX 8
#define RESOLVE_FRESH_US      (30 * US_PER_SEC)  /* an answer is asked for again after this */
#define RESOLVE_STALE_US      (600 * US_PER_SEC) /* the last good one serves so long if none comes */

struct address {
	union { /* a sockaddr_storage would be four times as much, in every connection */
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	} at;
	socklen_t len;
};

struct resolution { /* the last good answer */
	struct address address[RESOLVE_ADDRESSES_MAX];
	unsigned count;
	struct mono when; /* 0: never */
};

struct evdns_base;
struct evdns_getaddrinfo_request;

/* ERR_OK: *out is filled. ERR_REFUSED: only addresses that are not allowed. ERR_AWAY: none. */
typedef void resolve_done(void *arg, enum err e, const struct resolution *out);

/* Looks host up; done is called once, maybe before this returns (then NULL is returned). The
 * request may be given up with resolve_cancel(), and then done is not called. */
struct evdns_getaddrinfo_request *resolve_start(struct evdns_base *dns, const char *host,
						uint16_t port, bool allow_private,
						resolve_done *done, void *arg);
void resolve_cancel(struct evdns_getaddrinfo_request *r);

/* An address written out in the config; it needs no look-up, and naming it was a wish. */
bool resolve_literal(const char *ip, uint16_t port, struct resolution *out);

/* Loopback, private, link-local, multicast, unspecified, and what embeds them in IPv6. */
bool resolve_is_private(const struct sockaddr *a);

#endif
