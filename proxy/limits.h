/* limits.h - response fields that tell a client how its limits stand, in its dialect's form.
 *
 *   x-weir-budget-remaining-usd            the scarcest budget of money
 *   x-ratelimit-limit-requests: 60         and -remaining-, -reset-; the same for -tokens
 *   anthropic-ratelimit-requests-limit: 60 and so on, for Anthropic's clients
 *
 * They are of our own limits: where there are such of requests or tokens, the provider's are not
 * passed on, since those are the operator's.
 * Pure text; no allocation. */
#ifndef PROXY_LIMITS_H
#define PROXY_LIMITS_H
#include <stdbool.h>
#include "base/clk.h"
#include "base/span.h"
#include "metering/allowance.h"
#include "metering/dialect.h"

#define LIMITS_ROOM 768 /* bytes that limits_fields() needs */

/* Are there limits of requests or tokens on what this hold is for? */
bool limits_are_ours(const struct hold *h);

/* The lines, each ended by CRLF, as they were after the hold; empty when there is no limit. */
struct span limits_fields(const struct hold *h, enum error_style style, struct wall now,
			  char to[LIMITS_ROOM]);

#endif
