/* figures.c - below 64 each value has its own count; above, 64 counts per power of two. */
#include "bench/figures.h"

static unsigned place_of(uint64_t us)
{
	unsigned shift;

	if (us >= UINT64_C(1) << FIGURES_BITS)
		us = (UINT64_C(1) << FIGURES_BITS) - 1;
	if (us < FIGURES_STEPS)
		return (unsigned)us;
	shift = 63 - (unsigned)__builtin_clzll(us) - 6;
	return shift * FIGURES_STEPS + (unsigned)(us >> shift);
}

/* The largest value that is counted at this place. */
static uint64_t value_of(unsigned place)
{
	unsigned shift = place < 2 * FIGURES_STEPS ? 0 : place / FIGURES_STEPS - 1;

	return ((uint64_t)(place - shift * FIGURES_STEPS + 1) << shift) - 1;
}

void figures_add(struct figures *f, uint64_t us)
{
	f->at[place_of(us)]++;
	f->count++;
	if (us > f->max_us)
		f->max_us = us;
}

uint64_t figures_quantile_us(const struct figures *f, unsigned per_mille)
{
	uint64_t left = (f->count * per_mille + 999) / 1000;

	for (unsigned i = 0; i < FIGURES_COUNTS && f->count > 0; i++) {
		if (f->at[i] >= left)
			return value_of(i) < f->max_us ? value_of(i) : f->max_us;
		left -= f->at[i];
	}
	return f->max_us;
}
