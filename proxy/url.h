/* url.h - a provider's base_url, taken apart.
 *
 * Strict on purpose: an operator wrote it, and a credential goes there. Only http and https,
 * a host name, an IPv4 address or a bracketed IPv6 address, a port, and a path without dot
 * segments; no user, no query, no fragment.
 */
#ifndef PROXY_URL_H
#define PROXY_URL_H
#include <stdbool.h>
#include <stdint.h>
#include "base/err.h"
#include "base/must.h"
#include "base/span.h"

struct url {
	bool tls;              /* https */
	uint16_t port;         /* 443 or 80 when none is written */
	struct span host;      /* without brackets: for the resolver and for SNI */
	struct span authority; /* as written: for the host field */
	struct span path;      /* without '/' at its end; empty or begins with '/' */
};

/* Spans point into text. ERR_GARBLED, with a sentence at *why (static), if it is not one. */
enum err url_parse(struct span text, struct url *out, const char **why) MUST_USE;

/* Is s a host, or a host and port, such as may stand in a host field? */
bool url_is_authority(struct span s);

#endif
