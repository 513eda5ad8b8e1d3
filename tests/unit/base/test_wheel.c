/* The wheel fires every deadline once, never early, at most two ticks late, however
 * deadlines are set, moved and cleared. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>
#include "base/wheel.h"

#define DEADLINES 200

struct probe {
	struct deadline d; /* first: found by its address */
	struct mono due;   /* 0: must not fire */
	unsigned fired;
};

static struct mono now;

static void on_reached(struct deadline *d)
{
	struct probe *p = (struct probe *)d;

	assert_true(p->due.us > 0);
	assert_true(now.us >= p->due.us);
	assert_true(now.us - p->due.us <= 2 * WHEEL_TICK_US);
	p->due.us = 0;
	p->fired++;
}

static void set(struct wheel *w, struct probe *p, uint64_t in_us)
{
	p->due.us = now.us + in_us;
	deadline_set(w, &p->d, p->due);
}

static void fires_once_and_in_time(void **state)
{
	static struct wheel w;
	struct probe p = { 0 };

	(void)state;
	now.us = 12345678;
	wheel_init(&w, now);
	deadline_init(&p.d, on_reached);
	set(&w, &p, 3 * US_PER_SEC);
	for (int i = 0; i < 200; i++) {
		now.us += WHEEL_TICK_US / 2;
		wheel_turn(&w, now);
	}
	assert_int_equal(p.fired, 1);
}

static void far_deadlines_survive_many_rounds(void **state)
{
	static struct wheel w;
	struct probe p = { 0 };

	(void)state;
	now.us = 1;
	wheel_init(&w, now);
	deadline_init(&p.d, on_reached);
	set(&w, &p, 10 * WHEEL_SLOTS * WHEEL_TICK_US);
	while (p.due.us > 0 && now.us < 20 * WHEEL_SLOTS * WHEEL_TICK_US) {
		now.us += WHEEL_TICK_US;
		wheel_turn(&w, now);
	}
	assert_int_equal(p.fired, 1);
}

static void any_order_of_set_move_and_clear(void **state)
{
	static struct wheel w;
	static struct probe probes[DEADLINES];
	unsigned fired = 0;

	(void)state;
	srand(7);
	now.us = 999;
	wheel_init(&w, now);
	for (int i = 0; i < DEADLINES; i++)
		deadline_init(&probes[i].d, on_reached);
	for (int step = 0; step < 20000; step++) {
		struct probe *p = &probes[rand() % DEADLINES];

		if (rand() % 5 == 0) {
			deadline_clear(&p->d);
			p->due.us = 0;
		} else {
			set(&w, p, 1 + (uint64_t)rand() % (40 * US_PER_SEC));
		}
		now.us += (uint64_t)rand() % WHEEL_TICK_US;
		wheel_turn(&w, now);
	}
	for (int i = 0; i < 1000; i++) {
		now.us += WHEEL_TICK_US;
		wheel_turn(&w, now);
	}
	for (int i = 0; i < DEADLINES; i++) {
		assert_int_equal(probes[i].due.us, 0);
		fired += probes[i].fired;
	}
	assert_true(fired > DEADLINES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fires_once_and_in_time),
		cmocka_unit_test(far_deadlines_survive_many_rounds),
		cmocka_unit_test(any_order_of_set_move_and_clear),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
