/* purse.h - one budget: a limit, and what is spent and held of it in each window.
 *
 * A purse belongs to (scope, scope_id, resource, period), e.g. tenant acme, llm, month.
 * It counts in windows of its period and keeps the WINDOWS_KEPT last used ones, so that
 * what was held before midnight is settled to the day it was held in.
 *
 *   spent + held + wanted <= granted      or nothing is held
 *
 * granted is where several processes will share a limit: it is the limit itself while
 * there is one process, and the leased slice of it when there are more.
 *
 * Owner    struct purses owns them; a purse never moves nor goes away before
 *          purses_free(), so holds and refusals may point to it and its texts.
 * Limit    PURSES_MAX in a process.
 * Threads  any. The purse_locked_ functions need purse_lock() before; whoever locks
 *          several takes them in the order of purse_identity_order().
 */
#ifndef METERING_PURSE_H
#define METERING_PURSE_H
#include <stdbool.h>
#include <stdint.h>
#include "base/must.h"
#include "metering/period.h"
#include "store/record.h"

#define SCOPES(SCOPE)       SCOPE(platform) SCOPE(tenant) SCOPE(key)
#define RESOURCES(RESOURCE) RESOURCE(llm) RESOURCE(e2b) RESOURCE(all)

enum scope {
#define SCOPE(name) SCOPE_##name,
	SCOPES(SCOPE)
#undef SCOPE
	SCOPE_COUNT
};

enum resource {
#define RESOURCE(name) RESOURCE_##name,
	RESOURCES(RESOURCE)
#undef RESOURCE
	RESOURCE_COUNT
};

/* "tenant", "llm" and so on; static text. */
const char *scope_name(enum scope s);
const char *resource_name(enum resource r);

#define PURSES_MAX   (1u << 20)
#define WINDOWS_KEPT 3

struct purse;
struct purses;

/* An empty table; NULL when out of memory. */
struct purses *purses_new(void) MUST_USE;

/* Frees every purse: nobody may hold or list one any more. */
void purses_free(struct purses *t);

/* What makes a purse this one and no other. */
struct purse_identity {
	enum scope scope;
	enum resource resource;
	enum period period;
	const char *scope_id; /* as long as the purse, or the row it was read from */
};

/* Reads q's words; false when one of them is not of the closed sets, or the limit or the
 * warning level is out of range. */
bool purse_identify(const struct quota_row *q, struct purse_identity *out) MUST_USE;

/* < 0 when a comes before b, 0 when they are the same. The busiest purses come last: key,
 * tenant, platform. */
int purse_identity_order(const struct purse_identity *a, const struct purse_identity *b);

/* The purse that q describes, created if need be, with q's limit and warning; what is
 * already spent and held stays. Counts one listing, given back by purse_unlist(). NULL:
 * purse_identify() is false, or there is no room. */
struct purse *purses_list(struct purses *t, const struct quota_row *q) MUST_USE;

/* Whose purse it is; never changes. */
const struct purse_identity *purse_identity(const struct purse *p);

/* Gives a listing back. A purse that nobody lists is not counted in any more; the next
 * purses_list() of it asks for a new seed. */
void purse_unlist(struct purse *p);

/* Does its spend have to be read from the ledger first? Until purse_seed() it counts
 * from zero. *from: the instant from which the ledger's rows count at `now`. */
bool purse_wants_seed(struct purse *p, struct wall now, struct wall *from);

/* Sets what is spent in the window of `at`, which the ledger says; flush the books before
 * asking it. A budget new to a running process does not see the requests then under way. A
 * warning level already passed is not reported again. */
void purse_seed(struct purse *p, struct wall at, int64_t spent_pusd);

struct purse_view { /* a consistent copy */
	struct window window;
	int64_t limit_pusd, spent_pusd, held_pusd;
	uint32_t warn_pct;
};

/* How the purse stands in the window of `at`. */
struct purse_view purse_view(struct purse *p, struct wall at);

/* Takes the purse's lock; never twice by one thread. */
void purse_lock(struct purse *p);

/* Gives it back. */
void purse_unlock(struct purse *p);

/* The ticket of the window of `at`, which is from now on among those kept. The ticket
 * stays good until the window is dropped; a window opened anew has a new one. */
uint32_t purse_locked_open(struct purse *p, struct wall at);

/* purse_view() of that window; one no longer kept has nothing spent or held. */
struct purse_view purse_locked_view(const struct purse *p, uint32_t ticket);

/* What may still be held in the window; 0 or more. A window no longer kept ended long
 * ago and limits nothing: INT64_MAX. */
int64_t purse_locked_room(const struct purse *p, uint32_t ticket);

/* Adds pusd, which must be within purse_locked_room(), to what is held. */
void purse_locked_hold(struct purse *p, uint32_t ticket, int64_t pusd);

/* Takes held_pusd back and books spent_pusd, which may be more. True when this passed
 * the warning level for the first time in this window. */
bool purse_locked_settle(struct purse *p, uint32_t ticket, int64_t held_pusd, int64_t spent_pusd);

#endif
