/* ledger.h - where rows come to rest, and what people ask about them.
 *
 * The interface is the same for every back-end; ledger_open() picks one by name.
 *
 * Promise  a row is committed once, by its id, however often it is delivered, and the
 *          hourly sums grow by exactly the rows that were new, in the same transaction.
 * Durable  what ledger_commit() returned ERR_OK for survives a power cut.
 * Threads  a struct ledger belongs to one thread at a time. Two threads (books and ops)
 *          open one each, on the same data.
 * Errors   ERR_AWAY: locked, out of space, gone; nothing was changed, try again later.
 *          A listing that fails may have shown some of its rows already.
 */
#ifndef STORE_LEDGER_H
#define STORE_LEDGER_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/err.h"
#include "base/must.h"
#include "store/record.h"
#include "store/row.h"

struct ledger;

/* Opens `where` (for "sqlite" the path of a file, created with mode 0600 if need be) and
 * brings its tables up to date. ERR_MISSING: no such back-end. On error *why (static
 * text) says what to do. */
enum err ledger_open(const char *backend, const char *where, struct ledger **out,
		     const char **why) MUST_USE;

void ledger_close(struct ledger *l); /* NULL is fine */

/* What the back-end said about its last failure; lasts until the next call. */
const char *ledger_trouble(const struct ledger *l);

/* ---- the books' side ---- */

struct ledger_tally {
	size_t added;   /* new rows */
	size_t known;   /* ids that were there already: nothing changed */
	size_t refused; /* rows that the back-end cannot hold: kept in quarantine with a reason */
};

/* Commits n rows (any order, up to LEDGER_BATCH_MAX) in one transaction; all of them or, on
 * error, none. added + known + refused == n. A refused row never stops the others. */
#define LEDGER_BATCH_MAX 4096
enum err ledger_commit(struct ledger *l, const struct row *rows, size_t n,
		       struct ledger_tally *tally) MUST_USE;

/* Deletes up to `limit` rows that began before before_us; the hourly sums stay. Call
 * again while *dropped == limit. */
enum err ledger_prune(struct ledger *l, uint64_t before_us, uint32_t limit,
		      uint32_t *dropped) MUST_USE;

/* ---- what people keep ---- */

/* ADD: ERR_EXISTS when the identity is taken. CHANGE: ERR_MISSING when it is not. */
enum ledger_put {
	LEDGER_ADD,
	LEDGER_CHANGE
};

/* Stores a record. Identity: tenant id; key id; quota (scope, tenant, scope_id, resource, unit,
 * period); price (provider, model, valid_from_us). A second key with the same hash: ERR_EXISTS. */
enum err ledger_tenant_put(struct ledger *l, enum ledger_put how,
			   const struct tenant_row *r) MUST_USE;
enum err ledger_key_put(struct ledger *l, enum ledger_put how, const struct key_row *r) MUST_USE;
enum err ledger_quota_put(struct ledger *l, enum ledger_put how,
			  const struct quota_row *r) MUST_USE;
enum err ledger_price_put(struct ledger *l, enum ledger_put how,
			  const struct price_row *r) MUST_USE;

/* Removes the quota with r's identity; ERR_MISSING when there is none. */
enum err ledger_quota_drop(struct ledger *l, const struct quota_row *r) MUST_USE;

/* Each listing shows every record, in order of identity, borrowed for the call, until
 * `each` returns false. `each` may not use the same ledger. */
enum err ledger_tenant_each(struct ledger *l, bool (*each)(void *arg, const struct tenant_row *r),
			    void *arg) MUST_USE;
enum err ledger_key_each(struct ledger *l, bool (*each)(void *arg, const struct key_row *r),
			 void *arg) MUST_USE;
enum err ledger_quota_each(struct ledger *l, bool (*each)(void *arg, const struct quota_row *r),
			   void *arg) MUST_USE;
enum err ledger_price_each(struct ledger *l, bool (*each)(void *arg, const struct price_row *r),
			   void *arg) MUST_USE;

/* ---- what the program has learned, as texts that the store does not read ---- */

struct learned_row {
	const char *name;  /* its identity; not empty */
	const char *state; /* borrowed for the call, as the name is */
	uint64_t saved_us; /* us since 1970 UTC */
};

/* Stores n of them in place of what their names had, all in one transaction or, on error,
 * none. */
enum err ledger_learned_put(struct ledger *l, const struct learned_row *rows, size_t n) MUST_USE;

/* Shows all, as the listings above do. */
enum err ledger_learned_each(struct ledger *l, bool (*each)(void *arg, const struct learned_row *r),
			     void *arg) MUST_USE;

/* ---- questions about rows ---- */

struct ledger_filter {     /* empty or NULL texts and zeros: any */
	uint64_t since_us; /* first instant of started_us */
	uint64_t until_us; /* the first one that is not meant */
	const char *tenant, *team, *user, *key, *provider, *model;
};

/* Shows rows by started_us, the newest first or the oldest first, at most `limit`. */
enum err ledger_request_each(struct ledger *l, const struct ledger_filter *f, bool newest_first,
			     uint32_t limit, bool (*each)(void *arg, const struct row *r),
			     void *arg) MUST_USE;

/* The row of that id; ERR_MISSING when there is none. */
enum err ledger_request_get(struct ledger *l, struct id id, struct row *out) MUST_USE;

enum ledger_group {
	GROUP_TENANT = 1,
	GROUP_TEAM = 2,
	GROUP_USER = 4,
	GROUP_KEY = 8,
	GROUP_PROVIDER = 16,
	GROUP_MODEL = 32,
	GROUP_HOUR = 64,
	GROUP_DAY = 128,
};

/* Sums over the rows of one group; texts not grouped by are empty. Money beyond
 * INT64_MAX (9.2 million USD) shows as INT64_MAX. */
struct usage_row {
	uint64_t start_us; /* of the hour or day; 0 when not grouped by time */
	char tenant[48], team[48], user[64], key[24], provider[32], model[96];
	uint64_t requests;
	uint64_t failed;  /* the client saw a status of 400 or more, or none */
	uint64_t inexact; /* usage_source is neither reported nor none */
	uint64_t input_tok, cached_read_tok, cache_write_tok, tool_input_tok;
	uint64_t output_tok, reasoning_tok;
	uint64_t bytes_in, bytes_out;
	uint64_t took_us;
	uint64_t answered, first_byte_us; /* rows that got a first byte; sum of their waits */
	int64_t cost_pusd;
};

/* Sums by `groups` (enum ledger_group, or-ed), ordered by time and then by cost, the
 * dearest first. Reads the hourly sums: since_us is rounded down and until_us up to
 * whole hours. */
enum err ledger_usage_each(struct ledger *l, const struct ledger_filter *f, unsigned groups,
			   bool (*each)(void *arg, const struct usage_row *r), void *arg) MUST_USE;

struct spend_row {
	const char *tenant, *team, *user, *key, *dialect;
	uint64_t requests, tokens; /* tokens: input and output */
	int64_t cost_pusd;         /* INT64_MAX when it is more */
};

/* What was spent by rows with started_us >= since_us, exactly, once for each (tenant, team,
 * user, key, dialect): fold it into whatever scope is wanted. For seeding budgets, after
 * the books have committed what a crash left. */
enum err ledger_spend_each(struct ledger *l, uint64_t since_us,
			   bool (*each)(void *arg, const struct spend_row *r), void *arg) MUST_USE;

struct tag_spend_row {
	const char *tenant, *dialect;
	struct span tag;
	uint64_t requests, tokens;
	int64_t cost_pusd;
};

/* The same for each tag of those rows; a row counts for every tag it has, once. A tag may be
 * shown several times: the parts add up. */
enum err ledger_tag_spend_each(struct ledger *l, uint64_t since_us,
			       bool (*each)(void *arg, const struct tag_spend_row *r),
			       void *arg) MUST_USE;

#endif
