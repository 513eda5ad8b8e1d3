/* sqlite.h - what the files of the SQLite back-end share; for store/sqlite*.c alone. */
#ifndef STORE_SQLITE_H
#define STORE_SQLITE_H
#include <sqlite3.h>
#include "store/ledger_ops.h"

enum sql {
#define SQL(name, text) SQL_##name,
#include "store/sql.tbl.h"
	SQL_COUNT
};

struct sqlite {
	struct ledger ledger; /* must stay the first */
	sqlite3 *db;
	sqlite3_stmt *statement[SQL_COUNT]; /* prepared when first used */
	char trouble[256];
};

static inline struct sqlite *sqlite_of(struct ledger *l)
{
	return (struct sqlite *)l;
}

/* The text of a statement; static. */
const char *sqlite_text(enum sql which);

/* Creates the tables or brings them up to date. On error *why says what to do. */
enum err sqlite_migrate(struct sqlite *q, const char **why) MUST_USE;

/* What a result code means: ERR_OK for OK, ROW and DONE; ERR_RANGE when the database refuses
 * a row for its content; ERR_AWAY for the rest. Remembers the message of a failure. */
enum err sqlite_err(struct sqlite *q, int rc);

/* The statement, reset and without values, or NULL (see sqlite_err). */
sqlite3_stmt *sqlite_statement(struct sqlite *q, enum sql which) MUST_USE;

/* Runs one statement without values and without rows. */
enum err sqlite_run(struct sqlite *q, enum sql which) MUST_USE;

/* Steps a statement that gives no rows, and resets it. */
enum err sqlite_finish(struct sqlite *q, sqlite3_stmt *s) MUST_USE;

/* Takes back the transaction under way, if there is one; the message stays that of the
 * failure before. */
void sqlite_undo(struct sqlite *q);

/* Binds the text at `text`, which has `room` bytes and is borrowed until the reset. */
void sqlite_bind_room(sqlite3_stmt *s, int at, const char *text, size_t room);

/* Copies a text column into room bytes. */
void sqlite_copy_text(sqlite3_stmt *s, int column, char *to, size_t room);

/* Parameters 1 to 8 of a report: the filter with its open ends closed. */
void sqlite_bind_filter(sqlite3_stmt *s, const struct ledger_filter *f, uint64_t since_us,
			uint64_t until_us);

/* mega * 1000000 + rest, at most INT64_MAX; neither is negative. */
int64_t sqlite_money(int64_t mega, int64_t rest);

/* sqlite_row.c; as struct ledger_ops says */
enum err sqlite_commit(struct ledger *l, const struct row *rows, size_t n,
		       struct ledger_tally *tally);
enum err sqlite_prune(struct ledger *l, uint64_t before_us, uint32_t limit, uint32_t *dropped);
enum err sqlite_request_each(struct ledger *l, const struct ledger_filter *f, bool newest_first,
			     uint32_t limit, bool (*each)(void *arg, const struct row *r),
			     void *arg);
enum err sqlite_request_get(struct ledger *l, struct id id, struct row *out);

/* sqlite_report.c; the same */
enum err sqlite_usage_each(struct ledger *l, const struct ledger_filter *f, unsigned groups,
			   bool (*each)(void *arg, const struct usage_row *r), void *arg);
enum err sqlite_spend_each(struct ledger *l, uint64_t since_us,
			   bool (*each)(void *arg, const struct spend_row *r), void *arg);
enum err sqlite_tag_spend_each(struct ledger *l, uint64_t since_us,
			       bool (*each)(void *arg, const struct tag_spend_row *r), void *arg);

/* sqlite_learned.c; the same */
enum err sqlite_learned_put(struct ledger *l, const struct learned_row *rows, size_t n);
enum err sqlite_learned_each(struct ledger *l, bool (*each)(void *arg, const struct learned_row *r),
			     void *arg);

/* sqlite_record.c; the same */
enum err sqlite_tenant_put(struct ledger *l, enum ledger_put how, const struct tenant_row *r);
enum err sqlite_key_put(struct ledger *l, enum ledger_put how, const struct key_row *r);
enum err sqlite_quota_put(struct ledger *l, enum ledger_put how, const struct quota_row *r);
enum err sqlite_price_put(struct ledger *l, enum ledger_put how, const struct price_row *r);
enum err sqlite_quota_drop(struct ledger *l, const struct quota_row *r);
enum err sqlite_tenant_each(struct ledger *l, bool (*each)(void *arg, const struct tenant_row *r),
			    void *arg);
enum err sqlite_key_each(struct ledger *l, bool (*each)(void *arg, const struct key_row *r),
			 void *arg);
enum err sqlite_quota_each(struct ledger *l, bool (*each)(void *arg, const struct quota_row *r),
			   void *arg);
enum err sqlite_price_each(struct ledger *l, bool (*each)(void *arg, const struct price_row *r),
			   void *arg);

#endif
