/* health.c - see health.h. What the books and the process count; workers print their own. */
#include "ops/health.h"
#include <inttypes.h>
#include "ops/house.h"
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
	METRIC(counter, "weir_books_rows_recovered_total", c.rows_recovered,                       \
	       "rows that a killed process left and this one found")                               \
	METRIC(counter, "weir_books_frames_damaged_total", c.frames_damaged,                       \
	       "journal frames that could not be read; look into the journal directory")           \
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

bool health_metrics(const struct house *h, struct buf *to)
{
	struct books_counts c = books_counts(h->books);
	bool ok = buf_addf(to,
			   "# HELP weir_build_info what is running here\n"
			   "# TYPE weir_build_info gauge\n"
			   "weir_build_info{version=\"%s\",compiler=\"%s\"} 1\n",
			   WEIR_VERSION, COMPILER);

#define METRIC(type, name, value, help)                                                            \
	ok = ok && buf_addf(to,                                                                    \
			    "# HELP " name " " help "\n# TYPE " name " " #type "\n" name           \
			    " %" PRIu64 "\n",                                                      \
			    value);
	BOOK_METRICS(METRIC)
#undef METRIC
	return ok && (!h->workers || workers_metrics(h->workers, to));
}
