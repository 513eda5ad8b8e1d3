/* sqlite_record.c - tenants, keys, quotas and prices.
 *
 * A record's columns stand once, in the order in which its statements take and give them. */
#include <stddef.h>
#include "store/sqlite.h"

enum column_kind {
	COLUMN_TEXT,
	COLUMN_INT64, /* uint64_t or int64_t */
	COLUMN_UINT32,
	COLUMN_BYTES
};

struct column {
	enum column_kind kind;
	size_t offset, room;
};

#define COLUMN(kind, type, field)                                                                  \
	{                                                                                          \
		COLUMN_##kind, offsetof(struct type, field), sizeof(((struct type *)0)->field)     \
	}
#define COUNT(columns) (int)(sizeof(columns) / sizeof((columns)[0]))

static const struct column tenant_columns[] = {
	COLUMN(TEXT, tenant_row, id),           COLUMN(TEXT, tenant_row, name),
	COLUMN(TEXT, tenant_row, plan),         COLUMN(INT64, tenant_row, created_us),
	COLUMN(INT64, tenant_row, disabled_us),
};

static const struct column key_columns[] = {
	COLUMN(TEXT, key_row, id),          COLUMN(BYTES, key_row, hash),
	COLUMN(TEXT, key_row, tenant),      COLUMN(TEXT, key_row, team),
	COLUMN(TEXT, key_row, user),        COLUMN(TEXT, key_row, label),
	COLUMN(TEXT, key_row, models),      COLUMN(INT64, key_row, created_us),
	COLUMN(INT64, key_row, expires_us), COLUMN(INT64, key_row, revoked_us),
};

static const struct column quota_columns[] = {
	COLUMN(TEXT, quota_row, scope),
	COLUMN(TEXT, quota_row, tenant),
	COLUMN(TEXT, quota_row, scope_id),
	COLUMN(TEXT, quota_row, resource),
	COLUMN(TEXT, quota_row, unit),
	COLUMN(TEXT, quota_row, period),
	COLUMN(INT64, quota_row, limit),
	COLUMN(INT64, quota_row, raised_limit),
	COLUMN(INT64, quota_row, raised_until_us),
	COLUMN(TEXT, quota_row, warn),
	COLUMN(TEXT, quota_row, zone),
	COLUMN(TEXT, quota_row, action),
	COLUMN(TEXT, quota_row, on_outage),
	COLUMN(UINT32, quota_row, in_shadow),
	COLUMN(INT64, quota_row, reset_us),
};
enum {
	QUOTA_IDENTITY = 6
}; /* so many of them */

static const struct column price_columns[] = {
	COLUMN(TEXT, price_row, provider),       COLUMN(TEXT, price_row, model),
	COLUMN(INT64, price_row, valid_from_us), COLUMN(INT64, price_row, valid_to_us),
	COLUMN(TEXT, price_row, version),        COLUMN(TEXT, price_row, source),
	COLUMN(TEXT, price_row, entry),          COLUMN(INT64, price_row, created_us),
};

static void bind_column(sqlite3_stmt *s, int at, const struct column *c, const void *record)
{
	const char *place = (const char *)record + c->offset;
	int64_t wide;
	uint32_t narrow;

	switch (c->kind) {
	case COLUMN_TEXT: sqlite_bind_room(s, at, place, c->room); break;
	case COLUMN_BYTES: sqlite3_bind_blob(s, at, place, (int)c->room, SQLITE_STATIC); break;
	case COLUMN_INT64:
		memcpy(&wide, place, sizeof(wide));
		sqlite3_bind_int64(s, at, wide);
		break;
	case COLUMN_UINT32:
		memcpy(&narrow, place, sizeof(narrow));
		sqlite3_bind_int64(s, at, narrow);
		break;
	}
}

static void read_column(sqlite3_stmt *s, int at, const struct column *c, void *record)
{
	char *place = (char *)record + c->offset;
	int64_t wide = sqlite3_column_int64(s, at);
	uint32_t narrow = (uint32_t)wide;

	switch (c->kind) {
	case COLUMN_TEXT:
		memset(place, 0, c->room); /* nothing of the record before */
		sqlite_copy_text(s, at, place, c->room);
		break;
	case COLUMN_BYTES:
		if ((size_t)sqlite3_column_bytes(s, at) == c->room)
			memcpy(place, sqlite3_column_blob(s, at), c->room);
		break;
	case COLUMN_INT64: memcpy(place, &wide, sizeof(wide)); break;
	case COLUMN_UINT32: memcpy(place, &narrow, sizeof(narrow)); break;
	}
}

/* Runs a statement with the first n columns; `unchanged` when it did nothing. */
static enum err change(struct ledger *l, enum sql which, const struct column *columns, int n,
		       const void *record, enum err unchanged)
{
	struct sqlite *q = sqlite_of(l);
	sqlite3_stmt *s = sqlite_statement(q, which);
	enum err e;

	if (!s)
		return ERR_AWAY;
	for (int i = 0; i < n; i++)
		bind_column(s, i + 1, &columns[i], record);
	e = sqlite_finish(q, s);
	if (e == ERR_RANGE)
		return ERR_EXISTS; /* the only constraint that a record can break */
	return e == ERR_OK && sqlite3_changes(q->db) == 0 ? unchanged : e;
}

enum err sqlite_tenant_put(struct ledger *l, enum ledger_put how, const struct tenant_row *r)
{
	if (how == LEDGER_ADD)
		return change(l, SQL_tenant_add, tenant_columns, COUNT(tenant_columns), r,
			      ERR_EXISTS);
	return change(l, SQL_tenant_change, tenant_columns, COUNT(tenant_columns), r, ERR_MISSING);
}

enum err sqlite_key_put(struct ledger *l, enum ledger_put how, const struct key_row *r)
{
	if (how == LEDGER_ADD)
		return change(l, SQL_key_add, key_columns, COUNT(key_columns), r, ERR_EXISTS);
	return change(l, SQL_key_change, key_columns, COUNT(key_columns), r, ERR_MISSING);
}

enum err sqlite_quota_put(struct ledger *l, enum ledger_put how, const struct quota_row *r)
{
	if (how == LEDGER_ADD)
		return change(l, SQL_quota_add, quota_columns, COUNT(quota_columns), r, ERR_EXISTS);
	return change(l, SQL_quota_change, quota_columns, COUNT(quota_columns), r, ERR_MISSING);
}

enum err sqlite_price_put(struct ledger *l, enum ledger_put how, const struct price_row *r)
{
	if (how == LEDGER_ADD)
		return change(l, SQL_price_add, price_columns, COUNT(price_columns), r, ERR_EXISTS);
	return change(l, SQL_price_change, price_columns, COUNT(price_columns), r, ERR_MISSING);
}

enum err sqlite_quota_drop(struct ledger *l, const struct quota_row *r)
{
	return change(l, SQL_quota_drop, quota_columns, QUOTA_IDENTITY, r, ERR_MISSING);
}

/* The next record of a listing: ERR_AGAIN when there is one, ERR_OK at the end. */
static enum err next(struct sqlite *q, sqlite3_stmt *s, const struct column *columns, int n,
		     void *record)
{
	int rc = sqlite3_step(s);

	if (rc != SQLITE_ROW)
		return sqlite_err(q, rc);
	for (int i = 0; i < n; i++)
		read_column(s, i, &columns[i], record);
	return ERR_AGAIN;
}

/* One listing, typed: the calls of `each` must be of its very type. */
#define LISTING(name, type, columns)                                                               \
	enum err sqlite_##name##_each(struct ledger *l,                                            \
				      bool (*each)(void *arg, const struct type *r), void *arg)    \
	{                                                                                          \
		struct sqlite *q = sqlite_of(l);                                                   \
		sqlite3_stmt *s = sqlite_statement(q, SQL_##name##_all);                           \
		struct type r;                                                                     \
		enum err e = ERR_AWAY;                                                             \
                                                                                                   \
		if (!s)                                                                            \
			return e;                                                                  \
		memset(&r, 0, sizeof(r));                                                          \
		do                                                                                 \
			e = next(q, s, columns, COUNT(columns), &r);                               \
		while (e == ERR_AGAIN && each(arg, &r));                                           \
		sqlite3_reset(s);                                                                  \
		return e == ERR_AGAIN ? ERR_OK : e;                                                \
	}

LISTING(tenant, tenant_row, tenant_columns)
LISTING(key, key_row, key_columns)
LISTING(quota, quota_row, quota_columns)
LISTING(price, price_row, price_columns)
