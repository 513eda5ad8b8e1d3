/* route.h - from a request's path and model to the provider that serves it.
 *
 * Default-deny: an exact table (metering/dialect.h) over raw bytes, nothing is normalised.
 * "/{provider}/..." names a provider outright; any other path may belong to several, and then
 * the model decides. Host never takes part (threat T10).
 * Pure; spans point into the request. */
#ifndef PROXY_ROUTE_H
#define PROXY_ROUTE_H
#include <stdbool.h>
#include "base/clk.h"
#include "base/span.h"
#include "metering/dialect.h"

struct conf;
struct conf_provider;
struct price_book;

struct route {
	struct path_match match;
	const struct conf_provider *provider; /* NULL until it is known */
	const struct dialect *dialect;        /* the provider's; NULL until then */
	unsigned index;                       /* of the provider in the config */
	bool usage_injected; /* Weir asked for the usage event, the client did not */
};

/* Which shape has this path, and which provider if the path alone says so? False: no route;
 * r->match.shape is then what the path looks most like, for wording the refusal. */
bool route_path(const struct conf *c, struct span method, struct span path, struct route *r);

/* Chooses among the providers that serve the path: one whose `models` names this model, else the
 * first that has a price for it, else the first. False: none serves the path. */
bool route_model(const struct conf *c, const struct price_book *b, struct span method,
		 struct span path, struct span model, struct wall at, struct route *r);

/* Chooses, for a path that names an answer which the provider keeps, the provider for which
 * is_his() says yes. False: there is none. */
bool route_object(const struct conf *c, struct span method, struct span path,
		  bool (*is_his)(void *arg, const struct conf_provider *p), void *arg,
		  struct route *r);

/* Does a pattern match: byte for byte, or as a prefix before a final '*'? */
bool route_pattern(const char *pattern, struct span model);

#endif
