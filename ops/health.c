/* health.c - see health.h. What the books and the process count; workers print their own. */
#include "ops/health.h"
#include <inttypes.h>
#include <stdio.h>
#include "base/decimal.h"
#include "metering/registry.h"
#include "ops/house.h"
#include "ops/learning.h"
#include "ops/people.h"
#include "ops/sharing.h"
#include "store/books.h"
#include "store/inflight.h"

#if defined(__clang__)
#define COMPILER "clang " __clang_version__
#else
#define COMPILER "gcc " __VERSION__
#endif

const char *health_problem(const struct house *h)
{
	if (h->draining)
		return "draining: this weir is about to stop";
	if (!h->workers)
		return "starting";
	if (!books_open_for_work(h->books))
		return "the journal is full or cannot be written: nothing is admitted";
	return NULL;
}

/* METRIC(type, "name", value, "help") */
#define BOOK_METRICS(METRIC)                                                                       \
	METRIC(counter, "weir_books_rows_handed_total", c.rows_handed,                             \
	       "rows that workers handed to the books")                                            \
	METRIC(counter, "weir_books_rows_journaled_total", c.rows_journaled,                       \
	       "rows written to the journal")                                                      \
	METRIC(counter, "weir_books_rows_committed_total", c.rows_committed,                       \
	       "rows committed in the ledger")                                                     \
	METRIC(counter, "weir_books_rows_known_total", c.rows_known,                               \
	       "rows that the ledger had already, so that they were not added again")              \
	METRIC(counter, "weir_books_rows_refused_total", c.rows_refused,                           \
	       "rows that the ledger cannot hold; look into its table quarantine")                 \
	METRIC(counter, "weir_books_rows_recovered_total", c.rows_recovered,                       \
	       "rows that a killed process left and this one found")                               \
	METRIC(counter, "weir_books_frames_damaged_total", c.frames_damaged,                       \
	       "journal frames that could not be read; look into the journal directory")           \
	METRIC(counter, "weir_books_tails_torn_total", c.tails_torn,                               \
	       "journals that ended inside a frame, as a power cut leaves them")                   \
	METRIC(counter, "weir_books_segments_failed_total", c.segments_failed,                     \
	       "journal files that could not be written or synced; look at their disk")            \
	METRIC(gauge, "weir_books_journal_pending_rows", c.journal_pending_rows,                   \
	       "rows in the journal that the ledger has not committed yet")                        \
	METRIC(gauge, "weir_books_journal_bytes", c.journal_bytes, "size of the journal")          \
	METRIC(gauge, "weir_books_ledger_away", (uint64_t)c.ledger_away,                           \
	       "1 while the ledger does not take rows")                                            \
	METRIC(gauge, "weir_books_journal_full", (uint64_t)c.journal_full,                         \
	       "1 while nothing is admitted because the journal is full")                          \
	METRIC(gauge, "weir_inflight_slots_used", (uint64_t)inflight_used(h->inflight),            \
	       "slots of the in-flight table in use")                                              \
	METRIC(gauge, "weir_ready", (uint64_t)(health_problem(h) == NULL),                         \
	       "1 while /readyz says so")                                                          \
	METRIC(gauge, "weir_uptime_seconds", clk_since_us(h->started) / US_PER_SEC,                \
	       "seconds since the start")

/* ---- budgets ---- */

static bool add_head(struct buf *to, const char *name, const char *type, const char *help)
{
	return buf_addf(to, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

enum quota_figure {
	QUOTA_LIMIT,
	QUOTA_SPENT,
	QUOTA_HELD
};

static int64_t figure_of(const struct purse_view *v, enum quota_figure figure)
{
	switch (figure) {
	case QUOTA_LIMIT: return v->limit;
	case QUOTA_SPENT: return v->spent;
	default: return v->held;
	}
}

/* One series of one budget, money in exact USD. */
static bool add_quota(struct buf *to, const char *name, const struct quota_identity *whose,
		      int64_t amount)
{
	char text[DECIMAL_TEXT_ROOM];
	bool money = whose->unit == UNIT_usd;

	if (money)
		decimal_pusd_text(amount, text);
	else
		snprintf(text, sizeof(text), "%" PRId64, amount);
	return buf_addf(to, "%s{scope=\"%s\",scope_id=\"%s\",resource=\"%s\",period=\"%s\"", name,
			scope_name(whose->scope), whose->scope_id, resource_name(whose->resource),
			period_name(whose->period)) &&
	       (!whose->tenant[0] || buf_addf(to, ",tenant=\"%s\"", whose->tenant)) &&
	       (money || buf_addf(to, ",unit=\"%s\"", unit_name(whose->unit))) &&
	       buf_addf(to, "} %s\n", text);
}

/* Of keys, users and tags there may be too many to be series each. */
static bool is_series(const struct quota_identity *whose, bool money)
{
	return whose->scope != SCOPE_key && whose->scope != SCOPE_user &&
	       whose->scope != SCOPE_tag && (whose->unit == UNIT_usd) == money;
}

static bool add_quotas(struct house *h, struct buf *to, bool money, enum quota_figure figure,
		       const char *name, const char *help)
{
	struct purse *const *purses;
	size_t n = registry_purses(people_registry(h), &purses);
	bool ok = add_head(to, name, "gauge", help);

	for (size_t i = 0, shown = 0; ok && i < n && shown < HEALTH_QUOTAS_MAX; i++) {
		const struct quota_identity *whose = purse_identity(purses[i]);
		struct purse_view view;

		if (!is_series(whose, money))
			continue;
		view = purse_view(purses[i], clk_wall());
		ok = add_quota(to, name, whose, figure_of(&view, figure));
		shown++;
	}
	return ok;
}

static bool add_all_quotas(struct house *h, struct buf *to)
{
	return add_quotas(h, to, true, QUOTA_LIMIT, "weir_quota_limit_usd",
			  "the limit of a budget") &&
	       add_quotas(h, to, true, QUOTA_SPENT, "weir_quota_spent_usd",
			  "what is spent of it in the current period") &&
	       add_quotas(h, to, true, QUOTA_HELD, "weir_quota_held_usd",
			  "what is held of it for exchanges under way") &&
	       add_quotas(h, to, false, QUOTA_LIMIT, "weir_quota_limit",
			  "a limit of tokens, requests or requests at once") &&
	       add_quotas(h, to, false, QUOTA_SPENT, "weir_quota_spent",
			  "what is spent of it in the current period") &&
	       add_quotas(h, to, false, QUOTA_HELD, "weir_quota_held",
			  "what is held of it for exchanges under way");
}

bool health_metrics(struct house *h, struct buf *to)
{
	struct books_counts c = books_counts(h->books);
	bool ok = add_head(to, "weir_build_info", "gauge", "what is running here") &&
		  buf_addf(to, "weir_build_info{version=\"%s\",compiler=\"%s\"} 1\n", WEIR_VERSION,
			   COMPILER);

#define METRIC(type, name, value, help)                                                            \
	ok = ok && add_head(to, name, #type, help) && buf_addf(to, name " %" PRIu64 "\n", value);
	BOOK_METRICS(METRIC)
#undef METRIC
	ok = ok && add_all_quotas(h, to) && sharing_metrics(h, to) && learning_metrics(h, to);
	return ok && (!h->workers || workers_metrics(h->workers, to));
}
