/* lessor.h - the desk that leases slices of shared limits for the purses of this process.
 *
 *   purse is short -> want() -> lease_ask -> [agent's thread -> Redis] -> slice_answer -> ring
 *
 * It asks at once when a purse is short of room, and about every second for all that have a
 * slice or something to tell: what is idle goes back, what is needed is renewed. After Redis
 * lost its memory it tells everything again.
 *
 * Ledgers  each process has its own, so a process tells what its ledger knows of a window as
 *          used by itself, and the base of an account is nothing. When a process starts it tells
 *          that first and only then gives up what its predecessor in the same state directory had
 *          been leased. Nobody else gives anybody up: what a process had leased that does not come
 *          back counts as spent until its window ends. What was spent by one that is away while
 *          Redis loses its memory is not known before it is back.
 * Threads  purses call from any; the answers come on the lease agent's own. Start, meet and stop:
 *          one thread.
 */
#ifndef METERING_LESSOR_H
#define METERING_LESSOR_H
#include <stddef.h>
#include "metering/purse.h"
#include "store/lease.h"

struct lessor;

struct lessor_options {
	const char *url;      /* of Redis */
	const char *instance; /* lease.h */
	uint64_t deadline_us; /* of a question */
};

struct lessor_counts {
	struct lease_counts lease;
	int64_t slices_left_pusd; /* leased and not used; who is cut off may go on spending it */
	int64_t beyond_pusd;      /* used beyond what is leased: only by on_outage: open */
	uint64_t purses;          /* with a slice, or something to tell */
};

/* Starts it for the purses of t, which are none yet. On error *why (static text) says what to do.
 */
enum err lessor_start(const struct lessor_options *o, struct purses *t, struct lessor **out,
		      const char **why) MUST_USE;

/* Tells of these purses' windows at `now` what is not told yet, and gives up what predecessors had
 * leased of them. */
void lessor_meet(struct lessor *l, struct purse *const *purses, size_t n, struct wall now);

/* Who is rung when an answer came that somebody may be waiting for: on the agent's thread, and
 * must not wait. NULL: nobody any more; on return nobody is being rung. */
void lessor_hear(struct lessor *l, void (*ring)(void *arg), void *arg);

/* A consistent-enough copy; the amounts are a second old at most. */
struct lessor_counts lessor_counts(struct lessor *l);

/* Gives the slices back, as far as Redis answers soon, and ends the thread. Nobody may use the
 * purses of the table meanwhile. NULL is fine. */
void lessor_stop(struct lessor *l);

#endif
