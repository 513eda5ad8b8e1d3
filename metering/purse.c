/* purse.c - the table of budgets, and the arithmetic of one budget under its lock. */
#include "metering/purse.h"
#include <pthread.h>
#include <stdlib.h>
#include "base/decimal.h"

struct tally {
	struct window window;
	uint32_t ticket; /* 0: not in use */
	unsigned warned; /* bit i: level i was passed, and said so */
	int64_t spent;
	u128 held;           /* as wide as no number of holds can fill: not all purses limit */
	struct slice *slice; /* NULL: the limit is not shared */
};

/* Of a purse whose limit is shared: a slice for each window kept. */
struct slices {
	struct slice of[WINDOWS_KEPT];
	bool at_desk;
};

struct purse {
	pthread_mutex_t lock;            /* guards all up to the identity */
	struct tally kept[WINDOWS_KEPT]; /* last opened first */
	struct quota_terms terms;
	uint32_t listings;
	uint32_t tickets; /* given out so far */
	bool seeded;
	struct slices *slices; /* NULL: not shared; the tallies point into it */

	struct quota_identity identity; /* from here on nothing changes */
	const struct zone *zone;
	char tenant[sizeof(((struct quota_row *)0)->tenant)];
	char scope_id[sizeof(((struct quota_row *)0)->scope_id)];
	struct purse_desk *desk;
	struct purse *next; /* in its bucket; guarded by the table's lock */
};

struct purses {
	pthread_mutex_t lock;
	struct purse **bucket;
	uint32_t buckets; /* a power of two */
	uint32_t count;
	struct purse_desk *desk; /* NULL: nothing is shared */
};

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

void purses_share(struct purses *t, struct purse_desk *d)
{
	MUST(t->count == 0);
	t->desk = d;
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
			free(p->slices);
			free(p);
		}
	}
	pthread_mutex_destroy(&t->lock);
	free(t->bucket);
	free(t);
}

const struct quota_identity *purse_identity(const struct purse *p)
{
	return &p->identity;
}

const struct zone *purse_zone(const struct purse *p)
{
	return p->zone;
}

static uint32_t add_to_hash(uint32_t hash, const char *text)
{
	for (; *text != '\0'; text++)
		hash = (hash ^ (unsigned char)*text) * 16777619u;
	return hash;
}

/* FNV-1a; the ids are the operator's own, so nobody hostile picks them. */
static struct purse **bucket_of(const struct purses *t, const struct quota_identity *id)
{
	uint32_t hash = (2166136261u ^ (uint32_t)id->scope) * 16777619u;

	hash = add_to_hash(add_to_hash(hash, id->tenant), id->scope_id);
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

/* What only a shared limit needs; false: no memory. */
static bool begin_sharing(struct purse *p, struct purse_desk *desk)
{
	if (!desk)
		return true;
	p->desk = desk;
	p->slices = calloc(1, sizeof(*p->slices));
	for (unsigned i = 0; p->slices && i < WINDOWS_KEPT; i++)
		p->kept[i].slice = &p->slices->of[i];
	return p->slices;
}

static struct purse *add_purse(struct purses *t, const struct quota *q)
{
	struct purse **to;
	struct purse *p = t->count < PURSES_MAX ? calloc(1, sizeof(*p)) : NULL;

	if (!p || !begin_sharing(p, t->desk)) {
		free(p);
		return NULL;
	}
	if (t->count >= t->buckets)
		widen(t);
	pthread_mutex_init(&p->lock, NULL);
	t->count++;
	span_copy(span_of(q->identity.tenant), p->tenant, sizeof(p->tenant));
	span_copy(span_of(q->identity.scope_id), p->scope_id, sizeof(p->scope_id));
	p->identity = q->identity;
	p->identity.tenant = p->tenant;
	p->identity.scope_id = p->scope_id;
	p->zone = q->zone;
	to = bucket_of(t, &p->identity);
	p->next = *to;
	*to = p;
	return p;
}

/* Another zone has other windows: a purse of its own, while who holds in the old one settles
 * there. */
static struct purse *find_or_add(struct purses *t, const struct quota *q)
{
	struct purse *p;

	pthread_mutex_lock(&t->lock);
	p = *bucket_of(t, &q->identity);
	while (p && (p->zone != q->zone || quota_order(&p->identity, &q->identity) != 0))
		p = p->next;
	if (!p)
		p = add_purse(t, q);
	pthread_mutex_unlock(&t->lock);
	return p;
}

/* --- what a purse allows --- */

/* What all processes have spent, as far as is known. */
static int64_t spent_of(const struct tally *t)
{
	int64_t sum;

	if (!t->slice)
		return t->spent;
	return __builtin_add_overflow(t->spent, t->slice->others, &sum) ? INT64_MAX : sum;
}

/* The levels that what is spent has reached, a bit each. */
static unsigned levels_reached(const struct purse *p, const struct tally *t, struct wall now)
{
	u128 limit = (u128)quota_limit(&p->terms, now);
	u128 spent = (u128)spent_of(t);
	unsigned reached = 0;

	for (unsigned i = 0; i < p->terms.warns.count && spent > 0; i++)
		if (spent * 100 >= limit * p->terms.warns.pct[i])
			reached |= 1u << i;
	return reached;
}

static bool same_warns(const struct quota_warns *a, const struct quota_warns *b)
{
	return a->count == b->count && memcmp(a->pct, b->pct, a->count * sizeof(a->pct[0])) == 0;
}

/* A raised limit may be warned of again, and so may other levels be; what had been passed
 * when they were set is known to who set them. */
static void note_terms(struct purse *p, const struct quota_terms *terms)
{
	bool same = same_warns(&p->terms.warns, &terms->warns);

	p->seeded = p->seeded && p->terms.reset.us == terms->reset.us;
	p->terms = *terms;
	for (unsigned i = 0; i < WINDOWS_KEPT; i++) {
		struct tally *t = &p->kept[i];
		unsigned reached = levels_reached(p, t, t->window.starts);

		t->warned = same ? t->warned & reached : reached;
	}
}

struct purse *purses_list(struct purses *t, const struct quota *q)
{
	struct purse *p;

	MUST(q->terms.limit >= 0);
	p = find_or_add(t, q);
	if (!p)
		return NULL;
	pthread_mutex_lock(&p->lock);
	p->listings++;
	note_terms(p, &q->terms);
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

/* What is under way is in nobody's books. */
bool purse_wants_seed(struct purse *p, struct wall now, struct wall *from)
{
	bool wants;

	pthread_mutex_lock(&p->lock);
	wants = !p->seeded && p->identity.unit != UNIT_concurrent;
	*from = period_window(p->identity.period, p->zone, now).starts;
	if (from->us < p->terms.reset.us)
		*from = p->terms.reset;
	pthread_mutex_unlock(&p->lock);
	return wants;
}

void purse_seed(struct purse *p, struct wall at, int64_t spent)
{
	struct tally *t;

	MUST(spent >= 0);
	pthread_mutex_lock(&p->lock);
	purse_locked_open(p, at);
	t = &p->kept[0];
	t->spent = spent;
	t->warned = levels_reached(p, t, at);
	p->seeded = true;
	pthread_mutex_unlock(&p->lock);
}

struct purse_view purse_view(struct purse *p, struct wall at)
{
	struct purse_view v;

	pthread_mutex_lock(&p->lock);
	v = purse_locked_view(p, purse_locked_open(p, at), at);
	pthread_mutex_unlock(&p->lock);
	return v;
}

int64_t purse_view_left(const struct purse_view *v)
{
	/* Neither difference can overflow: all three are 0 or more. */
	int64_t unspent = v->limit - v->spent;

	return unspent > v->held ? unspent - v->held : 0;
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
	t.window = period_window(p->identity.period, p->zone, at);
	while (i < WINDOWS_KEPT && !is_in(&p->kept[i], t.window.starts))
		i++;
	if (i < WINDOWS_KEPT) {
		t = p->kept[i];
	} else {
		t.ticket = ++p->tickets;
		i--;
		t.slice = p->kept[i].slice;
		if (t.slice)
			*t.slice = (struct slice){ 0 };
	}
	memmove(&p->kept[1], &p->kept[0], (size_t)i * sizeof(t));
	p->kept[0] = t;
	return t.ticket;
}

struct purse_view purse_locked_view(const struct purse *p, uint32_t ticket, struct wall now)
{
	int i = index_of(p, ticket);
	struct purse_view v = {
		.limit = quota_limit(&p->terms, now),
		.terms = p->terms,
	};

	if (i >= 0) {
		v.window = p->kept[i].window;
		v.spent = spent_of(&p->kept[i]);
		v.held = p->kept[i].held < INT64_MAX ? (int64_t)p->kept[i].held : INT64_MAX;
	}
	return v;
}

int64_t purse_locked_left(const struct purse *p, uint32_t ticket, struct wall now)
{
	int i = index_of(p, ticket);
	int64_t unspent;

	if (i < 0)
		return INT64_MAX;
	unspent = quota_limit(&p->terms, now) - spent_of(&p->kept[i]);
	if (unspent <= 0 || p->kept[i].held >= (u128)unspent)
		return 0;
	return unspent - (int64_t)p->kept[i].held;
}

const struct quota_terms *purse_locked_terms(const struct purse *p)
{
	return &p->terms;
}

void purse_locked_hold(struct purse *p, uint32_t ticket, int64_t amount)
{
	int i = index_of(p, ticket);

	MUST(amount >= 0);
	if (i < 0)
		return;
	p->kept[i].held += (u128)amount;
	if (p->kept[i].slice)
		slice_flow(p->kept[i].slice, amount);
}

static struct slice_use use_of(const struct purse *p, const struct tally *t, struct wall now)
{
	u128 used = t->held + (u128)t->spent;

	return (struct slice_use){
		.limit = quota_limit(&p->terms, now),
		.used = used < INT64_MAX ? (int64_t)used : INT64_MAX,
		.now = clk_mono(),
	};
}

enum err purse_locked_check(const struct purse *p, uint32_t ticket, int64_t amount, struct wall now)
{
	int i = index_of(p, ticket);
	struct slice_use use;

	if (i < 0 || !p->kept[i].slice || !quota_blocks(&p->terms))
		return purse_locked_left(p, ticket, now) >= amount ? ERR_OK : ERR_REFUSED;
	use = use_of(p, &p->kept[i], now);
	return slice_check(p->kept[i].slice, &use, amount, p->terms.on_outage);
}

void purse_locked_want(struct purse *p, uint32_t ticket, int64_t amount)
{
	int i = index_of(p, ticket);

	if (i < 0 || !p->kept[i].slice)
		return;
	slice_want(p->kept[i].slice, amount);
	p->desk->want(p->desk, p, ticket);
}

unsigned purse_locked_settle(struct purse *p, uint32_t ticket, int64_t held, int64_t spent,
			     struct wall now)
{
	int i = index_of(p, ticket);
	struct tally *t = &p->kept[i >= 0 ? i : 0];
	unsigned passed;

	MUST(held >= 0 && spent >= 0);
	if (i < 0)
		return 0;
	MUST(t->held >= (u128)held);
	t->held -= (u128)held;
	if (__builtin_add_overflow(t->spent, spent, &t->spent))
		t->spent = INT64_MAX;
	passed = levels_reached(p, t, now) & ~t->warned;
	t->warned |= passed;
	return passed;
}

/* --- for the desk --- */

static struct purse_lease lease_of(struct purse *p, const struct tally *t, struct wall now)
{
	return (struct purse_lease){
		.slice = t->slice,
		.use = use_of(p, t, now),
		.window = t->window,
		.ticket = t->ticket,
		.at_desk = &p->slices->at_desk,
	};
}

unsigned purse_locked_leases(struct purse *p, struct wall now, struct purse_lease out[WINDOWS_KEPT])
{
	unsigned n = 0;

	for (unsigned i = 0; p->slices && quota_blocks(&p->terms) && i < WINDOWS_KEPT; i++)
		if (p->kept[i].ticket != 0)
			out[n++] = lease_of(p, &p->kept[i], now);
	return n;
}

bool purse_locked_lease(struct purse *p, uint32_t ticket, struct wall now, struct purse_lease *out)
{
	int i = index_of(p, ticket);

	if (i < 0 || !p->slices)
		return false;
	*out = lease_of(p, &p->kept[i], now);
	return true;
}
