/* registry.c - rows become entries in one arena: tenants and keys sorted by id, purses
 * sorted by whom they limit, an open hash table over the digests of the keys. */
#include "metering/registry.h"
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/arena.h"

#define BYTES_MAX ((size_t)1 << 31) /* of one snapshot */

struct tenant_entry {
	const char *id;
	bool disabled;
};

struct registry {
	_Atomic uint32_t refs;
	struct arena arena; /* of all below */
	struct tenant_entry *tenant;
	struct key_entry *key;
	uint8_t (*hash)[SHA256_BYTES]; /* by key */
	uint32_t *slot;                /* key number + 1 by digest, 0: empty */
	uint32_t slot_mask;
	struct purse **purse; /* in order of identity */
	size_t tenants, keys, purses;
};

struct why {
	char *at;
	size_t room;
};

static enum err refuse(const struct why *why, const char *what, const char *id, const char *problem)
{
	snprintf(why->at, why->room, "%s \"%s\": %s", what, id, problem);
	return ERR_GARBLED;
}

/* --- finding --- */

static int compare_ids(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* All entries begin with their id. */
_Static_assert(offsetof(struct tenant_entry, id) == 0, "compare_ids() reads the first member");
_Static_assert(offsetof(struct key_entry, id) == 0, "compare_ids() reads the first member");

static const struct tenant_entry *find_tenant(const struct registry *r, const char *id)
{
	return bsearch(&id, r->tenant, r->tenants, sizeof(*r->tenant), compare_ids);
}

const struct key_entry *registry_find_id(const struct registry *r, const char *id)
{
	return bsearch(&id, r->key, r->keys, sizeof(*r->key), compare_ids);
}

/* Any bytes of a digest are as good as any others. */
static uint32_t slot_of(const struct registry *r, const uint8_t hash[SHA256_BYTES])
{
	uint32_t first;

	memcpy(&first, hash, sizeof(first));
	return first & r->slot_mask;
}

const struct key_entry *registry_find(const struct registry *r, const uint8_t hash[SHA256_BYTES])
{
	for (uint32_t i = slot_of(r, hash); r->slot[i] != 0; i = (i + 1) & r->slot_mask)
		if (memcmp(r->hash[r->slot[i] - 1], hash, SHA256_BYTES) == 0)
			return &r->key[r->slot[i] - 1];
	return NULL;
}

/* --- building --- */

static enum err add_tenants(struct registry *r, const struct registry_rows *rows,
			    const struct why *why)
{
	r->tenant = arena_take(&r->arena, rows->tenants * sizeof(*r->tenant));
	if (!r->tenant)
		return ERR_NOMEM;
	for (size_t i = 0; i < rows->tenants; i++) {
		struct tenant_entry *t = &r->tenant[i];

		t->id = arena_text(&r->arena, span_of(rows->tenant[i].id));
		t->disabled = rows->tenant[i].disabled_us != 0;
		if (!t->id)
			return ERR_NOMEM;
		if (*t->id == '\0')
			return refuse(why, "tenant", rows->tenant[i].name, "it has no id");
	}
	r->tenants = rows->tenants;
	qsort(r->tenant, r->tenants, sizeof(*r->tenant), compare_ids);
	for (size_t i = 1; i < r->tenants; i++)
		if (strcmp(r->tenant[i].id, r->tenant[i - 1].id) == 0)
			return refuse(why, "tenant", r->tenant[i].id, "there are two of them");
	return ERR_OK;
}

static bool copy_key(struct registry *r, const struct key_row *row, struct key_entry *k)
{
	k->id = arena_text(&r->arena, span_of(row->id));
	k->team = arena_text(&r->arena, span_of(row->team));
	k->user = arena_text(&r->arena, span_of(row->user));
	k->label = arena_text(&r->arena, span_of(row->label));
	k->models = arena_text(&r->arena, span_of(row->models));
	k->expires_us = row->expires_us;
	k->revoked_us = row->revoked_us;
	return k->id && k->team && k->user && k->label && k->models;
}

static int compare_rows(const void *a, const void *b)
{
	const struct key_row *const *x = a, *const *y = b;

	return strcmp((*x)->id, (*y)->id);
}

/* Key i is row i of the sorted rows. */
static enum err add_key(struct registry *r, const struct key_row *row, size_t i,
			const struct why *why)
{
	struct key_entry *k = &r->key[i];
	const struct tenant_entry *t = find_tenant(r, row->tenant);
	uint32_t slot = slot_of(r, row->hash);

	if (!t)
		return refuse(why, "key", row->id, "it belongs to no known tenant");
	if (i > 0 && strcmp(row->id, k[-1].id) == 0)
		return refuse(why, "key", row->id, "there are two of them");
	if (registry_find(r, row->hash))
		return refuse(why, "key", row->id, "another key has the same digest");
	if (!copy_key(r, row, k))
		return ERR_NOMEM;
	k->tenant = t->id;
	k->tenant_disabled = t->disabled;
	memcpy(r->hash[i], row->hash, SHA256_BYTES);
	while (r->slot[slot] != 0)
		slot = (slot + 1) & r->slot_mask;
	r->slot[slot] = (uint32_t)i + 1;
	return ERR_OK;
}

static enum err add_keys(struct registry *r, const struct registry_rows *rows,
			 const struct why *why)
{
	const struct key_row **sorted = arena_take(&r->arena, rows->keys * sizeof(*sorted));
	uint32_t slots = 16;

	while (slots < 2 * rows->keys)
		slots *= 2;
	r->slot_mask = slots - 1;
	r->slot = arena_take(&r->arena, slots * sizeof(*r->slot));
	r->hash = arena_take(&r->arena, rows->keys * sizeof(*r->hash));
	r->key = arena_take(&r->arena, rows->keys * sizeof(*r->key));
	if (!sorted || !r->slot || !r->hash || !r->key)
		return ERR_NOMEM;
	for (size_t i = 0; i < rows->keys; i++)
		sorted[i] = &rows->key[i];
	qsort(sorted, rows->keys, sizeof(*sorted), compare_rows);
	for (size_t i = 0; i < rows->keys; i++) {
		enum err e = add_key(r, sorted[i], i, why);

		if (e != ERR_OK)
			return e;
	}
	r->keys = rows->keys;
	return ERR_OK;
}

/* A quota on its way to a purse. */
struct wish {
	struct purse_identity identity;
	const struct quota_row *row;
};

static int compare_wishes(const void *a, const void *b)
{
	const struct wish *x = a, *y = b;

	return purse_identity_order(&x->identity, &y->identity);
}

static enum err check_quota(const struct registry *r, struct wish *w, const struct why *why)
{
	const struct quota_row *q = w->row;

	if (!purse_identify(q, &w->identity))
		return refuse(why, "quota on", q->scope_id,
			      "wrong scope, resource, period, limit or warning level");
	if (w->identity.scope == SCOPE_platform && q->scope_id[0] != '\0')
		return refuse(why, "quota on", q->scope_id, "the platform takes no id");
	if (w->identity.scope == SCOPE_tenant && !find_tenant(r, q->scope_id))
		return refuse(why, "quota on", q->scope_id, "there is no such tenant");
	if (w->identity.scope == SCOPE_key && !registry_find_id(r, q->scope_id))
		return refuse(why, "quota on", q->scope_id, "there is no such key");
	return ERR_OK;
}

/* Everything is checked before the first purse is touched: purses are shared with the
 * snapshot in use. */
static enum err check_quotas(const struct registry *r, const struct registry_rows *rows,
			     struct wish *wish, const struct why *why)
{
	for (size_t i = 0; i < rows->quotas; i++) {
		enum err e;

		wish[i].row = &rows->quota[i];
		e = check_quota(r, &wish[i], why);
		if (e != ERR_OK)
			return e;
	}
	qsort(wish, rows->quotas, sizeof(*wish), compare_wishes);
	for (size_t i = 1; i < rows->quotas; i++)
		if (compare_wishes(&wish[i - 1], &wish[i]) == 0)
			return refuse(why, "quota on", wish[i].row->scope_id,
				      "there are two for the same resource and period");
	return ERR_OK;
}

static enum err add_quotas(struct registry *r, const struct registry_rows *rows,
			   struct purses *purses, const struct why *why)
{
	struct wish *wish = arena_take(&r->arena, rows->quotas * sizeof(*wish));
	enum err e;

	r->purse = arena_take(&r->arena, rows->quotas * sizeof(struct purse *));
	if (!wish || !r->purse)
		return ERR_NOMEM;
	e = check_quotas(r, rows, wish, why);
	for (size_t i = 0; i < rows->quotas && e == ERR_OK; i++) {
		r->purse[i] = purses_list(purses, wish[i].row);
		if (r->purse[i])
			r->purses++;
		else
			e = ERR_NOMEM;
	}
	return e;
}

/* The first purse that does not come before those of (scope, scope_id). */
static size_t first_purse(const struct registry *r, enum scope scope, const char *scope_id)
{
	const struct purse_identity first = { .scope = scope, .scope_id = scope_id };
	size_t low = 0, high = r->purses;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (purse_identity_order(purse_identity(r->purse[mid]), &first) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* Appends the purses of (scope, scope_id) that count for `resource`. */
static void gather(const struct registry *r, enum scope scope, const char *scope_id,
		   enum resource resource, struct purse **to, unsigned *count)
{
	for (size_t i = first_purse(r, scope, scope_id); i < r->purses; i++) {
		const struct purse_identity *id = purse_identity(r->purse[i]);

		if (id->scope != scope || strcmp(id->scope_id, scope_id) != 0)
			return;
		if (id->resource == resource || id->resource == RESOURCE_all)
			to[(*count)++] = r->purse[i];
	}
}

static bool add_allowance(struct registry *r, const struct key_entry *k, enum resource resource,
			  struct allowance *out)
{
	struct purse *found[ALLOWANCE_PURSES_MAX];
	struct purse **keep;

	out->count = 0;
	gather(r, SCOPE_key, k->id, resource, found, &out->count);
	gather(r, SCOPE_tenant, k->tenant, resource, found, &out->count);
	gather(r, SCOPE_platform, scope_name(SCOPE_platform), resource, found, &out->count);
	keep = arena_take(&r->arena, out->count * sizeof(struct purse *));
	if (!keep)
		return false;
	memcpy(keep, found, out->count * sizeof(struct purse *));
	out->purse = keep;
	return true;
}

static enum err add_allowances(struct registry *r)
{
	for (size_t i = 0; i < r->keys; i++) {
		struct key_entry *k = &r->key[i];

		if (!add_allowance(r, k, RESOURCE_llm, &k->llm) ||
		    !add_allowance(r, k, RESOURCE_e2b, &k->e2b))
			return ERR_NOMEM;
	}
	return ERR_OK;
}

enum err registry_new(const struct registry_rows *rows, struct purses *purses,
		      struct registry **out, char *why_at, size_t why_room)
{
	const struct why why = { why_at, why_room };
	struct registry *r = calloc(1, sizeof(*r));
	enum err e = ERR_NOMEM;

	snprintf(why_at, why_room, "too many rows, or no memory");
	if (!r)
		return ERR_NOMEM;
	r->refs = 1;
	arena_init(&r->arena, BYTES_MAX);
	if (rows->keys <= REGISTRY_KEYS_MAX && rows->tenants <= REGISTRY_ROWS_MAX &&
	    rows->quotas <= REGISTRY_ROWS_MAX)
		e = add_tenants(r, rows, &why);
	if (e == ERR_OK)
		e = add_keys(r, rows, &why);
	if (e == ERR_OK)
		e = add_quotas(r, rows, purses, &why);
	if (e == ERR_OK)
		e = add_allowances(r);
	if (e == ERR_OK)
		*out = r;
	else
		registry_unref(r);
	return e;
}

struct registry *registry_ref(struct registry *r)
{
	atomic_fetch_add_explicit(&r->refs, 1, memory_order_relaxed);
	return r;
}

void registry_unref(struct registry *r)
{
	if (!r || atomic_fetch_sub_explicit(&r->refs, 1, memory_order_acq_rel) > 1)
		return;
	for (size_t i = 0; i < r->purses; i++)
		purse_unlist(r->purse[i]);
	arena_release(&r->arena);
	free(r);
}

size_t registry_purses(const struct registry *r, struct purse *const **out)
{
	*out = r->purse;
	return r->purses;
}

static void count_up(void *registry)
{
	registry_ref(registry);
}

static void count_down(void *registry)
{
	registry_unref(registry);
}

void registry_box_init(struct box *b)
{
	box_init(b, count_up, count_down);
}

/* --- what a key may --- */

enum key_state key_entry_state(const struct key_entry *k, struct wall now)
{
	if (k->tenant_disabled)
		return KEY_TENANT_DISABLED;
	if (k->revoked_us != 0 && k->revoked_us <= now.us)
		return KEY_REVOKED;
	if (k->expires_us != 0 && k->expires_us <= now.us)
		return KEY_EXPIRED;
	return KEY_OK;
}

static bool pattern_matches(struct span pattern, struct span model)
{
	if (pattern.len > 0 && pattern.at[pattern.len - 1] == '*') {
		pattern.len--;
		return span_starts(model, pattern);
	}
	return span_eq(pattern, model);
}

bool key_entry_allows(const struct key_entry *k, struct span model)
{
	const char *at = k->models;

	if (*at == '\0')
		return true;
	for (;;) {
		struct span pattern = { at, strcspn(at, ",") };

		if (pattern_matches(span_trim(pattern), model))
			return true;
		at += pattern.len;
		if (*at == '\0')
			return false;
		at++;
	}
}
