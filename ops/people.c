/* people.c - see people.h. */
#include "ops/people.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "metering/registry.h"
#include "ops/house.h"
#include "ops/plans.h"
#include "ops/sharing.h"
#include "store/books.h"
#include "store/ledger.h"

#define ERRORS_MAX 16384
#define FLUSH_US   (5 * US_PER_SEC) /* how long seeds wait for rows on their way to the ledger */

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
	const struct quota_identity *whose;
	uint64_t from_us;
	int64_t spent; /* of its unit */
};

struct seeds { /* those of one instant, by whom they limit */
	struct seed *at;
	size_t count;
};

/* Whose spend it is. */
struct subject {
	enum scope scope;
	const char *tenant, *id;
};

static int by_subject(const struct subject *who, const struct seed *s)
{
	int order;

	if (who->scope != s->whose->scope)
		return (int)who->scope - (int)s->whose->scope;
	order = strcmp(who->tenant, s->whose->tenant);
	return order != 0 ? order : strcmp(who->id, s->whose->scope_id);
}

static int by_from(const void *left, const void *right)
{
	const struct seed *a = left, *b = right;
	const struct subject who = { a->whose->scope, a->whose->tenant, a->whose->scope_id };

	if (a->from_us != b->from_us)
		return a->from_us < b->from_us ? -1 : 1;
	return by_subject(&who, b);
}

struct spend {
	enum resource resource;
	struct amounts of;
};

static int64_t count_of(uint64_t n)
{
	return n < INT64_MAX ? (int64_t)n : INT64_MAX;
}

static struct spend spend_of(const char *dialect, uint64_t requests, uint64_t tokens,
			     int64_t cost_pusd)
{
	return (struct spend){
		.resource = strcmp(dialect, "e2b") == 0 ? RESOURCE_e2b : RESOURCE_llm,
		.of.of = { [UNIT_usd] = cost_pusd,
			   [UNIT_tokens] = count_of(tokens),
			   [UNIT_requests] = count_of(requests) },
	};
}

static void add_to_seed(struct seed *seed, const struct spend *spend)
{
	if (seed->whose->resource != RESOURCE_all && seed->whose->resource != spend->resource)
		return;
	if (__builtin_add_overflow(seed->spent, spend->of.of[seed->whose->unit], &seed->spent))
		seed->spent = INT64_MAX;
}

/* Adds what was spent to every seed of that subject which it counts for. */
static void add_spend(struct seeds *s, enum scope scope, const char *tenant, const char *id,
		      const struct spend *spend)
{
	const struct subject who = { scope, tenant, id };
	size_t low = 0, high = s->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (by_subject(&who, &s->at[middle]) > 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < s->count && by_subject(&who, &s->at[low]) == 0; low++)
		add_to_seed(&s->at[low], spend);
}

static bool on_spend(void *arg, const struct spend_row *r)
{
	struct spend spend = spend_of(r->dialect, r->requests, r->tokens, r->cost_pusd);

	add_spend(arg, SCOPE_platform, "", scope_name(SCOPE_platform), &spend);
	add_spend(arg, SCOPE_tenant, "", r->tenant, &spend);
	add_spend(arg, SCOPE_team, r->tenant, r->team, &spend);
	add_spend(arg, SCOPE_user, r->tenant, r->user, &spend);
	add_spend(arg, SCOPE_key, "", r->key, &spend);
	return true;
}

static bool on_tag_spend(void *arg, const struct tag_spend_row *r)
{
	struct spend spend = spend_of(r->dialect, r->requests, r->tokens, r->cost_pusd);
	char tag[sizeof(((struct quota_row *)0)->scope_id)];

	if (span_copy(r->tag, tag, sizeof(tag)))
		add_spend(arg, SCOPE_tag, r->tenant, tag, &spend);
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

static bool any_tag(const struct seeds *s)
{
	for (size_t i = 0; i < s->count; i++)
		if (s->at[i].whose->scope == SCOPE_tag)
			return true;
	return false;
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
		if (e == ERR_OK && any_tag(&same))
			e = ledger_tag_spend_each(h->ledger, same.at[0].from_us, on_tag_spend,
						  &same);
	}
	for (size_t i = 0; e == ERR_OK && i < all.count; i++)
		purse_seed(all.at[i].purse, now, all.at[i].spent);
	free(all.at);
	return e;
}

static int compare_quotas(const void *left, const void *right)
{
	const struct quota_row *a = left, *b = right;
	const char *const words[][2] = {
		{ a->scope, b->scope },       { a->tenant, b->tenant },
		{ a->scope_id, b->scope_id }, { a->resource, b->resource },
		{ a->unit, b->unit },         { a->period, b->period },
	};
	int order = 0;

	for (size_t i = 0; order == 0 && i < sizeof(words) / sizeof(words[0]); i++)
		order = strcmp(words[i][0], words[i][1]);
	return order;
}

/* Puts a quota in the place of the one with its identity, or adds it. */
static bool put_quota(struct pile *quotas, const struct quota_row *changed)
{
	struct quota_row *at = quotas->at;

	for (size_t i = 0; i < quotas->count; i++) {
		if (compare_quotas(&at[i], changed) != 0)
			continue;
		at[i] = *changed;
		return true;
	}
	return pile_add(quotas, changed);
}

/* Adds the quotas of a tenant's plan, but those in whose place another was set: the first
 * `set` of the pile, in order. */
static bool add_plan(struct pile *quotas, size_t set, const struct plan *plan, const char *tenant)
{
	for (size_t i = 0; i < plan->quotas; i++) {
		struct quota_row q = plan->quota[i];

		span_copy(span_of(tenant), q.scope_id, sizeof(q.scope_id));
		if (set > 0 && bsearch(&q, quotas->at, set, sizeof(q), compare_quotas))
			continue;
		if (!pile_add(quotas, &q))
			return false;
	}
	return true;
}

static enum err add_plans(struct piles *p, const struct plans *plans, char *why, size_t room)
{
	const struct tenant_row *tenant = p->tenants.at;
	size_t set = p->quotas.count;

	if (set > 0)
		qsort(p->quotas.at, set, p->quotas.size, compare_quotas);
	for (size_t i = 0; i < p->tenants.count; i++) {
		const struct plan *plan = plans_find(plans, tenant[i].plan);

		if (!plan) {
			snprintf(why, room,
				 "tenant \"%s\": its plan \"%s\" is not in the configuration",
				 tenant[i].id, tenant[i].plan);
			return ERR_GARBLED;
		}
		if (!add_plan(&p->quotas, set, plan, tenant[i].id)) {
			snprintf(why, room, "too many quotas, or no memory");
			return ERR_NOMEM;
		}
	}
	return ERR_OK;
}

/* Reads everything, with a quota that is about to change (NULL: none) and those of plans. */
static enum err gather(struct house *h, const struct quota_row *changed, struct piles *p, char *why,
		       size_t room)
{
	enum err e = read_piles(h->ledger, p);
	struct plans *plans = NULL;
	struct buf errors;

	if (e == ERR_OK && changed && !put_quota(&p->quotas, changed))
		e = ERR_NOMEM;
	if (e != ERR_OK) {
		snprintf(why, room, "tenants, keys and quotas cannot be read: %s", err_text(e));
		return e;
	}
	buf_init(&errors, ERRORS_MAX);
	e = plans_new(h->conf, h->zones, &plans, &errors);
	if (e != ERR_OK)
		snprintf(why, room, "%.*s", SPAN_ARG(buf_span(&errors)));
	else
		e = add_plans(p, plans, why, room);
	plans_free(plans);
	buf_release(&errors);
	return e;
}

static struct registry_rows rows_of(const struct house *h, const struct piles *p)
{
	return (struct registry_rows){
		.tenant = p->tenants.at,
		.tenants = p->tenants.count,
		.key = p->keys.at,
		.keys = p->keys.count,
		.quota = p->quotas.at,
		.quotas = p->quotas.count,
		.zones = h->zones,
	};
}

enum err people_publish(struct house *h, char *why, size_t room)
{
	struct registry *r = NULL;
	struct piles piles;
	enum err e = gather(h, NULL, &piles, why, room);
	struct registry_rows rows = rows_of(h, &piles);

	if (e == ERR_OK)
		e = registry_new(&rows, h->purses, &r, why, room);
	free_piles(&piles);
	if (e != ERR_OK)
		return e;
	e = seed(h, r);
	if (e != ERR_OK) {
		snprintf(why, room, "what is spent cannot be read: %s", err_text(e));
		registry_unref(r);
		return e;
	}
	sharing_meet(h, r);
	box_publish(&h->registry, r);
	return ERR_OK;
}

enum err people_check_quota(struct house *h, const struct quota_row *changed, char *why,
			    size_t room)
{
	struct piles piles;
	enum err e = gather(h, changed, &piles, why, room);
	struct registry_rows rows = rows_of(h, &piles);

	if (e == ERR_OK)
		e = registry_new(&rows, NULL, NULL, why, room);
	free_piles(&piles);
	return e;
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

	if (compare_quotas(r, q) != 0)
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

static enum err find_in_plan(const struct plans *plans, const char *plan,
			     const struct quota_row *identity, struct quota_row *out)
{
	const struct plan *of_tenant = plans_find(plans, plan);

	for (size_t i = 0; of_tenant && i < of_tenant->quotas; i++) {
		*out = of_tenant->quota[i];
		span_copy(span_of(identity->scope_id), out->scope_id, sizeof(out->scope_id));
		if (compare_quotas(out, identity) == 0)
			return ERR_OK;
	}
	return ERR_MISSING;
}

enum err people_plan_quota(struct house *h, const struct quota_row *identity, struct quota_row *out)
{
	struct plans *plans = NULL;
	struct tenant_row tenant;
	struct buf errors;
	enum err e;

	if (strcmp(identity->scope, scope_name(SCOPE_tenant)) != 0)
		return ERR_MISSING;
	e = people_tenant(h, identity->scope_id, &tenant);
	buf_init(&errors, ERRORS_MAX);
	if (e == ERR_OK)
		e = plans_new(h->conf, h->zones, &plans, &errors);
	if (e == ERR_OK)
		e = find_in_plan(plans, tenant.plan, identity, out);
	plans_free(plans);
	buf_release(&errors);
	return e;
}
