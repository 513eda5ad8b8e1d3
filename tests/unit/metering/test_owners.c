/* Whose answer it is: told apart by tenant, provider and id; bounded; from any thread. */
#include "metering/owners.h"
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <cmocka.h>

#define EACH 2000

static void test_strangers_are_strangers(void **state)
{
	struct owners *o = owners_new(1024);
	char long_id[300];

	(void)state;
	assert_non_null(o);
	assert_false(owners_know(o, SPAN("acme"), SPAN("openai"), SPAN("resp_1")));
	owners_note(o, SPAN("acme"), SPAN("openai"), SPAN("resp_1"));
	assert_true(owners_know(o, SPAN("acme"), SPAN("openai"), SPAN("resp_1")));
	assert_false(owners_know(o, SPAN("other"), SPAN("openai"), SPAN("resp_1")));
	assert_false(owners_know(o, SPAN("acme"), SPAN("azure"), SPAN("resp_1")));
	assert_false(owners_know(o, SPAN("acme"), SPAN("openai"), SPAN("resp_2")));
	assert_false(owners_know(o, SPAN("acm"), SPAN("eopenai"), SPAN("resp_1")));
	assert_false(owners_know(o, SPAN("acme"), SPAN("openai"), SPAN("")));
	memset(long_id, 'a', sizeof(long_id));
	owners_note(o, SPAN("acme"), SPAN("openai"), (struct span){ long_id, sizeof(long_id) });
	assert_false(owners_know(o, SPAN("acme"), SPAN("openai"),
				 (struct span){ long_id, sizeof(long_id) }));
	owners_free(o);
}

static struct span name(char *to, size_t room, unsigned thread, unsigned i)
{
	snprintf(to, room, "resp_%u_%u", thread, i);
	return span_of(to);
}

static unsigned known(const struct owners *o, unsigned thread)
{
	unsigned n = 0;
	char id[32];

	for (unsigned i = 0; i < EACH; i++)
		n += owners_know(o, SPAN("t"), SPAN("p"), name(id, sizeof(id), thread, i));
	return n;
}

/* What does not fit is forgotten; the newest is there. */
static void test_it_stays_bounded(void **state)
{
	struct owners *o = owners_new(1024);
	char id[32];

	(void)state;
	for (unsigned i = 0; i < EACH; i++) {
		owners_note(o, SPAN("t"), SPAN("p"), name(id, sizeof(id), 0, i));
		assert_true(owners_know(o, SPAN("t"), SPAN("p"), span_of(id)));
	}
	assert_in_range(known(o, 0), 900, 1024);
	owners_free(o);
}

struct part {
	struct owners *o;
	unsigned thread;
};

static void *note_all(void *arg)
{
	const struct part *p = arg;
	char id[32];

	for (unsigned i = 0; i < EACH; i++)
		owners_note(p->o, SPAN("t"), SPAN("p"), name(id, sizeof(id), p->thread, i));
	return NULL;
}

/* Two that take the same place at the same time lose one; hardly ever. */
static void test_threads_share_it(void **state)
{
	struct owners *o = owners_new(UINT64_C(1) << 18);
	struct part parts[3];
	pthread_t threads[3];

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		parts[i] = (struct part){ o, i };
		assert_int_equal(pthread_create(&threads[i], NULL, note_all, &parts[i]), 0);
	}
	for (unsigned i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	for (unsigned i = 0; i < 3; i++)
		assert_in_range(known(o, i), EACH - 10, EACH);
	owners_free(o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_strangers_are_strangers),
		cmocka_unit_test(test_it_stays_bounded),
		cmocka_unit_test(test_threads_share_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
