/* figures.h - a distribution of microseconds: a log-linear histogram.
 *
 * Promise  a quantile is at most 1/64 above the true value, whatever the count.
 * Limit    about 8 kB, whatever the count; values past 2^40 are kept as 2^40.
 */
#ifndef BENCH_FIGURES_H
#define BENCH_FIGURES_H
#include <stdint.h>

#define FIGURES_BITS   40
#define FIGURES_STEPS  64 /* per power of two */
#define FIGURES_COUNTS ((FIGURES_BITS - 5) * FIGURES_STEPS)

struct figures {
	uint64_t count, max_us;
	uint32_t at[FIGURES_COUNTS];
};

/* Counts one value. */
void figures_add(struct figures *f, uint64_t us);

/* The value that `per_mille` of 1000 do not exceed; 0 when there are none. */
uint64_t figures_quantile_us(const struct figures *f, unsigned per_mille);

#endif
