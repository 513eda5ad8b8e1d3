/* allowance.c - several purses at once: look at all, then touch all. */
#include "metering/allowance.h"

_Static_assert(ALLOWANCE_PURSES_MAX <= 64, "one bit for each purse");

/* How long to wait where something ends with requests under way, not with a period. */
#define CONCURRENT_WAIT_US US_PER_SEC

static void lock_parts(struct hold *h)
{
	for (unsigned i = 0; i < h->count; i++)
		purse_lock(h->part[i].purse);
}

static void unlock_parts(struct hold *h)
{
	for (unsigned i = h->count; i > 0; i--)
		purse_unlock(h->part[i - 1].purse);
}

static int64_t share_of(const struct hold_part *part, const struct amounts *all)
{
	return all->of[purse_identity(part->purse)->unit];
}

/* Until the window ends; 0: it never does. */
static uint64_t wait_us(const struct quota_details *d, struct wall now)
{
	if (d->unit == UNIT_concurrent)
		return CONCURRENT_WAIT_US;
	if (d->period_ends_at.us == PERIOD_NEVER || d->period_ends_at.us <= now.us)
		return 0;
	return d->period_ends_at.us - now.us;
}

/* Needs the purse's lock. */
static void describe(const struct hold_part *part, int64_t wanted, struct wall now,
		     struct quota_details *out)
{
	const struct quota_identity *id = purse_identity(part->purse);
	struct purse_view v = purse_locked_view(part->purse, part->ticket, now);

	*out = (struct quota_details){
		.scope = scope_name(id->scope),
		.scope_id = id->scope_id,
		.resource_type = resource_name(id->resource),
		.period = period_name(id->period),
		.unit = id->unit,
		.limit = v.limit,
		.estimated = wanted,
		.period_starts_at = v.window.starts,
		.period_ends_at = v.window.ends,
	};
	if (__builtin_add_overflow(v.spent, v.held, &out->current))
		out->current = INT64_MAX;
	out->retry_after_us = wait_us(out, now);
	out->passes = (id->unit == UNIT_concurrent || id->period == PERIOD_minute) &&
		      wanted <= v.limit;
}

/* Which of two refusals matters more: the one that lasts longer. */
static bool lasts_longer(const struct quota_details *a, const struct quota_details *b)
{
	if (a->passes != b->passes)
		return b->passes;
	return a->retry_after_us - 1 > b->retry_after_us - 1; /* 0, never, is the longest */
}

/* How much one purse's answer says about all of them. */
static int weight(enum err e)
{
	return e == ERR_REFUSED ? 3 : e == ERR_AWAY ? 2 : e == ERR_AGAIN ? 1 : 0;
}

/* What one purse says to its share. */
static enum err ask_part(struct hold *h, unsigned i, int64_t share, struct wall now, bool open)
{
	const struct hold_part *part = &h->part[i];
	const struct quota_terms *terms = purse_locked_terms(part->purse);
	enum err e;

	if (terms->warns_only)
		return ERR_OK;
	e = purse_locked_check(part->purse, part->ticket, share, now);
	if (e != ERR_OK && terms->in_shadow) {
		h->overdrawn |= UINT64_C(1) << i;
		return ERR_OK;
	}
	return open && e != ERR_REFUSED && terms->on_outage == OUTAGE_open ? ERR_OK : e;
}

/* Asks for more of what was short. */
static void want(struct hold *h, const struct amounts *wanted, struct wall now)
{
	for (unsigned i = 0; i < h->count; i++) {
		struct hold_part *part = &h->part[i];
		int64_t share = share_of(part, wanted);

		if (quota_blocks(purse_locked_terms(part->purse)) &&
		    purse_locked_check(part->purse, part->ticket, share, now) == ERR_AGAIN)
			purse_locked_want(part->purse, part->ticket, share);
	}
}

/* Is there room in every purse that blocks? */
static enum err look(struct hold *h, const struct amounts *wanted, struct wall now, bool open,
		     struct quota_details *why)
{
	struct quota_details found;
	enum err worst = ERR_OK;

	h->overdrawn = 0;
	for (unsigned i = 0; i < h->count; i++) {
		int64_t share = share_of(&h->part[i], wanted);
		enum err e = ask_part(h, i, share, now, open);

		if (e == ERR_OK || weight(e) < weight(worst))
			continue;
		describe(&h->part[i], share, now, &found);
		if (weight(e) > weight(worst) || lasts_longer(&found, why))
			*why = found;
		worst = e;
	}
	if (worst == ERR_AGAIN)
		want(h, wanted, now);
	return worst;
}

static void note_standing(struct hold *h, const struct hold_part *part, struct wall now)
{
	struct standing *s = &h->standing[purse_identity(part->purse)->unit];
	int64_t left = purse_locked_left(part->purse, part->ticket, now);
	struct purse_view v;

	if (!quota_blocks(purse_locked_terms(part->purse)) || (s->known && left >= s->left))
		return;
	v = purse_locked_view(part->purse, part->ticket, now);
	*s = (struct standing){ true, v.limit, left, v.window.ends };
}

/* ERR_RANGE: only where nothing limits it. */
static enum err add_up(struct amounts *sum, const struct amounts *more)
{
	for (unsigned u = 0; u < UNIT_COUNT; u++)
		if (__builtin_add_overflow(sum->of[u], more->of[u], &sum->of[u]))
			return ERR_RANGE;
	return ERR_OK;
}

/* Looks at all purses before it touches one, under all their locks: nobody ever sees,
 * or is refused because of, a hold that is going to be undone. */
static enum err add_to_locked(struct hold *h, const struct amounts *wanted, struct wall now,
			      bool open, struct quota_details *why)
{
	struct amounts held = h->held;
	enum err e = look(h, wanted, now, open, why);

	if (e == ERR_OK)
		e = add_up(&held, wanted);
	for (unsigned u = 0; u < UNIT_COUNT; u++)
		h->standing[u].known = false;
	for (unsigned i = 0; i < h->count; i++) {
		struct hold_part *part = &h->part[i];

		if (e == ERR_OK)
			purse_locked_hold(part->purse, part->ticket, share_of(part, wanted));
		note_standing(h, part, now);
	}
	if (e == ERR_OK)
		h->held = held;
	return e;
}

static bool is_amount(const struct amounts *a)
{
	for (unsigned u = 0; u < UNIT_COUNT; u++)
		if (a->of[u] < 0)
			return false;
	return true;
}

static enum err hold(const struct allowance *a, const struct amounts *wanted, struct wall now,
		     bool open, struct hold *out, struct quota_details *why)
{
	enum err e;

	MUST(a->count <= ALLOWANCE_PURSES_MAX && is_amount(wanted));
	out->count = a->count;
	out->held = (struct amounts){ 0 };
	for (unsigned i = 0; i < a->count; i++)
		out->part[i].purse = a->purse[i];
	lock_parts(out);
	for (unsigned i = 0; i < a->count; i++)
		out->part[i].ticket = purse_locked_open(a->purse[i], now);
	e = add_to_locked(out, wanted, now, open, why);
	unlock_parts(out);
	out->live = e == ERR_OK;
	return e;
}

enum err allowance_hold(const struct allowance *a, const struct amounts *wanted, struct wall now,
			struct hold *out, struct quota_details *why)
{
	return hold(a, wanted, now, false, out, why);
}

enum err allowance_hold_open(const struct allowance *a, const struct amounts *wanted,
			     struct wall now, struct hold *out, struct quota_details *why)
{
	return hold(a, wanted, now, true, out, why);
}

static enum err grow(struct hold *h, const struct amounts *more, struct wall now, bool open,
		     struct quota_details *why)
{
	enum err e;

	MUST(h->live && is_amount(more));
	lock_parts(h);
	e = add_to_locked(h, more, now, open, why);
	unlock_parts(h);
	return e;
}

enum err allowance_grow(struct hold *h, const struct amounts *more, struct wall now,
			struct quota_details *why)
{
	return grow(h, more, now, false, why);
}

enum err allowance_grow_open(struct hold *h, const struct amounts *more, struct wall now,
			     struct quota_details *why)
{
	return grow(h, more, now, true, why);
}

static void tell(const struct crossing_ear *ear, struct purse *p, const struct purse_view *v,
		 unsigned passed)
{
	struct crossing c = { .purse = p, .view = *v };

	for (unsigned i = 0; i < v->terms.warns.count; i++) {
		if (!(passed >> i & 1))
			continue;
		c.pct = v->terms.warns.pct[i];
		ear->heard(ear->arg, &c);
	}
}

void allowance_settle(struct hold *h, const struct amounts *spent, struct wall now,
		      const struct crossing_ear *ear)
{
	MUST(is_amount(spent));
	if (!h->live)
		return;
	h->live = false;
	for (unsigned i = 0; i < h->count; i++) {
		struct hold_part *part = &h->part[i];
		struct purse_view v;
		unsigned passed;

		purse_lock(part->purse);
		passed = purse_locked_settle(part->purse, part->ticket, share_of(part, &h->held),
					     share_of(part, spent), now);
		if (passed && ear)
			v = purse_locked_view(part->purse, part->ticket, now);
		purse_unlock(part->purse);
		if (passed && ear)
			tell(ear, part->purse, &v, passed);
	}
}

void allowance_cancel(struct hold *h, struct wall now)
{
	static const struct amounts nothing;

	allowance_settle(h, &nothing, now, NULL);
}

void allowance_describe(const struct hold *h, unsigned i, struct wall now,
			struct quota_details *out)
{
	const struct hold_part *part = &h->part[i];

	MUST(i < h->count);
	purse_lock(part->purse);
	describe(part, share_of(part, &h->held), now, out);
	purse_unlock(part->purse);
}
