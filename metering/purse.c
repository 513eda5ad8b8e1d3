/* purse.c - the table of budgets, and the arithmetic of one budget under its lock. */
#include "metering/purse.h"
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct tally {
	struct window window;
	uint32_t ticket; /* 0: not in use */
	int64_t spent_pusd, held_pusd;
	bool warned; /* the warning level was passed, and said so */
};

struct purse {
	pthread_mutex_t lock;            /* guards all up to the identity */
	struct tally kept[WINDOWS_KEPT]; /* last opened first */
	int64_t granted_pusd;
	uint64_t reset_us;
	uint32_t warn_pct;
	uint32_t listings;
	uint32_t tickets; /* given out so far */
	bool seeded;

	struct purse_identity identity; /* from here on nothing changes */
	char scope_id[48];
	struct purse *next; /* in its bucket; guarded by the table's lock */
};

struct purses {
	pthread_mutex_t lock;
	struct purse **bucket;
	uint32_t buckets; /* a power of two */
	uint32_t count;
};

static const char *const scope_names[SCOPE_COUNT] = {
#define SCOPE(name) #name,
	SCOPES(SCOPE)
#undef SCOPE
};

static const char *const resource_names[RESOURCE_COUNT] = {
#define RESOURCE(name) #name,
	RESOURCES(RESOURCE)
#undef RESOURCE
};

const char *scope_name(enum scope s)
{
	return scope_names[s];
}

const char *resource_name(enum resource r)
{
	return resource_names[r];
}

/* --- the table --- */

struct purses *purses_new(void)
{
	struct purses *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->buckets = 64;
	t->bucket = calloc(t->buckets, sizeof(*t->bucket));
	if (!t->bucket) {
		free(t);
		return NULL;
	}
	pthread_mutex_init(&t->lock, NULL);
	return t;
}

void purses_free(struct purses *t)
{
	if (!t)
		return;
	for (uint32_t i = 0; i < t->buckets; i++) {
		while (t->bucket[i]) {
			struct purse *p = t->bucket[i];

			t->bucket[i] = p->next;
			pthread_mutex_destroy(&p->lock);
			free(p);
		}
	}
	pthread_mutex_destroy(&t->lock);
	free(t->bucket);
	free(t);
}

static unsigned find_name(const char *const *names, unsigned count, const char *name)
{
	unsigned i = 0;

	while (i < count && strcmp(names[i], name) != 0)
		i++;
	return i;
}

bool purse_identify(const struct quota_row *q, struct purse_identity *out)
{
	unsigned scope = find_name(scope_names, SCOPE_COUNT, q->scope);
	unsigned resource = find_name(resource_names, RESOURCE_COUNT, q->resource);

	out->scope = (enum scope)scope;
	out->resource = (enum resource)resource;
	out->scope_id = scope == SCOPE_platform ? scope_names[scope] : q->scope_id;
	return scope < SCOPE_COUNT && resource < RESOURCE_COUNT &&
	       period_find(span_of(q->period), &out->period) && q->limit_pusd >= 0 &&
	       q->warn_pct <= 100;
}

int purse_identity_order(const struct purse_identity *a, const struct purse_identity *b)
{
	int order;

	if (a->scope != b->scope)
		return a->scope > b->scope ? -1 : 1;
	order = strcmp(a->scope_id, b->scope_id);
	if (order == 0)
		order = (int)a->resource - (int)b->resource;
	return order != 0 ? order : (int)a->period - (int)b->period;
}

const struct purse_identity *purse_identity(const struct purse *p)
{
	return &p->identity;
}

/* FNV-1a; the ids are the operator's own, so nobody hostile picks them. */
static struct purse **bucket_of(const struct purses *t, const struct purse_identity *id)
{
	uint32_t hash = (2166136261u ^ (uint32_t)id->scope) * 16777619u;

	for (const char *c = id->scope_id; *c != '\0'; c++)
		hash = (hash ^ (unsigned char)*c) * 16777619u;
	return &t->bucket[hash & (t->buckets - 1)];
}

/* Twice the buckets; without memory the chains just grow longer. */
static void widen(struct purses *t)
{
	struct purse **old = t->bucket;
	uint32_t old_buckets = t->buckets;
	struct purse **wide = calloc((size_t)old_buckets * 2, sizeof(struct purse *));

	if (!wide)
		return;
	t->bucket = wide;
	t->buckets = old_buckets * 2;
	for (uint32_t i = 0; i < old_buckets; i++) {
		while (old[i]) {
			struct purse *p = old[i];
			struct purse **to = bucket_of(t, &p->identity);

			old[i] = p->next;
			p->next = *to;
			*to = p;
		}
	}
	free(old);
}

static struct purse *add_purse(struct purses *t, const struct purse_identity *id)
{
	struct purse **to;
	struct purse *p = t->count < PURSES_MAX ? calloc(1, sizeof(*p)) : NULL;

	if (!p)
		return NULL;
	if (t->count >= t->buckets)
		widen(t);
	pthread_mutex_init(&p->lock, NULL);
	t->count++;
	span_copy(span_of(id->scope_id), p->scope_id, sizeof(p->scope_id));
	p->identity = *id;
	p->identity.scope_id = p->scope_id;
	to = bucket_of(t, &p->identity);
	p->next = *to;
	*to = p;
	return p;
}

static struct purse *find_or_add(struct purses *t, const struct purse_identity *id)
{
	struct purse *p;

	pthread_mutex_lock(&t->lock);
	p = *bucket_of(t, id);
	while (p && purse_identity_order(&p->identity, id) != 0)
		p = p->next;
	if (!p)
		p = add_purse(t, id);
	pthread_mutex_unlock(&t->lock);
	return p;
}

/* --- what a purse allows --- */

/* Has what is spent reached the warning level? */
static bool is_warm(const struct purse *p, const struct tally *t)
{
	int64_t level_pusd = p->granted_pusd / 100 * p->warn_pct +
			     p->granted_pusd % 100 * p->warn_pct / 100;

	return p->warn_pct > 0 && t->spent_pusd > 0 && t->spent_pusd >= level_pusd;
}

struct purse *purses_list(struct purses *t, const struct quota_row *q)
{
	struct purse_identity id;
	struct purse *p;

	if (!purse_identify(q, &id))
		return NULL;
	p = find_or_add(t, &id);
	if (!p)
		return NULL;
	pthread_mutex_lock(&p->lock);
	p->listings++;
	p->granted_pusd = q->limit_pusd;
	p->warn_pct = q->warn_pct;
	if (p->reset_us != q->reset_us)
		p->seeded = false;
	p->reset_us = q->reset_us;
	for (unsigned i = 0; i < WINDOWS_KEPT; i++) /* a raised limit may be warned of again */
		p->kept[i].warned = p->kept[i].warned && is_warm(p, &p->kept[i]);
	pthread_mutex_unlock(&p->lock);
	return p;
}

void purse_unlist(struct purse *p)
{
	pthread_mutex_lock(&p->lock);
	MUST(p->listings > 0);
	if (--p->listings == 0)
		p->seeded = false;
	pthread_mutex_unlock(&p->lock);
}

bool purse_wants_seed(struct purse *p, struct wall now, struct wall *from)
{
	bool wants;

	pthread_mutex_lock(&p->lock);
	wants = !p->seeded;
	*from = period_window(p->identity.period, now).starts;
	if (from->us < p->reset_us)
		from->us = p->reset_us;
	pthread_mutex_unlock(&p->lock);
	return wants;
}

void purse_seed(struct purse *p, struct wall at, int64_t spent_pusd)
{
	struct tally *t;

	MUST(spent_pusd >= 0);
	pthread_mutex_lock(&p->lock);
	purse_locked_open(p, at);
	t = &p->kept[0];
	t->spent_pusd = spent_pusd;
	t->warned = is_warm(p, t);
	p->seeded = true;
	pthread_mutex_unlock(&p->lock);
}

struct purse_view purse_view(struct purse *p, struct wall at)
{
	struct purse_view v;

	pthread_mutex_lock(&p->lock);
	v = purse_locked_view(p, purse_locked_open(p, at));
	pthread_mutex_unlock(&p->lock);
	return v;
}

/* --- under the lock --- */

void purse_lock(struct purse *p)
{
	pthread_mutex_lock(&p->lock);
}

void purse_unlock(struct purse *p)
{
	pthread_mutex_unlock(&p->lock);
}

static int index_of(const struct purse *p, uint32_t ticket)
{
	for (int i = 0; i < WINDOWS_KEPT; i++)
		if (p->kept[i].ticket == ticket && ticket != 0)
			return i;
	return -1;
}

static bool is_in(const struct tally *t, struct wall at)
{
	return t->ticket != 0 && at.us >= t->window.starts.us && at.us < t->window.ends.us;
}

/* Windows go by last use and not by age: a clock that leaps a year ahead and comes back
 * finds the window it left, with what was spent in it. */
uint32_t purse_locked_open(struct purse *p, struct wall at)
{
	struct tally t = { 0 };
	int i = 0;

	if (is_in(&p->kept[0], at))
		return p->kept[0].ticket;
	t.window = period_window(p->identity.period, at);
	while (i < WINDOWS_KEPT && !is_in(&p->kept[i], t.window.starts))
		i++;
	if (i < WINDOWS_KEPT) {
		t = p->kept[i];
	} else {
		t.ticket = ++p->tickets;
		i--;
	}
	memmove(&p->kept[1], &p->kept[0], (size_t)i * sizeof(t));
	p->kept[0] = t;
	return t.ticket;
}

struct purse_view purse_locked_view(const struct purse *p, uint32_t ticket)
{
	int i = index_of(p, ticket);
	struct purse_view v = {
		.limit_pusd = p->granted_pusd,
		.warn_pct = p->warn_pct,
	};

	if (i >= 0) {
		v.window = p->kept[i].window;
		v.spent_pusd = p->kept[i].spent_pusd;
		v.held_pusd = p->kept[i].held_pusd;
	}
	return v;
}

int64_t purse_locked_room(const struct purse *p, uint32_t ticket)
{
	int i = index_of(p, ticket);
	int64_t room_pusd;

	if (i < 0)
		return INT64_MAX;
	/* Neither difference can overflow: both numbers are 0 or more. */
	room_pusd = p->granted_pusd - p->kept[i].spent_pusd;
	if (room_pusd <= p->kept[i].held_pusd)
		return 0;
	return room_pusd - p->kept[i].held_pusd;
}

void purse_locked_hold(struct purse *p, uint32_t ticket, int64_t pusd)
{
	int i = index_of(p, ticket);

	MUST(pusd >= 0 && pusd <= purse_locked_room(p, ticket));
	if (i >= 0)
		p->kept[i].held_pusd += pusd;
}

bool purse_locked_settle(struct purse *p, uint32_t ticket, int64_t held_pusd, int64_t spent_pusd)
{
	int i = index_of(p, ticket);
	struct tally *t = &p->kept[i >= 0 ? i : 0];

	MUST(held_pusd >= 0 && spent_pusd >= 0);
	if (i < 0)
		return false;
	MUST(t->held_pusd >= held_pusd);
	t->held_pusd -= held_pusd;
	if (__builtin_add_overflow(t->spent_pusd, spent_pusd, &t->spent_pusd))
		t->spent_pusd = INT64_MAX;
	if (t->warned || !is_warm(p, t))
		return false;
	t->warned = true;
	return true;
}
