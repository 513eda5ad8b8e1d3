/* purse.h - one budget: a limit, and what is spent and held of it in each window.
 *
 * A purse belongs to an identity (quota.h), e.g. tenant acme, llm, usd, month, and to a time
 * zone. It counts one unit, in windows of its period, and keeps the WINDOWS_KEPT last used
 * ones, so that what was held before midnight is settled to the day it was held in.
 *
 *   spent + held + wanted <= granted      or nothing is held
 *
 * granted is the limit itself while there is one process, and the leased slice of it
 * (slice.h) where several share it. A purse that only warns, or is in shadow, counts the same
 * and never limits.
 *
 * Owner    struct purses owns them; a purse never moves nor goes away before
 *          purses_free(), so holds and refusals may point to it and its texts.
 * Limit    PURSES_MAX in a process.
 * Threads  any. The purse_locked_ functions need purse_lock() before; whoever locks
 *          several takes them in the order of quota_order().
 */
#ifndef METERING_PURSE_H
#define METERING_PURSE_H
#include <stdbool.h>
#include <stdint.h>
#include "base/must.h"
#include "metering/quota.h"
#include "metering/slice.h"

#define PURSES_MAX   (1u << 20)
#define WINDOWS_KEPT 3

struct purse;
struct purses;

/* Who leases slices for the purses of a table. */
struct purse_desk {
	/* A window's slice is short of room. Called under the purse's lock; must not wait. */
	void (*want)(struct purse_desk *d, struct purse *p, uint32_t ticket);
};

/* An empty table; NULL when out of memory. */
struct purses *purses_new(void) MUST_USE;

/* From now on the table's limits are shared with other processes: what its purses grant is what
 * d leases for them, which begins with nothing. Before the first listing. */
void purses_share(struct purses *t, struct purse_desk *d);

/* Frees every purse: nobody may hold or list one any more. NULL is fine. */
void purses_free(struct purses *t);

/* The purse of that identity and zone, created if need be, with q's terms; what is already
 * spent and held stays. q must have a limit, and its zone must outlive the table. Counts one
 * listing, given back by purse_unlist(). NULL: there is no room. */
struct purse *purses_list(struct purses *t, const struct quota *q) MUST_USE;

/* Whose purse it is; never changes. */
const struct quota_identity *purse_identity(const struct purse *p);

/* Whose clocks its windows go by; never changes. */
const struct zone *purse_zone(const struct purse *p);

/* Gives a listing back. A purse that nobody lists is not counted in any more; the next
 * purses_list() of it asks for a new seed. */
void purse_unlist(struct purse *p);

/* Does its spend have to be read from the ledger first? Until purse_seed() it counts
 * from zero. *from: the instant from which the ledger's rows count at `now`. */
bool purse_wants_seed(struct purse *p, struct wall now, struct wall *from);

/* Sets what is spent in the window of `at`, which the ledger says; flush the books before
 * asking it. A budget new to a running process does not see the requests then under way. A
 * warning level already passed is not reported again. */
void purse_seed(struct purse *p, struct wall at, int64_t spent);

struct purse_view { /* a consistent copy */
	struct window window;
	int64_t limit, spent,
	    held; /* of the purse's unit; spent: what others have, too, as heard */
	struct quota_terms terms;
};

/* How the purse stands at `at`. */
struct purse_view purse_view(struct purse *p, struct wall at);

/* What is left: the limit less what is spent and held; 0 when that is less. */
int64_t purse_view_left(const struct purse_view *v);

/* Takes the purse's lock; never twice by one thread. */
void purse_lock(struct purse *p);

/* Gives it back. */
void purse_unlock(struct purse *p);

/* The ticket of the window of `at`, which is from now on among those kept. The ticket
 * stays good until the window is dropped; a window opened anew has a new one. */
uint32_t purse_locked_open(struct purse *p, struct wall at);

/* purse_view() of that window, with the limit at `now`; one no longer kept has nothing spent
 * or held. */
struct purse_view purse_locked_view(const struct purse *p, uint32_t ticket, struct wall now);

/* What is left in the window at `now`, whether the purse limits anybody or not. A window no
 * longer kept ended long ago: INT64_MAX. */
int64_t purse_locked_left(const struct purse *p, uint32_t ticket, struct wall now);

/* Is there room for so much more in the window? As slice_check(); where the limit is not shared,
 * ERR_OK or ERR_REFUSED. */
enum err purse_locked_check(const struct purse *p, uint32_t ticket, int64_t amount,
			    struct wall now) MUST_USE;

/* Asks for room for so much, after ERR_AGAIN. */
void purse_locked_want(struct purse *p, uint32_t ticket, int64_t amount);

/* What its limit demands; for as long as the lock is held. */
const struct quota_terms *purse_locked_terms(const struct purse *p);

/* Adds an amount of its unit to what is held. */
void purse_locked_hold(struct purse *p, uint32_t ticket, int64_t amount);

/* Takes `held` back and books `spent`, which may be more. Returns a bit for each warning level
 * of the terms that this passed for the first time in this window. */
unsigned purse_locked_settle(struct purse *p, uint32_t ticket, int64_t held, int64_t spent,
			     struct wall now);

/* --- for the desk, under the lock --- */

/* One window, as it is leased. */
struct purse_lease {
	struct slice *slice;
	struct slice_use use;
	struct window window;
	uint32_t ticket;
	bool *at_desk; /* the desk's own mark of the purse */
};

/* The leased windows that are kept, last used first; returns how many. None where the limit is
 * not shared, or refuses nobody. */
unsigned purse_locked_leases(struct purse *p, struct wall now,
			     struct purse_lease out[WINDOWS_KEPT]);

/* The one of that ticket; false: it is not leased, or no longer kept. */
bool purse_locked_lease(struct purse *p, uint32_t ticket, struct wall now, struct purse_lease *out);

#endif
