/* sqlite_schema.c - the tables, and the statements that are made from row.tbl.h.
 *
 * A database has the number of the last step that was done to it in user_version. A step
 * that was released is never edited; a later one changes what it made. The columns of
 * `request` follow row.tbl.h and quantity.tbl.h by themselves: what those tables gained is
 * added when the database is opened. */
#include "store/sqlite.h"

#define APPLICATION_ID  1466263922 /* "Weir": a file of another program is left alone */
#define TEXT_OF(value)  TEXT_OF_(value)
#define TEXT_OF_(value) #value

#define COLUMN_ID(name, help)   "\"" name "\" BLOB NOT NULL PRIMARY KEY, -- " help "\n"
#define COLUMN_U64(name, help)  "\"" name "\" INTEGER NOT NULL DEFAULT 0, -- " help "\n"
#define COLUMN_I64(name, help)  COLUMN_U64(name, help)
#define COLUMN_TEXT(name, help) "\"" name "\" TEXT NOT NULL DEFAULT '', -- " help "\n"

/* clang-format off */
static const char step_1[] =
	"CREATE TABLE request ( -- one row for each exchange; tok: tokens, us: microseconds,\n"
	"-- pusd: 1e-12 US dollars\n"
#define ROW(kind, name, room, help) COLUMN_##kind(#name, help)
#include "store/row.tbl.h"
	"-- quantities are disjoint: the cost is the sum of quantity x price\n"
#define QUANTITY(name, unit, group, help) COLUMN_U64("q_" #name, #unit ": " help)
#include "store/quantity.tbl.h"
	"-- the part that aux_model served, not in q_\n"
#define QUANTITY(name, unit, group, help) COLUMN_U64("aux_" #name, #unit ": " help)
#include "store/quantity.tbl.h"
	"kept_us INTEGER NOT NULL -- when the ledger took the row, us since 1970\n"
	") STRICT, WITHOUT ROWID;\n"
	"CREATE INDEX request_by_time ON request (started_us);\n"
	"CREATE INDEX request_by_tenant ON request (tenant, started_us);\n"

	"CREATE TABLE usage_hour ( -- sums over request, grown in the transaction of each row\n"
	"hour_us INTEGER NOT NULL, -- start of the hour of started_us, us since 1970\n"
	"tenant TEXT NOT NULL, team TEXT NOT NULL, user TEXT NOT NULL, key TEXT NOT NULL,\n"
	"provider TEXT NOT NULL, dialect TEXT NOT NULL, model TEXT NOT NULL,\n"
	"requests INTEGER NOT NULL,\n"
	"failed INTEGER NOT NULL, -- status 0, or 400 and above\n"
	"inexact INTEGER NOT NULL, -- usage neither reported nor none\n"
	"input_tok INTEGER NOT NULL, cached_read_tok INTEGER NOT NULL,\n"
	"cache_write_tok INTEGER NOT NULL, tool_input_tok INTEGER NOT NULL,\n"
	"output_tok INTEGER NOT NULL, reasoning_tok INTEGER NOT NULL,\n"
	"bytes_in INTEGER NOT NULL, bytes_out INTEGER NOT NULL,\n"
	"took_us INTEGER NOT NULL,\n"
	"answered INTEGER NOT NULL, -- rows with a first byte\n"
	"first_byte_us INTEGER NOT NULL, -- the sum of their waits\n"
	"cost_pusd INTEGER NOT NULL, -- 1e-12 USD\n"
	"PRIMARY KEY (hour_us, tenant, team, user, key, provider, dialect, model)\n"
	") STRICT, WITHOUT ROWID;\n"

	"CREATE TABLE quarantine ( -- rows that request could not hold\n"
	"id BLOB NOT NULL PRIMARY KEY, reason TEXT NOT NULL,\n"
	"frame BLOB NOT NULL, -- the row as the journal writes it\n"
	"kept_us INTEGER NOT NULL -- us since 1970\n"
	") STRICT, WITHOUT ROWID;\n"

	"CREATE TABLE tenant ( -- instants are us since 1970, 0: never\n"
	"id TEXT NOT NULL PRIMARY KEY, name TEXT NOT NULL,\n"
	"created_us INTEGER NOT NULL, disabled_us INTEGER NOT NULL\n"
	") STRICT, WITHOUT ROWID;\n"

	"CREATE TABLE api_key (\n"
	"id TEXT NOT NULL PRIMARY KEY,\n"
	"hash BLOB NOT NULL UNIQUE, -- SHA-256 of the whole key, which is kept nowhere\n"
	"tenant TEXT NOT NULL, team TEXT NOT NULL, user TEXT NOT NULL, label TEXT NOT NULL,\n"
	"models TEXT NOT NULL, -- comma separated, empty: all\n"
	"created_us INTEGER NOT NULL, expires_us INTEGER NOT NULL, revoked_us INTEGER NOT NULL\n"
	") STRICT, WITHOUT ROWID;\n"

	"CREATE TABLE quota (\n"
	"scope TEXT NOT NULL, scope_id TEXT NOT NULL, resource TEXT NOT NULL,\n"
	"period TEXT NOT NULL,\n"
	"limit_pusd INTEGER NOT NULL, -- 1e-12 USD\n"
	"warn_pct INTEGER NOT NULL, -- percent of the limit, 0: no warning\n"
	"reset_us INTEGER NOT NULL, -- what was spent before does not count\n"
	"PRIMARY KEY (scope, scope_id, resource, period)\n"
	") STRICT, WITHOUT ROWID;\n"

	"CREATE TABLE price (\n"
	"provider TEXT NOT NULL, model TEXT NOT NULL, valid_from_us INTEGER NOT NULL,\n"
	"valid_to_us INTEGER NOT NULL, -- 0: still valid\n"
	"version TEXT NOT NULL, source TEXT NOT NULL, entry TEXT NOT NULL,\n"
	"created_us INTEGER NOT NULL,\n"
	"PRIMARY KEY (provider, model, valid_from_us)\n"
	") STRICT, WITHOUT ROWID;\n"

	"PRAGMA application_id = " TEXT_OF(APPLICATION_ID) ";\n"
	"PRAGMA user_version = 1;\n";

static const char step_2[] =
	"CREATE TABLE learned ( -- what the program has learned, to go on with after a restart\n"
	"name TEXT NOT NULL PRIMARY KEY,\n"
	"state TEXT NOT NULL, -- one line; begins with the name and version of its form\n"
	"saved_us INTEGER NOT NULL -- us since 1970\n"
	") STRICT, WITHOUT ROWID;\n"

	"PRAGMA user_version = 2;\n";

/* Limits of more scopes and units; plans of tenants; sums for limits on tags. */
static const char step_3[] =
	"ALTER TABLE tenant ADD COLUMN plan TEXT NOT NULL DEFAULT '';\n"

	"ALTER TABLE quota RENAME TO quota_1;\n"
	"CREATE TABLE quota (\n"
	"scope TEXT NOT NULL,\n"
	"tenant TEXT NOT NULL, -- whose team, user or tag\n"
	"scope_id TEXT NOT NULL, resource TEXT NOT NULL, unit TEXT NOT NULL, period TEXT NOT NULL,\n"
	"\"limit\" INTEGER NOT NULL, -- of its unit, usd in 1e-12 USD; -1: explicitly none\n"
	"raised_limit INTEGER NOT NULL, -- holds instead before raised_until_us\n"
	"raised_until_us INTEGER NOT NULL,\n"
	"warn TEXT NOT NULL, -- percents of the limit, comma separated\n"
	"zone TEXT NOT NULL, -- whose days and months; empty: UTC\n"
	"action TEXT NOT NULL, -- block or warn\n"
	"on_outage TEXT NOT NULL, -- closed, local or open\n"
	"in_shadow INTEGER NOT NULL, -- 1: not enforced\n"
	"reset_us INTEGER NOT NULL, -- what was spent before does not count\n"
	"PRIMARY KEY (scope, tenant, scope_id, resource, unit, period)\n"
	") STRICT, WITHOUT ROWID;\n"
	"INSERT INTO quota SELECT scope, '', scope_id, resource, 'usd', period, limit_pusd, 0, 0,\n"
	"CASE WHEN warn_pct = 0 THEN '' ELSE CAST(warn_pct AS TEXT) END, '', 'block', 'local', 0,\n"
	"reset_us FROM quota_1;\n"
	"DROP TABLE quota_1;\n"

	"CREATE TABLE tag_hour ( -- as usage_hour, for each tag of a row\n"
	"hour_us INTEGER NOT NULL, tenant TEXT NOT NULL, tag TEXT NOT NULL, dialect TEXT NOT NULL,\n"
	"requests INTEGER NOT NULL,\n"
	"tok INTEGER NOT NULL, -- input and output\n"
	"cost_pusd INTEGER NOT NULL,\n"
	"PRIMARY KEY (hour_us, tenant, tag, dialect)\n"
	") STRICT, WITHOUT ROWID;\n"

	"PRAGMA user_version = 3;\n";

/* Each ends with "PRAGMA user_version = " its place here, counted from 1. */
static const char *const steps[] = { step_1, step_2, step_3 };
enum { STEPS = sizeof(steps) / sizeof(steps[0]) };

static const char sql_request_add[] =
	"INSERT INTO request ("
#define ROW(kind, name, room, help) "\"" #name "\","
#include "store/row.tbl.h"
#define QUANTITY(name, unit, group, help) "q_" #name ","
#include "store/quantity.tbl.h"
#define QUANTITY(name, unit, group, help) "aux_" #name ","
#include "store/quantity.tbl.h"
	"kept_us) VALUES ("
#define ROW(kind, name, room, help) "?,"
#include "store/row.tbl.h"
#define QUANTITY(name, unit, group, help) "?,?,"
#include "store/quantity.tbl.h"
	"?) ON CONFLICT (id) DO NOTHING";

/* The columns in the order of the tables, whatever order an old database has them in. */
static const char make_view[] =
	"CREATE TEMP VIEW request_row AS SELECT "
#define ROW(kind, name, room, help) "\"" #name "\","
#include "store/row.tbl.h"
#define QUANTITY(name, unit, group, help) "q_" #name ","
#include "store/quantity.tbl.h"
#define QUANTITY(name, unit, group, help) "aux_" #name ","
#include "store/quantity.tbl.h"
	"kept_us FROM request";

#define ADD_ID(name)   "" /* there is but one, and it is in step 1 */
#define ADD_U64(name)  "ALTER TABLE request ADD COLUMN \"" name "\" INTEGER NOT NULL DEFAULT 0"
#define ADD_I64(name)  ADD_U64(name)
#define ADD_TEXT(name) "ALTER TABLE request ADD COLUMN \"" name "\" TEXT NOT NULL DEFAULT ''"

static const struct {
	const char *name, *add;
} columns[] = {
#define ROW(kind, name, room, help) { #name, ADD_##kind(#name) },
#include "store/row.tbl.h"
#define QUANTITY(name, unit, group, help) { "q_" #name, ADD_U64("q_" #name) },
#include "store/quantity.tbl.h"
#define QUANTITY(name, unit, group, help) { "aux_" #name, ADD_U64("aux_" #name) },
#include "store/quantity.tbl.h"
};
/* clang-format on */

const char *sqlite_text(enum sql which)
{
	static const char *const texts[SQL_COUNT] = {
#define SQL(name, text) text,
#include "store/sql.tbl.h"
	};

	return texts[which];
}

/* The one number that a query without parameters gives. */
static enum err ask(struct sqlite *q, const char *query, int64_t *out)
{
	sqlite3_stmt *s = NULL;
	int rc = sqlite3_prepare_v2(q->db, query, -1, &s, NULL);

	if (rc == SQLITE_OK)
		rc = sqlite3_step(s);
	if (rc == SQLITE_ROW)
		*out = sqlite3_column_int64(s, 0);
	sqlite3_finalize(s);
	return sqlite_err(q, rc);
}

static enum err run_text(struct sqlite *q, const char *text)
{
	return sqlite_err(q, sqlite3_exec(q->db, text, NULL, NULL, NULL));
}

static enum err has_column(struct sqlite *q, const char *name, bool *has)
{
	sqlite3_stmt *s = NULL;
	int rc = sqlite3_prepare_v2(
	    q->db, "SELECT 1 FROM pragma_table_info('request') WHERE name = ?1", -1, &s, NULL);

	if (rc == SQLITE_OK)
		rc = sqlite3_bind_text(s, 1, name, -1, SQLITE_STATIC);
	if (rc == SQLITE_OK)
		rc = sqlite3_step(s);
	*has = rc == SQLITE_ROW;
	sqlite3_finalize(s);
	return sqlite_err(q, rc);
}

static enum err add_columns(struct sqlite *q)
{
	enum err e = ERR_OK;

	for (size_t i = 0; e == ERR_OK && i < sizeof(columns) / sizeof(columns[0]); i++) {
		bool has;

		e = has_column(q, columns[i].name, &has);
		if (e == ERR_OK && !has)
			e = run_text(q, columns[i].add);
	}
	return e;
}

/* Inside a transaction: looks whose database it is and does the steps that are missing. */
static enum err do_steps(struct sqlite *q, const char **why)
{
	int64_t id = 0, version = 0, tables = 0;
	enum err e = ask(q, "PRAGMA application_id", &id);

	if (e == ERR_OK)
		e = ask(q, "PRAGMA user_version", &version);
	if (e == ERR_OK)
		e = ask(q, "SELECT count(*) FROM sqlite_schema", &tables);
	if (e == ERR_OK && tables > 0 && id != APPLICATION_ID) {
		*why = "the ledger's file is a database of another program";
		return ERR_REFUSED;
	}
	if (e == ERR_OK && version > STEPS) {
		*why = "the ledger was written by a newer version of this program";
		return ERR_REFUSED;
	}
	for (int64_t i = version; e == ERR_OK && i < STEPS; i++)
		e = run_text(q, steps[i]);
	return e == ERR_OK ? add_columns(q) : e;
}

enum err sqlite_migrate(struct sqlite *q, const char **why)
{
	enum err e = sqlite_run(q, SQL_begin);

	*why = "the ledger's tables cannot be created or read: is its disk full, or the file "
	       "no database?";
	if (e != ERR_OK)
		return e;
	e = do_steps(q, why);
	if (e == ERR_OK)
		e = sqlite_run(q, SQL_commit);
	else if (!sqlite3_get_autocommit(q->db) && sqlite_run(q, SQL_rollback) != ERR_OK)
		return ERR_AWAY;
	return e == ERR_OK ? run_text(q, make_view) : e;
}
