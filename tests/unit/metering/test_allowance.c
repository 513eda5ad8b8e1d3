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
#include "metering/allowance.h"

#define DAY_US (86400 * US_PER_SEC)

static const struct wall noon = { 20000 * DAY_US + DAY_US / 2 };

static struct purse *list(struct purses *t, const char *scope, const char *id, const char *period,
			  int64_t limit_pusd)
{
	struct quota_row q = { .resource = "llm", .limit_pusd = limit_pusd, .warn_pct = 80 };
	struct purse *p;

	span_copy(span_of(scope), q.scope, sizeof(q.scope));
	span_copy(span_of(id), q.scope_id, sizeof(q.scope_id));
	span_copy(span_of(period), q.period, sizeof(q.period));
	p = purses_list(t, &q);
	assert_non_null(p);
	return p;
}

static void expect(struct purse *p, struct wall at, int64_t spent_pusd, int64_t held_pusd)
{
	struct purse_view v = purse_view(p, at);

	assert_int_equal(v.spent_pusd, spent_pusd);
	assert_int_equal(v.held_pusd, held_pusd);
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
	assert_int_equal(allowance_hold(&a, 30, noon, &first, &why), ERR_OK);
	assert_int_equal(allowance_hold(&a, 21, noon, &second, &why), ERR_REFUSED);
	assert_false(second.live);
	expect(purse[0], noon, 0, 30);
	expect(purse[1], noon, 0, 30);
	assert_string_equal(why.scope, "tenant");
	assert_string_equal(why.scope_id, "acme");
	assert_string_equal(why.resource_type, "llm");
	assert_string_equal(why.period, "month");
	assert_int_equal(why.limit_pusd, 50);
	assert_int_equal(why.current_spend_pusd, 30);
	assert_int_equal(why.estimated_cost_pusd, 21);
	assert_int_equal(why.retry_after_s, (why.period_ends_at.us - noon.us) / US_PER_SEC);

	assert_int_equal(allowance_hold(&a, 20, noon, &second, &why), ERR_OK);
	assert_int_equal(allowance_settle(&first, 10), 0);
	expect(purse[0], noon, 10, 20);
	assert_int_equal(allowance_settle(&first, 10), 0); /* once is enough */
	expect(purse[0], noon, 10, 20);
	assert_int_equal(allowance_settle(&second, 0), 0);
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
	assert_int_equal(allowance_hold(&a, INT64_MAX, noon, &h, &why), ERR_OK);
	assert_int_equal(allowance_grow(&h, 1, noon, &why), ERR_RANGE);
	assert_int_equal(allowance_settle(&h, INT64_MAX), 0);
}

static void test_grow(void **state)
{
	struct purses *t = purses_new();
	struct purse *p = list(t, "tenant", "acme", "day", 100);
	struct allowance a = { &p, 1 };
	struct hold h;
	struct quota_details why;

	(void)state;
	assert_int_equal(allowance_hold(&a, 40, noon, &h, &why), ERR_OK);
	assert_int_equal(allowance_grow(&h, 61, noon, &why), ERR_REFUSED);
	expect(p, noon, 0, 40);
	assert_int_equal(allowance_grow(&h, 60, noon, &why), ERR_OK);
	assert_int_equal(h.held_pusd, 100);
	assert_int_equal(allowance_grow(&h, 0, noon, &why), ERR_OK);
	assert_int_equal(allowance_settle(&h, 70), 0);
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
	assert_int_equal(allowance_hold(&a, 100, noon, &today, &why), ERR_OK);
	assert_int_equal(allowance_hold(&a, 100, next, &tomorrow, &why), ERR_OK);
	assert_int_equal(allowance_hold(&a, 1, noon, &forgotten, &why), ERR_REFUSED);
	assert_int_equal(allowance_settle(&today, 60), 0);
	expect(p, noon, 60, 0);
	expect(p, next, 0, 100);
	assert_int_equal(allowance_hold(&a, 40, noon, &forgotten, &why), ERR_OK);
	for (unsigned i = 2; i < 2 + WINDOWS_KEPT; i++)
		purse_view(p, (struct wall){ noon.us + i * DAY_US });
	assert_int_equal(allowance_settle(&forgotten, 40), 0); /* its window is gone */
	assert_int_equal(allowance_grow(&tomorrow, 50, next, &why), ERR_OK);
	assert_int_equal(allowance_settle(&tomorrow, 70), 0);
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
	assert_int_equal(allowance_spend(&a, noon, 70), 0);
	assert_int_equal(allowance_hold(&a, 100, year_later, &h, &why), ERR_OK);
	expect(p, noon, 70, 0);
	assert_int_equal(allowance_settle(&h, 5), 0);
	expect(p, noon, 70, 0);
	expect(p, year_later, 5, 0);
	purses_free(t);
}

static void test_warning(void **state)
{
	struct purses *t = purses_new();
	struct purse *purse[2] = { list(t, "key", "k", "day", 1000),
				   list(t, "tenant", "acme", "day", 100) };
	struct allowance a = { purse, 2 };

	(void)state;
	assert_int_equal(allowance_spend(&a, noon, 79), 0);
	assert_int_equal(allowance_spend(&a, noon, 1), 2);
	assert_int_equal(allowance_spend(&a, noon, 1), 0);
	assert_int_equal(allowance_spend(&a, (struct wall){ noon.us + DAY_US }, 90), 2);
	assert_ptr_equal(list(t, "tenant", "acme", "day", 200), purse[1]);
	assert_int_equal(allowance_spend(&a, noon, 78), 0); /* 159 of 200 */
	assert_int_equal(allowance_spend(&a, noon, 1), 2);
	assert_ptr_equal(list(t, "tenant", "acme", "day", 0), purse[1]);
	purse_seed(purse[1], noon, 500);
	assert_int_equal(allowance_spend(&a, noon, 1), 0); /* said before the restart */
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
	assert_int_equal(allowance_hold(&a, 1, noon, &h, &why), ERR_REFUSED);
	assert_int_equal(why.retry_after_s, 0);
	assert_int_equal(allowance_hold(&a, 0, noon, &h, &why), ERR_OK);
	assert_int_equal(allowance_settle(&h, 0), 0);
	/* Raised and lowered again, spend and holds stay. */
	list(t, "tenant", "acme", "total", INT64_MAX);
	assert_int_equal(allowance_hold(&a, INT64_MAX, noon, &h, &why), ERR_OK);
	list(t, "tenant", "acme", "total", 10);
	assert_int_equal(allowance_grow(&h, 1, noon, &why), ERR_REFUSED);
	assert_int_equal(why.current_spend_pusd, INT64_MAX);
	assert_int_equal(allowance_settle(&h, INT64_MAX), 1);
	assert_int_equal(allowance_spend(&a, noon, INT64_MAX), 0);
	expect(p, noon, INT64_MAX, 0); /* never wraps */
	purses_free(t);
}

static void test_seed(void **state)
{
	struct purses *t = purses_new();
	struct purse *p = list(t, "tenant", "acme", "month", 100);
	struct wall from;
	struct quota_row q = { .scope = "tenant",
			       .scope_id = "acme",
			       .resource = "llm",
			       .period = "month",
			       .limit_pusd = 100 };

	(void)state;
	assert_true(purse_wants_seed(p, noon, &from));
	assert_int_equal(from.us, period_window(PERIOD_month, noon).starts.us);
	purse_seed(p, noon, 42);
	expect(p, noon, 42, 0);
	assert_false(purse_wants_seed(p, noon, &from));
	assert_ptr_equal(list(t, "tenant", "acme", "month", 100), p);
	purse_unlist(p);
	assert_false(purse_wants_seed(p, noon, &from)); /* still listed once */
	purse_unlist(p);
	assert_true(purse_wants_seed(p, noon, &from));
	purse_seed(p, noon, 42);
	q.reset_us = noon.us - 1;
	assert_ptr_equal(purses_list(t, &q), p);
	assert_true(purse_wants_seed(p, noon, &from));
	assert_int_equal(from.us, q.reset_us);
	purses_free(t);
}

static void test_words(void **state)
{
	struct purses *t = purses_new();
	const struct quota_row good = { .scope = "platform", .resource = "all", .period = "day" };
	struct quota_row q = good;

	(void)state;
	assert_non_null(purses_list(t, &q));
	assert_string_equal(purse_identity(purses_list(t, &q))->scope_id, "platform");
	q.scope[0] = 'P';
	assert_null(purses_list(t, &q));
	q = good;
	q.resource[0] = '\0';
	assert_null(purses_list(t, &q));
	q = good;
	q.period[0] = 'x';
	assert_null(purses_list(t, &q));
	q = good;
	q.limit_pusd = -1;
	assert_null(purses_list(t, &q));
	q = good;
	q.warn_pct = 101;
	assert_null(purses_list(t, &q));
	purses_free(t);
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
		assert_int_equal(purse_view(p[i], noon).limit_pusd, i);
	}
	purses_free(t);
}

/* --- many threads --- */

#define THREADS 8
#define ROUNDS  20000

struct race {
	struct allowance a;
	pthread_barrier_t start;
	_Atomic int64_t admitted, refused, spent_pusd, over;
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

		if (allowance_hold(&r->a, 1, noon, &h, &why) == ERR_OK)
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

			r->over += v.spent_pusd + v.held_pusd > v.limit_pusd;
		}
		if (allowance_hold(&r->a, next_random(&seed) % 100, now, &h, &why) != ERR_OK) {
			r->refused++;
			continue;
		}
		if (next_random(&seed) % 4 == 0 &&
		    allowance_grow(&h, next_random(&seed) % 100, now, &why) == ERR_OK)
			r->admitted++;
		spent_pusd = h.held_pusd > 0 ? next_random(&seed) % (h.held_pusd + 1) : 0;
		r->spent_pusd += spent_pusd;
		allowance_settle(&h, spent_pusd);
		allowance_settle(&h, spent_pusd);
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
	day_pusd = purse_view(purse[0], noon).spent_pusd + purse_view(purse[0], next).spent_pusd;
	assert_int_equal(day_pusd, r.spent_pusd);
	day_pusd = purse_view(purse[2], noon).spent_pusd + purse_view(purse[2], next).spent_pusd;
	assert_int_equal(day_pusd, r.spent_pusd);
	expect(purse[0], noon, purse_view(purse[0], noon).spent_pusd, 0);
	expect(purse[2], next, purse_view(purse[2], next).spent_pusd, 0);
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
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_barrier_start),
		cmocka_unit_test(test_conservation),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
