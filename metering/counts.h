/* counts.h - the numbers of one usage object as its provider means them, and how they
 * become the disjoint quantities that a price list knows. Plain data, owns nothing.
 *
 * A number that is negative, no integer or above USAGE_TOK_MAX is a provider's bug: it is
 * left out and the result says `inconsistent`. Nothing wraps.
 */
#ifndef METERING_COUNTS_H
#define METERING_COUNTS_H
#include <stdbool.h>
#include <stdint.h>
#include "base/span.h"
#include "metering/dialect.h"
#include "metering/usage.h"

enum count {
#define COUNT(name, help) COUNT_##name,
#define FEE(name, help)   COUNT_##name,
#include "metering/counts.tbl.h"
	COUNT_COUNT,
	COUNT_FEES = COUNT_web_search /* from here on */
};

struct counts {
	uint32_t known;          /* bit i: n[i] was said */
	uint32_t n[COUNT_COUNT]; /* 0 where it was not */
	int64_t cost_pusd;       /* -1: not said */
	bool inconsistent;
};

struct counting {
	enum reasoning_place reasoning;
	bool caches_apart; /* cached and written tokens are not in the input count */
};

/* Nothing known. */
void counts_clear(struct counts *c);

/* Takes a JSON number as written: an integer, or a decimal such as 188.0. */
void counts_set(struct counts *c, enum count which, struct span number);

/* Adds n, e.g. one more item of a list. */
void counts_add(struct counts *c, enum count which, uint32_t n);

/* Takes an amount of USD as written; decimals says how many more decimal places its unit
 * has than the dollar (10 for ticks of 1e-10 USD). */
void counts_set_cost(struct counts *c, struct span number, unsigned decimals);

static inline bool counts_has(const struct counts *c, enum count which)
{
	return (c->known >> which & 1) != 0;
}

/* Writes what `news` knows over what c knows. */
void counts_overlay(struct counts *c, const struct counts *news);

/* Adds what `more` counted to c: two things that were consumed one after the other. */
void counts_sum(struct counts *c, const struct counts *more);

/* Adds c, made disjoint, to quantity[Q_COUNT]; raises u->inconsistent and
 * u->reasoning_over_tok as needed. Fees are added too. */
void counts_spread(const struct counts *c, struct counting how, uint64_t *quantity,
		   struct usage *u);

#endif
