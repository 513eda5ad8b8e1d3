/* account.h - the row of one exchange, from admission to the books.
 *
 *   account_open --> [account_note ...] --> account_close
 *
 * Promise   at every instant between open and close the row in its slot already says what would
 *           be charged if the process were killed now: the estimate first, then the
 *           provider's numbers as they come.
 * Owner     the caller's row, written in place. Pure otherwise.
 */
#ifndef METERING_ACCOUNT_H
#define METERING_ACCOUNT_H
#include <stdbool.h>
#include <stdint.h>
#include "metering/meter.h"
#include "metering/price.h"
#include "metering/tap.h"
#include "store/row.h"

/* Starts from what was estimated of the prompt: the numbers of a row whose provider never
 * says its own. The row's names, model and hold are the caller's to fill. */
void account_open(struct row *r, uint64_t input_estimate_tok);

/* The prompt has been counted: takes that over in place of the estimate, unless the provider has
 * said its own number. */
void account_input(struct row *r, const struct meter *m);

struct account { /* what account_note() has taken over; zeroed before the first call */
	unsigned revision;
	uint64_t text_bytes;
	uint64_t output_tok; /* the last that the provider said */
	bool reported;       /* the provider has said its last word */
};

/* Takes over what the tap knows; two comparisons when there is no news. What the provider has
 * not said is as the meter has it. */
void account_note(struct account *a, struct row *r, const struct tap *t, struct meter *m);

/* Beside the doubts of price.h: another model served than the one asked for, and the two cost
 * differently. */
#define ACCOUNT_OTHER_MODEL (1u << PRICE_DOUBT_COUNT)

/* Prices the row: by the model that served when it has a price, else by the one asked for; where
 * the first is no version of the second, by the dearer of the two. t: NULL when there was no
 * answer. m: counts to the end what was not said. billable: is what was consumed to be paid for?
 * If not, the row says nothing was. Sets cost, price version, totals, usage_source and
 * usage_method. Returns what is doubtful about the cost: bit d for enum price_doubt d, and
 * ACCOUNT_OTHER_MODEL. */
unsigned account_close(struct row *r, const struct tap *t, struct meter *m,
		       const struct price_book *b, bool billable);

/* The same for a row whose process was killed: everything comes from the row. It is paid for if
 * an answer with status 2xx had begun. */
void account_close_orphan(struct row *r, const struct price_book *b, struct wall now);

#endif
