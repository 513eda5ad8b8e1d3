/* timer.h - deadlines, soonest first: a binary heap of pointers into their owners.
 *
 * Owner    the heap owns its array; the owner of a struct timer clears it before dying.
 * Threads  one heap per thread.
 */
#ifndef BENCH_TIMER_H
#define BENCH_TIMER_H
#include <stddef.h>
#include <stdint.h>

struct timer {
	uint64_t due_us; /* monotonic */
	size_t place;    /* 1-based place in the heap; 0: not set */
};

struct timer_heap {
	struct timer **at;
	size_t count, room;
};

/* Sets or moves a deadline. */
void timer_set(struct timer_heap *h, struct timer *t, uint64_t due_us);

/* Takes it out; harmless when it is not set. */
void timer_clear(struct timer_heap *h, struct timer *t);

/* Takes out one that is due at now_us, or NULL. */
struct timer *timer_take_due(struct timer_heap *h, uint64_t now_us);

/* Microseconds until the soonest, at most `most_us`. */
uint64_t timer_wait_us(const struct timer_heap *h, uint64_t now_us, uint64_t most_us);

/* Frees the array; no timer may be set any more. */
void timer_release(struct timer_heap *h);

#endif
