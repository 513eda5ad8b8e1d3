/* allowance.h - held before a request is forwarded, over all its budgets at once.
 *
 *   allowance_hold --> [allowance_grow ...] --> allowance_settle, exactly once
 *
 * Each purse takes of the amounts what it counts: money, tokens, the request itself, or its
 * place among those under way.
 *
 * Promise  all purses or none; at no instant and under no concurrency is more held and
 *          spent than a purse grants (only a settlement above its own hold can do that).
 *          A hold is settled to the windows it was made in, however late. Purses that do
 *          not block count along and never refuse.
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

/* The limits that one request can fall under. QUOTAS_EACH_MAX of them may apply to it for the
 * same tenant, team, user or key, or for the platform; so many, too, for all its tags. */
#define QUOTAS_EACH_MAX      8
#define ALLOWANCE_PURSES_MAX (SCOPE_COUNT * QUOTAS_EACH_MAX)

/* Purses in the order of quota_order(), each once. */
struct allowance {
	struct purse *const *purse;
	unsigned count;
};

/* The scarcest of the purses that count one unit and block, after the hold or refusal. */
struct standing {
	bool known; /* there is one */
	int64_t limit, left;
	struct wall resets; /* PERIOD_NEVER: never */
};

struct hold {
	struct hold_part {
		struct purse *purse;
		uint32_t ticket; /* of the window the hold was made in */
	} part[ALLOWANCE_PURSES_MAX];
	unsigned count;
	bool live;           /* made and not yet settled */
	struct amounts held; /* in each purse, what it counts of it */
	uint64_t overdrawn;  /* a bit for each part in shadow that would have refused */
	struct standing standing[UNIT_COUNT];
};

/* Holds `wanted` (0 or more of each) in every purse of a, in the windows of `now`.
 * ERR_REFUSED: in none; *why then describes the purse without room that will have none for
 * the longest, its texts living as long as the purse. An empty allowance limits nothing.
 * Where limits are shared, ERR_AGAIN: in none; the limits may have room, and more of them is
 * being asked for. ERR_AWAY: the same, but nobody answers. *why describes one that was short. */
enum err allowance_hold(const struct allowance *a, const struct amounts *wanted, struct wall now,
			struct hold *out, struct quota_details *why) MUST_USE;

/* Adds `more` to a live hold, in the same windows, all or nothing as above.
 * ERR_RANGE: the sum cannot be counted any more. */
enum err allowance_grow(struct hold *h, const struct amounts *more, struct wall now,
			struct quota_details *why) MUST_USE;

/* The same two where limits are shared and there was no answer in time: whose on_outage is open
 * need not be leased. */
enum err allowance_hold_open(const struct allowance *a, const struct amounts *wanted,
			     struct wall now, struct hold *out, struct quota_details *why) MUST_USE;
enum err allowance_grow_open(struct hold *h, const struct amounts *more, struct wall now,
			     struct quota_details *why) MUST_USE;

/* A warning level that was passed just now, for the first time in its window. */
struct crossing {
	struct purse *purse;
	struct purse_view view;
	unsigned pct; /* of the limit */
};

/* Who is told of crossings; called without locks. */
struct crossing_ear {
	void (*heard)(void *arg, const struct crossing *c);
	void *arg;
};

/* Gives the hold back and books what was really spent (0 or more of each). A hold that is
 * not live is left alone, so that settling twice books once. ear: NULL tells nobody. */
void allowance_settle(struct hold *h, const struct amounts *spent, struct wall now,
		      const struct crossing_ear *ear);

/* Gives the hold back as if it had never been made: not even the request was spent. */
void allowance_cancel(struct hold *h, struct wall now);

/* What part i of a hold had no room for: as *why of allowance_hold() for a purse of the mask
 * `overdrawn`. */
void allowance_describe(const struct hold *h, unsigned i, struct wall now,
			struct quota_details *out);

#endif
