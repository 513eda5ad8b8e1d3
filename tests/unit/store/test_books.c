/* The books end to end: slots in, rows in SQLite out, each once; without a ledger, too. */
#include "tests/unit/store/scratch.h"
#include <errno.h>
#include <pthread.h>
#include <sqlite3.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>
#include "store/books.h"

#define SECONDS(n) ((n)*US_PER_SEC)

struct house {
	char dir[PATH_ROOM], table[PATH_ROOM], journal[PATH_ROOM], db[PATH_ROOM];
	struct inflight *inflight;
	struct ledger *ledger;
	struct books *books;
	uint64_t journal_max_bytes;
};

static void house_open(struct house *h)
{
	struct books_options o = { .journal_dir = h->journal,
				   .sync_interval_us = 10000,
				   .journal_max_bytes = h->journal_max_bytes };
	const char *why;

	assert_int_equal(inflight_open(h->table, 64, &h->inflight, &why), ERR_OK);
	assert_int_equal(ledger_open("sqlite", h->db, &h->ledger, &why), ERR_OK);
	assert_int_equal(books_start(&o, h->inflight, h->ledger, &h->books, &why), ERR_OK);
	assert_null(why);
}

static void house_close(struct house *h)
{
	books_stop(h->books, SECONDS(10));
	ledger_close(h->ledger);
	inflight_close(h->inflight);
}

static int setup(void **state)
{
	struct house *h = calloc(1, sizeof(*h));

	h->journal_max_bytes = 64 << 20;
	scratch_make(h->dir);
	scratch_path(h->table, h->dir, "table");
	scratch_path(h->journal, h->dir, "journal");
	scratch_path(h->db, h->dir, "ledger.db");
	house_open(h);
	*state = h;
	return 0;
}

static int teardown(void **state)
{
	struct house *h = *state;

	house_close(h);
	scratch_remove(h->dir);
	free(h);
	return 0;
}

static void hand(struct house *h, const struct row *r)
{
	struct slot *s;

	while (!(s = inflight_take(h->inflight)))
		usleep(100);
	s->row = *r;
	slot_open(s);
	slot_close(s);
	books_hand(h->books, s);
}

/* One number from the database, asked on a connection of its own. */
static int64_t ask(const struct house *h, const char *query)
{
	sqlite3_stmt *s;
	int64_t number;
	sqlite3 *db;

	assert_int_equal(sqlite3_open(h->db, &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, query, -1, &s, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(s), SQLITE_ROW);
	number = sqlite3_column_int64(s, 0);
	sqlite3_finalize(s);
	sqlite3_close(db);
	return number;
}

static size_t journal_files(const struct house *h)
{
	char command[PATH_ROOM + 32], line[32];
	FILE *f;

	snprintf(command, sizeof(command), "ls '%s' | wc -l", h->journal);
	f = popen(command, "r");
	assert_non_null(f);
	assert_non_null(fgets(line, sizeof(line), f));
	pclose(f);
	return (size_t)atol(line);
}

static void rows_arrive(void **state)
{
	struct house *h = *state;
	struct books_counts c;

	for (unsigned i = 0; i < 1000; i++) {
		struct row r = sample_row(i);

		hand(h, &r);
	}
	assert_int_equal(books_flush(h->books, SECONDS(10)), ERR_OK);
	assert_int_equal(ask(h, "SELECT count(*) FROM request"), 1000);
	assert_int_equal(ask(h, "SELECT sum(cost_pusd) FROM request"),
			 ask(h, "SELECT sum(cost_pusd) FROM usage_hour"));
	c = books_counts(h->books);
	assert_int_equal(c.rows_handed, 1000);
	assert_int_equal(c.rows_journaled, 1000);
	assert_int_equal(c.rows_committed, 1000);
	assert_int_equal(c.journal_pending_rows, 0);
	assert_int_equal(inflight_used(h->inflight), 0);
	assert_true(books_open_for_work(h->books));
	books_stop(h->books, SECONDS(10));
	assert_int_equal(journal_files(h), 0);
	ledger_close(h->ledger);
	inflight_close(h->inflight);
	house_open(h);
}

static void a_row_twice_is_one_row(void **state)
{
	struct house *h = *state;
	struct row r = sample_row(1);

	for (int i = 0; i < 50; i++)
		hand(h, &r);
	assert_int_equal(books_flush(h->books, SECONDS(10)), ERR_OK);
	assert_int_equal(ask(h, "SELECT count(*) FROM request"), 1);
	assert_int_equal(ask(h, "SELECT requests FROM usage_hour"), 1);
	assert_int_equal(books_counts(h->books).rows_known, 49);
}

#define PRODUCERS    4
#define ROWS_OF_EACH 5000

struct producer {
	pthread_t thread;
	struct house *house;
	unsigned number;
};

static void *produce(void *arg)
{
	struct producer *p = arg;

	for (unsigned i = 0; i < ROWS_OF_EACH; i++) {
		struct row r = sample_row(p->number * ROWS_OF_EACH + i);

		hand(p->house, &r);
	}
	return NULL;
}

static void many_threads_hand_over(void **state)
{
	struct house *h = *state;
	struct producer p[PRODUCERS];

	for (unsigned i = 0; i < PRODUCERS; i++) {
		p[i] = (struct producer){ .house = h, .number = i };
		assert_int_equal(pthread_create(&p[i].thread, NULL, produce, &p[i]), 0);
	}
	for (unsigned i = 0; i < PRODUCERS; i++)
		pthread_join(p[i].thread, NULL);
	assert_int_equal(books_flush(h->books, SECONDS(60)), ERR_OK);
	assert_int_equal(ask(h, "SELECT count(*) FROM request"), PRODUCERS * ROWS_OF_EACH);
	assert_int_equal(ask(h, "SELECT sum(requests) FROM usage_hour"), PRODUCERS * ROWS_OF_EACH);
	assert_int_equal(inflight_used(h->inflight), 0);
}

/* Another process holds the database: rows wait in the journal, slots are free, and all
 * is well when it lets go. F07. */
static void rows_wait_for_the_ledger(void **state)
{
	struct house *h = *state;
	sqlite3 *db;

	assert_int_equal(sqlite3_open(h->db, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "BEGIN EXCLUSIVE", NULL, NULL, NULL), SQLITE_OK);
	for (unsigned i = 0; i < 200; i++) {
		struct row r = sample_row(i);

		hand(h, &r);
	}
	for (int i = 0; i < 1000 && !books_counts(h->books).ledger_away; i++)
		usleep(10000);
	assert_true(books_counts(h->books).ledger_away);
	assert_int_equal(inflight_used(h->inflight), 0);
	assert_int_equal(books_counts(h->books).journal_pending_rows, 200);
	assert_true(books_open_for_work(h->books));
	assert_int_equal(books_flush(h->books, 1000), ERR_SLOW);
	assert_int_equal(sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
	assert_int_equal(books_flush(h->books, SECONDS(10)), ERR_OK);
	assert_false(books_counts(h->books).ledger_away);
	assert_int_equal(ask(h, "SELECT count(*) FROM request"), 200);
}

/* The journal's disk fills while the ledger is away: no new work, but what was admitted
 * lands, and all is well when the ledger is back. Needs root to mount the disk. F19 */
static void a_full_disk_stops_admission_only(void **state)
{
	struct house *h = *state;
	unsigned n = 0;
	sqlite3 *db;

	house_close(h);
	if (mount("weir-test", h->journal, "tmpfs", 0, "size=5m,mode=0700") != 0) {
		print_message("skipped: cannot mount a small tmpfs: %s\n", strerror(errno));
		house_open(h);
		return;
	}
	h->journal_max_bytes = 8 << 20; /* segments of 2 MiB: two fit, three do not */
	house_open(h);
	assert_int_equal(sqlite3_open(h->db, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
	for (; books_open_for_work(h->books) && n < 100000; n++) {
		struct row r = sample_row(n);

		hand(h, &r);
	}
	assert_in_range(n, 5000, 30000);
	for (unsigned i = 0; i < 64; i++, n++) { /* as many as there are slots */
		struct row r = sample_row(n);

		hand(h, &r);
	}
	for (int i = 0; i < 1000 && inflight_used(h->inflight) > 0; i++)
		usleep(10000);
	assert_int_equal(inflight_used(h->inflight), 0);
	assert_false(books_open_for_work(h->books));
	assert_true(books_counts(h->books).journal_full);
	assert_int_equal(sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
	assert_int_equal(books_flush(h->books, SECONDS(30)), ERR_OK);
	assert_int_equal(ask(h, "SELECT count(*) FROM request"), n);
	for (int i = 0; i < 500 && !books_open_for_work(h->books); i++)
		usleep(10000);
	assert_true(books_open_for_work(h->books));
	house_close(h);
	assert_int_equal(umount(h->journal), 0);
	house_open(h);
}

/* As above, but the process ends in between: the next one finds them. */
static void rows_wait_for_the_next_start(void **state)
{
	struct house *h = *state;
	sqlite3 *db;

	assert_int_equal(sqlite3_open(h->db, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "BEGIN EXCLUSIVE", NULL, NULL, NULL), SQLITE_OK);
	for (unsigned i = 0; i < 700; i++) {
		struct row r = sample_row(i);

		hand(h, &r);
	}
	books_stop(h->books, 0);
	ledger_close(h->ledger);
	inflight_close(h->inflight);
	assert_int_equal(sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
	assert_int_equal(ask(h, "SELECT count(*) FROM request"), 0);

	house_open(h);
	assert_int_equal(books_flush(h->books, SECONDS(10)), ERR_OK);
	assert_int_equal(ask(h, "SELECT count(*) FROM request"), 700);
	assert_int_equal(books_counts(h->books).rows_recovered, 700);
	assert_int_equal(books_counts(h->books).frames_damaged, 0);
	assert_int_equal(books_counts(h->books).tails_torn, 0);
}

/* A row that no table can hold stops nobody. F12. */
static void a_poison_row_goes_to_quarantine(void **state)
{
	struct house *h = *state;

	for (unsigned i = 0; i < 100; i++) {
		struct row r = sample_row(i);

		if (i == 50)
			r.input_tok = UINT64_MAX;
		if (i == 51)
			memset(r.model, 0xff, sizeof(r.model)); /* only ugly: kept */
		hand(h, &r);
	}
	assert_int_equal(books_flush(h->books, SECONDS(10)), ERR_OK);
	assert_int_equal(ask(h, "SELECT count(*) FROM request"), 99);
	assert_int_equal(ask(h, "SELECT count(*) FROM quarantine"), 1);
	assert_int_equal(books_counts(h->books).rows_refused, 1);
}

/* A second process may have neither the table nor the journal. F31. */
static void the_second_process_is_refused(void **state)
{
	struct house *h = *state;
	struct books_options o = { .journal_dir = h->journal, .journal_max_bytes = 64 << 20 };
	struct inflight *other;
	struct books *books;
	char path[PATH_ROOM];
	const char *why;

	assert_int_equal(inflight_open(h->table, 64, &other, &why), ERR_REFUSED);
	scratch_path(path, h->dir, "other");
	assert_int_equal(inflight_open(path, 64, &other, &why), ERR_OK);
	assert_int_equal(books_start(&o, other, h->ledger, &books, &why), ERR_REFUSED);
	assert_non_null(strstr(why, "another process"));
	inflight_close(other);
}

static void orphan(void *arg, struct slot *s)
{
	struct house *h = arg;

	if (atomic_load(&s->state) == SLOT_OPEN) {
		strcpy(s->row.ended_by, "crash");
		slot_close(s);
	}
	books_hand(h->books, s);
}

/* An orphan whose frame was written before the crash must not win over it, nor double it. */
static void the_journal_comes_before_orphans(void **state)
{
	struct house *h = *state;
	struct row first = sample_row(1), second = first;
	struct slot *s;
	sqlite3 *db;

	assert_int_equal(sqlite3_open(h->db, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "BEGIN EXCLUSIVE", NULL, NULL, NULL), SQLITE_OK);
	hand(h, &first);
	while (books_counts(h->books).rows_journaled == 0)
		usleep(1000);
	s = inflight_take(h->inflight);
	second.cost_pusd = 1;
	s->row = second;
	slot_open(s);
	books_stop(h->books, 0);
	ledger_close(h->ledger);
	inflight_close(h->inflight);
	sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
	sqlite3_close(db);

	house_open(h);
	assert_int_equal(inflight_used(h->inflight), 1);
	inflight_each_orphan(h->inflight, orphan, h);
	assert_int_equal(books_flush(h->books, SECONDS(10)), ERR_OK);
	assert_int_equal(ask(h, "SELECT count(*) FROM request"), 1);
	assert_int_equal(ask(h, "SELECT cost_pusd FROM request"), first.cost_pusd);
	assert_int_equal(inflight_used(h->inflight), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(rows_arrive, setup, teardown),
		cmocka_unit_test_setup_teardown(a_row_twice_is_one_row, setup, teardown),
		cmocka_unit_test_setup_teardown(many_threads_hand_over, setup, teardown),
		cmocka_unit_test_setup_teardown(rows_wait_for_the_ledger, setup, teardown),
		cmocka_unit_test_setup_teardown(a_full_disk_stops_admission_only, setup, teardown),
		cmocka_unit_test_setup_teardown(rows_wait_for_the_next_start, setup, teardown),
		cmocka_unit_test_setup_teardown(a_poison_row_goes_to_quarantine, setup, teardown),
		cmocka_unit_test_setup_teardown(the_second_process_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(the_journal_comes_before_orphans, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
