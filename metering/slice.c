#include "metering/slice.h"

#define AHEAD_PARTS 16 /* of what nobody was granted, so small a part is asked for ahead */

static int64_t add(int64_t a, int64_t b)
{
	int64_t sum;

	return __builtin_add_overflow(a, b, &sum) ? INT64_MAX : sum;
}

static int64_t less(int64_t a, int64_t b)
{
	return a > b ? a - b : 0;
}

static int64_t least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static int64_t most(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static bool within(struct mono then, uint64_t us, struct mono now)
{
	return then.us > 0 && now.us < then.us + us;
}

/* Who is cut off keeps what it has, unless its policy is not to trust that. */
static bool is_good(const struct slice *s, enum outage policy, struct mono now)
{
	return now.us < (policy == OUTAGE_closed ? s->good_until.us : s->known_until.us);
}

enum err slice_check(const struct slice *s, const struct slice_use *u, int64_t amount,
		     enum outage policy)
{
	int64_t others = within(s->heard, SLICE_KNOWN_US, u->now) ? s->others : 0;

	if (amount == 0)
		return ERR_OK;
	if (amount > less(less(u->limit, u->used), others))
		return ERR_REFUSED;
	if (is_good(s, policy, u->now) && amount <= less(s->granted, u->used))
		return ERR_OK;
	return within(s->failed, SLICE_AWAY_US, u->now) ? ERR_AWAY : ERR_AGAIN;
}

void slice_want(struct slice *s, int64_t amount)
{
	s->need = s->wanted == 0 ? amount : least(s->need, amount);
	s->wanted = add(s->wanted, amount);
	s->missed = true;
}

void slice_flow(struct slice *s, int64_t amount)
{
	s->flow = add(s->flow, amount);
}

bool slice_must_tell(const struct slice *s, const struct slice_use *u)
{
	return s->heard.us == 0 || s->failed.us > 0 || s->granted > u->used || s->told != u->used ||
	       (s->forgotten && u->used > 0);
}

/* What two seconds like the last ones use. Near the limit nobody keeps what others may need, least
 * of all what is of no use to itself. */
static int64_t ahead(const struct slice *s, const struct slice_use *u)
{
	int64_t soon = add(add(s->flow, s->before), add(s->flow, s->before));
	int64_t part = less(u->limit, s->leased) / AHEAD_PARTS;

	return s->hungry || part < s->step ? 0 : least(soon, part);
}

void slice_ask(struct slice *s, const struct slice_use *u, bool leaving, struct lease_request *q)
{
	int64_t soon;

	s->step = s->wanted > 0 ? s->need : s->step;
	soon = add(u->used, leaving ? 0 : ahead(s, u));
	if (s->wanted == 0 || leaving)
		s->granted = least(s->granted, soon);
	s->granted = most(s->granted, u->used);
	q->limit = u->limit;
	q->used = u->used;
	q->booked = 0;
	q->floor = s->granted;
	q->floor_until = s->good_until;
	q->need = most(q->floor, leaving ? 0 : add(u->used, s->need));
	q->want = most(q->need, least(add(soon, leaving ? 0 : s->wanted), u->limit));
	s->floor = q->floor;
	s->told = u->used;
	s->need = s->wanted = 0;
	s->forgotten = false;
	s->asked = true;
}

/* Redis has memory to find again, or our clock is not its own: asking on would not help. */
static bool is_stuck(const struct lease_answer *a)
{
	return a->err != ERR_OK || (a->marks & (LEASE_NOT_CALM | LEASE_CLOCKS));
}

bool slice_answer(struct slice *s, const struct lease_answer *a, struct mono now)
{
	bool missed = s->missed;

	s->asked = s->missed = false;
	s->failed = is_stuck(a) ? now : (struct mono){ 0 };
	if (a->err != ERR_OK)
		return missed;
	s->granted = a->granted;
	s->good_until = a->good_until;
	s->known_until = a->known_until;
	s->leased = a->leased;
	s->others = less(less(a->leased, a->idle), most(a->granted, s->floor));
	s->hungry = a->marks & LEASE_HUNGRY;
	s->heard = now;
	return missed;
}

void slice_tick(struct slice *s, bool forgot)
{
	s->forgotten = s->forgotten || forgot;
	s->before = s->flow;
	s->flow = 0;
}

int64_t slice_left(const struct slice *s, const struct slice_use *u)
{
	return u->now.us < s->known_until.us ? less(s->granted, u->used) : 0;
}

int64_t slice_beyond(const struct slice *s, const struct slice_use *u)
{
	return less(u->used, s->granted);
}
