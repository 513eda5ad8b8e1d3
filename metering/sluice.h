/* sluice.h - lets a stream pass as far as its budgets pay, where they could not pay its worst case.
 *
 * Such a request is admitted with what its prompt costs and a little of an answer. While the answer
 * passes, more is held for it, a step at a time; when a budget has no more, that is the wall:
 * the stream is cut there.
 *
 * Promise   no token passes that is not held for but those that come together with the one that
 *           reaches the wall: with a provider that writes event by event, one event's.
 * Limit     what never passes cannot be counted: reasoning that is billed and hidden.
 * Owner     the exchange, with the hold. Pure. Threads none.
 */
#ifndef METERING_SLUICE_H
#define METERING_SLUICE_H
#include <stdbool.h>
#include <stdint.h>
#include "metering/allowance.h"
#include "metering/price.h"

#define SLUICE_FIRST_TOK UINT64_C(64)  /* of the answer, held for at admission */
#define SLUICE_STEP_TOK  UINT64_C(512) /* the most that is held at once afterwards */

struct sluice {
	bool stands;        /* false: the worst case is held, and nothing needs watching */
	bool open;          /* whose on_outage is open need not be leased any more */
	uint64_t paid_tok;  /* of the answer: held for */
	uint64_t most_tok;  /* the answer cannot have more */
	int64_t token_pusd; /* what each of them may cost */
};

struct sluice_plan { /* of a request */
	const struct price *price;
	struct span tier;
	uint64_t input_tok, output_tok; /* at most */
};

/* Sets s up, not yet standing, and says what has to be held first. ERR_RANGE: not countable. */
enum err sluice_plan(struct sluice *s, const struct sluice_plan *plan,
		     struct amounts *first) MUST_USE;

/* So many tokens of the answer have passed: holds on, when it is time. ERR_OK: more may pass.
 * ERR_REFUSED: the wall is reached, and *why says which budget ends there. ERR_AGAIN, ERR_AWAY:
 * as allowance_hold(): no more may pass before the answer. */
enum err sluice_passes(struct sluice *s, struct hold *h, uint64_t passed_tok, struct wall now,
		       struct quota_details *why) MUST_USE;

#endif
