/* price_draft.h - a price entry as people write it, before it is a price.
 *
 *   { model: gpt-5.4, also: [gpt-5.4-2026-03-05], from: 2026-03-05,
 *     input: 2.50, cache_read: 0.25, output: 15, web_search: 0.01, max_output: 128000,
 *     context: [ { above: 272000, input: 5, cache_read: 0.50, output: 22.50 } ],
 *     tiers: { flex: { multiplier: 0.5 }, priority: { input: 5, output: 30 } },
 *     geo: { us: 1.1 } }
 *
 * Prices are named as in store/quantity.tbl.h, in USD: tokens per million, all else each.
 * A draft holds what was listed and nothing else; what follows from it is price.c's trade.
 * Its canonical text says the same in one fixed way, so that equal entries have equal text.
 *
 * Owner    caller's memory (large: allocate it); owns nothing beyond itself.
 * Limit    the sizes below.
 * Errors   "file:line: what" lines; the first bad thing does not hide the next.
 */
#ifndef METERING_PRICE_DRAFT_H
#define METERING_PRICE_DRAFT_H
#include <stdbool.h>
#include <stdint.h>
#include "base/buf.h"
#include "base/decimal.h"
#include "base/err.h"
#include "base/must.h"
#include "conf/yaml.h"
#include "store/record.h"
#include "store/row.h"

#define PRICE_ALSO_MAX     24 /* further names of the model */
#define PRICE_CONTEXTS_MAX 6  /* thresholds of prompt length, in each tier */
#define PRICE_TIERS_MAX    8  /* service tiers, the standard one included */
#define PRICE_GEOS_MAX     4
#define PRICE_TEXT_MAX     4095 /* bytes of canonical text; what a struct price_row holds */
#define PRICE_PLACES_TIMES 6    /* decimal places of a multiplier */

/* The dearest unit (10,000 USD) and the largest multiplier (100): more is a slip of the
 * pen, and a price times two of those stays within 128 bits. */
#define PRICE_EACH_MAX  ((u128)10000 * 1000000000000 * 1000000000000)
#define PRICE_TIMES_MAX 100000000

struct price_list {         /* the prices for prompts of at least from_tok tokens */
	uint64_t from_tok;  /* cached ones included; 0 in the first list of a tier */
	uint32_t listed;    /* bit q: each[q] was written */
	u128 each[Q_COUNT]; /* 1e-24 USD */
};

struct price_tier {
	char name[16]; /* empty for the standard tier */
	u128
	    times; /* 1e-6; what the standard prices of tokens are multiplied with; 0: they stand */
	unsigned lists;
	struct price_list list[1 + PRICE_CONTEXTS_MAX]; /* by from_tok, which grows */
};

struct price_geo {
	char name[16];
	u128 times; /* 1e-6 */
};

struct price_draft {
	char provider[32], model[96];
	char source[96], retrieved[16], note[160];
	unsigned also_count;
	char also[PRICE_ALSO_MAX][96];
	uint64_t valid_from_us, valid_to_us; /* 0: always, for ever */
	uint64_t max_input_tok, max_output_tok;
	bool provisional; /* a rate for models of this provider that nobody has priced */
	bool fill;        /* used only where no other entry holds */
	unsigned tiers, geos;
	struct price_tier tier[PRICE_TIERS_MAX]; /* [0] is the standard tier */
	struct price_geo geo[PRICE_GEOS_MAX];
};

/* An empty draft: the standard tier and nothing in it. */
void price_draft_init(struct price_draft *d);

/* Reads the map `entry` over what d holds already. False: something is wrong with it. */
bool price_draft_read(struct price_draft *d, const struct yaml_doc *doc,
		      const struct yaml_node *entry, struct buf *errors) MUST_USE;

/* Reads a member that a list of entries says once for all of them: source, retrieved, note,
 * tiers or fees (a map of prices). */
bool price_draft_read_default(struct price_draft *d, const struct yaml_doc *doc,
			      const struct yaml_node *member, struct buf *errors) MUST_USE;

/* The tier of that name, a new one if need be; NULL when there is no room or it is too long. */
struct price_tier *price_draft_tier(struct price_draft *d, struct span name);

/* The list of t for prompts from from_tok on, a new one if need be; NULL when there is no room. */
struct price_list *price_tier_list(struct price_tier *t, uint64_t from_tok);

/* Sets a price. */
void price_list_set(struct price_list *l, enum quantity q, u128 each);

/* Is that price listed? */
bool price_list_has(const struct price_list *l, enum quantity q);

/* In how many decimal places the price of q is written: a unit of 1e-24 USD each is 1e-18
 * per million. */
unsigned price_places(enum quantity q);

/* Does a tier's or geo's name say "the standard one" or nothing at all? */
bool price_tier_is_plain(struct span name);

/* Appends the canonical text: one line of JSON, at most PRICE_TEXT_MAX bytes. False: it
 * would be longer. */
bool price_draft_text(const struct price_draft *d, struct buf *to) MUST_USE;

#endif
