/* slice.h - one window's leased part of a limit that several processes share (store/lease.h).
 *
 * What a process may use of the window in all is GRANTED to it, until its lease ends; more has to
 * be asked for. Who finds no room WANTS: what is wanted between two questions is asked for
 * at once, and with it as much as is likely to be used soon, but ever less as the limit comes near.
 *
 *   slice_check -> ERR_AGAIN -> slice_want -> slice_ask -> [lease.h] -> slice_answer -> again
 *
 * Promise  one question at a time; while it is under way the process keeps to what it told as
 *          its floor, so that what is used never exceeds what Redis has written down.
 * Pure. Threads none: it is under its purse's lock.
 */
#ifndef METERING_SLICE_H
#define METERING_SLICE_H
#include <stdbool.h>
#include <stdint.h>
#include "base/clk.h"
#include "base/err.h"
#include "base/must.h"
#include "metering/quota.h"
#include "store/lease.h"

#define SLICE_KNOWN_US (250 * US_PER_MS)  /* so long a limit that was used up is not asked about */
#define SLICE_AWAY_US  (1500 * US_PER_MS) /* so long nobody waits after a question that failed */

struct slice {
	int64_t granted, floor; /* floor: what was told as it, by the last question */
	int64_t others, leased; /* used by the other processes, granted to all, as last heard */
	int64_t told;           /* used by this process, as last told */
	int64_t need, wanted;   /* the least and the sum of what found no room since then */
	int64_t step;           /* the need of the last question that had one */
	int64_t flow, before;   /* held since the last tick, and in the one before that */
	struct mono good_until, known_until;
	struct mono heard, failed; /* when an answer last came, or failed to; 0: never */
	bool asked;                /* a question is under way */
	bool forgotten;            /* Redis lost its memory since the last one began */
	bool missed;               /* somebody found no room meanwhile */
	bool hungry;               /* another process does */
	bool settling, closed;     /* what an earlier process left in it is, or was, given up */
};

/* What the window's purse knows, at this instant. */
struct slice_use {
	int64_t limit, used; /* spent and held */
	struct mono now;
};

/* Is there room for so much more? ERR_REFUSED: the limit is used up as far as is known.
 * ERR_AGAIN: not in the slice; more can be asked for. ERR_AWAY: the same, and nobody answers. */
enum err slice_check(const struct slice *s, const struct slice_use *u, int64_t amount,
		     enum outage policy);

/* Notes that somebody waits for room for so much. */
void slice_want(struct slice *s, int64_t amount);

/* Notes that so much was held. */
void slice_flow(struct slice *s, int64_t amount);

/* Should others be told how things are, though nobody waits? */
bool slice_must_tell(const struct slice *s, const struct slice_use *u);

/* Begins a question: fills the amounts of q. What is not going to be used is given back with it;
 * all of it when `leaving`. */
void slice_ask(struct slice *s, const struct slice_use *u, bool leaving, struct lease_request *q);

/* Its answer. True: somebody may be waiting for it. */
bool slice_answer(struct slice *s, const struct lease_answer *a, struct mono now);

/* A second or so has passed. forgot: Redis lost its memory in it. */
void slice_tick(struct slice *s, bool forgot);

/* What may still be used of it by who holds on to it when Redis is away. */
int64_t slice_left(const struct slice *s, const struct slice_use *u);

/* What was used beyond it, because its policy was to trust rather than to refuse. */
int64_t slice_beyond(const struct slice *s, const struct slice_use *u);

#endif
