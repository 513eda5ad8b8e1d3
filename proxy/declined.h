/* declined.h - requests that a provider refuses when they ask for the usage event.
 *
 * Some servers answer 400 to a request that bears `stream_options`. Such a request is asked
 * again without it, and where that works, those like it are not asked for the event any
 * more: same model, path and query, for an hour. What a tenant writes into its path or query
 * (an old api-version, say) so changes nothing for the others, whose usage is still reported.
 *
 * Owner   the origin; a few hundred bytes, the oldest is forgotten first. Threads none.
 */
#ifndef PROXY_DECLINED_H
#define PROXY_DECLINED_H
#include <stdbool.h>
#include <stdint.h>
#include "base/clk.h"
#include "base/span.h"

#define DECLINED_MAX     16
#define DECLINED_TIME_US (UINT64_C(3600) * US_PER_SEC)

struct declined {
	unsigned next; /* where the next one goes */
	struct {
		uint64_t kind; /* 0: none */
		struct mono since;
	} at[DECLINED_MAX];
};

/* What requests like this one have in common: a hash that nobody can aim at. */
uint64_t declined_kind(struct span model, struct span path, struct span query);

/* Is this kind remembered? */
bool declined_knows(const struct declined *d, uint64_t kind);

/* Nothing is remembered: then no kind need be made. */
bool declined_is_empty(const struct declined *d);

/* Remembers it. */
void declined_note(struct declined *d, uint64_t kind);

/* Does the body of a provider's refusal say that this option is the reason? */
bool declined_says(struct span body);

#endif
