/* test_allowance.c - money is held in all budgets or in none, settled once, to the window
 * it was held in; alone and with many threads at once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "metering/allowance.h"

#define DAY_US (86400 * US_PER_SEC)

static const struct wall noon = { 20000 * DAY_US + DAY_US / 2 };

static const struct quota_row plain = { .scope = "tenant",
					.scope_id = "acme",
					.resource = "llm",
					.unit = "usd",
					.period = "day",
					.limit = 100,
					.warn = "80",
					.action = "block",
					.on_outage = "local" };

static struct purse *list_row(struct purses *t, const struct quota_row *row)
{
	struct zones *none = zones_new("/nowhere");
	const char *problem = NULL;
	struct quota q;
	struct purse *p;

	if (quota_read(row, none, &q, &problem) != ERR_OK)
		fail_msg("%s", problem);
	p = purses_list(t, &q);
	assert_non_null(p);
	zones_free(none);
	return p;
}

static struct purse *list_unit(struct purses *t, const char *unit, const char *period,
			       int64_t limit)
{
	struct quota_row q = plain;

	span_copy(span_of(unit), q.unit, sizeof(q.unit));
	span_copy(span_of(period), q.period, sizeof(q.period));
	q.warn[0] = '\0';
	q.limit = limit;
	return list_row(t, &q);
}

static struct purse *list(struct purses *t, const char *scope, const char *id, const char *period,
			  int64_t limit_pusd)
{
	struct quota_row q = plain;

	span_copy(span_of(scope), q.scope, sizeof(q.scope));
	span_copy(span_of(id), q.scope_id, sizeof(q.scope_id));
	span_copy(span_of(period), q.period, sizeof(q.period));
	q.limit = limit_pusd;
	return list_row(t, &q);
}

static void expect(struct purse *p, struct wall at, int64_t spent, int64_t held)
{
	struct purse_view v = purse_view(p, at);

	assert_int_equal(v.spent, spent);
	assert_int_equal(v.held, held);
}

static struct amounts usd(int64_t pusd)
{
	return (struct amounts){ .of = { [UNIT_usd] = pusd } };
}

static enum err hold(const struct allowance *a, int64_t pusd, struct wall now, struct hold *out,
		     struct quota_details *why)
{
	struct amounts wanted = usd(pusd);

	return allowance_hold(a, &wanted, now, out, why);
}

static enum err grow(struct hold *h, int64_t pusd, struct wall now, struct quota_details *why)
{
	struct amounts more = usd(pusd);

	return allowance_grow(h, &more, now, why);
}

/* What was heard of crossings: "tenant acme 80 " and so on. */
struct heard {
	char text[128];
};

static void hear(void *arg, const struct crossing *c)
{
	const struct quota_identity *id = purse_identity(c->purse);
	struct heard *h = arg;
	size_t len = strlen(h->text);

	snprintf(h->text + len, sizeof(h->text) - len, "%s %s %u ", scope_name(id->scope),
		 id->scope_id, c->pct);
}

static void settle(struct hold *h, int64_t pusd, const char *crossings)
{
	struct amounts spent = usd(pusd);
	struct heard heard = { "" };
	struct crossing_ear ear = { hear, &heard };

	allowance_settle(h, &spent, noon, &ear);
	assert_string_equal(heard.text, crossings);
}

/* Spends without having held. */
static void spend(const struct allowance *a, struct wall at, int64_t pusd, const char *crossings)
{
	struct quota_details why;
	struct hold h;

	assert_int_equal(hold(a, 0, at, &h, &why), ERR_OK);
	settle(&h, pusd, crossings);
}

static void test_all_or_nothing(void **state)
{
	struct purses *t = purses_new();
	struct purse *purse[2] = { list(t, "key", "k", "day", 100),
				   list(t, "tenant", "acme", "month", 50) };
	struct allowance a = { purse, 2 };
	struct hold first, second;
	struct quota_details why;

	(void)state;
	assert_int_equal(hold(&a, 30, noon, &first, &why), ERR_OK);
	assert_int_equal(hold(&a, 21, noon, &second, &why), ERR_REFUSED);
	assert_false(second.live);
	expect(purse[0], noon, 0, 30);
	expect(purse[1], noon, 0, 30);
	assert_string_equal(why.scope, "tenant");
	assert_string_equal(why.scope_id, "acme");
	assert_string_equal(why.resource_type, "llm");
	assert_string_equal(why.period, "month");
	assert_int_equal(why.limit, 50);
	assert_int_equal(why.current, 30);
	assert_int_equal(why.estimated, 21);
	assert_int_equal(why.unit, UNIT_usd);
	assert_int_equal(why.retry_after_us, why.period_ends_at.us - noon.us);
	assert_false(why.passes);

	assert_int_equal(hold(&a, 20, noon, &second, &why), ERR_OK);
	settle(&first, 10, "");
	expect(purse[0], noon, 10, 20);
	settle(&first, 10, ""); /* once is enough */
	expect(purse[0], noon, 10, 20);
	settle(&second, 0, "");
	expect(purse[0], noon, 10, 0);
	expect(purse[1], noon, 10, 0);
	purses_free(t);
}

static void test_nothing_limits_nothing(void **state)
{
	struct allowance a = { NULL, 0 };
	struct hold h;
	struct quota_details why;

	(void)state;
	assert_int_equal(hold(&a, INT64_MAX, noon, &h, &why), ERR_OK);
	assert_int_equal(grow(&h, 1, noon, &why), ERR_RANGE);
	settle(&h, INT64_MAX, "");
}

static void test_grow(void **state)
{
	struct purses *t = purses_new();
	struct purse *p = list(t, "tenant", "acme", "day", 100);
	struct allowance a = { &p, 1 };
	struct hold h;
	struct quota_details why;

	(void)state;
	assert_int_equal(hold(&a, 40, noon, &h, &why), ERR_OK);
	assert_int_equal(grow(&h, 61, noon, &why), ERR_REFUSED);
	expect(p, noon, 0, 40);
	assert_int_equal(grow(&h, 60, noon, &why), ERR_OK);
	assert_int_equal(h.held.of[UNIT_usd], 100);
	assert_int_equal(grow(&h, 0, noon, &why), ERR_OK);
	settle(&h, 70, "");
	expect(p, noon, 70, 0);
	purses_free(t);
}

/* A hold is settled to the day it was made in, which by then may be two days ago. */
static void test_windows(void **state)
{
	struct purses *t = purses_new();
	struct purse *p = list(t, "tenant", "acme", "day", 100);
	struct allowance a = { &p, 1 };
	struct hold today, tomorrow, forgotten;
	struct quota_details why;
	struct wall next = { noon.us + DAY_US };

	(void)state;
	assert_int_equal(hold(&a, 100, noon, &today, &why), ERR_OK);
	assert_int_equal(hold(&a, 100, next, &tomorrow, &why), ERR_OK);
	assert_int_equal(hold(&a, 1, noon, &forgotten, &why), ERR_REFUSED);
	settle(&today, 60, "");
	expect(p, noon, 60, 0);
	expect(p, next, 0, 100);
	assert_int_equal(hold(&a, 40, noon, &forgotten, &why), ERR_OK);
	for (unsigned i = 2; i < 2 + WINDOWS_KEPT; i++)
		purse_view(p, (struct wall){ noon.us + i * DAY_US });
	settle(&forgotten, 40, ""); /* its window is gone */
	assert_int_equal(grow(&tomorrow, 50, next, &why), ERR_OK);
	settle(&tomorrow, 70, "");
	expect(p, next, 0, 0);
	purses_free(t);
}

/* The clock leaps a year ahead and back: nothing spent is forgotten. */
static void test_clock_leap(void **state)
{
	struct purses *t = purses_new();
	struct purse *p = list(t, "tenant", "acme", "month", 100);
	struct allowance a = { &p, 1 };
	struct hold h;
	struct quota_details why;
	struct wall year_later = { noon.us + 365 * DAY_US };

	(void)state;
	spend(&a, noon, 70, "");
	assert_int_equal(hold(&a, 100, year_later, &h, &why), ERR_OK);
	expect(p, noon, 70, 0);
	settle(&h, 5, "");
	expect(p, noon, 70, 0);
	expect(p, year_later, 5, 0);
	purses_free(t);
}

static void test_warning(void **state)
{
	struct purses *t = purses_new();
	struct quota_row levels = plain;
	struct purse *purse[2] = { list(t, "key", "k", "day", 1000),
				   list(t, "tenant", "acme", "day", 100) };
	struct allowance a = { purse, 2 };
	struct wall next = { noon.us + DAY_US };

	(void)state;
	spend(&a, noon, 79, "");
	spend(&a, noon, 1, "tenant acme 80 ");
	spend(&a, noon, 1, "");
	spend(&a, next, 90, "tenant acme 80 ");
	assert_ptr_equal(list(t, "tenant", "acme", "day", 200), purse[1]);
	spend(&a, noon, 78, ""); /* 159 of 200 */
	spend(&a, noon, 1, "tenant acme 80 ");
	assert_ptr_equal(list(t, "tenant", "acme", "day", 0), purse[1]);
	purse_seed(purse[1], noon, 500);
	list(t, "key", "k", "day", 1000000);
	spend(&a, noon, 1, ""); /* said before the restart */
	levels.limit = 1000;
	span_copy(SPAN("50,80,90,100,150"), levels.warn, sizeof(levels.warn));
	assert_ptr_equal(list_row(t, &levels), purse[1]);
	spend(&a, noon, 100, ""); /* 601: 50 had been passed when it was set */
	spend(&a, noon, 400, "tenant acme 80 tenant acme 90 tenant acme 100 ");
	spend(&a, noon, 498, "");
	spend(&a, noon, 1, "tenant acme 150 ");
	purses_free(t);
}

static void test_limits(void **state)
{
	struct purses *t = purses_new();
	struct purse *p = list(t, "tenant", "acme", "total", 0);
	struct allowance a = { &p, 1 };
	struct hold h;
	struct quota_details why;

	(void)state;
	assert_int_equal(hold(&a, 1, noon, &h, &why), ERR_REFUSED);
	assert_int_equal(why.retry_after_us, 0);
	assert_int_equal(hold(&a, 0, noon, &h, &why), ERR_OK);
	settle(&h, 0, "");
	/* Raised and lowered again, spend and holds stay. */
	list(t, "tenant", "acme", "total", INT64_MAX);
	assert_int_equal(hold(&a, INT64_MAX, noon, &h, &why), ERR_OK);
	list(t, "tenant", "acme", "total", 10);
	assert_int_equal(grow(&h, 1, noon, &why), ERR_REFUSED);
	assert_int_equal(why.current, INT64_MAX);
	settle(&h, INT64_MAX, "tenant acme 80 ");
	spend(&a, noon, INT64_MAX, "");
	expect(p, noon, INT64_MAX, 0); /* never wraps */
	purses_free(t);
}

static void test_seed(void **state)
{
	struct purses *t = purses_new();
	struct purse *p = list(t, "tenant", "acme", "day", 100);
	struct wall from;
	struct quota_row q = plain;

	(void)state;
	assert_true(purse_wants_seed(p, noon, &from));
	assert_int_equal(from.us, period_window(PERIOD_day, zone_utc(), noon).starts.us);
	purse_seed(p, noon, 42);
	expect(p, noon, 42, 0);
	assert_false(purse_wants_seed(p, noon, &from));
	assert_ptr_equal(list(t, "tenant", "acme", "day", 100), p);
	purse_unlist(p);
	assert_false(purse_wants_seed(p, noon, &from)); /* still listed once */
	purse_unlist(p);
	assert_true(purse_wants_seed(p, noon, &from));
	purse_seed(p, noon, 42);
	q.reset_us = noon.us - 1;
	assert_ptr_equal(list_row(t, &q), p);
	assert_true(purse_wants_seed(p, noon, &from));
	assert_int_equal(from.us, q.reset_us);
	purses_free(t);
}

/* Each purse takes what it counts; the request stays spent, its place comes back. */
static void test_units(void **state)
{
	struct purses *t = purses_new();
	struct purse *purse[4] = { list_unit(t, "usd", "day", 1000),
				   list_unit(t, "tokens", "day", 500),
				   list_unit(t, "requests", "day", 3),
				   list_unit(t, "concurrent", "total", 2) };
	struct allowance a = { purse, 4 };
	struct amounts wanted = { .of = { 300, 100, 1, 1 } }, spent = { .of = { 200, 150, 1, 0 } };
	struct quota_details why;
	struct hold h[3];

	(void)state;
	assert_int_equal(allowance_hold(&a, &wanted, noon, &h[0], &why), ERR_OK);
	assert_int_equal(allowance_hold(&a, &wanted, noon, &h[1], &why), ERR_OK);
	assert_int_equal(allowance_hold(&a, &wanted, noon, &h[2], &why), ERR_REFUSED);
	assert_int_equal(why.unit, UNIT_concurrent);
	assert_true(why.passes);
	assert_int_equal(why.retry_after_us, US_PER_SEC);
	assert_int_equal(h[1].standing[UNIT_usd].left, 400);
	assert_int_equal(h[1].standing[UNIT_tokens].limit, 500);
	assert_int_equal(h[1].standing[UNIT_tokens].left, 300);
	assert_int_equal(h[1].standing[UNIT_requests].left, 1);
	assert_int_equal(h[2].standing[UNIT_concurrent].left, 0);
	allowance_settle(&h[0], &spent, noon, NULL);
	expect(purse[0], noon, 200, 300);
	expect(purse[1], noon, 150, 100);
	expect(purse[2], noon, 1, 1);
	expect(purse[3], noon, 0, 1);
	allowance_cancel(&h[1], noon);
	expect(purse[2], noon, 1, 0);
	expect(purse[3], noon, 0, 0);
	wanted.of[UNIT_tokens] = 351;
	assert_int_equal(allowance_hold(&a, &wanted, noon, &h[0], &why), ERR_REFUSED);
	assert_int_equal(why.unit, UNIT_tokens);
	assert_int_equal(why.current, 150);
	assert_int_equal(why.estimated, 351);
	assert_false(why.passes);
	purses_free(t);
}

/* Of several reasons the one that lasts longest is told; a rate passes unless the request alone
 * is more than it allows. */
static void test_which_reason(void **state)
{
	struct purses *t = purses_new();
	struct purse *purse[3] = { list_unit(t, "requests", "minute", 0),
				   list_unit(t, "requests", "hour", 0),
				   list_unit(t, "requests", "day", 0) };
	struct allowance minute = { purse, 1 }, hour = { purse, 2 }, all = { purse, 3 };
	struct amounts one = { .of = { [UNIT_requests] = 1 } };
	struct quota_details why;
	struct hold h;

	(void)state;
	assert_int_equal(allowance_hold(&all, &one, noon, &h, &why), ERR_REFUSED);
	assert_string_equal(why.period, "day");
	assert_int_equal(allowance_hold(&hour, &one, noon, &h, &why), ERR_REFUSED);
	assert_string_equal(why.period, "hour");
	assert_false(why.passes);
	assert_int_equal(allowance_hold(&minute, &one, noon, &h, &why), ERR_REFUSED);
	assert_false(why.passes); /* not even one is allowed */
	list_unit(t, "requests", "minute", 1);
	assert_int_equal(allowance_hold(&minute, &one, noon, &h, &why), ERR_OK);
	assert_int_equal(allowance_hold(&minute, &one, noon, &h, &why), ERR_REFUSED);
	assert_true(why.passes);
	assert_int_equal(why.retry_after_us, 60 * US_PER_SEC);
	assert_int_equal(allowance_hold(&hour, &one, noon, &h, &why), ERR_REFUSED);
	assert_string_equal(why.period, "hour");
	purses_free(t);
}

/* A limit that only warns, or is not enforced yet, counts and refuses nobody. */
static void test_toothless(void **state)
{
	struct quota_row warns = plain, shadow = plain;
	struct purses *t = purses_new();
	struct quota_details why;
	struct purse *purse[2];
	struct allowance a = { purse, 2 };
	struct amounts all_there_is = usd(INT64_MAX);
	struct hold h, other;

	(void)state;
	span_copy(SPAN("warn"), warns.action, sizeof(warns.action));
	span_copy(SPAN("month"), shadow.period, sizeof(shadow.period));
	shadow.in_shadow = 1;
	purse[0] = list_row(t, &warns);
	purse[1] = list_row(t, &shadow);
	assert_int_equal(hold(&a, 90, noon, &h, &why), ERR_OK);
	assert_int_equal(h.overdrawn, 0);
	assert_false(h.standing[UNIT_usd].known);
	assert_int_equal(hold(&a, 20, noon, &other, &why), ERR_OK);
	assert_int_equal(other.overdrawn, 2);
	allowance_describe(&other, 1, noon, &why);
	assert_string_equal(why.period, "month");
	assert_int_equal(why.current, 110);
	assert_int_equal(why.estimated, 20);
	expect(purse[0], noon, 0, 110);
	settle(&h, 90, "tenant acme 80 tenant acme 80 ");
	settle(&other, 20, "");
	expect(purse[1], noon, 110, 0);
	for (int i = 0; i < 2; i++)
		assert_int_equal(allowance_hold(&a, &all_there_is, noon, i ? &h : &other, &why),
				 ERR_OK);
	expect(purse[1], noon, 110, INT64_MAX);
	settle(&h, 0, "");
	settle(&other, 0, "");
	expect(purse[1], noon, 110, 0);
	purses_free(t);
}

/* A raise holds until its instant. */
static void test_raise(void **state)
{
	struct quota_row raised = plain;
	struct purses *t = purses_new();
	struct purse *p = list_row(t, &plain);
	struct allowance a = { &p, 1 };
	struct wall later = { noon.us + US_PER_SEC };
	struct quota_details why;
	struct hold h, more;

	(void)state;
	assert_int_equal(hold(&a, 100, noon, &h, &why), ERR_OK);
	assert_int_equal(hold(&a, 50, noon, &more, &why), ERR_REFUSED);
	raised.raised_limit = 150;
	raised.raised_until_us = later.us;
	assert_ptr_equal(list_row(t, &raised), p);
	assert_int_equal(purse_view(p, noon).limit, 150);
	assert_int_equal(hold(&a, 50, noon, &more, &why), ERR_OK);
	assert_int_equal(purse_view(p, later).limit, 100);
	assert_int_equal(grow(&more, 1, later, &why), ERR_REFUSED);
	settle(&more, 50, "");
	settle(&h, 100, "tenant acme 80 ");
	assert_int_equal(hold(&a, 1, later, &h, &why), ERR_REFUSED);
	assert_int_equal(why.limit, 100);
	purses_free(t);
}

/* Whose clocks a limit goes by is part of its windows: holds stay where they were made. */
static void test_zones(void **state)
{
	char dir[] = "/tmp/weir-zones-XXXXXX", path[64];
	static const char file[] = "TZif2\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
				   "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0\4"
				   "\0\0\0\0\0\0FAR\0"
				   "TZif2\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
				   "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0\4"
				   "\0\0\0\0\0\0FAR\0\nFAR-12\n";
	struct purses *t = purses_new();
	struct purse *here = list_row(t, &plain), *far;
	struct quota_row row = plain;
	struct quota q;
	struct zones *zones;
	struct quota_details why;
	struct hold h;
	const char *problem;
	FILE *out;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/Far", dir);
	out = fopen(path, "w");
	assert_non_null(out);
	assert_int_equal(fwrite(file, 1, sizeof(file) - 1, out), sizeof(file) - 1);
	fclose(out);
	zones = zones_new(dir);
	span_copy(SPAN("Far"), row.zone, sizeof(row.zone));
	assert_int_equal(quota_read(&row, zones, &q, &problem), ERR_OK);
	assert_int_equal(hold(&(struct allowance){ &here, 1 }, 60, noon, &h, &why), ERR_OK);
	far = purses_list(t, &q);
	assert_ptr_not_equal(far, here);
	assert_ptr_equal(purses_list(t, &q), far);
	assert_int_equal(purse_view(far, noon).window.starts.us, noon.us); /* their midnight */
	assert_int_equal(purse_view(here, noon).window.starts.us, noon.us - DAY_US / 2);
	settle(&h, 60, "");
	expect(here, noon, 60, 0);
	expect(far, noon, 0, 0);
	purses_free(t);
	zones_free(zones);
	unlink(path);
	rmdir(dir);
}

/* More purses than buckets: each is found again. */
static void test_many(void **state)
{
	struct purses *t = purses_new();
	struct purse *p[1000];
	char id[32];

	(void)state;
	for (int i = 0; i < 1000; i++) {
		snprintf(id, sizeof(id), "tenant-%d", i);
		p[i] = list(t, "tenant", id, "month", i);
	}
	for (int i = 0; i < 1000; i++) {
		snprintf(id, sizeof(id), "tenant-%d", i);
		assert_ptr_equal(list(t, "tenant", id, "month", i), p[i]);
		assert_int_equal(purse_view(p[i], noon).limit, i);
	}
	purses_free(t);
}

/* --- many threads --- */

#define THREADS 8
#define ROUNDS  20000

struct race {
	struct allowance a;
	pthread_barrier_t start;
	_Atomic int64_t admitted, refused, spent_pusd, over, under_way;
	_Atomic unsigned seed;
};

static unsigned next_random(unsigned *seed)
{
	*seed = *seed * 1664525u + 1013904223u;
	return *seed >> 8;
}

/* Each thread holds one picodollar as often as it can. */
static void *run_to_the_limit(void *arg)
{
	struct race *r = arg;
	struct quota_details why;

	pthread_barrier_wait(&r->start);
	for (int i = 0; i < ROUNDS; i++) {
		struct hold h;

		if (hold(&r->a, 1, noon, &h, &why) == ERR_OK)
			r->admitted++;
		else
			r->refused++;
	}
	return NULL;
}

static void run_threads(struct race *r, void *(*body)(void *arg))
{
	pthread_t thread[THREADS];

	pthread_barrier_init(&r->start, NULL, THREADS);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, body, r), 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(thread[i], NULL);
	pthread_barrier_destroy(&r->start);
}

static void test_barrier_start(void **state)
{
	struct purses *t = purses_new();
	struct purse *purse[3] = { list(t, "key", "k", "day", THREADS * ROUNDS),
				   list(t, "tenant", "acme", "day", 54321),
				   list(t, "platform", "", "day", 60000) };
	struct race r = { .a = { purse, 3 } };

	(void)state;
	run_threads(&r, run_to_the_limit);
	assert_int_equal(r.admitted, 54321);
	assert_int_equal(r.admitted + r.refused, THREADS * ROUNDS);
	for (int i = 0; i < 3; i++)
		expect(purse[i], noon, 0, 54321);
	purses_free(t);
}

/* So many at once, and so many tokens and requests in all: counted from outside, too. */
static void *run_at_once(void *arg)
{
	const struct amounts wanted = { .of = { 0, 7, 1, 1 } }, spent = { .of = { 0, 5, 1, 0 } };
	struct race *r = arg;
	struct quota_details why;

	pthread_barrier_wait(&r->start);
	for (int i = 0; i < ROUNDS; i++) {
		struct hold h;

		if (allowance_hold(&r->a, &wanted, noon, &h, &why) != ERR_OK) {
			r->refused++;
			continue;
		}
		r->admitted++;
		r->over += ++r->under_way > 3;
		r->under_way--;
		allowance_settle(&h, &spent, noon, NULL);
	}
	return NULL;
}

static void test_at_once(void **state)
{
	struct purses *t = purses_new();
	struct purse *purse[3] = { list_unit(t, "tokens", "day", 500000),
				   list_unit(t, "requests", "day", 90000),
				   list_unit(t, "concurrent", "total", 3) };
	struct race r = { .a = { purse, 3 } };

	(void)state;
	run_threads(&r, run_at_once);
	assert_int_equal(r.over, 0);
	assert_true(r.admitted <= 90000 && r.refused > 0);
	assert_int_equal(r.admitted + r.refused, THREADS * ROUNDS);
	expect(purse[0], noon, 5 * r.admitted, 0);
	expect(purse[1], noon, r.admitted, 0);
	expect(purse[2], noon, 0, 0);
	purses_free(t);
}

/* Holds, grows, settles at random, over midnight, and looks on: never above the limit. */
static void *run_life(void *arg)
{
	struct race *r = arg;
	unsigned seed = r->seed++;
	struct quota_details why;

	pthread_barrier_wait(&r->start);
	for (int i = 0; i < ROUNDS; i++) {
		struct wall now = { noon.us + (uint64_t)i * DAY_US / ROUNDS };
		struct hold h;
		int64_t spent_pusd;

		for (unsigned j = 0; j < r->a.count; j++) {
			struct purse_view v = purse_view(r->a.purse[j], now);

			r->over += v.spent + v.held > v.limit;
		}
		if (hold(&r->a, next_random(&seed) % 100, now, &h, &why) != ERR_OK) {
			r->refused++;
			continue;
		}
		if (next_random(&seed) % 4 == 0 &&
		    grow(&h, next_random(&seed) % 100, now, &why) == ERR_OK)
			r->admitted++;
		spent_pusd = h.held.of[UNIT_usd] > 0
				 ? next_random(&seed) % (h.held.of[UNIT_usd] + 1)
				 : 0;
		r->spent_pusd += spent_pusd;
		allowance_settle(&h, &(struct amounts){ .of = { spent_pusd } }, now, NULL);
		allowance_settle(&h, &(struct amounts){ .of = { spent_pusd } }, now, NULL);
	}
	return NULL;
}

static void test_conservation(void **state)
{
	struct purses *t = purses_new();
	struct purse *purse[3] = { list(t, "key", "k", "day", 700000),
				   list(t, "tenant", "acme", "month", 1500000),
				   list(t, "platform", "", "day", 800000) };
	struct race r = { .a = { purse, 3 } };
	struct wall next = { noon.us + DAY_US };
	int64_t day_pusd;

	(void)state;
	run_threads(&r, run_life);
	assert_int_equal(r.over, 0);
	assert_true(r.refused > 0 && r.admitted > 0);
	expect(purse[1], noon, r.spent_pusd, 0);
	day_pusd = purse_view(purse[0], noon).spent + purse_view(purse[0], next).spent;
	assert_int_equal(day_pusd, r.spent_pusd);
	day_pusd = purse_view(purse[2], noon).spent + purse_view(purse[2], next).spent;
	assert_int_equal(day_pusd, r.spent_pusd);
	expect(purse[0], noon, purse_view(purse[0], noon).spent, 0);
	expect(purse[2], next, purse_view(purse[2], next).spent, 0);
	purses_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_or_nothing),
		cmocka_unit_test(test_nothing_limits_nothing),
		cmocka_unit_test(test_grow),
		cmocka_unit_test(test_windows),
		cmocka_unit_test(test_clock_leap),
		cmocka_unit_test(test_warning),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_seed),
		cmocka_unit_test(test_units),
		cmocka_unit_test(test_which_reason),
		cmocka_unit_test(test_toothless),
		cmocka_unit_test(test_raise),
		cmocka_unit_test(test_zones),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_barrier_start),
		cmocka_unit_test(test_at_once),
		cmocka_unit_test(test_conservation),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
