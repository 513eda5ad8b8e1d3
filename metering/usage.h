/* usage.h - what one exchange consumed and how we know. Plain data, owns nothing.
 *
 * quantity[] is disjoint (store/quantity.tbl.h), so cost = sum of quantity x price.
 * The totals people read (input, output, ...) are sums over it; see usage_totals(). */
#ifndef METERING_USAGE_H
#define METERING_USAGE_H
#include <stdbool.h>
#include <stdint.h>
#include "store/row.h"

/* SOURCE(name, "what it says about the numbers") */
#define USAGE_SOURCES(SOURCE)                                                                      \
	SOURCE(none, "the provider answered without anything billable")                            \
	SOURCE(reported, "the provider's own final numbers")                                       \
	SOURCE(partial, "the provider's numbers, but its end was not seen")                        \
	SOURCE(counted, "counted by us from the text that passed, with the model's vocabulary")    \
	SOURCE(estimated, "estimated by us from the bytes that passed")

enum usage_source {
#define SOURCE(name, help) USAGE_##name,
	USAGE_SOURCES(SOURCE)
#undef SOURCE
	USAGE_SOURCE_COUNT
};

#define USAGE_TOK_MAX UINT64_C(1000000000) /* a count above this is a provider's bug, not usage */

struct usage {
	enum usage_source source;
	uint64_t quantity[Q_COUNT];
	uint64_t aux_quantity[Q_COUNT]; /* served and priced by aux_model, not in quantity[] */
	char aux_model[64];             /* empty: none */
	char tier[16];                  /* service tier that served; empty: not said */
	int64_t provider_cost_pusd;     /* -1: the provider did not say */
	uint64_t reasoning_over_tok;    /* reasoning said beyond the output it should be part of:
					   shown in the totals, in no quantity, not billed */
	bool inconsistent;              /* parts larger than their whole (clamped), parts that do
					   not add up, or numbers that cannot be counts (left out) */
};

struct usage_totals { /* the meaning of the ledger's columns, aux included */
	uint64_t input_tok, cached_read_tok, cache_write_tok, tool_input_tok;
	uint64_t output_tok, reasoning_tok;
};

/* The sums people read. */
struct usage_totals usage_totals(const struct usage *u);

/* "reported" and so on; static text. */
const char *usage_source_name(enum usage_source s);

#endif
