/* price.h - dated prices and exact costs.
 *
 * A price is an unsigned decimal with at most 24 places, held as an integer of 1e-24 USD in
 * 128 bits; so every published price converts exactly. cost = sum(quantity x price) x
 * multiplier, rounded once, half to even, to picodollars (1e-12 USD).
 *
 * A price_book is an immutable snapshot: build, publish, share between threads, drop when
 * nobody pins it. Looking up is by (provider, model, time): no allocation, no I/O.
 */
#ifndef METERING_PRICE_H
#define METERING_PRICE_H
#include <stdbool.h>
#include <stdint.h>
#include "base/clk.h"
#include "base/err.h"
#include "base/must.h"
#include "base/span.h"
#include "metering/usage.h"

struct price_book;
struct price; /* one dated entry of one model: buckets, tiers, limits */

/* The entry valid at `at` for exactly this model of this provider; NULL: unpriced. */
const struct price *price_find(const struct price_book *b, struct span provider, struct span model,
			       struct wall at);

/* The version that rows keep, at most 23 characters: a hash of the entry's content. */
const char *price_version(const struct price *p);

/* Largest answer and context of the model in tokens; 0: not known. */
uint64_t price_max_output_tok(const struct price *p);
uint64_t price_max_input_tok(const struct price *p);

/* Is this a declared provisional rate for a model nobody has priced? */
bool price_is_provisional(const struct price *p);

/* What the usage costs at p. requested_tier: the tier asked for, used when u->tier is empty
 * and it is explicit. aux: the price of u->aux_model (NULL when it has none: then p's own
 * rates are used). ERR_RANGE: over 9.2 million USD, never wraps. */
enum err price_cost(const struct price *p, const struct price *aux, const struct usage *u,
		    struct span requested_tier, int64_t *pusd) MUST_USE;

/* An upper bound: input_tok at the dearest input bucket and output_tok at the dearest output
 * bucket of the tier, long-context rates where they can apply, plus per-request fees. */
enum err price_worst(const struct price *p, uint64_t input_tok, uint64_t output_tok,
		     struct span tier, int64_t *pusd) MUST_USE;

/* Snapshots are counted. */
struct price_book *price_book_ref(struct price_book *b);
void price_book_unref(struct price_book *b);

#endif
