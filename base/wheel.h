/* wheel.h - deadlines that cost a store to move.
 *
 * A hashed wheel of coarse ticks. Almost every deadline of a proxy is moved further out
 * again and again (each byte does) and hardly ever reached; so moving one later only writes
 * its time, and the wheel looks again when the old slot comes round.
 *
 * Owner    the struct that embeds the deadline; it must be cleared before it is freed.
 * Promise  a deadline fires at most once per set, never early, at most two ticks late.
 * Threads  none; one worker, one wheel.
 */
#ifndef BASE_WHEEL_H
#define BASE_WHEEL_H
#include <stdbool.h>
#include "base/clk.h"

#define WHEEL_TICK_US (50 * US_PER_MS)
#define WHEEL_SLOTS   512

struct deadline {
	struct mono at; /* when; 0: not set */
	uint64_t tick;  /* the slot it hangs in is tick % WHEEL_SLOTS */
	struct deadline *next;
	struct deadline **link; /* what points to us; NULL: in no slot */
	void (*reached)(struct deadline *d);
};

struct wheel {
	uint64_t tick; /* the last tick that was looked at */
	struct deadline *slots[WHEEL_SLOTS];
};

/* Starts at the given time. */
void wheel_init(struct wheel *w, struct mono now);

/* d is unset; reached is called from wheel_turn() and may set d again or clear any other. */
void deadline_init(struct deadline *d, void (*reached)(struct deadline *d));

/* Sets or moves d. Moving later is one store. */
void deadline_set(struct wheel *w, struct deadline *d, struct mono at);

/* Unsets d and unhooks it; fine on an unset one. */
void deadline_clear(struct deadline *d);

/* Calls what has been reached. */
void wheel_turn(struct wheel *w, struct mono now);

#endif
