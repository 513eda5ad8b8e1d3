/* sqlite_row.c - rows into the ledger, once each, and back out. */
#include <stdio.h>
#include "base/clk.h"
#include "store/sqlite.h"

#define HOUR_US (3600 * US_PER_SEC)

/* ---- in ---- */

static void bind_number(sqlite3_stmt *s, int at, uint64_t value)
{
	sqlite3_bind_int64(s, at, (int64_t)value);
}

static void bind_field(sqlite3_stmt *s, int at, const struct row *r, const struct row_field *f)
{
	const char *place = (const char *)r + f->offset;
	uint64_t number;

	switch (f->kind) {
	case ROW_ID: sqlite3_bind_blob(s, at, place, ID_BYTES, SQLITE_STATIC); break;
	case ROW_TEXT: sqlite_bind_room(s, at, place, f->room); break;
	case ROW_U64:
	case ROW_I64:
		memcpy(&number, place, sizeof(number));
		bind_number(s, at, number);
		break;
	}
}

/* *added: false when a row of that id was there. */
static enum err add_request(struct sqlite *q, const struct row *r, bool *added)
{
	sqlite3_stmt *s = sqlite_statement(q, SQL_request_add);
	int at = 1;
	enum err e;

	if (!s)
		return ERR_AWAY;
	for (int i = 0; i < ROW_FIELDS; i++)
		bind_field(s, at++, r, &row_fields[i]);
	for (int i = 0; i < Q_COUNT; i++)
		bind_number(s, at++, r->quantity[i]);
	for (int i = 0; i < Q_COUNT; i++)
		bind_number(s, at++, r->aux_quantity[i]);
	bind_number(s, at, clk_wall().us);
	e = sqlite_finish(q, s);
	*added = e == ERR_OK && sqlite3_changes(q->db) == 1;
	return e;
}

static bool is_inexact(const struct row *r)
{
	return strcmp(r->usage_source, "reported") != 0 && strcmp(r->usage_source, "none") != 0;
}

static enum err add_usage(struct sqlite *q, const struct row *r)
{
	const uint64_t numbers[] = {
		r->status == 0 || r->status >= 400,
		is_inexact(r),
		r->input_tok,
		r->cached_read_tok,
		r->cache_write_tok,
		r->tool_input_tok,
		r->output_tok,
		r->reasoning_tok,
		r->bytes_in,
		r->bytes_out,
		r->took_us,
		r->first_byte_us > 0,
		r->first_byte_us,
		(uint64_t)r->cost_pusd,
	};
	static const int of[] = { ROW_INDEX_tenant, ROW_INDEX_team,     ROW_INDEX_user,
				  ROW_INDEX_key,    ROW_INDEX_provider, ROW_INDEX_dialect,
				  ROW_INDEX_model };
	sqlite3_stmt *s = sqlite_statement(q, SQL_usage_add);
	int at = 1;

	if (!s)
		return ERR_AWAY;
	bind_number(s, at++, r->started_us - r->started_us % HOUR_US);
	for (size_t i = 0; i < sizeof(of) / sizeof(of[0]); i++)
		bind_field(s, at++, r, &row_fields[of[i]]);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		bind_number(s, at++, numbers[i]);
	return sqlite_finish(q, s);
}

static enum err quarantine(struct sqlite *q, const struct row *r, const char *reason)
{
	sqlite3_stmt *s = sqlite_statement(q, SQL_quarantine_add);
	struct buf frame;
	enum err e;

	if (!s)
		return ERR_AWAY;
	buf_init(&frame, ROW_FRAME_MAX);
	if (!row_encode(r, &frame))
		return ERR_NOMEM;
	sqlite3_bind_blob(s, 1, &r->id, ID_BYTES, SQLITE_STATIC);
	sqlite3_bind_text(s, 2, reason, -1, SQLITE_STATIC);
	sqlite3_bind_blob(s, 3, frame.at, (int)frame.len, SQLITE_STATIC);
	bind_number(s, 4, clk_wall().us);
	e = sqlite_finish(q, s);
	buf_release(&frame);
	return e;
}

static enum err add_row(struct sqlite *q, const struct row *r, struct ledger_tally *tally)
{
	const char *unfit = ledger_unfit(r);
	bool added = false;
	enum err e;

	if (unfit) {
		e = quarantine(q, r, unfit);
		tally->refused += e == ERR_OK;
		return e;
	}
	e = add_request(q, r, &added);
	if (e == ERR_OK && added)
		e = add_usage(q, r);
	tally->added += e == ERR_OK && added;
	tally->known += e == ERR_OK && !added;
	return e;
}

/* As add_row(), but what the database refuses goes to quarantine with its words. */
static enum err add_or_quarantine(struct sqlite *q, const struct row *r, struct ledger_tally *tally)
{
	char reason[sizeof(q->trouble)];
	enum err e = sqlite_run(q, SQL_savepoint);

	if (e != ERR_OK)
		return e;
	e = add_row(q, r, tally);
	if (e == ERR_RANGE) {
		snprintf(reason, sizeof(reason), "%s", q->trouble);
		e = sqlite_run(q, SQL_undo);
		if (e == ERR_OK)
			e = quarantine(q, r, reason);
		tally->refused += e == ERR_OK;
	}
	return e == ERR_OK ? sqlite_run(q, SQL_release) : e;
}

static enum err add_rows(struct sqlite *q, const struct row *rows, size_t n, bool one_by_one,
			 struct ledger_tally *tally)
{
	enum err e = sqlite_run(q, SQL_begin);

	*tally = (struct ledger_tally){ 0 };
	for (size_t i = 0; e == ERR_OK && i < n; i++)
		e = one_by_one ? add_or_quarantine(q, &rows[i], tally)
			       : add_row(q, &rows[i], tally);
	if (e == ERR_OK)
		e = sqlite_run(q, SQL_commit);
	if (e != ERR_OK && !sqlite3_get_autocommit(q->db)) {
		char trouble[sizeof(q->trouble)];

		snprintf(trouble, sizeof(trouble), "%s", q->trouble);
		if (sqlite_run(q, SQL_rollback) == ERR_OK)
			snprintf(q->trouble, sizeof(q->trouble), "%s", trouble);
	}
	return e;
}

enum err sqlite_commit(struct ledger *l, const struct row *rows, size_t n,
		       struct ledger_tally *tally)
{
	struct sqlite *q = sqlite_of(l);
	enum err e;

	clk_refresh();
	e = add_rows(q, rows, n, false, tally);
	if (e == ERR_RANGE)
		e = add_rows(q, rows, n, true, tally);
	if (e != ERR_OK)
		*tally = (struct ledger_tally){ 0 };
	return e == ERR_OK ? ERR_OK : ERR_AWAY;
}

enum err sqlite_prune(struct ledger *l, uint64_t before_us, uint32_t limit, uint32_t *dropped)
{
	struct sqlite *q = sqlite_of(l);
	sqlite3_stmt *s = sqlite_statement(q, SQL_request_prune);
	enum err e;

	if (!s)
		return ERR_AWAY;
	bind_number(s, 1, before_us);
	bind_number(s, 2, limit);
	e = sqlite_finish(q, s);
	if (e == ERR_OK)
		*dropped = (uint32_t)sqlite3_changes(q->db);
	return e;
}

/* ---- out ---- */

static void read_field(sqlite3_stmt *s, int column, struct row *r, const struct row_field *f)
{
	char *place = (char *)r + f->offset;
	int64_t number;

	switch (f->kind) {
	case ROW_ID:
		if (sqlite3_column_bytes(s, column) == ID_BYTES)
			memcpy(place, sqlite3_column_blob(s, column), ID_BYTES);
		break;
	case ROW_TEXT: sqlite_copy_text(s, column, place, f->room); break;
	case ROW_U64:
	case ROW_I64:
		number = sqlite3_column_int64(s, column);
		memcpy(place, &number, sizeof(number));
		break;
	}
}

static void read_row(sqlite3_stmt *s, struct row *r)
{
	int column = 0;

	memset(r, 0, sizeof(*r));
	for (int i = 0; i < ROW_FIELDS; i++)
		read_field(s, column++, r, &row_fields[i]);
	for (int i = 0; i < Q_COUNT; i++)
		r->quantity[i] = (uint64_t)sqlite3_column_int64(s, column++);
	for (int i = 0; i < Q_COUNT; i++)
		r->aux_quantity[i] = (uint64_t)sqlite3_column_int64(s, column++);
}

enum err sqlite_request_each(struct ledger *l, const struct ledger_filter *f, bool newest_first,
			     uint32_t limit, bool (*each)(void *arg, const struct row *r),
			     void *arg)
{
	static const enum sql which[2][2] = {
		{ SQL_request_oldest, SQL_request_newest },
		{ SQL_request_tenant_oldest, SQL_request_tenant_newest },
	};
	struct sqlite *q = sqlite_of(l);
	bool of_tenant = f->tenant && f->tenant[0];
	sqlite3_stmt *s = sqlite_statement(q, which[of_tenant][newest_first]);
	struct row r;
	int rc;

	if (!s)
		return ERR_AWAY;
	sqlite_bind_filter(s, f, f->since_us, f->until_us);
	bind_number(s, 9, limit);
	while ((rc = sqlite3_step(s)) == SQLITE_ROW) {
		read_row(s, &r);
		if (!each(arg, &r))
			break;
	}
	sqlite3_reset(s);
	return sqlite_err(q, rc);
}

enum err sqlite_request_get(struct ledger *l, struct id id, struct row *out)
{
	struct sqlite *q = sqlite_of(l);
	sqlite3_stmt *s = sqlite_statement(q, SQL_request_get);
	int rc;

	if (!s)
		return ERR_AWAY;
	sqlite3_bind_blob(s, 1, &id, ID_BYTES, SQLITE_STATIC);
	rc = sqlite3_step(s);
	if (rc == SQLITE_ROW)
		read_row(s, out);
	sqlite3_reset(s);
	return rc == SQLITE_DONE ? ERR_MISSING : sqlite_err(q, rc);
}
