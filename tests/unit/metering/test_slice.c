/* test_slice.c - what a leased slice grants, when it asks, and what it gives back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "metering/slice.h"

#define LIMIT 1000

static const struct mono now = { 1000 * US_PER_SEC };

static struct slice_use use(int64_t used)
{
	return (struct slice_use){ LIMIT, used, now };
}

static enum err check(const struct slice *s, int64_t used, int64_t amount)
{
	struct slice_use u = use(used);

	return slice_check(s, &u, amount, OUTAGE_closed);
}

static struct lease_request ask(struct slice *s, int64_t used, bool leaving)
{
	struct lease_request q = { 0 };
	struct slice_use u = use(used);

	slice_ask(s, &u, leaving, &q);
	assert_true(q.booked <= q.used && q.used <= q.floor && q.floor <= q.need &&
		    q.need <= q.want);
	return q;
}

static struct lease_answer grant(int64_t granted, int64_t leased)
{
	return (struct lease_answer){
		.granted = granted,
		.leased = leased,
		.good_until = { now.us + 4 * US_PER_SEC },
		.known_until = { now.us + 4000 * US_PER_SEC },
	};
}

static void answer(struct slice *s, const struct lease_answer *a)
{
	(void)slice_answer(s, a, now);
}

static void grants_what_is_leased(void **state)
{
	struct lease_answer a = grant(300, 300);
	struct slice s = { 0 };
	struct lease_request q;

	(void)state;
	assert_int_equal(check(&s, 0, 0), ERR_OK);
	assert_int_equal(check(&s, 0, 100), ERR_AGAIN);
	slice_want(&s, 100);
	slice_want(&s, 200);
	q = ask(&s, 0, false);
	assert_int_equal(q.need, 100);
	assert_int_equal(q.want, 300);
	assert_true(slice_answer(&s, &a, now));
	assert_int_equal(check(&s, 0, 300), ERR_OK);
	assert_int_equal(check(&s, 0, 301), ERR_AGAIN);
	assert_int_equal(check(&s, 250, 51), ERR_AGAIN);
}

static void refuses_what_others_have_used(void **state)
{
	struct lease_answer a = grant(0, 900);
	struct slice s = { 0 };
	struct slice_use later = use(0);

	(void)state;
	assert_int_equal(check(&s, 0, LIMIT + 1), ERR_REFUSED);
	answer(&s, &a);
	assert_int_equal(check(&s, 0, 101), ERR_REFUSED);
	assert_int_equal(check(&s, 0, 100), ERR_AGAIN);
	a.idle = 500; /* may come back */
	answer(&s, &a);
	assert_int_equal(check(&s, 0, 600), ERR_AGAIN);
	assert_int_equal(check(&s, 0, 601), ERR_REFUSED);
	later.now.us += SLICE_KNOWN_US;
	assert_int_equal(slice_check(&s, &later, 601, OUTAGE_local), ERR_AGAIN);
}

static void ends_with_its_lease(void **state)
{
	struct lease_answer a = grant(300, 300);
	struct slice s = { 0 };
	struct slice_use u = use(0);

	(void)state;
	answer(&s, &a);
	u.now.us += 4 * US_PER_SEC;
	assert_int_equal(slice_check(&s, &u, 1, OUTAGE_closed), ERR_AGAIN);
	assert_int_equal(slice_check(&s, &u, 1, OUTAGE_local), ERR_OK);
	assert_int_equal(slice_left(&s, &u), 300);
	u.now.us += 4000 * US_PER_SEC;
	assert_int_equal(slice_check(&s, &u, 1, OUTAGE_local), ERR_AGAIN);
	assert_int_equal(slice_left(&s, &u), 0);
}

static void nobody_waits_for_who_is_away(void **state)
{
	const struct lease_answer away = { .err = ERR_SLOW, .granted = 999 };
	struct lease_answer a = grant(300, 300);
	struct slice s = { 0 };

	(void)state;
	answer(&s, &away);
	assert_int_equal(check(&s, 0, 1), ERR_AWAY);
	assert_int_equal(s.granted, 0); /* an answer that failed grants nothing */
	answer(&s, &a);
	assert_int_equal(check(&s, 0, 301), ERR_AGAIN);
	a.marks = LEASE_NOT_CALM;
	answer(&s, &a);
	assert_int_equal(check(&s, 0, 1), ERR_OK);
	assert_int_equal(check(&s, 0, 301), ERR_AWAY);
}

static void asks_ahead_and_gives_back(void **state)
{
	struct lease_answer a = grant(100, 100);
	struct slice s = { 0 };
	struct lease_request q;

	(void)state;
	answer(&s, &a);
	slice_flow(&s, 10);
	slice_want(&s, 5);
	q = ask(&s, 100, false);
	assert_int_equal(q.want, 100 + 5 + 20);
	slice_flow(&s, 1000);
	slice_want(&s, 5);
	q = ask(&s, 100, false);
	assert_int_equal(q.want, 100 + 5 + 900 / 16);
	slice_want(&s, 100); /* a part of what is left would be no use to such as this */
	q = ask(&s, 100, false);
	assert_int_equal(q.want, 200);

	a = grant(500, 500);
	a.marks = LEASE_HUNGRY;
	answer(&s, &a);
	q = ask(&s, 100, false);
	assert_int_equal(q.floor, 100);
	assert_int_equal(q.want, 100);
	assert_int_equal(s.granted, 100); /* at once: Redis may give it away before it answers */
}

static void leaves_nothing_behind(void **state)
{
	struct lease_answer a = grant(500, 500);
	struct slice s = { 0 };
	struct lease_request q;

	(void)state;
	slice_flow(&s, 400);
	answer(&s, &a);
	slice_want(&s, 5);
	q = ask(&s, 400, true);
	assert_int_equal(q.want, 400);
}

static void tells_what_is_not_known(void **state)
{
	struct lease_answer a = grant(100, 100);
	struct slice_use u = use(100);
	struct slice s = { 0 };

	(void)state;
	assert_true(slice_must_tell(&s, &u));
	(void)ask(&s, 100, false);
	answer(&s, &a);
	assert_false(slice_must_tell(&s, &u));
	slice_tick(&s, true);
	assert_true(slice_must_tell(&s, &u)); /* Redis forgot it */
	(void)ask(&s, 100, false);
	answer(&s, &a);
	assert_false(slice_must_tell(&s, &u));
	u.used = 90;
	assert_true(slice_must_tell(&s, &u));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(grants_what_is_leased),
		cmocka_unit_test(refuses_what_others_have_used),
		cmocka_unit_test(ends_with_its_lease),
		cmocka_unit_test(nobody_waits_for_who_is_away),
		cmocka_unit_test(asks_ahead_and_gives_back),
		cmocka_unit_test(leaves_nothing_behind),
		cmocka_unit_test(tells_what_is_not_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
