/* books.h - the two threads that keep the books: closed slots -> journal -> ledger.
 *
 * Promise  a slot handed over becomes exactly one ledger row, whatever is killed when:
 *          the slot is freed only when its frame stands in the journal file, and the
 *          frame is forgotten only when the ledger has committed the row.
 *          A power cut can cost the rows closed since the last sync of the journal that
 *          the ledger did not have yet, and what was in flight.
 * Threads  books_hand(): any worker, never blocks. Start and stop: one thread, while no
 *          other is in here. The rest: any.
 */
#ifndef STORE_BOOKS_H
#define STORE_BOOKS_H
#include "base/err.h"
#include "base/must.h"
#include "store/inflight.h"
#include "store/ledger.h"

struct books;

struct books_options {
	const char *journal_dir;
	uint64_t sync_interval_us; /* group commit: at most this long without fdatasync */
	uint64_t journal_max_bytes;
};

struct books_counts { /* read with books_counts(); all since start but the two gauges */
	uint64_t rows_handed, rows_journaled;
	uint64_t rows_committed;  /* new in the ledger */
	uint64_t rows_known;      /* were in the ledger already */
	uint64_t rows_refused;    /* quarantined in the ledger */
	uint64_t rows_recovered;  /* read from an earlier process's journal */
	uint64_t frames_damaged;  /* journal frames lost to damage */
	uint64_t tails_torn;      /* journals that ended inside a frame */
	uint64_t segments_failed; /* journal segments that could not be written or synced */
	uint64_t journal_pending_rows, journal_bytes; /* gauges */
	bool ledger_away, journal_full;
};

/* Opens the journal and starts the threads; what a crash left in the journal is committed
 * first, so hand orphans over only after this. inflight and ledger are borrowed until
 * books_stop(). On error *why (static text) says what to do. */
enum err books_start(const struct books_options *o, struct inflight *inflight,
		     struct ledger *ledger, struct books **out, const char **why) MUST_USE;

/* Takes the slot, which must be closed. Lock-free, no system call unless the thread sleeps. */
void books_hand(struct books *b, struct slot *s);

/* May new work be admitted? False while the journal is full or cannot be written. */
bool books_open_for_work(const struct books *b);

/* A consistent-enough copy of the counters. */
struct books_counts books_counts(const struct books *b);

/* Waits until every row handed over so far is committed in the ledger, or timeout_us. */
enum err books_flush(struct books *b, uint64_t timeout_us);

/* Journals what is left, commits what it can within timeout_us, stops, frees. What cannot
 * be written stays in its slots and in the journal for the next start. */
void books_stop(struct books *b, uint64_t timeout_us);

#endif
