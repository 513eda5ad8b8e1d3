#include "metering/lessor.h"
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include "base/digest.h"

#define GIVE_UP_US (10 * 365 * UINT64_C(86400) * US_PER_SEC) /* never: see lessor.h */
#define LATE_US    (60 * US_PER_SEC) /* so long a window that ended is told of */
#define STOP_MS    200               /* for the slices to go back */

struct lessor {
	struct purse_desk desk; /* what purses call; the first */
	struct lease_agent *agent;
	struct wall began;
	_Atomic size_t asked; /* questions under way */

	pthread_mutex_t lock; /* taken inside a purse's; guards what follows */
	struct purse **active;
	size_t count, room;
	void (*ring)(void *arg);
	void *ring_arg;
	struct lessor_counts counts;
};

/* What an answer is about: the window may be gone by then. */
struct question {
	struct purse *purse;
	uint32_t ticket;
};

/* --- what the account is called --- */

/* No two limits have one name: the tenant's length says where it ends. */
static void name_account(struct purse *p, char to[LEASE_ID_MAX + 1])
{
	const struct quota_identity *id = purse_identity(p);
	char text[2 * LEASE_ID_MAX];
	uint8_t digest[SHA256_BYTES];
	int len = snprintf(text, sizeof(text), "%s.%s.%s.%s.%s.%zu.%s.%s", scope_name(id->scope),
			   resource_name(id->resource), unit_name(id->unit),
			   period_name(id->period), zone_name(purse_zone(p)), strlen(id->tenant),
			   id->tenant, id->scope_id);

	MUST(len > 0 && (size_t)len < sizeof(text));
	if (span_copy(span_of(text), to, LEASE_ID_MAX + 1))
		return;
	digest_sha256(span_of(text), digest);
	digest_hex(digest, sizeof(digest), to);
}

static uint64_t end_of(const struct window *w)
{
	return w->ends.us == PERIOD_NEVER ? 0 : w->ends.us;
}

/* --- asking; under the purse's lock --- */

static struct question *question_new(struct purse *p, uint32_t ticket)
{
	struct question *q = malloc(sizeof(*q));

	if (q)
		*q = (struct question){ p, ticket };
	return q;
}

/* Without memory the next tick asks. */
static void ask(struct lessor *l, struct purse *p, const struct purse_lease *w, bool leaving)
{
	char name[LEASE_ID_MAX + 1];
	struct lease_request r = {
		.id = name,
		.window_us = w->window.starts.us,
		.ends_us = end_of(&w->window),
		.from_start = true, /* who used it before tells that as its own */
		.arg = question_new(p, w->ticket),
	};

	if (!r.arg)
		return;
	name_account(p, name);
	slice_ask(w->slice, &w->use, leaving, &r);
	l->asked++;
	if (lease_ask(l->agent, &r, 1) == 1)
		return;
	l->asked--;
	w->slice->asked = false;
	w->slice->failed = w->use.now;
	free(r.arg);
}

static bool is_open(const struct lessor *l, const struct purse_lease *w)
{
	return w->window.starts.us < l->began.us && !w->slice->closed;
}

static void settle(struct lessor *l, struct purse *p, const struct purse_lease *w)
{
	char name[LEASE_ID_MAX + 1];
	struct lease_settlement s = {
		.id = name,
		.window_us = w->window.starts.us,
		.ends_us = end_of(&w->window),
		.books_closed = true,
		.arg = question_new(p, w->ticket),
	};

	if (!s.arg)
		return;
	name_account(p, name);
	l->asked++;
	w->slice->settling = lease_settle(l->agent, &s) == ERR_OK;
	if (w->slice->settling)
		return;
	l->asked--;
	free(s.arg);
}

/* The purse has something to tell, from now on each second. */
static void keep_at_desk(struct lessor *l, struct purse *p, bool *at_desk)
{
	if (*at_desk)
		return;
	pthread_mutex_lock(&l->lock);
	if (l->count == l->room) {
		size_t room = l->room ? l->room * 2 : 64;
		struct purse **active = reallocarray(l->active, room, sizeof(struct purse *));

		if (active) {
			l->active = active;
			l->room = room;
		}
	}
	*at_desk = l->count < l->room;
	if (*at_desk)
		l->active[l->count++] = p;
	pthread_mutex_unlock(&l->lock);
}

static void want(struct purse_desk *d, struct purse *p, uint32_t ticket)
{
	struct lessor *l = (struct lessor *)d;
	struct purse_lease w;

	if (!purse_locked_lease(p, ticket, clk_wall(), &w))
		return;
	keep_at_desk(l, p, w.at_desk);
	if (!w.slice->asked && !w.slice->settling)
		ask(l, p, &w, false);
}

/* --- what the agent says, on its thread --- */

static void ring(struct lessor *l)
{
	pthread_mutex_lock(&l->lock);
	if (l->ring)
		l->ring(l->ring_arg);
	pthread_mutex_unlock(&l->lock);
}

/* What the question was about; false: the window is gone. Frees the question; if true, its
 * purse is locked. */
static bool take_question(struct lessor *l, struct question *q, struct purse **p,
			  struct purse_lease *w)
{
	const struct question copy = *q;

	free(q);
	l->asked--;
	clk_refresh();
	*p = copy.purse;
	purse_lock(copy.purse);
	if (purse_locked_lease(copy.purse, copy.ticket, clk_wall(), w))
		return true;
	purse_unlock(copy.purse);
	return false;
}

static void on_answer(void *ctx, void *arg, const struct lease_answer *a)
{
	struct lessor *l = ctx;
	struct purse_lease w;
	struct purse *p;
	bool missed;

	if (!take_question(l, arg, &p, &w))
		return;
	missed = slice_answer(w.slice, a, w.use.now);
	if (a->err == ERR_OK && (is_open(l, &w) || (a->marks & LEASE_NO_BASE)))
		settle(l, p, &w);
	else if (a->err == ERR_OK && w.slice->hungry && !missed && w.slice->granted > w.use.used)
		ask(l, p, &w, false); /* it gives back */
	purse_unlock(p);
	if (missed)
		ring(l);
}

/* Who is gone has told what it spent as its own, or will. */
static void on_look(void *ctx, void *arg, uint64_t ticket)
{
	struct lessor *l = ctx;

	(void)arg;
	(void)!lease_base(l->agent, ticket, ERR_OK, 0); /* without memory the settlement lapses */
}

static void on_settled(void *ctx, void *arg, enum err e)
{
	struct lessor *l = ctx;
	struct purse_lease w;
	struct purse *p;

	if (!take_question(l, arg, &p, &w))
		return;
	w.slice->settling = false;
	if (e == ERR_AGAIN) {
		settle(l, p, &w);
	} else if (e == ERR_OK) {
		w.slice->closed = true;
		if (!w.slice->asked)
			ask(l, p, &w, false);
	} else {
		w.slice->failed = w.use.now; /* the next tick asks, and its answer leads here */
	}
	purse_unlock(p);
}

/* --- each second --- */

/* Tells of a purse what there is to tell; false: there will be nothing for a while. */
static bool tell(struct lessor *l, struct purse *p, bool forgot, struct lessor_counts *sum)
{
	struct purse_lease w[WINDOWS_KEPT];
	unsigned n = purse_locked_leases(p, clk_wall(), w);
	bool has_more = false;

	for (unsigned i = 0; i < n; i++) {
		struct slice *s = w[i].slice;

		if (w[i].window.ends.us < clk_wall().us &&
		    clk_wall().us - w[i].window.ends.us > LATE_US)
			continue;
		slice_tick(s, forgot);
		has_more = has_more || w[i].use.used > 0 || slice_must_tell(s, &w[i].use);
		if (purse_identity(p)->unit == UNIT_usd) {
			sum->slices_left_pusd += slice_left(s, &w[i].use);
			sum->beyond_pusd += slice_beyond(s, &w[i].use);
		}
		if (!s->asked && !s->settling && slice_must_tell(s, &w[i].use))
			ask(l, p, &w[i], false);
	}
	return has_more;
}

static struct purse **take_active(struct lessor *l, size_t *n)
{
	struct purse **active;

	pthread_mutex_lock(&l->lock);
	active = l->active;
	*n = l->count;
	l->active = NULL;
	l->count = l->room = 0;
	pthread_mutex_unlock(&l->lock);
	return active;
}

static void tell_all(struct lessor *l, bool forgot)
{
	struct lessor_counts sum = { .purses = 0 };
	size_t n;
	struct purse **active = take_active(l, &n);

	for (size_t i = 0; i < n; i++) {
		struct purse_lease w[WINDOWS_KEPT];
		struct purse *p = active[i];

		purse_lock(p);
		if (purse_locked_leases(p, clk_wall(), w) > 0) {
			*w[0].at_desk = false;
			if (tell(l, p, forgot, &sum))
				keep_at_desk(l, p, w[0].at_desk);
		}
		purse_unlock(p);
	}
	free(active);
	pthread_mutex_lock(&l->lock);
	sum.purses = l->count;
	l->counts = sum;
	pthread_mutex_unlock(&l->lock);
}

static void on_tick(void *ctx, bool up, bool forgot)
{
	struct lessor *l = ctx;
	bool started;

	(void)up;                     /* what is asked in vain is asked again */
	pthread_mutex_lock(&l->lock); /* held while the agent is started */
	started = l->agent;
	pthread_mutex_unlock(&l->lock);
	clk_refresh();
	if (started)
		tell_all(l, forgot);
}

/* --- the outside --- */

enum err lessor_start(const struct lessor_options *o, struct purses *t, struct lessor **out,
		      const char **why)
{
	struct lessor *l = calloc(1, sizeof(*l));
	struct lease_options lease = { .url = o->url,
				       .instance = o->instance,
				       .give_up_us = GIVE_UP_US,
				       .deadline_us = o->deadline_us };
	struct lease_callbacks calls = { l, on_answer, on_look, on_settled, on_tick };
	enum err e;

	*why = "out of memory";
	if (!l)
		return ERR_NOMEM;
	l->desk.want = want;
	l->began = clk_wall();
	pthread_mutex_init(&l->lock, NULL);
	pthread_mutex_lock(&l->lock);
	e = lease_agent_start(&lease, &calls, &l->agent, why);
	pthread_mutex_unlock(&l->lock);
	if (e != ERR_OK) {
		pthread_mutex_destroy(&l->lock);
		free(l);
		return e;
	}
	purses_share(t, &l->desk);
	*out = l;
	return ERR_OK;
}

void lessor_meet(struct lessor *l, struct purse *const *purses, size_t n, struct wall now)
{
	for (size_t i = 0; i < n; i++) {
		struct purse *p = purses[i];
		struct purse_lease w[WINDOWS_KEPT];

		purse_lock(p);
		(void)purse_locked_open(p, now);
		if (purse_locked_leases(p, now, w) > 0 && slice_must_tell(w[0].slice, &w[0].use)) {
			keep_at_desk(l, p, w[0].at_desk);
			if (!w[0].slice->asked && !w[0].slice->settling)
				ask(l, p, &w[0], false);
		}
		purse_unlock(p);
	}
}

void lessor_hear(struct lessor *l, void (*ear)(void *arg), void *arg)
{
	pthread_mutex_lock(&l->lock);
	l->ring = ear;
	l->ring_arg = arg;
	pthread_mutex_unlock(&l->lock);
}

struct lessor_counts lessor_counts(struct lessor *l)
{
	struct lessor_counts copy;

	pthread_mutex_lock(&l->lock);
	copy = l->counts;
	pthread_mutex_unlock(&l->lock);
	copy.lease = lease_counts(l->agent);
	return copy;
}

static void wait_for_answers(struct lessor *l)
{
	static const struct timespec ms = { 0, 1000000 };

	for (int i = 0; l->asked > 0 && i < STOP_MS; i++)
		nanosleep(&ms, NULL);
}

static void give_back(struct lessor *l, struct purse *p)
{
	struct purse_lease w[WINDOWS_KEPT];
	unsigned n;

	purse_lock(p);
	n = purse_locked_leases(p, clk_wall(), w);
	for (unsigned i = 0; i < n; i++)
		if (!w[i].slice->asked && slice_must_tell(w[i].slice, &w[i].use))
			ask(l, p, &w[i], true);
	purse_unlock(p);
}

void lessor_stop(struct lessor *l)
{
	struct purse **active;
	size_t n;

	if (!l)
		return;
	active = take_active(l, &n);
	wait_for_answers(l);
	clk_refresh();
	for (size_t i = 0; i < n; i++)
		give_back(l, active[i]);
	wait_for_answers(l);
	lease_agent_stop(l->agent);
	free(active);
	free(l->active);
	pthread_mutex_destroy(&l->lock);
	free(l);
}
