/* The ledger: once each, sums that equal the rows, records, and other people's databases. */
#include "tests/unit/store/scratch.h"
#include <errno.h>
#include <sqlite3.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/clk.h"
#include "store/ledger.h"

#define HOUR_US (3600 * US_PER_SEC)
#define DAY_US  (24 * HOUR_US)

static char dir[PATH_ROOM], path[PATH_ROOM];
static struct ledger *l;

static struct ledger *open_ledger(void)
{
	struct ledger *opened;
	const char *why;

	assert_int_equal(ledger_open("sqlite", path, &opened, &why), ERR_OK);
	assert_null(why);
	return opened;
}

static int setup(void **state)
{
	(void)state;
	scratch_make(dir);
	scratch_path(path, dir, "ledger.db");
	l = open_ledger();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	ledger_close(l);
	scratch_remove(dir);
	return 0;
}

/* Runs SQL on a connection of its own and returns the first number it gives. */
static int64_t ask(const char *sql)
{
	sqlite3_stmt *s;
	int64_t number = 0;
	sqlite3 *db;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	sqlite3_busy_timeout(db, 5000);
	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &s, NULL), SQLITE_OK);
	if (sqlite3_step(s) == SQLITE_ROW)
		number = sqlite3_column_int64(s, 0);
	assert_int_equal(sqlite3_finalize(s), SQLITE_OK);
	sqlite3_close(db);
	return number;
}

static struct ledger_tally commit(const struct row *rows, size_t n)
{
	struct ledger_tally tally;

	assert_int_equal(ledger_commit(l, rows, n, &tally), ERR_OK);
	assert_int_equal(tally.added + tally.known + tally.refused, n);
	return tally;
}

static void a_row_comes_back_whole(void **state)
{
	struct row r = sample_row(5), back;

	(void)state;
	for (int q = 0; q < Q_COUNT; q++) {
		r.quantity[q] = (uint64_t)q + 1;
		r.aux_quantity[q] = 1000 - (uint64_t)q;
	}
	strcpy(r.aux_model, "advisor");
	strcpy(r.error, "caf\xc3\xa9");
	assert_int_equal(commit(&r, 1).added, 1);
	assert_int_equal(ledger_request_get(l, r.id, &back), ERR_OK);
	assert_memory_equal(&r, &back, sizeof(r));
	r.id.byte[15] = 99;
	assert_int_equal(ledger_request_get(l, r.id, &back), ERR_MISSING);
}

/* F09: whatever is delivered again changes neither rows nor sums. */
static void rows_count_once(void **state)
{
	struct row rows[100];
	struct ledger_tally t;

	(void)state;
	for (unsigned i = 0; i < 100; i++)
		rows[i] = sample_row(i % 60); /* some twice in one batch */
	t = commit(rows, 100);
	assert_int_equal(t.added, 60);
	assert_int_equal(t.known, 40);
	t = commit(rows, 100);
	assert_int_equal(t.known, 100);
	assert_int_equal(ask("SELECT count(*) FROM request"), 60);
	assert_int_equal(ask("SELECT sum(requests) FROM usage_hour"), 60);
}

/* INV-2: every sum equals the rows, recomputed from zero. */
static void sums_equal_the_rows(void **state)
{
	struct row rows[500];

	(void)state;
	for (unsigned i = 0; i < 500; i++) {
		rows[i] = sample_row(i * 37);
		rows[i].status = i % 10 == 0 ? 429 : i % 11 == 0 ? 0 : 200;
		if (i % 4 == 0)
			strcpy(rows[i].usage_source, "estimated");
		if (i % 3 == 0)
			rows[i].first_byte_us = 0;
		snprintf(rows[i].user, sizeof(rows[i].user), "user-%u", i % 9);
	}
	commit(rows, 500);
	commit(rows, 250);
	assert_int_equal(
	    ask("SELECT count(*) FROM ("
		"SELECT hour_us, tenant, team, user, key, provider, dialect, model, requests,"
		" failed, inexact, input_tok, cached_read_tok, output_tok, reasoning_tok,"
		" bytes_in, bytes_out, took_us, answered, first_byte_us, cost_pusd"
		" FROM usage_hour EXCEPT SELECT started_us - started_us % 3600000000, tenant,"
		" team, user, key, provider, dialect, model, count(*),"
		" sum(status = 0 OR status >= 400),"
		" sum(usage_source NOT IN ('reported', 'none')), sum(input_tok),"
		" sum(cached_read_tok), sum(output_tok), sum(reasoning_tok), sum(bytes_in),"
		" sum(bytes_out), sum(took_us), sum(first_byte_us > 0), sum(first_byte_us),"
		" sum(cost_pusd) FROM request GROUP BY 1, 2, 3, 4, 5, 6, 7, 8)"),
	    0);
	assert_int_equal(ask("SELECT sum(requests) FROM usage_hour"), 500);
}

static void what_no_column_holds_is_quarantined(void **state)
{
	struct row rows[5];
	struct ledger_tally t;

	(void)state;
	for (unsigned i = 0; i < 5; i++)
		rows[i] = sample_row(i);
	rows[0].quantity[Q_output] = UINT64_MAX;
	rows[1].cost_pusd = -1;
	memset(&rows[2].id, 0, sizeof(rows[2].id));
	t = commit(rows, 5);
	assert_int_equal(t.added, 2);
	assert_int_equal(t.refused, 3);
	assert_int_equal(commit(rows, 5).refused, 3);
	assert_int_equal(ask("SELECT count(*) FROM quarantine"), 3);
	assert_int_equal(ask("SELECT count(*) FROM request"), 2);
}

/* What only the database itself notices takes the same way; the rest of the batch stays. */
static void what_the_database_refuses_is_quarantined(void **state)
{
	struct row rows[3];
	struct ledger_tally t;

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		rows[i] = sample_row(i * 30); /* of one tenant, key, model and hour */
		rows[i].cost_pusd = INT64_MAX / 2 + 1;
	}
	t = commit(rows, 3);
	assert_int_equal(t.added, 1);
	assert_int_equal(t.refused, 2);
	assert_int_equal(ask("SELECT count(*) FROM request"), 1);
	assert_int_equal(ask("SELECT count(*) FROM quarantine WHERE reason LIKE '%cost_pusd%'"), 2);
	assert_int_equal(ask("SELECT sum(requests) FROM usage_hour"), 1);
}

static void a_locked_database_is_away(void **state)
{
	struct ledger_tally tally;
	struct row r = sample_row(1);
	sqlite3 *db;

	(void)state;
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(ledger_commit(l, &r, 1, &tally), ERR_AWAY);
	assert_int_equal(tally.added, 0);
	assert_string_equal(ledger_trouble(l), "database is locked");
	sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
	sqlite3_close(db);
	assert_int_equal(commit(&r, 1).added, 1);
}

static struct ledger_tally try_commit(unsigned from, enum err *e)
{
	struct ledger_tally tally;
	struct row rows[50];

	for (unsigned i = 0; i < 50; i++)
		rows[i] = sample_row(from + i);
	*e = ledger_commit(l, rows, 50, &tally);
	return tally;
}

/* On a small disk of its own: full is away, and nothing of the batch is there. Needs root. */
static void a_full_disk_is_away(void **state)
{
	unsigned n = 0;
	enum err e;

	(void)state;
	ledger_close(l);
	if (mount("weir-test", dir, "tmpfs", 0, "size=1m,mode=0700") != 0) {
		print_message("skipped: cannot mount a small tmpfs: %s\n", strerror(errno));
		l = open_ledger();
		return;
	}
	l = open_ledger();
	for (e = ERR_OK; e == ERR_OK && n < 100000; n += 50)
		try_commit(n, &e);
	assert_int_equal(e, ERR_AWAY);
	assert_int_equal(try_commit(n, &e).added, 0);
	assert_int_equal(e, ERR_AWAY);
	assert_non_null(strstr(ledger_trouble(l), "full"));
	assert_int_equal(mount("weir-test", dir, "tmpfs", MS_REMOUNT, "size=9m,mode=0700"), 0);
	n -= 50; /* the batch that did not fit */
	assert_int_equal(try_commit(n, &e).added, 50);
	assert_int_equal(ask("SELECT count(*) FROM request"), n + 50);
	ledger_close(l);
	assert_int_equal(umount(dir), 0);
	l = open_ledger();
}

/* Readers see the state before a transaction that is under way, and do not wait. */
static void readers_do_not_wait(void **state)
{
	struct row r = sample_row(1), back;
	sqlite3 *db;

	(void)state;
	commit(&r, 1);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "BEGIN IMMEDIATE; DELETE FROM request", NULL, NULL, NULL),
			 SQLITE_OK);
	assert_int_equal(ledger_request_get(l, r.id, &back), ERR_OK);
	sqlite3_close(db);
}

struct list {
	unsigned count, stop_at;
	struct row rows[64];
};

static bool keep_row(void *arg, const struct row *r)
{
	struct list *list = arg;

	assert_in_range(list->count, 0, 63);
	list->rows[list->count++] = *r;
	return list->count != list->stop_at;
}

static unsigned list_rows(struct list *list, struct ledger_filter f, bool newest, uint32_t limit)
{
	list->count = 0;
	assert_int_equal(ledger_request_each(l, &f, newest, limit, keep_row, list), ERR_OK);
	return list->count;
}

static void rows_are_listed_by_filter(void **state)
{
	struct ledger_filter any = { .tenant = NULL };
	static struct list list;
	struct row rows[30];

	(void)state;
	for (unsigned i = 0; i < 30; i++)
		rows[i] = sample_row(29 - i);
	commit(rows, 30);
	assert_int_equal(list_rows(&list, any, false, 64), 30);
	for (unsigned i = 0; i < 30; i++)
		assert_int_equal(list.rows[i].input_tok, 1000 + i);
	assert_int_equal(list_rows(&list, any, true, 4), 4);
	assert_int_equal(list.rows[0].input_tok, 1029);
	assert_int_equal(
	    list_rows(&list, (struct ledger_filter){ .tenant = "tenant-1" }, false, 64), 10);
	assert_int_equal(list_rows(&list, (struct ledger_filter){ .tenant = "tenant-1" }, true, 64),
			 10);
	assert_string_equal(list.rows[0].tenant, "tenant-1");
	assert_true(list.rows[0].started_us > list.rows[9].started_us);
	assert_int_equal(list_rows(&list,
				   (struct ledger_filter){ .key = "key-2", .model = "gpt-large" },
				   false, 64),
			 3);
	assert_int_equal(list_rows(&list,
				   (struct ledger_filter){ .since_us = rows[20].started_us,
							   .until_us = rows[10].started_us },
				   false, 64),
			 10);
	assert_int_equal(
	    list_rows(&list, (struct ledger_filter){ .tenant = "' OR 1 --" }, false, 64), 0);
	list.stop_at = 3;
	assert_int_equal(list_rows(&list, any, false, 64), 3);
	list.stop_at = 0;
}

struct usages {
	unsigned count;
	struct usage_row rows[64];
};

static bool keep_usage(void *arg, const struct usage_row *r)
{
	struct usages *u = arg;

	assert_in_range(u->count, 0, 63);
	u->rows[u->count++] = *r;
	return true;
}

static unsigned report(struct usages *u, struct ledger_filter f, unsigned groups)
{
	u->count = 0;
	assert_int_equal(ledger_usage_each(l, &f, groups, keep_usage, u), ERR_OK);
	return u->count;
}

static void usage_is_grouped(void **state)
{
	struct ledger_filter any = { .tenant = NULL };
	const uint64_t start_us = sample_row(0).started_us;
	static struct usages u;
	struct row rows[48];

	(void)state;
	for (unsigned i = 0; i < 48; i++) {
		rows[i] = sample_row(i);
		rows[i].started_us = start_us + i * HOUR_US + 17;
		rows[i].cost_pusd = 1000 + i;
	}
	commit(rows, 48);
	assert_int_equal(report(&u, any, 0), 1);
	assert_int_equal(u.rows[0].requests, 48);
	assert_int_equal(u.rows[0].cost_pusd, 48 * 1000 + 47 * 48 / 2);
	assert_int_equal(u.rows[0].input_tok, 48 * 1000 + 47 * 48 / 2);
	assert_int_equal(u.rows[0].answered, 48);
	assert_string_equal(u.rows[0].tenant, "");
	assert_int_equal(report(&u, any, GROUP_TENANT), 3);
	assert_string_equal(u.rows[0].tenant, "tenant-2"); /* the dearest first */
	assert_int_equal(report(&u, any, GROUP_HOUR), 48);
	assert_int_equal(u.rows[47].start_us, start_us + 47 * HOUR_US);
	assert_int_equal(report(&u, any, GROUP_DAY | GROUP_MODEL), 4);
	assert_int_equal(u.rows[0].start_us, start_us);
	assert_int_equal(u.rows[3].start_us, start_us + DAY_US);
	assert_int_equal(report(&u, any, GROUP_KEY | GROUP_PROVIDER | GROUP_TEAM | GROUP_USER), 5);
	assert_int_equal(report(&u,
				(struct ledger_filter){ .since_us = start_us + 2 * HOUR_US + 5,
							.until_us = start_us + 4 * HOUR_US + 5,
							.tenant = "tenant-0" },
				GROUP_HOUR),
			 1);
	assert_int_equal(u.rows[0].start_us, start_us + 3 * HOUR_US);
}

/* Sums beyond 63 bits show as the largest number there is, never as a negative one. */
static void sums_saturate(void **state)
{
	struct row rows[3];
	static struct usages u;

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		rows[i] = sample_row(i);
		rows[i].cost_pusd = INT64_MAX / 2 + 1;
	}
	commit(rows, 3);
	assert_int_equal(report(&u, (struct ledger_filter){ .tenant = NULL }, 0), 1);
	assert_int_equal(u.rows[0].cost_pusd, INT64_MAX);
	assert_int_equal(report(&u, (struct ledger_filter){ .tenant = "tenant-0" }, 0), 1);
	assert_int_equal(u.rows[0].cost_pusd, INT64_MAX / 2 + 1);
}

struct spent {
	int64_t all, of_tenant_0, of_e2b;
	uint64_t requests;
};

static bool add_spend(void *arg, const struct spend_row *r)
{
	struct spent *s = arg;

	s->all += r->cost_pusd;
	s->requests += r->requests;
	if (strcmp(r->tenant, "tenant-0") == 0)
		s->of_tenant_0 += r->cost_pusd;
	if (strcmp(r->dialect, "e2b") == 0)
		s->of_e2b += r->cost_pusd;
	return true;
}

/* From any instant on, in the middle of an hour too, the spend is that of the rows. */
static void spend_is_exact_from_any_instant(void **state)
{
	const uint64_t start_us = sample_row(0).started_us;
	struct row rows[60];

	(void)state;
	for (unsigned i = 0; i < 60; i++) {
		rows[i] = sample_row(i);
		rows[i].started_us = start_us + i * (HOUR_US / 10);
		rows[i].cost_pusd = 1 << i % 20;
		if (i % 4 == 0)
			strcpy(rows[i].dialect, "e2b");
	}
	commit(rows, 60);
	for (unsigned from = 0; from <= 60; from++) {
		struct spent s = { 0 }, right = { 0 };
		uint64_t since_us = start_us + from * (HOUR_US / 10);

		for (unsigned i = from; i < 60; i++) {
			right.requests++;
			right.all += rows[i].cost_pusd;
			right.of_tenant_0 += i % 3 == 0 ? rows[i].cost_pusd : 0;
			right.of_e2b += i % 4 == 0 ? rows[i].cost_pusd : 0;
		}
		assert_int_equal(ledger_spend_each(l, since_us, add_spend, &s), ERR_OK);
		assert_memory_equal(&s, &right, sizeof(s));
		memset(&s, 0, sizeof(s));
		assert_int_equal(ledger_spend_each(l, since_us - (from > 0), add_spend, &s),
				 ERR_OK);
		assert_memory_equal(&s, &right, sizeof(s));
	}
}

struct tag_spent {
	int64_t nightly, batch;
	uint64_t requests, tokens;
	unsigned others;
};

static bool add_tag_spend(void *arg, const struct tag_spend_row *r)
{
	struct tag_spent *s = arg;

	if (strcmp(r->tenant, "tenant-1") != 0)
		return true;
	if (span_eq(r->tag, SPAN("nightly"))) {
		s->nightly += r->cost_pusd;
		s->requests += r->requests;
		s->tokens += r->tokens;
	} else if (span_eq(r->tag, SPAN("batch"))) {
		s->batch += r->cost_pusd;
	} else {
		s->others++;
	}
	return true;
}

/* The same for tags; a row counts once for each that it has, however it is written. */
static void tags_have_their_own_sums(void **state)
{
	static const char *const tags[] = { "nightly,batch", " batch , nightly,nightly,", "nightly",
					    "", "night,batch" };
	const uint64_t start_us = sample_row(0).started_us;
	struct row rows[60];

	(void)state;
	for (unsigned i = 0; i < 60; i++) {
		rows[i] = sample_row(i);
		rows[i].started_us = start_us + i * (HOUR_US / 10);
		rows[i].cost_pusd = 1 << i % 20;
		memset(rows[i].tags, 0, sizeof(rows[i].tags));
		strcpy(rows[i].tags, tags[i % 5]);
	}
	commit(rows, 60);
	commit(rows, 60); /* known already */
	for (unsigned from = 0; from <= 60; from++) {
		struct tag_spent s = { 0 };
		int64_t nightly = 0, batch = 0;
		uint64_t requests = 0, tokens = 0;

		for (unsigned i = from; i < 60; i++) {
			bool mine = i % 3 == 1, night = mine && i % 5 <= 2;

			nightly += night ? rows[i].cost_pusd : 0;
			requests += night;
			tokens += night ? rows[i].input_tok + rows[i].output_tok : 0;
			batch += mine && i % 5 != 2 && i % 5 != 3 ? rows[i].cost_pusd : 0;
		}
		assert_int_equal(
		    ledger_tag_spend_each(l, start_us + from * (HOUR_US / 10), add_tag_spend, &s),
		    ERR_OK);
		assert_int_equal(s.nightly, nightly);
		assert_int_equal(s.batch, batch);
		assert_int_equal(s.requests, requests);
		assert_int_equal(s.tokens, tokens);
		assert_true(from > 49 || s.others > 0); /* "night" is another one */
	}
}

static void old_rows_go_and_sums_stay(void **state)
{
	struct row rows[20];
	uint32_t dropped;

	(void)state;
	for (unsigned i = 0; i < 20; i++)
		rows[i] = sample_row(i);
	commit(rows, 20);
	assert_int_equal(ledger_prune(l, rows[10].started_us, 7, &dropped), ERR_OK);
	assert_int_equal(dropped, 7);
	assert_int_equal(ledger_prune(l, rows[10].started_us, 7, &dropped), ERR_OK);
	assert_int_equal(dropped, 3);
	assert_int_equal(ask("SELECT count(*) FROM request"), 10);
	assert_int_equal(ask("SELECT sum(requests) FROM usage_hour"), 20);
}

struct records {
	unsigned count;
	struct tenant_row tenant;
	struct key_row key;
	struct quota_row quota;
	struct price_row price;
};

static bool keep_tenant(void *arg, const struct tenant_row *r)
{
	struct records *all = arg;

	all->count++;
	all->tenant = *r;
	return true;
}

static bool keep_key(void *arg, const struct key_row *r)
{
	struct records *all = arg;

	all->count++;
	all->key = *r;
	return true;
}

static bool keep_quota(void *arg, const struct quota_row *r)
{
	struct records *all = arg;

	all->count++;
	all->quota = *r;
	return true;
}

static bool keep_price(void *arg, const struct price_row *r)
{
	struct records *all = arg;

	all->count++;
	all->price = *r;
	return all->count < 1; /* stop at the first */
}

static void tenants_are_kept(void **state)
{
	struct tenant_row r = {
		.id = "acme", .name = "Acme & Söhne", .plan = "pro", .created_us = 5
	};
	struct records all = { 0 };

	(void)state;
	assert_int_equal(ledger_tenant_put(l, LEDGER_CHANGE, &r), ERR_MISSING);
	assert_int_equal(ledger_tenant_put(l, LEDGER_ADD, &r), ERR_OK);
	assert_int_equal(ledger_tenant_put(l, LEDGER_ADD, &r), ERR_EXISTS);
	r.disabled_us = UINT64_C(1) << 62;
	assert_int_equal(ledger_tenant_put(l, LEDGER_CHANGE, &r), ERR_OK);
	ledger_close(l);
	l = open_ledger();
	assert_int_equal(ledger_tenant_each(l, keep_tenant, &all), ERR_OK);
	assert_int_equal(all.count, 1);
	assert_memory_equal(&all.tenant, &r, sizeof(r));
}

static void keys_are_kept(void **state)
{
	struct key_row r = { .id = "abc", .tenant = "acme", .models = "gpt-*", .expires_us = 9 }, s;
	struct records all = { 0 };

	(void)state;
	memset(r.hash, 0xa5, sizeof(r.hash));
	assert_int_equal(ledger_key_put(l, LEDGER_ADD, &r), ERR_OK);
	s = r;
	strcpy(s.id, "abd");
	assert_int_equal(ledger_key_put(l, LEDGER_ADD, &s), ERR_EXISTS); /* the same hash */
	s.hash[0] = 0;
	assert_int_equal(ledger_key_put(l, LEDGER_ADD, &s), ERR_OK);
	s.hash[0] = 0xa5;
	assert_int_equal(ledger_key_put(l, LEDGER_CHANGE, &s), ERR_EXISTS);
	r.revoked_us = 77;
	assert_int_equal(ledger_key_put(l, LEDGER_CHANGE, &r), ERR_OK);
	assert_int_equal(ledger_key_each(l, keep_key, &all), ERR_OK);
	assert_int_equal(all.count, 2);
	assert_string_equal(all.key.id, "abd");
	assert_int_equal(ask("SELECT revoked_us FROM api_key WHERE id = 'abc'"), 77);
}

static void quotas_are_kept_and_dropped(void **state)
{
	struct quota_row r;
	struct records all = { 0 };

	(void)state;
	memset(&r, 0, sizeof(r)); /* with the gaps between its fields */
	strcpy(r.scope, "tenant");
	strcpy(r.scope_id, "acme");
	strcpy(r.resource, "llm");
	strcpy(r.unit, "usd");
	strcpy(r.period, "month");
	r.limit = INT64_MAX;
	strcpy(r.warn, "80,90");
	strcpy(r.zone, "Europe/Berlin");
	strcpy(r.action, "block");
	strcpy(r.on_outage, "local");
	r.raised_limit = 4;
	r.raised_until_us = 5;
	r.in_shadow = 1;
	r.reset_us = 3;
	assert_int_equal(ledger_quota_drop(l, &r), ERR_MISSING);
	assert_int_equal(ledger_quota_put(l, LEDGER_ADD, &r), ERR_OK);
	assert_int_equal(ledger_quota_put(l, LEDGER_ADD, &r), ERR_EXISTS);
	strcpy(r.unit, "tokens");
	strcpy(r.tenant, "t");
	assert_int_equal(ledger_quota_put(l, LEDGER_CHANGE, &r), ERR_MISSING);
	strcpy(r.unit, "usd");
	r.tenant[0] = r.tenant[1] = '\0';
	memset(r.unit, 0, sizeof(r.unit));
	strcpy(r.unit, "usd");
	r.limit = -1;
	assert_int_equal(ledger_quota_put(l, LEDGER_CHANGE, &r), ERR_OK);
	assert_int_equal(ledger_quota_each(l, keep_quota, &all), ERR_OK);
	assert_int_equal(all.count, 1);
	assert_memory_equal(&all.quota, &r, sizeof(r));
	assert_int_equal(ledger_quota_drop(l, &r), ERR_OK);
	all.count = 0;
	assert_int_equal(ledger_quota_each(l, keep_quota, &all), ERR_OK);
	assert_int_equal(all.count, 0);
}

static void prices_are_kept_by_date(void **state)
{
	struct price_row r = { .provider = "openai", .model = "gpt-large", .valid_from_us = 100 };
	struct records all = { 0 };

	(void)state;
	memset(r.entry, 'p', sizeof(r.entry) - 1);
	assert_int_equal(ledger_price_put(l, LEDGER_ADD, &r), ERR_OK);
	r.valid_from_us = 200;
	assert_int_equal(ledger_price_put(l, LEDGER_ADD, &r), ERR_OK);
	assert_int_equal(ledger_price_put(l, LEDGER_ADD, &r), ERR_EXISTS);
	r.valid_from_us = 100;
	r.valid_to_us = 200;
	assert_int_equal(ledger_price_put(l, LEDGER_CHANGE, &r), ERR_OK);
	assert_int_equal(ledger_price_each(l, keep_price, &all), ERR_OK);
	assert_int_equal(all.count, 1);
	assert_memory_equal(&all.price, &r, sizeof(r));
}

struct texts {
	char text[200]; /* "name=state@saved " of each */
	unsigned most;
};

static bool keep_text(void *arg, const struct learned_row *r)
{
	struct texts *all = arg;
	size_t len = strlen(all->text);

	snprintf(all->text + len, sizeof(all->text) - len, "%s=%s@%llu ", r->name, r->state,
		 (unsigned long long)r->saved_us);
	return --all->most > 0;
}

static void expect_texts(unsigned most, const char *expected)
{
	struct texts all = { .most = most };

	assert_int_equal(ledger_learned_each(l, keep_text, &all), ERR_OK);
	assert_string_equal(all.text, expected);
}

static void learned_texts_take_the_place_of_old_ones(void **state)
{
	struct learned_row rows[] = { { "b", "one", 1 }, { "a", "two", 2 } };
	struct learned_row bad[] = { { "c", "three", 3 }, { "d", NULL, 4 } };

	(void)state;
	expect_texts(9, "");
	assert_int_equal(ledger_learned_put(l, rows, 0), ERR_OK);
	assert_int_equal(ledger_learned_put(l, rows, 2), ERR_OK);
	expect_texts(9, "a=two@2 b=one@1 ");
	rows[0].state = "new";
	rows[0].saved_us = 5;
	assert_int_equal(ledger_learned_put(l, rows, 1), ERR_OK);
	assert_int_equal(ledger_learned_put(l, bad, 2), ERR_AWAY); /* all or none */
	ledger_close(l);
	l = open_ledger();
	expect_texts(9, "a=two@2 b=new@5 ");
	expect_texts(1, "a=two@2 ");
}

/* Makes the open ledger one of the first version, with a tenant and a limit. */
static void grow_younger(void)
{
	ledger_close(l);
	ask("DROP TABLE learned");
	ask("DROP TABLE tag_hour");
	ask("ALTER TABLE tenant DROP COLUMN plan");
	ask("INSERT INTO tenant (id, name, created_us, disabled_us) VALUES ('acme', 'A', 1, 0)");
	ask("DROP TABLE quota");
	ask("CREATE TABLE quota (scope TEXT NOT NULL, scope_id TEXT NOT NULL,"
	    " resource TEXT NOT NULL, period TEXT NOT NULL, limit_pusd INTEGER NOT NULL,"
	    " warn_pct INTEGER NOT NULL, reset_us INTEGER NOT NULL,"
	    " PRIMARY KEY (scope, scope_id, resource, period)) STRICT, WITHOUT ROWID");
	ask("INSERT INTO quota VALUES ('tenant', 'acme', 'llm', 'day', 17, 80, 3)");
	ask("INSERT INTO quota VALUES ('platform', '', 'all', 'month', 18, 0, 0)");
	ask("PRAGMA user_version = 1");
	l = open_ledger();
	assert_int_equal(ask("PRAGMA user_version"), 3);
}

static void old_limits_go_on(void **state)
{
	struct records all = { 0 };

	(void)state;
	grow_younger();
	assert_int_equal(ledger_quota_each(l, keep_quota, &all), ERR_OK);
	assert_int_equal(all.count, 2);
	assert_string_equal(all.quota.scope, "tenant"); /* the last in order */
	assert_string_equal(all.quota.scope_id, "acme");
	assert_string_equal(all.quota.unit, "usd");
	assert_string_equal(all.quota.period, "day");
	assert_string_equal(all.quota.warn, "80");
	assert_string_equal(all.quota.action, "block");
	assert_string_equal(all.quota.on_outage, "local");
	assert_int_equal(all.quota.limit, 17);
	assert_int_equal(all.quota.reset_us, 3);
	assert_int_equal(ask("SELECT count(*) FROM quota WHERE scope = 'platform' AND warn = ''"),
			 1);
	assert_int_equal(ledger_tenant_each(l, keep_tenant, &all), ERR_OK);
	assert_string_equal(all.tenant.plan, "");
}

/* A ledger of the first version gains the table. */
static void an_old_ledger_can_learn(void **state)
{
	struct learned_row r = { "a", "b", 1 };

	(void)state;
	grow_younger();
	assert_int_equal(ledger_learned_put(l, &r, 1), ERR_OK);
	expect_texts(9, "a=b@1 ");
}

static enum err try_open(const char *file)
{
	struct ledger *other = NULL;
	char full[PATH_ROOM];
	const char *why;
	enum err e;

	scratch_path(full, dir, file);
	e = ledger_open("sqlite", full, &other, &why);
	assert_true((e == ERR_OK) == (why == NULL));
	ledger_close(other);
	return e;
}

static void other_databases_are_left_alone(void **state)
{
	struct ledger *other;
	char full[PATH_ROOM];
	const char *why;
	sqlite3 *db;
	FILE *f;

	(void)state;
	assert_int_equal(ledger_open("oracle", "x", &other, &why), ERR_MISSING);
	assert_int_equal(try_open("no/such/dir"), ERR_AWAY);
	scratch_path(full, dir, "theirs.db");
	assert_int_equal(sqlite3_open(full, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "CREATE TABLE tenant (id)", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
	assert_int_equal(try_open("theirs.db"), ERR_REFUSED);
	scratch_path(full, dir, "text");
	f = fopen(full, "w");
	for (int i = 0; i < 1000; i++)
		fputs("not a database\n", f);
	fclose(f);
	assert_int_equal(try_open("text"), ERR_AWAY);
	ask("PRAGMA user_version = 999");
	assert_int_equal(try_open("ledger.db"), ERR_REFUSED);
}

/* A database made when row.tbl.h was shorter gains the columns, and keeps its rows. */
static void new_columns_are_added(void **state)
{
	struct row r = sample_row(1), back;

	(void)state;
	commit(&r, 1);
	ledger_close(l);
	ask("ALTER TABLE request DROP COLUMN tags");
	ask("ALTER TABLE request DROP COLUMN aux_page");
	ask("ALTER TABLE request DROP COLUMN held_pusd");
	l = open_ledger();
	assert_int_equal(ledger_request_get(l, r.id, &back), ERR_OK);
	r.tags[0] = '\0';
	memset(r.tags, 0, sizeof(r.tags));
	r.held_pusd = 0;
	assert_memory_equal(&r, &back, sizeof(r));
	r = sample_row(2);
	r.aux_quantity[Q_page] = 3;
	commit(&r, 1);
	assert_int_equal(ledger_request_get(l, r.id, &back), ERR_OK);
	assert_memory_equal(&r, &back, sizeof(r));
}

static void the_file_is_private_and_speaks_for_itself(void **state)
{
	struct stat st;

	(void)state;
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(ask("SELECT count(*) FROM sqlite_schema WHERE name = 'request'"
			     " AND sql LIKE '%-- what the tenant is charged, 1e-12 USD%'"),
			 1);
	assert_int_equal(ask("SELECT count(*) FROM pragma_table_list WHERE schema = 'main'"
			     " AND name NOT LIKE 'sqlite%' AND NOT strict"),
			 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(a_row_comes_back_whole),
		TEST(rows_count_once),
		TEST(sums_equal_the_rows),
		TEST(tags_have_their_own_sums),
		TEST(old_limits_go_on),
		TEST(learned_texts_take_the_place_of_old_ones),
		TEST(an_old_ledger_can_learn),
		TEST(what_no_column_holds_is_quarantined),
		TEST(what_the_database_refuses_is_quarantined),
		TEST(a_locked_database_is_away),
		TEST(a_full_disk_is_away),
		TEST(readers_do_not_wait),
		TEST(rows_are_listed_by_filter),
		TEST(usage_is_grouped),
		TEST(sums_saturate),
		TEST(spend_is_exact_from_any_instant),
		TEST(old_rows_go_and_sums_stay),
		TEST(tenants_are_kept),
		TEST(keys_are_kept),
		TEST(quotas_are_kept_and_dropped),
		TEST(prices_are_kept_by_date),
		TEST(other_databases_are_left_alone),
		TEST(new_columns_are_added),
		TEST(the_file_is_private_and_speaks_for_itself),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
