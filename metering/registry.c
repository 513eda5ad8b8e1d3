/* registry.c - rows become entries in one arena: tenants and keys sorted by id, purses
 * sorted by whom they limit, an open hash table over the digests of the keys. */
#include "metering/registry.h"
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/arena.h"
#include "store/row.h"

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
	bool scopes[SCOPE_COUNT]; /* which have a purse at all */
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

static enum err refuse_quota(const struct why *why, const struct quota_row *q, const char *problem)
{
	snprintf(why->at, why->room, "quota on %s \"%s%s%s\" (%s, %s, %s): %s", q->scope, q->tenant,
		 q->tenant[0] ? "/" : "", q->scope_id, q->resource, q->unit, q->period, problem);
	return ERR_GARBLED;
}

/* A quota on its way to a purse. */
struct wish {
	struct quota quota;
	const struct quota_row *row;
};

static int compare_wishes(const void *a, const void *b)
{
	const struct wish *x = a, *y = b;

	return quota_order(&x->quota.identity, &y->quota.identity);
}

static enum err check_quota(const struct registry *r, struct zones *zones, struct wish *w,
			    const struct why *why)
{
	const struct quota_row *q = w->row;
	const char *problem = "";
	enum err e = quota_read(q, zones, &w->quota, &problem);

	if (e != ERR_OK)
		return refuse_quota(why, q, problem);
	if (w->quota.identity.scope == SCOPE_tenant && !find_tenant(r, q->scope_id))
		return refuse_quota(why, q, "there is no such tenant");
	if (w->quota.identity.tenant[0] != '\0' && !find_tenant(r, q->tenant))
		return refuse_quota(why, q, "there is no such tenant");
	if (w->quota.identity.scope == SCOPE_key && !registry_find_id(r, q->scope_id))
		return refuse_quota(why, q, "there is no such key");
	return ERR_OK;
}

/* Do two quotas limit the same tenant, team, user, key or tag? */
static bool same_subject(const struct quota_identity *a, const struct quota_identity *b)
{
	return a->scope == b->scope && strcmp(a->tenant, b->tenant) == 0 &&
	       strcmp(a->scope_id, b->scope_id) == 0;
}

/* In order: each once, and of one subject not too many. */
static enum err check_together(const struct wish *wish, size_t count, const struct why *why)
{
	unsigned of_resource[RESOURCE_COUNT] = { 0 };

	for (size_t i = 0; i < count; i++) {
		const struct quota_identity *id = &wish[i].quota.identity;

		if (i > 0 && compare_wishes(&wish[i - 1], &wish[i]) == 0)
			return refuse_quota(why, wish[i].row, "there are two of them");
		if (i > 0 && !same_subject(&wish[i - 1].quota.identity, id))
			memset(of_resource, 0, sizeof(of_resource));
		of_resource[id->resource]++;
		if (of_resource[RESOURCE_llm] + of_resource[RESOURCE_all] > QUOTAS_EACH_MAX ||
		    of_resource[RESOURCE_e2b] + of_resource[RESOURCE_all] > QUOTAS_EACH_MAX)
			return refuse_quota(why, wish[i].row,
					    "too many for one subject: 8 for one resource");
	}
	return ERR_OK;
}

/* Everything is checked before the first purse is touched: purses are shared with the
 * snapshot in use. What is explicitly no limit needs no purse. */
static enum err check_quotas(const struct registry *r, const struct registry_rows *rows,
			     struct wish *wish, size_t *count, const struct why *why)
{
	*count = 0;
	for (size_t i = 0; i < rows->quotas; i++) {
		struct wish *w = &wish[*count];
		enum err e;

		w->row = &rows->quota[i];
		e = check_quota(r, rows->zones, w, why);
		if (e != ERR_OK)
			return e;
		*count += w->quota.terms.limit != QUOTA_NONE;
	}
	qsort(wish, *count, sizeof(*wish), compare_wishes);
	return check_together(wish, *count, why);
}

static enum err add_quotas(struct registry *r, const struct registry_rows *rows,
			   struct purses *purses, const struct why *why)
{
	struct wish *wish = arena_take(&r->arena, rows->quotas * sizeof(*wish));
	size_t count;
	enum err e;

	r->purse = arena_take(&r->arena, rows->quotas * sizeof(struct purse *));
	if (!wish || !r->purse)
		return ERR_NOMEM;
	e = check_quotas(r, rows, wish, &count, why);
	for (size_t i = 0; purses && e == ERR_OK && i < count; i++) {
		r->purse[i] = purses_list(purses, &wish[i].quota);
		r->scopes[wish[i].quota.identity.scope] = true;
		if (r->purse[i])
			r->purses++;
		else
			e = ERR_NOMEM;
	}
	return e;
}

/* --- what a request falls under --- */

/* The first purse that does not come before those of a subject. */
static size_t first_purse(const struct registry *r, const struct quota_identity *subject)
{
	size_t low = 0, high = r->purses;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (quota_order(purse_identity(r->purse[mid]), subject) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* Appends the purses of a subject that count for `resource`; at most QUOTAS_EACH_MAX, as
 * check_together() has seen to. */
static void gather(const struct registry *r, const struct quota_identity *subject,
		   enum resource resource, struct purse **to, unsigned *count)
{
	if (!r->scopes[subject->scope])
		return;
	for (size_t i = first_purse(r, subject); i < r->purses; i++) {
		const struct quota_identity *id = purse_identity(r->purse[i]);

		if (!same_subject(id, subject))
			return;
		if (id->resource == resource || id->resource == RESOURCE_all)
			to[(*count)++] = r->purse[i];
	}
}

/* A subject as gather() looks for it: nothing comes before it. */
static struct quota_identity subject_of(enum scope scope, const char *tenant, const char *id)
{
	return (struct quota_identity){ .scope = scope, .tenant = tenant, .scope_id = id };
}

static bool add_allowance(struct registry *r, const struct key_entry *k, enum resource resource,
			  struct allowance *out)
{
	const struct quota_identity subjects[] = {
		subject_of(SCOPE_key, "", k->id),
		subject_of(SCOPE_user, k->tenant, k->user),
		subject_of(SCOPE_team, k->tenant, k->team),
		subject_of(SCOPE_tenant, "", k->tenant),
		subject_of(SCOPE_platform, "", scope_name(SCOPE_platform)),
	};
	struct purse *found[ALLOWANCE_PURSES_MAX];
	struct purse **keep;

	out->count = 0;
	for (size_t i = 0; i < sizeof(subjects) / sizeof(subjects[0]); i++)
		gather(r, &subjects[i], resource, found, &out->count);
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

/* Appends the purses of a tag; false when there are too many for all tags. */
static bool gather_tag(const struct registry *r, const struct key_entry *k, enum resource resource,
		       struct span tag, struct purse **to, unsigned *count)
{
	struct purse *found[QUOTAS_EACH_MAX];
	char id[sizeof(((struct quota_row *)0)->scope_id)] = "";
	struct quota_identity subject = subject_of(SCOPE_tag, k->tenant, id);
	unsigned some = 0;

	if (!span_copy(tag, id, sizeof(id)))
		return true; /* too long to have a limit */
	gather(r, &subject, resource, found, &some);
	if (*count + some > QUOTAS_EACH_MAX)
		return false;
	memcpy(to + *count, found, some * sizeof(found[0]));
	*count += some;
	return true;
}

/* Few at a time, and mostly in order. */
static void sort_purses(struct purse **purse, unsigned count)
{
	for (unsigned i = 1; i < count; i++) {
		struct purse *p = purse[i];
		unsigned at = i;

		for (; at > 0 && quota_order(purse_identity(purse[at - 1]), purse_identity(p)) > 0;
		     at--)
			purse[at] = purse[at - 1];
		purse[at] = p;
	}
}

enum err registry_allowance(const struct registry *r, const struct key_entry *k,
			    enum resource resource, struct span user, struct span tags,
			    struct purse *room[ALLOWANCE_PURSES_MAX], struct allowance *out)
{
	const struct allowance *own = resource == RESOURCE_e2b ? &k->e2b : &k->llm;
	char id[sizeof(((struct quota_row *)0)->scope_id)] = "";
	struct quota_identity subject = subject_of(SCOPE_user, k->tenant, id);
	unsigned count = 0;
	struct span tag;

	*out = *own;
	while (r->scopes[SCOPE_tag] && row_next_tag(&tags, &tag))
		if (!gather_tag(r, k, resource, tag, room, &count))
			return ERR_TOO_BIG;
	if (k->user[0] == '\0' && user.len > 0 && span_copy(user, id, sizeof(id)))
		gather(r, &subject, resource, room, &count);
	if (count == 0)
		return ERR_OK;
	memcpy(room + count, own->purse, own->count * sizeof(room[0]));
	count += own->count;
	sort_purses(room, count);
	*out = (struct allowance){ room, count };
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
	if (e == ERR_OK && purses)
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
