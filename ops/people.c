/* people.c - see people.h. */
#include "ops/people.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "metering/registry.h"
#include "ops/house.h"
#include "store/books.h"
#include "store/ledger.h"

#define FLUSH_US (5 * US_PER_SEC) /* how long seeds wait for rows on their way to the ledger */

/* A growing array of records of one kind. */
struct pile {
	void *at;
	size_t size; /* bytes of one record */
	size_t count, room, most;
	bool full;
};

static bool pile_add(struct pile *p, const void *record)
{
	if (p->count == p->room) {
		size_t room = p->room ? p->room * 2 : 64;
		void *at = p->count < p->most ? reallocarray(p->at, room, p->size) : NULL;

		if (!at) {
			p->full = true;
			return false;
		}
		p->at = at;
		p->room = room;
	}
	memcpy((char *)p->at + p->count++ * p->size, record, p->size);
	return true;
}

static bool add_tenant(void *arg, const struct tenant_row *r)
{
	return pile_add(arg, r);
}

static bool add_key(void *arg, const struct key_row *r)
{
	return pile_add(arg, r);
}

static bool add_quota(void *arg, const struct quota_row *r)
{
	return pile_add(arg, r);
}

struct piles {
	struct pile tenants, keys, quotas;
};

static enum err read_piles(struct ledger *l, struct piles *p)
{
	enum err e;

	*p = (struct piles){
		.tenants = { .size = sizeof(struct tenant_row), .most = REGISTRY_ROWS_MAX },
		.keys = { .size = sizeof(struct key_row), .most = REGISTRY_KEYS_MAX },
		.quotas = { .size = sizeof(struct quota_row), .most = REGISTRY_ROWS_MAX },
	};
	e = ledger_tenant_each(l, add_tenant, &p->tenants);
	if (e == ERR_OK)
		e = ledger_key_each(l, add_key, &p->keys);
	if (e == ERR_OK)
		e = ledger_quota_each(l, add_quota, &p->quotas);
	if (e == ERR_OK && (p->tenants.full || p->keys.full || p->quotas.full))
		e = ERR_NOMEM;
	return e;
}

static void free_piles(struct piles *p)
{
	free(p->tenants.at);
	free(p->keys.at);
	free(p->quotas.at);
}

/* ---- seeding: what a budget has spent stands in the ledger ---- */

struct seed {
	struct purse *purse;
	const struct purse_identity *whose;
	uint64_t from_us;
	int64_t spent_pusd;
};

struct seeds { /* those of one instant, by scope and its id */
	struct seed *at;
	size_t count;
};

static int by_scope(enum scope scope, const char *id, const struct seed *s)
{
	if (scope != s->whose->scope)
		return (int)scope - (int)s->whose->scope;
	return strcmp(id, s->whose->scope_id);
}

static int by_from(const void *left, const void *right)
{
	const struct seed *a = left, *b = right;

	if (a->from_us != b->from_us)
		return a->from_us < b->from_us ? -1 : 1;
	return by_scope(a->whose->scope, a->whose->scope_id, b);
}

/* Adds what was spent to every seed of that scope which it counts for. */
static void add_spend(struct seeds *s, enum scope scope, const char *id, const struct spend_row *r)
{
	enum resource resource = strcmp(r->dialect, "e2b") == 0 ? RESOURCE_e2b : RESOURCE_llm;
	size_t low = 0, high = s->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (by_scope(scope, id, &s->at[middle]) > 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < s->count && by_scope(scope, id, &s->at[low]) == 0; low++) {
		struct seed *seed = &s->at[low];

		if (seed->whose->resource != RESOURCE_all && seed->whose->resource != resource)
			continue;
		if (__builtin_add_overflow(seed->spent_pusd, r->cost_pusd, &seed->spent_pusd))
			seed->spent_pusd = INT64_MAX;
	}
}

static bool on_spend(void *arg, const struct spend_row *r)
{
	add_spend(arg, SCOPE_platform, scope_name(SCOPE_platform), r);
	add_spend(arg, SCOPE_tenant, r->tenant, r);
	add_spend(arg, SCOPE_key, r->key, r);
	return true;
}

/* Lists the purses of r that ask for a seed, in order of their first instant. */
static enum err wanting(const struct registry *r, struct wall now, struct seeds *out)
{
	struct purse *const *purses;
	size_t n = registry_purses(r, &purses);
	struct wall from;

	*out = (struct seeds){ calloc(n ? n : 1, sizeof(*out->at)), 0 };
	if (!out->at)
		return ERR_NOMEM;
	for (size_t i = 0; i < n; i++)
		if (purse_wants_seed(purses[i], now, &from))
			out->at[out->count++] = (struct seed){ purses[i], purse_identity(purses[i]),
							       from.us, 0 };
	qsort(out->at, out->count, sizeof(*out->at), by_from);
	return ERR_OK;
}

static enum err seed(struct house *h, const struct registry *r)
{
	struct wall now = clk_wall();
	struct seeds all;
	enum err e = wanting(r, now, &all);

	if (e == ERR_OK && all.count > 0)
		e = books_flush(h->books, FLUSH_US);
	for (size_t i = 0; e == ERR_OK && i < all.count;) {
		struct seeds same = { all.at + i, 0 };

		while (i < all.count && all.at[i].from_us == same.at[0].from_us)
			same.count++, i++;
		e = ledger_spend_each(h->ledger, same.at[0].from_us, on_spend, &same);
	}
	for (size_t i = 0; e == ERR_OK && i < all.count; i++)
		purse_seed(all.at[i].purse, now, all.at[i].spent_pusd);
	free(all.at);
	return e;
}

enum err people_publish(struct house *h, char *why, size_t room)
{
	struct registry *r = NULL;
	struct piles piles;
	enum err e = read_piles(h->ledger, &piles);

	if (e == ERR_OK) {
		struct registry_rows rows = {
			.tenant = piles.tenants.at,
			.tenants = piles.tenants.count,
			.key = piles.keys.at,
			.keys = piles.keys.count,
			.quota = piles.quotas.at,
			.quotas = piles.quotas.count,
		};

		e = registry_new(&rows, h->purses, &r, why, room);
	} else {
		snprintf(why, room, "tenants, keys and quotas cannot be read: %s", err_text(e));
	}
	free_piles(&piles);
	if (e != ERR_OK)
		return e;
	e = seed(h, r);
	if (e != ERR_OK) {
		snprintf(why, room, "what is spent cannot be read: %s", err_text(e));
		registry_unref(r);
		return e;
	}
	box_publish(&h->registry, r);
	return ERR_OK;
}

const struct registry *people_registry(struct house *h)
{
	return box_see(&h->registry, &h->registry_pin);
}

/* ---- single records ---- */

struct wanted {
	const void *identity;
	void *out;
	bool found;
};

static bool find_tenant(void *arg, const struct tenant_row *r)
{
	struct wanted *w = arg;

	if (strcmp(r->id, w->identity) != 0)
		return true;
	*(struct tenant_row *)w->out = *r;
	w->found = true;
	return false;
}

static bool find_key(void *arg, const struct key_row *r)
{
	struct wanted *w = arg;

	if (strcmp(r->id, w->identity) != 0)
		return true;
	*(struct key_row *)w->out = *r;
	w->found = true;
	return false;
}

static bool find_quota(void *arg, const struct quota_row *r)
{
	struct wanted *w = arg;
	const struct quota_row *q = w->identity;

	if (strcmp(r->scope, q->scope) != 0 || strcmp(r->scope_id, q->scope_id) != 0 ||
	    strcmp(r->resource, q->resource) != 0 || strcmp(r->period, q->period) != 0)
		return true;
	*(struct quota_row *)w->out = *r;
	w->found = true;
	return false;
}

enum err people_tenant(struct house *h, const char *id, struct tenant_row *out)
{
	struct wanted w = { id, out, false };
	enum err e = ledger_tenant_each(h->ledger, find_tenant, &w);

	return e == ERR_OK && !w.found ? ERR_MISSING : e;
}

enum err people_key(struct house *h, const char *id, struct key_row *out)
{
	struct wanted w = { id, out, false };
	enum err e = ledger_key_each(h->ledger, find_key, &w);

	return e == ERR_OK && !w.found ? ERR_MISSING : e;
}

enum err people_quota(struct house *h, const struct quota_row *identity, struct quota_row *out)
{
	struct wanted w = { identity, out, false };
	enum err e = ledger_quota_each(h->ledger, find_quota, &w);

	return e == ERR_OK && !w.found ? ERR_MISSING : e;
}
