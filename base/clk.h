/* clk.h - the only place that asks the kernel for the time.
 *
 * Two clocks that the compiler will not let you mix, both in MICROSECONDS:
 *   struct mono  for deadlines and durations; never goes backwards
 *   struct wall  for what is written down; since 1970-01-01 UTC
 * Threads    clk_mono() and clk_wall() return the value cached by the calling
 *            thread's last clk_refresh(); a thread that never refreshed gets
 *            a fresh one.
 */
#ifndef BASE_CLK_H
#define BASE_CLK_H
#include <stddef.h>
#include <stdint.h>

struct mono {
	uint64_t us;
};
struct wall {
	uint64_t us;
};

#define US_PER_MS  UINT64_C(1000)
#define US_PER_SEC UINT64_C(1000000)

/* Renews this thread's cache of both clocks; at the beginning of each callback of a loop. */
void clk_refresh(void);

/* The cached monotonic time. */
struct mono clk_mono(void);

/* The cached wall time. */
struct wall clk_wall(void);

/* Microseconds from `then` to the cached now; 0 when `then` lies ahead. */
static inline uint64_t clk_since_us(struct mono then)
{
	uint64_t now_us = clk_mono().us;

	return now_us > then.us ? now_us - then.us : 0;
}

#define CLK_TEXT_ROOM 32 /* bytes that clk_text() needs */

/* Writes w as RFC 3339 in UTC with milliseconds, e.g. 2026-11-22T03:04:05.678Z. */
void clk_text(struct wall w, char to[CLK_TEXT_ROOM]);

#endif
