/* address.h - where to listen and whom to call, as the config names them; pure.
 *
 * Owner    parsed parts are copied into the caller's arena.
 * Errors   the static sentence that tells a person what is wrong, or NULL.
 */
#ifndef CONF_ADDRESS_H
#define CONF_ADDRESS_H
#include <stdbool.h>
#include <stdint.h>
#include "base/arena.h"
#include "base/span.h"

struct conf_address {
	const char *text; /* as a person would write it, "127.0.0.1:8080"; NULL: none */
	const char *host; /* an IP address without brackets */
	uint16_t port;    /* 0: any free one */
};

struct conf_url {
	const char *text;      /* as given, without trailing slashes */
	bool tls;              /* https */
	const char *host;      /* name in lower case, or IP address without brackets */
	bool host_is_ip;       /* then there is nothing to look up */
	uint16_t port;         /* 443 or 80 when not given */
	const char *authority; /* for the Host header: the port only when it is not the usual one */
	const char *prefix;    /* path that goes before the request's; "" or "/v1" */
};

/* "127.0.0.1:8080", "[::1]:8080", "localhost:8080"; ":8080" and "*:8080" are every IPv4
 * address. Names are not looked up. */
const char *address_parse(struct span s, struct arena *a, struct conf_address *out) MUST_USE;

/* http or https, host, maybe a port, maybe a path of plain characters. No user info, query
 * or fragment, and nothing in the path that a server could read in two ways. */
const char *address_parse_url(struct span s, struct arena *a, struct conf_url *out) MUST_USE;

#endif
