/* allowance.c - several purses at once: look at all, then touch all. */
#include "metering/allowance.h"

_Static_assert(ALLOWANCE_PURSES_MAX <= 32, "one bit for each purse");

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

static uint64_t seconds_until(struct wall then, struct wall now)
{
	if (then.us == PERIOD_NEVER || then.us <= now.us)
		return 0;
	return (then.us - now.us + US_PER_SEC - 1) / US_PER_SEC;
}

static void describe(const struct hold_part *part, int64_t wanted_pusd, struct wall now,
		     struct quota_details *why)
{
	const struct purse_identity *id = purse_identity(part->purse);
	struct purse_view v = purse_locked_view(part->purse, part->ticket);
	int64_t used_pusd;

	if (__builtin_add_overflow(v.spent_pusd, v.held_pusd, &used_pusd))
		used_pusd = INT64_MAX;
	*why = (struct quota_details){
		.scope = scope_name(id->scope),
		.scope_id = id->scope_id,
		.resource_type = resource_name(id->resource),
		.period = period_name(id->period),
		.limit_pusd = v.limit_pusd,
		.current_spend_pusd = used_pusd,
		.estimated_cost_pusd = wanted_pusd,
		.period_starts_at = v.window.starts,
		.period_ends_at = v.window.ends,
		.retry_after_s = seconds_until(v.window.ends, now),
	};
}

/* Looks at all purses before it touches one, under all their locks: nobody ever sees,
 * or is refused because of, a hold that is going to be undone. */
static enum err add_to_locked(struct hold *h, int64_t pusd, struct wall now,
			      struct quota_details *why)
{
	int64_t held_pusd;

	for (unsigned i = 0; i < h->count; i++) {
		if (purse_locked_room(h->part[i].purse, h->part[i].ticket) < pusd) {
			describe(&h->part[i], pusd, now, why);
			return ERR_REFUSED;
		}
	}
	if (__builtin_add_overflow(h->held_pusd, pusd, &held_pusd))
		return ERR_RANGE; /* only where nothing limits it */
	for (unsigned i = 0; i < h->count; i++)
		purse_locked_hold(h->part[i].purse, h->part[i].ticket, pusd);
	h->held_pusd = held_pusd;
	return ERR_OK;
}

enum err allowance_hold(const struct allowance *a, int64_t pusd, struct wall now, struct hold *out,
			struct quota_details *why)
{
	enum err e;

	MUST(a->count <= ALLOWANCE_PURSES_MAX && pusd >= 0);
	out->count = a->count;
	out->held_pusd = 0;
	for (unsigned i = 0; i < a->count; i++)
		out->part[i].purse = a->purse[i];
	lock_parts(out);
	for (unsigned i = 0; i < a->count; i++)
		out->part[i].ticket = purse_locked_open(a->purse[i], now);
	e = add_to_locked(out, pusd, now, why);
	unlock_parts(out);
	out->live = e == ERR_OK;
	return e;
}

enum err allowance_grow(struct hold *h, int64_t more_pusd, struct wall now,
			struct quota_details *why)
{
	enum err e;

	MUST(h->live && more_pusd >= 0);
	lock_parts(h);
	e = add_to_locked(h, more_pusd, now, why);
	unlock_parts(h);
	return e;
}

uint32_t allowance_settle(struct hold *h, int64_t spent_pusd)
{
	uint32_t warned = 0;

	if (!h->live)
		return 0;
	h->live = false;
	for (unsigned i = 0; i < h->count; i++) {
		struct hold_part *part = &h->part[i];

		purse_lock(part->purse);
		if (purse_locked_settle(part->purse, part->ticket, h->held_pusd, spent_pusd))
			warned |= 1u << i;
		purse_unlock(part->purse);
	}
	return warned;
}

uint32_t allowance_spend(const struct allowance *a, struct wall at, int64_t spent_pusd)
{
	uint32_t warned = 0;

	MUST(a->count <= ALLOWANCE_PURSES_MAX);
	for (unsigned i = 0; i < a->count; i++) {
		struct purse *p = a->purse[i];

		purse_lock(p);
		if (purse_locked_settle(p, purse_locked_open(p, at), 0, spent_pusd))
			warned |= 1u << i;
		purse_unlock(p);
	}
	return warned;
}
