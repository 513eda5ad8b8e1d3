/* allowance.h - money held before a request is forwarded, over all its budgets at once.
 *
 *   allowance_hold --> [allowance_grow ...] --> allowance_settle, exactly once
 *
 * Promise  all purses or none; at no instant and under no concurrency is more held and
 *          spent than a purse grants (only a settlement above its own hold can do that).
 *          A hold is settled to the windows it was made in, however late.
 * Cost     a mutex for each purse, no allocation, no system call unless contended.
 * Threads  any; one hold belongs to one exchange.
 */
#ifndef METERING_ALLOWANCE_H
#define METERING_ALLOWANCE_H
#include <stdint.h>
#include "base/clk.h"
#include "base/err.h"
#include "base/must.h"
#include "metering/purse.h"
#include "metering/refusal.h"

/* Every budget that one request can fall under: the resource itself and `all`. */
#define ALLOWANCE_PURSES_MAX (SCOPE_COUNT * 2 * PERIOD_COUNT)

/* Purses in the order of purse_identity_order(), each once. */
struct allowance {
	struct purse *const *purse;
	unsigned count;
};

struct hold {
	struct hold_part {
		struct purse *purse;
		uint32_t ticket; /* of the window the hold was made in */
	} part[ALLOWANCE_PURSES_MAX];
	unsigned count;
	int64_t held_pusd; /* in each purse */
	bool live;         /* made and not yet settled */
};

/* Holds pusd (0 or more) in every purse of a, in the windows of `now`. ERR_REFUSED: in
 * none; *why then describes the first purse without room, its texts living as long as
 * the purse. An empty allowance limits nothing. */
enum err allowance_hold(const struct allowance *a, int64_t pusd, struct wall now, struct hold *out,
			struct quota_details *why) MUST_USE;

/* Adds more_pusd to a live hold, in the same windows, all or nothing as above.
 * ERR_RANGE: the sum cannot be counted any more. */
enum err allowance_grow(struct hold *h, int64_t more_pusd, struct wall now,
			struct quota_details *why) MUST_USE;

/* Gives the hold back and books what was really spent (0 or more). A hold that is not
 * live is left alone, so that settling twice books once. Returns a bit for each part
 * whose purse passed its warning level just now. */
uint32_t allowance_settle(struct hold *h, int64_t spent_pusd);

/* Books what was spent at `at` without a hold, e.g. by a row found after a crash. Returns
 * bits as above, for the purses of a. */
uint32_t allowance_spend(const struct allowance *a, struct wall at, int64_t spent_pusd);

#endif
