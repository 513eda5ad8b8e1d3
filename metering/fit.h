/* fit.h - one linear model fitted to what was seen, and how far off it was; for learn.c.
 *
 * The only struct of the project with floating point in it: an estimate is no money. What
 * goes in and comes out are whole tokens and thousandths.
 * Owner    the caller's struct. Pure; no threads: learn.c locks.
 */
#ifndef METERING_FIT_H
#define METERING_FIT_H
#include "metering/learn.h"

enum {
	FIT_N = LEARN_COEFFICIENT_COUNT,
	FIT_PACKED = FIT_N * (FIT_N + 1) / 2 /* the lower triangle of a symmetric matrix, by rows */
};

struct fit {
	/* all this is written and read back */
	uint64_t learned;                      /* bit i: the i-th coefficient is; 0: not begun */
	uint64_t samples, seen, frozen, drift; /* as in struct learn_view */
	double bias, error;                    /* long-run means of the error and of its size */
	double recent, deviation;              /* the same of late: they tell a change */
	double weight[FIT_N];                  /* the coefficients */
	double info[FIT_PACKED];               /* what samples say about them */
	double history[LEARN_BUCKETS];         /* a fading histogram of errors */
	uint64_t bucket[LEARN_BUCKETS], ratio_sum_permil; /* the same, never fading */

	double low, high; /* the bounds as parts of the mean; follow from history */
};

/* Begins with these coefficients, in thousandths, and with bounds of +-spread; of the
 * coefficients the set `learned` is. */
void fit_begin(struct fit *f, unsigned learned, const int32_t permil[FIT_N], int32_t spread_permil);

/* The estimate for x, each at most USAGE_TOK_MAX. */
void fit_estimate(const struct fit *f, const uint64_t x[FIT_N], struct learn_estimate *out);

/* Notes how far off the estimate for x was when tok came, and learns, unless frozen. */
void fit_teach(struct fit *f, const uint64_t x[FIT_N], uint64_t tok);

/* Fills the numbers of *v. */
void fit_view(const struct fit *f, struct learn_view *v);

/* Appends the numbers as text that reads back to the last bit. False: no room. */
bool fit_write(const struct fit *f, struct buf *to) MUST_USE;

/* Reads that text, whole. ERR_GARBLED, ERR_RANGE: *f is unchanged, and room bytes at `why`
 * say what is wrong. */
enum err fit_read(struct fit *f, struct span text, char *why, size_t room) MUST_USE;

#endif
