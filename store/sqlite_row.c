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

/* --- hourly sums: what a transaction adds to one line of usage_hour is added up here first, since
 * most of its rows belong to few lines and each line is dearer than a row --- */

#define SUMS_MAX 32

struct sum {
	const struct row *first; /* of those that belong to this line; borrowed for the commit */
	uint64_t numbers[15];    /* in the order of SQL_usage_add */
};

struct sums {
	struct sum line[SUMS_MAX];
	size_t count;
};

static const int sum_of[] = { ROW_INDEX_tenant,   ROW_INDEX_team,    ROW_INDEX_user, ROW_INDEX_key,
			      ROW_INDEX_provider, ROW_INDEX_dialect, ROW_INDEX_model };

static uint64_t hour_of(const struct row *r)
{
	return r->started_us - r->started_us % HOUR_US;
}

static const char *text_of(const struct row *r, int field)
{
	return (const char *)r + row_fields[field].offset;
}

static bool same_line(const struct row *a, const struct row *b)
{
	bool same = hour_of(a) == hour_of(b);

	for (size_t i = 0; same && i < sizeof(sum_of) / sizeof(sum_of[0]); i++)
		same = strcmp(text_of(a, sum_of[i]), text_of(b, sum_of[i])) == 0;
	return same;
}

static bool is_inexact(const struct row *r)
{
	return strcmp(r->usage_source, "reported") != 0 && strcmp(r->usage_source, "none") != 0;
}

/* ERR_RANGE when a sum leaves SQLite's integers: then the rows are added one by one. */
static enum err add_up(struct sum *sum, const struct row *r)
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
		1,
	};

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		if (__builtin_add_overflow(sum->numbers[i], numbers[i], &sum->numbers[i]) ||
		    sum->numbers[i] > INT64_MAX)
			return ERR_RANGE;
	return ERR_OK;
}

static enum err add_line(struct sqlite *q, const struct sum *sum)
{
	sqlite3_stmt *s = sqlite_statement(q, SQL_usage_add);
	int at = 1;

	if (!s)
		return ERR_AWAY;
	bind_number(s, at++, hour_of(sum->first));
	for (size_t i = 0; i < sizeof(sum_of) / sizeof(sum_of[0]); i++)
		bind_field(s, at++, sum->first, &row_fields[sum_of[i]]);
	for (size_t i = 0; i < sizeof(sum->numbers) / sizeof(sum->numbers[0]); i++)
		bind_number(s, at++, sum->numbers[i]);
	return sqlite_finish(q, s);
}

/* Brings the sums into the table; they are empty after. */
static enum err sums_flush(struct sqlite *q, struct sums *sums)
{
	enum err e = ERR_OK;

	for (size_t i = 0; e == ERR_OK && i < sums->count; i++)
		e = add_line(q, &sums->line[i]);
	sums->count = 0;
	return e;
}

/* Adds a row that was new to its line. */
static enum err sums_add(struct sqlite *q, struct sums *sums, const struct row *r)
{
	enum err e = ERR_OK;
	size_t i = 0;

	while (i < sums->count && !same_line(sums->line[i].first, r))
		i++;
	if (i == SUMS_MAX) {
		e = sums_flush(q, sums);
		i = 0;
	}
	if (i == sums->count)
		sums->line[sums->count++] = (struct sum){ .first = r };
	return e == ERR_OK ? add_up(&sums->line[i], r) : e;
}

static enum err add_tag(struct sqlite *q, const struct row *r, struct span tag)
{
	sqlite3_stmt *s = sqlite_statement(q, SQL_tag_add);

	if (!s)
		return ERR_AWAY;
	bind_number(s, 1, hour_of(r));
	sqlite_bind_room(s, 2, r->tenant, sizeof(r->tenant));
	sqlite3_bind_text(s, 3, tag.at, (int)tag.len, SQLITE_STATIC);
	sqlite_bind_room(s, 4, r->dialect, sizeof(r->dialect));
	bind_number(s, 5, r->input_tok + r->output_tok);
	bind_number(s, 6, (uint64_t)r->cost_pusd);
	return sqlite_finish(q, s);
}

static enum err add_tags(struct sqlite *q, const struct row *r)
{
	struct span tags = { r->tags, strnlen(r->tags, sizeof(r->tags)) }, tag;
	enum err e = ERR_OK;

	while (e == ERR_OK && row_next_tag(&tags, &tag))
		e = add_tag(q, r, tag);
	return e;
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

static enum err add_row(struct sqlite *q, const struct row *r, struct sums *sums,
			struct ledger_tally *tally)
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
		e = sums_add(q, sums, r);
	if (e == ERR_OK && added)
		e = add_tags(q, r);
	tally->added += e == ERR_OK && added;
	tally->known += e == ERR_OK && !added;
	return e;
}

/* As add_row(), but what the database refuses goes to quarantine with its words. */
static enum err add_or_quarantine(struct sqlite *q, const struct row *r, struct sums *sums,
				  struct ledger_tally *tally)
{
	char reason[sizeof(q->trouble)];
	struct ledger_tally before = *tally;
	enum err e = sqlite_run(q, SQL_savepoint);

	if (e != ERR_OK)
		return e;
	e = add_row(q, r, sums, tally);
	if (e == ERR_OK)
		e = sums_flush(q, sums); /* its line may be what the database refuses */
	sums->count = 0;
	if (e == ERR_RANGE) {
		*tally = before;
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
	struct sums sums;

	sums.count = 0;
	*tally = (struct ledger_tally){ 0 };
	for (size_t i = 0; e == ERR_OK && i < n; i++)
		e = one_by_one ? add_or_quarantine(q, &rows[i], &sums, tally)
			       : add_row(q, &rows[i], &sums, tally);
	if (e == ERR_OK)
		e = sums_flush(q, &sums);
	if (e == ERR_OK)
		e = sqlite_run(q, SQL_commit);
	if (e != ERR_OK)
		sqlite_undo(q);
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
