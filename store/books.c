/* books.c - two threads, so that a slow ledger never keeps a slot from being freed:
 *
 *   workers --ring--> [writer] --journal--> [committer] --> ledger
 *                        |                      |
 *                  frees the slot        forgets the frames
 *
 * The committer reads the journal's files even when a row was written a moment ago: that is
 * one way for every row, after a crash and after a day without a ledger just the same. */
#include "store/books.h"
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>
#include "base/clk.h"
#include "base/log.h"
#include "store/journal.h"

#define COMMIT_ROWS      512
#define WRITE_LINGER_US  UINT64_C(1000)    /* gathers rows for one write() */
#define COMMIT_LINGER_US UINT64_C(20000)   /* gathers rows for one transaction */
#define RETRY_MIN_US     UINT64_C(50000)   /* after the ledger failed; doubles ... */
#define RETRY_MAX_US     UINT64_C(5000000) /* ... up to this */
#define TEND_US          UINT64_C(1000000) /* between looks at the journal's reserve */

/* A bell wakes one sleeper; whoever rings it makes a system call only if it sleeps. */
struct bell {
	int fd;
	_Atomic bool asleep;
};

struct books {
	struct books_options o;
	struct inflight *inflight;
	struct ledger *ledger;
	struct journal *journal;

	/* The hand-over. A slot is handed once, so the ring, with a place for each, never
	 * overflows. A worker takes a place by counting `handed` up, then fills it; the
	 * writer empties places in order and waits for one that is taken and not filled. */
	_Atomic(struct slot *) *ring;
	uint64_t ring_mask;
	_Atomic uint64_t handed;
	uint64_t taken; /* the writer's */
	bool was_ready; /* the writer's */

	struct bell writer_bell, committer_bell;
	pthread_t writer, committer;
	_Atomic bool writer_stops, committer_stops;
	_Atomic unsigned hurried;    /* calls of books_flush() under way */
	_Atomic uint64_t stop_by_us; /* monotonic; when the committer gives up */

	_Atomic uint64_t journaled, committed, known, refused;
	_Atomic bool ledger_away;
	struct row rows[COMMIT_ROWS]; /* the committer's */
};

static uint64_t now_us(void)
{
	clk_refresh();
	return clk_mono().us;
}

static void pause_us(uint64_t us)
{
	struct timespec t = { .tv_sec = (time_t)(us / US_PER_SEC),
			      .tv_nsec = (long)(us % US_PER_SEC * 1000) };

	nanosleep(&t, NULL);
}

/* ---- the bell ---- */

static void bell_ring(struct bell *b)
{
	uint64_t one = 1;

	if (atomic_load(&b->asleep) && atomic_exchange(&b->asleep, false))
		while (write(b->fd, &one, sizeof(one)) < 0 && errno == EINTR)
			;
}

/* The sleeper says that it will sleep, then looks once more for work, and only then calls
 * bell_sleep(): a ring in between is not lost. */
static void bell_lie_down(struct bell *b)
{
	atomic_store(&b->asleep, true);
}

static void bell_sleep(struct bell *b, uint64_t us)
{
	struct pollfd p = { .fd = b->fd, .events = POLLIN };
	struct timespec t = { .tv_sec = (time_t)(us / US_PER_SEC),
			      .tv_nsec = (long)(us % US_PER_SEC * 1000) };
	uint64_t rings;

	if (atomic_load(&b->asleep))
		ppoll(&p, 1, &t, NULL);
	atomic_store(&b->asleep, false);
	while (read(b->fd, &rings, sizeof(rings)) < 0 && errno == EINTR)
		;
}

/* ---- the writer ---- */

void books_hand(struct books *b, struct slot *s)
{
	uint64_t place = atomic_fetch_add(&b->handed, 1);

	MUST(atomic_load_explicit(&s->state, memory_order_relaxed) == SLOT_CLOSED);
	atomic_store(&b->ring[place & b->ring_mask], s);
	bell_ring(&b->writer_bell);
}

static bool is_handed(const struct books *b)
{
	return atomic_load(&b->ring[b->taken & b->ring_mask]) != NULL;
}

static size_t take_slots(struct books *b, struct slot **slots, size_t room)
{
	size_t n = 0;

	while (n < room) {
		_Atomic(struct slot *) *place = &b->ring[b->taken & b->ring_mask];
		struct slot *s = atomic_load_explicit(place, memory_order_acquire);

		if (!s)
			break;
		atomic_store_explicit(place, NULL, memory_order_relaxed);
		b->taken++;
		slots[n++] = s;
	}
	return n;
}

/* Says so when the journal closes for new work, and when it opens again. */
static void watch_journal(struct books *b)
{
	bool ready = journal_ready(b->journal);

	if (ready && !b->was_ready)
		log_event(LOG_LEVEL_INFO, "journal_ready", "new work is admitted again");
	if (!ready && b->was_ready)
		log_event(LOG_LEVEL_ERROR, "journal_full",
			  "no new work: the journal has reached its limit, or its disk is full "
			  "or failing");
	b->was_ready = ready;
}

/* Called after a failure; says whether to try again, and after a while only. */
static bool journal_may_heal(struct books *b)
{
	watch_journal(b);
	if (atomic_load(&b->writer_stops))
		return false;
	pause_us(TEND_US);
	return true;
}

/* Writes the rows and frees their slots. While the journal cannot be written it tries
 * again, and when asked to stop leaves them closed in the table, for the next start. */
static void write_slots(struct books *b, struct slot **slots, size_t n)
{
	const struct row *rows[JOURNAL_APPEND_MAX];

	for (size_t i = 0; i < n; i++) {
		row_clean(&slots[i]->row);
		rows[i] = &slots[i]->row;
	}
	while (journal_append(b->journal, rows, n) != ERR_OK)
		if (!journal_may_heal(b))
			return;
	while (b->o.sync_interval_us == 0 && journal_sync(b->journal) != ERR_OK)
		if (!journal_may_heal(b))
			return;
	for (size_t i = 0; i < n; i++)
		inflight_put(b->inflight, slots[i]);
	atomic_fetch_add(&b->journaled, n);
	bell_ring(&b->committer_bell);
}

static void *writer_main(void *arg)
{
	struct slot *slots[JOURNAL_APPEND_MAX];
	struct books *b = arg;
	uint64_t sync_due_us = now_us();

	for (;;) {
		bool stops = atomic_load(&b->writer_stops);
		size_t n = take_slots(b, slots, JOURNAL_APPEND_MAX);

		if (n > 0) {
			write_slots(b, slots, n);
			if (now_us() + b->o.sync_interval_us < sync_due_us)
				sync_due_us = now_us() + b->o.sync_interval_us;
		}
		if (now_us() >= sync_due_us) {
			if (journal_sync(b->journal) != ERR_OK)
				log_event(LOG_LEVEL_ERROR, "journal_unsynced",
					  "trying again every second");
			sync_due_us = now_us() + TEND_US;
		}
		watch_journal(b);
		if (n == JOURNAL_APPEND_MAX)
			continue;
		if (stops && !is_handed(b))
			break;
		if (n > 0) {
			pause_us(WRITE_LINGER_US);
			continue;
		}
		bell_lie_down(&b->writer_bell);
		if (!is_handed(b) && !atomic_load(&b->writer_stops))
			bell_sleep(&b->writer_bell, sync_due_us - clk_mono().us);
	}
	if (journal_sync(b->journal) != ERR_OK)
		log_event(LOG_LEVEL_ERROR, "journal_unsynced",
			  "stopped with rows that a power cut would lose");
	return NULL;
}

/* ---- the committer ---- */

/* Waits before the next try; false when there shall be none. */
static bool ledger_may_heal(struct books *b, uint64_t *retry_us)
{
	if (!atomic_exchange(&b->ledger_away, true))
		log_event(LOG_LEVEL_WARN, "ledger_away", "rows wait in the journal: %s",
			  ledger_trouble(b->ledger));
	for (uint64_t slept_us = 0; slept_us < *retry_us; slept_us += RETRY_MIN_US) {
		if (atomic_load(&b->committer_stops) && now_us() >= atomic_load(&b->stop_by_us))
			return false;
		pause_us(RETRY_MIN_US);
	}
	*retry_us = *retry_us * 2 < RETRY_MAX_US ? *retry_us * 2 : RETRY_MAX_US;
	return true;
}

/* Commits the first n rows of b->rows; false when that was given up. */
static bool commit_rows(struct books *b, size_t n)
{
	uint64_t retry_us = RETRY_MIN_US;
	struct ledger_tally tally;

	while (ledger_commit(b->ledger, b->rows, n, &tally) != ERR_OK)
		if (!ledger_may_heal(b, &retry_us))
			return false;
	if (atomic_exchange(&b->ledger_away, false))
		log_event(LOG_LEVEL_INFO, "ledger_back", "the ledger takes rows again");
	if (tally.refused > 0)
		log_event(LOG_LEVEL_ERROR, "ledger_quarantine",
			  "%zu rows that the ledger cannot hold; see its table quarantine",
			  tally.refused);
	journal_forget(b->journal);
	atomic_fetch_add(&b->committed, tally.added);
	atomic_fetch_add(&b->known, tally.known);
	atomic_fetch_add(&b->refused, tally.refused);
	return true;
}

static void *committer_main(void *arg)
{
	struct books *b = arg;

	for (;;) {
		bool stops = atomic_load(&b->committer_stops);
		size_t n = journal_read(b->journal, b->rows, COMMIT_ROWS);

		if (n == 0)
			journal_forget(b->journal); /* damage may be all that was left */
		if (n == 0 && stops)
			break;
		if (n == 0) {
			bell_lie_down(&b->committer_bell);
			n = journal_read(b->journal, b->rows, COMMIT_ROWS);
			if (n == 0 && !atomic_load(&b->committer_stops))
				bell_sleep(&b->committer_bell, TEND_US);
		}
		if (n > 0 && n < COMMIT_ROWS && !stops && atomic_load(&b->hurried) == 0) {
			pause_us(COMMIT_LINGER_US);
			n += journal_read(b->journal, b->rows + n, COMMIT_ROWS - n);
		}
		if (n > 0 && !commit_rows(b, n))
			break;
	}
	return NULL;
}

/* ---- the rest ---- */

static bool start_thread(pthread_t *thread, void *(*main)(void *), struct books *b,
			 const char *name)
{
	sigset_t all, before;
	int error;

	sigfillset(&all); /* signals are for the main thread */
	pthread_sigmask(SIG_SETMASK, &all, &before);
	error = pthread_create(thread, NULL, main, b);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (error == 0)
		pthread_setname_np(*thread, name);
	return error == 0;
}

static void free_books(struct books *b)
{
	if (b->journal)
		journal_close(b->journal);
	if (b->writer_bell.fd >= 0)
		close(b->writer_bell.fd);
	if (b->committer_bell.fd >= 0)
		close(b->committer_bell.fd);
	free(b->ring);
	free(b);
}

static bool make_hand_over(struct books *b)
{
	uint64_t places = 1;

	while (places < inflight_slots(b->inflight))
		places *= 2;
	b->ring = calloc(places, sizeof(b->ring[0]));
	b->ring_mask = places - 1;
	b->writer_bell.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	b->committer_bell.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return b->ring && b->writer_bell.fd >= 0 && b->committer_bell.fd >= 0;
}

static void stop_writer(struct books *b)
{
	atomic_store(&b->writer_stops, true);
	bell_ring(&b->writer_bell);
	pthread_join(b->writer, NULL);
}

enum err books_start(const struct books_options *o, struct inflight *inflight,
		     struct ledger *ledger, struct books **out, const char **why)
{
	struct journal_options jo = { .dir = o->journal_dir,
				      .max_bytes = o->journal_max_bytes,
				      .reserve_rows = inflight_slots(inflight) };
	struct books *b = calloc(1, sizeof(*b));
	enum err e = ERR_NOMEM;

	*out = NULL;
	*why = "not enough memory, files or threads for the books";
	if (!b)
		return ERR_NOMEM;
	b->o = *o;
	b->o.journal_dir = NULL; /* borrowed for this call only */
	b->inflight = inflight;
	b->ledger = ledger;
	b->was_ready = true;
	if (make_hand_over(b))
		e = journal_open(&jo, &b->journal, why);
	if (e == ERR_OK && !start_thread(&b->writer, writer_main, b, "books-writer"))
		e = ERR_NOMEM;
	else if (e == ERR_OK && !start_thread(&b->committer, committer_main, b, "books-commit")) {
		stop_writer(b);
		e = ERR_NOMEM;
	}
	if (e != ERR_OK) {
		free_books(b);
		return e;
	}
	*why = NULL;
	*out = b;
	return ERR_OK;
}

bool books_open_for_work(const struct books *b)
{
	return journal_ready(b->journal);
}

struct books_counts books_counts(const struct books *b)
{
	struct journal_counts j = journal_counts(b->journal);

	return (struct books_counts){
		.rows_handed = atomic_load(&b->handed),
		.rows_journaled = atomic_load(&b->journaled),
		.rows_committed = atomic_load(&b->committed),
		.rows_known = atomic_load(&b->known),
		.rows_refused = atomic_load(&b->refused),
		.rows_recovered = j.rows_recovered,
		.frames_damaged = j.frames_damaged,
		.tails_torn = j.tails_torn,
		.segments_failed = j.segments_failed,
		.journal_pending_rows = j.last_sequence > j.forgotten
					    ? j.last_sequence - j.forgotten
					    : 0,
		.journal_bytes = j.bytes,
		.ledger_away = atomic_load(&b->ledger_away),
		.journal_full = !journal_ready(b->journal),
	};
}

static bool is_flushed(const struct books *b, uint64_t handed, uint64_t *sequence)
{
	struct journal_counts j = journal_counts(b->journal);

	if (atomic_load(&b->journaled) < handed)
		return false;
	if (*sequence == UINT64_MAX)
		*sequence = j.last_sequence;
	return j.forgotten >= *sequence;
}

enum err books_flush(struct books *b, uint64_t timeout_us)
{
	uint64_t handed = atomic_load(&b->handed), sequence = UINT64_MAX;
	uint64_t until_us = now_us() + timeout_us;
	bool flushed;

	atomic_fetch_add(&b->hurried, 1);
	while (!(flushed = is_flushed(b, handed, &sequence)) && now_us() < until_us)
		pause_us(WRITE_LINGER_US);
	atomic_fetch_sub(&b->hurried, 1);
	return flushed ? ERR_OK : ERR_SLOW;
}

void books_stop(struct books *b, uint64_t timeout_us)
{
	atomic_store(&b->stop_by_us, now_us() + timeout_us);
	stop_writer(b);
	atomic_store(&b->committer_stops, true);
	bell_ring(&b->committer_bell);
	pthread_join(b->committer, NULL);
	free_books(b);
}
