/* sqlite.c - the ledger in one file of SQLite: opening, statements, errors.
 *
 * WAL, so that whoever asks never waits for the books; synchronous = FULL, so that a
 * committed batch survives a power cut and the journal may forget it. (With NORMAL a power
 * cut would take back the last commits, after the journal has deleted them.) */
#include "store/sqlite.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define BUSY_MS 2000 /* how long to wait for the other connection's transaction */

enum err sqlite_err(struct sqlite *q, int rc)
{
	switch (rc & 0xff) {
	case SQLITE_OK:
	case SQLITE_ROW:
	case SQLITE_DONE: return ERR_OK;
	case SQLITE_CONSTRAINT:
	case SQLITE_MISMATCH:
	case SQLITE_TOOBIG:
		snprintf(q->trouble, sizeof(q->trouble), "%s", sqlite3_errmsg(q->db));
		return ERR_RANGE;
	default:
		snprintf(q->trouble, sizeof(q->trouble), "%s", sqlite3_errmsg(q->db));
		return ERR_AWAY;
	}
}

sqlite3_stmt *sqlite_statement(struct sqlite *q, enum sql which)
{
	sqlite3_stmt **s = &q->statement[which];

	if (*s) {
		sqlite3_reset(*s);
		sqlite3_clear_bindings(*s);
		return *s;
	}
	if (sqlite_err(q, sqlite3_prepare_v3(q->db, sqlite_text(which), -1,
					     SQLITE_PREPARE_PERSISTENT, s, NULL)) != ERR_OK)
		return NULL;
	return *s;
}

enum err sqlite_finish(struct sqlite *q, sqlite3_stmt *s)
{
	enum err e = sqlite_err(q, sqlite3_step(s));

	sqlite3_reset(s);
	return e;
}

enum err sqlite_run(struct sqlite *q, enum sql which)
{
	sqlite3_stmt *s = sqlite_statement(q, which);

	return s ? sqlite_finish(q, s) : ERR_AWAY;
}

void sqlite_undo(struct sqlite *q)
{
	char trouble[sizeof(q->trouble)];

	if (sqlite3_get_autocommit(q->db))
		return;
	snprintf(trouble, sizeof(trouble), "%s", q->trouble);
	if (sqlite_run(q, SQL_rollback) == ERR_OK)
		snprintf(q->trouble, sizeof(q->trouble), "%s", trouble);
}

void sqlite_bind_room(sqlite3_stmt *s, int at, const char *text, size_t room)
{
	sqlite3_bind_text(s, at, text, (int)strnlen(text, room), SQLITE_STATIC);
}

void sqlite_copy_text(sqlite3_stmt *s, int column, char *to, size_t room)
{
	const char *text = (const char *)sqlite3_column_text(s, column);

	span_copy((struct span){ text, (size_t)sqlite3_column_bytes(s, column) }, to, room);
}

void sqlite_bind_filter(sqlite3_stmt *s, const struct ledger_filter *f, uint64_t since_us,
			uint64_t until_us)
{
	const char *const texts[] = { f->tenant, f->team, f->user, f->key, f->provider, f->model };

	sqlite3_bind_int64(s, 1, since_us > INT64_MAX ? INT64_MAX : (int64_t)since_us);
	sqlite3_bind_int64(s, 2,
			   until_us == 0 || until_us > INT64_MAX ? INT64_MAX : (int64_t)until_us);
	for (int i = 0; i < 6; i++)
		sqlite3_bind_text(s, 3 + i, texts[i] ? texts[i] : "", -1, SQLITE_STATIC);
}

int64_t sqlite_money(int64_t mega, int64_t rest)
{
	mega += rest / 1000000;
	rest %= 1000000;
	return mega > (INT64_MAX - rest) / 1000000 ? INT64_MAX : mega * 1000000 + rest;
}

static void sqlite_close(struct ledger *l)
{
	struct sqlite *q = sqlite_of(l);

	for (int i = 0; i < SQL_COUNT; i++)
		sqlite3_finalize(q->statement[i]);
	sqlite3_close(q->db);
	free(q);
}

static const char *sqlite_trouble(const struct ledger *l)
{
	return ((const struct sqlite *)l)->trouble;
}

/* SQLite would make the file readable for all. One that exists is not touched: closing a
 * file takes away the locks that this process has on it. */
static void make_private(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd >= 0)
		close(fd);
}

static enum err configure(struct sqlite *q)
{
	sqlite3_extended_result_codes(q->db, 1);
	sqlite3_busy_timeout(q->db, BUSY_MS);
	sqlite3_db_config(q->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	return sqlite_err(q, sqlite3_exec(q->db,
					  "PRAGMA journal_mode = WAL;"
					  "PRAGMA synchronous = FULL;"
					  "PRAGMA journal_size_limit = 67108864;"
					  "PRAGMA cache_size = -16384;"
					  "PRAGMA temp_store = MEMORY;"
					  "PRAGMA trusted_schema = OFF;",
					  NULL, NULL, NULL));
}

static enum err sqlite_open(const char *path, struct ledger **out, const char **why)
{
	struct sqlite *q = calloc(1, sizeof(*q));
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
	enum err e;

	*why = "not enough memory to open the ledger";
	if (!q)
		return ERR_NOMEM;
	q->ledger.ops = &sqlite_ops;
	make_private(path);
	*why = "the ledger's file cannot be opened: look at its path, its owner and its disk";
	e = sqlite_err(q, sqlite3_open_v2(path, &q->db, flags, NULL));
	if (e == ERR_OK)
		e = configure(q);
	if (e == ERR_OK)
		e = sqlite_migrate(q, why);
	if (e != ERR_OK) {
		sqlite_close(&q->ledger);
		return e;
	}
	*why = NULL;
	*out = &q->ledger;
	return ERR_OK;
}

const struct ledger_ops sqlite_ops = {
	.open = sqlite_open,
	.close = sqlite_close,
	.trouble = sqlite_trouble,
	.commit = sqlite_commit,
	.prune = sqlite_prune,
	.tenant_put = sqlite_tenant_put,
	.key_put = sqlite_key_put,
	.quota_put = sqlite_quota_put,
	.price_put = sqlite_price_put,
	.quota_drop = sqlite_quota_drop,
	.tenant_each = sqlite_tenant_each,
	.key_each = sqlite_key_each,
	.quota_each = sqlite_quota_each,
	.price_each = sqlite_price_each,
	.learned_put = sqlite_learned_put,
	.learned_each = sqlite_learned_each,
	.request_each = sqlite_request_each,
	.request_get = sqlite_request_get,
	.usage_each = sqlite_usage_each,
	.spend_each = sqlite_spend_each,
	.tag_spend_each = sqlite_tag_spend_each,
};
