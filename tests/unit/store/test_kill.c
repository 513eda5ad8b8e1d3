/* A process that keeps books is killed at random, again and again; in the end every
 * exchange that was opened has exactly one row, and a closed one its closed values.
 *
 * The child's threads log what they do with one write() each, which a kill cannot undo:
 * 't' before a slot is opened, 'o' after, 'c' after it is closed. In half of the rounds the
 * ledger is locked by someone else, so that rows wait in the journal when the kill comes;
 * some kills hit the recovery itself. WEIR_KILLS=N kills N times instead of 30. F16, F30
 *
 * Then the same, killed by strace at the first, second, ... call of each system call that
 * changes a file; all of them when WEIR_KILLS is set, otherwise a sample. F17
 */
#include "tests/unit/store/scratch.h"
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/log.h"
#include "store/books.h"

#define THREADS  4
#define SLOTS    200
#define RECORD   32 /* a letter and an id; a power of two, so that no kill cuts it at a page */
#define PIECES   5
#define GOLD     UINT64_C(0x9e3779b97f4a7c15)
#define LAST_TOK PIECES

static char dir[PATH_ROOM], table[PATH_ROOM], journal[PATH_ROOM], db[PATH_ROOM], events[PATH_ROOM];

/* ---- the child ---- */

static struct inflight *inflight;
static struct books *books;
static int log_fd;

static int64_t right_cost(struct id id)
{
	return 1 + id.byte[15] + 256 * (int64_t)id.byte[14];
}

static void note(char what, struct id id)
{
	char record[RECORD] = { what };

	memcpy(record + 1, &id, sizeof(id));
	if (write(log_fd, record, sizeof(record)) != sizeof(record))
		_exit(3);
}

static void one_exchange(void)
{
	struct slot *s = inflight_take(inflight);

	if (!s) {
		usleep(200);
		return;
	}
	clk_refresh();
	s->row.id = id_new(clk_wall());
	s->row.started_us = clk_wall().us;
	strcpy(s->row.tenant, "acme");
	strcpy(s->row.usage_source, "estimated");
	note('t', s->row.id);
	slot_open(s);
	note('o', s->row.id);
	for (uint64_t piece = 1; piece <= PIECES; piece++) {
		s->row.output_tok = piece;
		if (s->row.id.byte[15] % 16 == 0) /* a slow one, likely to be hit */
			usleep(500);
	}
	s->row.cost_pusd = right_cost(s->row.id);
	strcpy(s->row.ended_by, "complete");
	strcpy(s->row.usage_source, "reported");
	slot_close(s);
	note('c', s->row.id);
	books_hand(books, s);
}

static unsigned exchanges_each; /* of each thread; 0: without end */

static void *work(void *arg)
{
	for (unsigned i = 0; exchanges_each == 0 || i < exchanges_each; i++)
		one_exchange();
	return arg;
}

static void close_orphan(void *arg, struct slot *s)
{
	(void)arg;
	if (atomic_load(&s->state) == SLOT_OPEN) {
		strcpy(s->row.ended_by, "crash");
		slot_close(s);
	}
	books_hand(books, s);
}

static struct ledger *open_and_recover(void)
{
	struct books_options o = { .journal_dir = journal,
				   .sync_interval_us = 5000,
				   .journal_max_bytes = UINT64_C(1) << 30 };
	struct ledger *ledger;
	const char *why;

	log_fd = open(events, O_WRONLY | O_APPEND | O_CREAT, 0600);
	if (inflight_open(table, SLOTS, &inflight, &why) != ERR_OK ||
	    ledger_open("sqlite", db, &ledger, &why) != ERR_OK ||
	    books_start(&o, inflight, ledger, &books, &why) != ERR_OK) {
		fprintf(stderr, "child: %s\n", why);
		_exit(1);
	}
	inflight_each_orphan(inflight, close_orphan, NULL);
	return ledger;
}

/* A whole life: recovers, says so, does its exchanges, stops in good order. */
static void child_main(unsigned threads, int ready_fd)
{
	struct ledger *ledger = open_and_recover();
	pthread_t thread[THREADS];

	for (unsigned i = 0; i < threads; i++)
		if (pthread_create(&thread[i], NULL, work, NULL) != 0)
			_exit(1);
	if (ready_fd >= 0 && write(ready_fd, "!", 1) != 1)
		_exit(1);
	for (unsigned i = 0; i < threads; i++)
		pthread_join(thread[i], NULL);
	if (books_flush(books, 60 * US_PER_SEC) != ERR_OK)
		_exit(2);
	books_stop(books, US_PER_SEC);
	ledger_close(ledger);
	inflight_close(inflight);
	_exit(0);
}

/* ---- the parent ---- */

static uint64_t dice = GOLD;

static unsigned roll(unsigned sides)
{
	dice ^= dice << 13;
	dice ^= dice >> 7;
	dice ^= dice << 17;
	return (unsigned)(dice % sides);
}

static pid_t start_child(unsigned threads, int *ready_fd)
{
	int ends[2];
	pid_t child;

	assert_int_equal(pipe(ends), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		close(ends[0]);
		child_main(threads, ends[1]);
	}
	close(ends[1]);
	*ready_fd = ends[0];
	return child;
}

/* One life of the child, ended by a kill: while it recovers, or while it works. */
static void live_and_die(unsigned round)
{
	int ready_fd, status;
	pid_t child = start_child(THREADS, &ready_fd);
	struct pollfd p = { .fd = ready_fd, .events = POLLIN };
	sqlite3 *lock = NULL;

	if (round % 5 == 4) {
		usleep(roll(20000));
	} else {
		assert_int_equal(poll(&p, 1, 30000), 1);
		if (round % 2 == 1) {
			assert_int_equal(sqlite3_open(db, &lock), SQLITE_OK);
			sqlite3_busy_timeout(lock, 5000);
			sqlite3_exec(lock, "BEGIN IMMEDIATE", NULL, NULL, NULL);
		}
		usleep(roll(60000));
	}
	assert_int_equal(kill(child, SIGKILL), 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status)); /* and it did not give up by itself before */
	assert_int_equal(WTERMSIG(status), SIGKILL);
	sqlite3_close(lock);
	close(ready_fd);
}

static void recover_in_peace(void)
{
	int ready_fd, status;
	pid_t child = start_child(0, &ready_fd);

	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	close(ready_fd);
}

static int by_id(const void *a, const void *b)
{
	return memcmp((const char *)a + 1, (const char *)b + 1, ID_BYTES);
}

/* The log, sorted by id. */
static char *load_events(size_t *count)
{
	int fd = open(events, O_RDONLY);
	struct stat st;
	char *all;

	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_size % RECORD, 0);
	all = malloc((size_t)st.st_size + 1);
	assert_non_null(all);
	assert_int_equal(read(fd, all, (size_t)st.st_size), st.st_size);
	close(fd);
	*count = (size_t)st.st_size / RECORD;
	qsort(all, *count, RECORD, by_id);
	return all;
}

struct found {
	size_t rows, opened, closed, orphans;
};

/* The row that s stands on against the events of its id. */
static void check_row(sqlite3_stmt *s, bool opened, bool closed, struct found *f)
{
	const char *ended_by = (const char *)sqlite3_column_text(s, 1);
	bool complete = strcmp(ended_by, "complete") == 0;
	struct id id;

	memcpy(&id, sqlite3_column_blob(s, 0), sizeof(id));
	if (closed)
		assert_true(complete);
	if (complete) {
		assert_int_equal(sqlite3_column_int64(s, 2), right_cost(id));
		assert_int_equal(sqlite3_column_int64(s, 3), LAST_TOK);
	} else {
		assert_string_equal(ended_by, "crash");
		assert_in_range(sqlite3_column_int64(s, 3), 0, LAST_TOK);
		f->orphans++;
	}
	f->rows++;
	f->opened += opened;
	f->closed += closed;
}

/* Walks log and ledger side by side, both in order of id. */
static struct found compare(const char *all, size_t count)
{
	struct found f = { 0 };
	sqlite3_stmt *s;
	sqlite3 *d;
	int rc;

	assert_int_equal(sqlite3_open(db, &d), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(d,
					    "SELECT id, ended_by, cost_pusd, output_tok"
					    " FROM request ORDER BY id",
					    -1, &s, NULL),
			 SQLITE_OK);
	rc = sqlite3_step(s);
	for (size_t i = 0, next; i < count; i = next) {
		bool opened = false, closed = false, has_row;

		for (next = i; next < count && by_id(all + i * RECORD, all + next * RECORD) == 0;
		     next++) {
			opened = opened || all[next * RECORD] == 'o';
			closed = closed || all[next * RECORD] == 'c';
		}
		assert_in_range(next - i, 1, 3);
		has_row = rc == SQLITE_ROW &&
			  memcmp(sqlite3_column_blob(s, 0), all + i * RECORD + 1, ID_BYTES) == 0;
		if (opened)
			assert_true(has_row); /* INV-1 */
		if (!has_row)
			continue;
		check_row(s, opened, closed, &f);
		rc = sqlite3_step(s);
	}
	assert_int_equal(rc, SQLITE_DONE); /* INV-5: no row that nobody logged */
	sqlite3_finalize(s);
	assert_int_equal(sqlite3_prepare_v2(d,
					    "SELECT sum(requests), sum(cost_pusd),"
					    " (SELECT sum(cost_pusd) FROM request) FROM usage_hour",
					    -1, &s, NULL),
			 SQLITE_OK);
	assert_int_equal(sqlite3_step(s), SQLITE_ROW);
	assert_int_equal(sqlite3_column_int64(s, 0), f.rows); /* INV-2 */
	assert_int_equal(sqlite3_column_int64(s, 1), sqlite3_column_int64(s, 2));
	sqlite3_finalize(s);
	sqlite3_close(d);
	return f;
}

static void name_paths(const char *top)
{
	snprintf(dir, sizeof(dir), "%s", top);
	scratch_path(table, dir, "table");
	scratch_path(journal, dir, "journal");
	scratch_path(db, dir, "ledger.db");
	scratch_path(events, dir, "events");
}

static int setup(void **state)
{
	char top[PATH_ROOM];

	(void)state;
	scratch_make(top);
	name_paths(top);
	return 0;
}

/* Recovers for the last time and checks everything. What failed stays to be looked at. */
static void check_all(unsigned kills)
{
	struct found f;
	size_t count;
	char *all;

	recover_in_peace();
	recover_in_peace(); /* and there is nothing left to recover */
	all = load_events(&count);
	f = compare(all, count);
	print_message("%u kills: %zu rows, %zu logged as opened, %zu as closed, %zu completed by "
		      "recovery\n",
		      kills, f.rows, f.opened, f.closed, f.orphans);
	assert_in_range(f.rows - f.opened, 0, kills * THREADS);
	assert_true(f.closed > kills);
	free(all);
	scratch_remove(dir);
}

static void no_row_is_lost_or_doubled(void **state)
{
	unsigned kills = getenv("WEIR_KILLS") ? (unsigned)atoi(getenv("WEIR_KILLS")) : 30;

	(void)state;
	for (unsigned round = 0; round < kills; round++)
		live_and_die(round);
	check_all(kills);
}

static const char *const calls[] = { "write", "pwrite64",  "openat",   "fdatasync", "fsync",
				     "mkdir", "ftruncate", "unlinkat", "unlink",    "fallocate",
				     "mmap",  "munmap",    "flock",    "close",     "eventfd2" };

/* Runs a life under strace, which kills it at the nth `call`; NULL: lets it live. Returns the
 * exit status of a life that ended by itself, or -1. */
static int live_traced(const char *call, unsigned nth)
{
	char trace[64], inject[64], self[PATH_ROOM] = "";
	pid_t child;
	int status;

	assert_in_range(readlink("/proc/self/exe", self, sizeof(self) - 1), 1, sizeof(self) - 2);
	child = fork();
	assert_true(child >= 0);
	snprintf(trace, sizeof(trace), "trace=%s", call ? call : "none");
	snprintf(inject, sizeof(inject), "inject=%s:signal=KILL:when=%u", call ? call : "", nth);
	if (child == 0) {
		if (freopen("/dev/null", "w", stderr) == NULL)
			_exit(126);
		if (call)
			execlp("strace", "strace", "-f", "-qq", "-e", trace, "-e", inject, self,
			       "live", dir, NULL);
		else
			execlp("strace", "strace", "-f", "-qq", "-e", trace, self, "live", dir,
			       NULL);
		_exit(127);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* Kills at every stride-th call until a life gets through without meeting its kill. */
static unsigned kill_at_each(const char *call, unsigned stride)
{
	unsigned kills = 0;
	int ended;

	for (unsigned nth = 1; (ended = live_traced(call, nth)) == -1; nth += stride)
		kills++;
	assert_int_equal(ended, 0);
	return kills;
}

static void every_system_call_may_be_the_last(void **state)
{
	unsigned stride = getenv("WEIR_KILLS") ? 1 : 16, kills = 0;
	int ended = live_traced(NULL, 0);

	(void)state;
	if (ended != 0) {
		print_message("skipped: strace is %s\n",
			      ended == 127 ? "not installed" : "not allowed to trace");
		scratch_remove(dir);
		return;
	}
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		kills += kill_at_each(calls[i], stride);
	check_all(kills);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(no_row_is_lost_or_doubled, setup),
		cmocka_unit_test_setup(every_system_call_may_be_the_last, setup),
	};

	log_set_level(LOG_LEVEL_ERROR);
	if (argc == 3 && strcmp(argv[1], "live") == 0) {
		name_paths(argv[2]);
		exchanges_each = 8;
		child_main(2, -1);
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
