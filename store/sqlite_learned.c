/* sqlite_learned.c - texts by name: what the program has learned. */
#include "store/sqlite.h"

static enum err put_one(struct sqlite *q, const struct learned_row *r)
{
	sqlite3_stmt *s = sqlite_statement(q, SQL_learned_put);

	if (!s)
		return ERR_AWAY;
	sqlite3_bind_text(s, 1, r->name, -1, SQLITE_STATIC);
	sqlite3_bind_text(s, 2, r->state, -1, SQLITE_STATIC);
	sqlite3_bind_int64(s, 3, (int64_t)r->saved_us);
	return sqlite_finish(q, s);
}

enum err sqlite_learned_put(struct ledger *l, const struct learned_row *rows, size_t n)
{
	struct sqlite *q = sqlite_of(l);
	enum err e = sqlite_run(q, SQL_begin);

	for (size_t i = 0; e == ERR_OK && i < n; i++)
		e = put_one(q, &rows[i]);
	if (e == ERR_OK)
		e = sqlite_run(q, SQL_commit);
	if (e != ERR_OK)
		sqlite_undo(q);
	return e == ERR_OK ? ERR_OK : ERR_AWAY;
}

enum err sqlite_learned_each(struct ledger *l, bool (*each)(void *arg, const struct learned_row *r),
			     void *arg)
{
	struct sqlite *q = sqlite_of(l);
	sqlite3_stmt *s = sqlite_statement(q, SQL_learned_all);
	bool go_on = true;
	int rc = SQLITE_ROW;

	if (!s)
		return ERR_AWAY;
	while (go_on && (rc = sqlite3_step(s)) == SQLITE_ROW) {
		struct learned_row r = { .name = (const char *)sqlite3_column_text(s, 0),
					 .state = (const char *)sqlite3_column_text(s, 1),
					 .saved_us = (uint64_t)sqlite3_column_int64(s, 2) };

		go_on = r.name && r.state && each(arg, &r); /* NULL: out of memory */
	}
	sqlite3_reset(s);
	return sqlite_err(q, rc);
}
