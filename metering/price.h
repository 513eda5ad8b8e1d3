/* price.h - dated prices and exact costs.
 *
 * A price is an unsigned decimal with at most 24 places, held as an integer of 1e-24 USD in
 * 128 bits; so every published price converts exactly, and a multiplier that would leave
 * that grid is refused when the entry is read. cost = sum(quantity x price), rounded once,
 * half to even, to picodollars (1e-12 USD).
 *
 * Which prices hold follows from three things: the service tier and the region that served
 * ("priority", "us", "fast+us"), and the length of the prompt, cached tokens included and
 * the tools' own left out: a long one has all its tokens at the dearer rate.
 *
 * A price_book is an immutable snapshot: build (price_book.h), publish, share between
 * threads, drop when nobody pins it. Looking up is by (provider, model, time): no
 * allocation, no I/O. A price lives as long as its book.
 */
#ifndef METERING_PRICE_H
#define METERING_PRICE_H
#include <stdbool.h>
#include <stdint.h>
#include "base/buf.h"
#include "base/clk.h"
#include "base/err.h"
#include "base/must.h"
#include "base/span.h"
#include "metering/usage.h"
#include "store/record.h"

struct price_book;
struct price; /* one dated entry of one model: prices, tiers, limits */
struct price_draft;

/* The entry valid at `at` for exactly this model of this provider (the heading in
 * prices.yaml), else the provider's provisional one; NULL: unpriced. */
const struct price *price_find(const struct price_book *b, struct span provider, struct span model,
			       struct wall at);

/* The same for a configured provider: the entry listed under its name, else under its
 * dialect's, else the provisional one of either. */
const struct price *price_find_for(const struct price_book *b, struct span provider,
				   struct span dialect, struct span model, struct wall at);

/* The version that rows keep, 16 hex digits: a hash of the entry's canonical text. */
const char *price_version(const struct price *p);

/* Largest answer and context of the model in tokens; 0: not known. */
uint64_t price_max_output_tok(const struct price *p);
uint64_t price_max_input_tok(const struct price *p);

/* Is this a declared provisional rate for a model nobody has priced? */
bool price_is_provisional(const struct price *p);

/* Does the entry know every part of this tier (plain ones such as "default" included)? The
 * standard prices are used for what it does not know. */
bool price_has_tier(const struct price *p, struct span tier);

/* DOUBT(name, "what is doubtful about a cost")
 * Why price_cost() charged something that no list says in so many words. */
#define PRICE_DOUBTS(DOUBT)                                                                        \
	DOUBT(tier, "a service tier or region without prices; the standard ones were used")        \
	DOUBT(dearest, "tokens of a kind without a price; the dearest of its group was used")      \
	DOUBT(assumed, "a fee without a price; the dearest known list price was used")             \
	DOUBT(unpriced, "a unit the model is not sold by; it cost nothing")                        \
	DOUBT(aux, "a second model without a price; the first one's was used")                     \
	DOUBT(provisional, "a provisional rate; nobody has priced the model")

enum price_doubt {
#define DOUBT(name, help) PRICE_DOUBT_##name,
	PRICE_DOUBTS(DOUBT)
#undef DOUBT
	PRICE_DOUBT_COUNT
};

/* "tier" and so on; static text. */
const char *price_doubt_name(enum price_doubt d);

/* What the usage costs at p. requested_tier: the tier asked for, used when u->tier is empty
 * and it is explicit. aux: the price of u->aux_model (NULL when it has none: then p's own
 * prices are used). doubts (NULL is fine): bit d for each doubt d, also where it is ERR_MISSING.
 * ERR_RANGE: over 9.2 million USD, never wraps. ERR_MISSING: nothing that was consumed has a
 * price here (a model sold by the second that reports tokens, say): charge what was held and
 * look into it. */
enum err price_cost(const struct price *p, const struct price *aux, const struct usage *u,
		    struct span requested_tier, int64_t *pusd, unsigned *doubts) MUST_USE;

/* An upper bound: input_tok at the dearest input price and output_tok at the dearest output
 * price of the tier, long-context prices where they can apply, plus the fee per request. */
enum err price_worst(const struct price *p, uint64_t input_tok, uint64_t output_tok,
		     struct span tier, int64_t *pusd) MUST_USE;

/* Appends one JSON object that shows how price_cost() comes to its result: the entry, tier,
 * geo and context_from_tok that applied, `terms` [{model, quantity, unit, count, each_usd,
 * amount_usd, basis}] whose amounts add up to sum_usd exactly, cost_usd and cost_pusd (the
 * sum, rounded), doubts []. Errors as price_cost(), and ERR_NOMEM; then nothing is appended. */
enum err price_explain(const struct price *p, const struct price *aux, const struct usage *u,
		       struct span requested_tier, struct buf *to) MUST_USE;

/* Who and since when, for listings and for the ledger. Text lives as long as the price. */
const char *price_provider(const struct price *p);
const char *price_model(const struct price *p);
const char *price_source(const struct price *p);
uint64_t price_valid_from_us(const struct price *p); /* 0: always */
uint64_t price_valid_to_us(
    const struct price *p);                /* the first instant it no longer holds; 0: open */
bool price_is_fill(const struct price *p); /* holds only where no other entry does */

/* Further names of the model, from 0 on; NULL past the last. */
const char *price_also(const struct price *p, unsigned i);

/* The entry's canonical text: one line of JSON from which the same price can be made. */
const char *price_text(const struct price *p);

/* Fills the ledger's record of it. */
void price_to_row(const struct price *p, uint64_t created_us, struct price_row *row);

/* Makes a price of what was written. ERR_RANGE: a multiplier gives a price finer than
 * 1e-24 USD. ERR_TOO_BIG: the canonical text is too long. *why (static text) says so. */
enum err price_new(const struct price_draft *d, struct price **out, const char **why) MUST_USE;

void price_free(struct price *p); /* NULL is fine */

/* Snapshots are counted; any thread. */
struct price_book *price_book_ref(struct price_book *b);
void price_book_unref(struct price_book *b); /* NULL is fine */

#endif
