/* sqlite_report.c - sums for people and for budgets. */
#include "base/clk.h"
#include "store/sqlite.h"

#define HOUR_US (3600 * US_PER_SEC)

static uint64_t next_hour(uint64_t us)
{
	return us > INT64_MAX - HOUR_US ? INT64_MAX : (us + HOUR_US - 1) / HOUR_US * HOUR_US;
}

static uint64_t number(sqlite3_stmt *s, int column)
{
	return (uint64_t)sqlite3_column_int64(s, column);
}

static void read_usage(sqlite3_stmt *s, struct usage_row *r)
{
	uint64_t *const numbers[] = {
		&r->requests,        &r->failed,          &r->inexact,        &r->input_tok,
		&r->cached_read_tok, &r->cache_write_tok, &r->tool_input_tok, &r->output_tok,
		&r->reasoning_tok,   &r->bytes_in,        &r->bytes_out,      &r->took_us,
		&r->answered,        &r->first_byte_us,
	};
	int column = 0;

	r->start_us = number(s, column++);
	sqlite_copy_text(s, column++, r->tenant, sizeof(r->tenant));
	sqlite_copy_text(s, column++, r->team, sizeof(r->team));
	sqlite_copy_text(s, column++, r->user, sizeof(r->user));
	sqlite_copy_text(s, column++, r->key, sizeof(r->key));
	sqlite_copy_text(s, column++, r->provider, sizeof(r->provider));
	sqlite_copy_text(s, column++, r->model, sizeof(r->model));
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		*numbers[i] = number(s, column++);
	r->cost_pusd = sqlite_money(sqlite3_column_int64(s, column),
				    sqlite3_column_int64(s, column + 1));
}

enum err sqlite_usage_each(struct ledger *l, const struct ledger_filter *f, unsigned groups,
			   bool (*each)(void *arg, const struct usage_row *r), void *arg)
{
	struct sqlite *q = sqlite_of(l);
	sqlite3_stmt *s = sqlite_statement(q, SQL_usage_report);
	struct usage_row r;
	int rc;

	if (!s)
		return ERR_AWAY;
	sqlite_bind_filter(s, f, f->since_us - f->since_us % HOUR_US, next_hour(f->until_us));
	sqlite3_bind_int64(s, 9, groups);
	while ((rc = sqlite3_step(s)) == SQLITE_ROW) {
		read_usage(s, &r);
		if (!each(arg, &r))
			break;
	}
	sqlite3_reset(s);
	return sqlite_err(q, rc);
}

/* Where the sums of whole hours begin to hold for rows from since_us on. */
static int64_t bind_since(sqlite3_stmt *s, uint64_t since_us)
{
	int64_t whole_us;

	if (since_us > INT64_MAX)
		since_us = INT64_MAX;
	whole_us = (int64_t)next_hour(since_us);
	sqlite3_bind_int64(s, 1, (int64_t)since_us);
	sqlite3_bind_int64(s, 2, whole_us);
	return whole_us;
}

/* Requests, tokens and money from that column on. */
static void read_spend(sqlite3_stmt *s, int column, struct spend_row *r)
{
	r->requests = number(s, column);
	r->tokens = number(s, column + 1);
	r->cost_pusd = sqlite_money(sqlite3_column_int64(s, column + 2),
				    sqlite3_column_int64(s, column + 3));
}

enum err sqlite_spend_each(struct ledger *l, uint64_t since_us,
			   bool (*each)(void *arg, const struct spend_row *r), void *arg)
{
	struct sqlite *q = sqlite_of(l);
	sqlite3_stmt *s = sqlite_statement(q, SQL_spend_report);
	int rc;

	if (!s)
		return ERR_AWAY;
	bind_since(s, since_us);
	while ((rc = sqlite3_step(s)) == SQLITE_ROW) {
		struct spend_row r = {
			.tenant = (const char *)sqlite3_column_text(s, 0),
			.team = (const char *)sqlite3_column_text(s, 1),
			.user = (const char *)sqlite3_column_text(s, 2),
			.key = (const char *)sqlite3_column_text(s, 3),
			.dialect = (const char *)sqlite3_column_text(s, 4),
		};

		read_spend(s, 5, &r);
		if (!each(arg, &r))
			break;
	}
	sqlite3_reset(s);
	return sqlite_err(q, rc);
}

static void read_tag_spend(sqlite3_stmt *s, struct tag_spend_row *r)
{
	struct spend_row sums;

	r->tenant = (const char *)sqlite3_column_text(s, 0);
	r->tag = span_of((const char *)sqlite3_column_text(s, 1));
	r->dialect = (const char *)sqlite3_column_text(s, 2);
	read_spend(s, 3, &sums);
	r->requests = sums.requests;
	r->tokens = sums.tokens;
	r->cost_pusd = sums.cost_pusd;
}

/* The rows before the first whole hour, each for all of its tags. */
static enum err tag_rows_each(struct sqlite *q, sqlite3_stmt *s,
			      bool (*each)(void *arg, const struct tag_spend_row *r), void *arg,
			      bool *go_on)
{
	struct tag_spend_row r;
	struct span tags;
	int rc = SQLITE_DONE;

	while (*go_on && (rc = sqlite3_step(s)) == SQLITE_ROW) {
		read_tag_spend(s, &r);
		tags = r.tag;
		while (*go_on && row_next_tag(&tags, &r.tag))
			*go_on = each(arg, &r);
	}
	sqlite3_reset(s);
	return sqlite_err(q, rc);
}

enum err sqlite_tag_spend_each(struct ledger *l, uint64_t since_us,
			       bool (*each)(void *arg, const struct tag_spend_row *r), void *arg)
{
	struct sqlite *q = sqlite_of(l);
	sqlite3_stmt *rows = sqlite_statement(q, SQL_tag_rows);
	sqlite3_stmt *sums = sqlite_statement(q, SQL_tag_report);
	struct tag_spend_row r;
	bool go_on = true;
	int rc = SQLITE_DONE;
	enum err e;

	if (!rows || !sums)
		return ERR_AWAY;
	sqlite3_bind_int64(sums, 1, bind_since(rows, since_us));
	e = tag_rows_each(q, rows, each, arg, &go_on);
	while (e == ERR_OK && go_on && (rc = sqlite3_step(sums)) == SQLITE_ROW) {
		read_tag_spend(sums, &r);
		go_on = each(arg, &r);
	}
	sqlite3_reset(sums);
	return e == ERR_OK ? sqlite_err(q, rc) : e;
}
