/* What a provider would not be asked: told apart by model, path and query, bounded. */
#include "proxy/declined.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static void test_kinds_differ_in_each_part(void **state)
{
	uint64_t kind = declined_kind(SPAN("m"), SPAN("/p"), SPAN("q"));

	(void)state;
	assert_true(kind == declined_kind(SPAN("m"), SPAN("/p"), SPAN("q")));
	assert_true(kind != declined_kind(SPAN("n"), SPAN("/p"), SPAN("q")));
	assert_true(kind != declined_kind(SPAN("m"), SPAN("/"), SPAN("q")));
	assert_true(kind != declined_kind(SPAN("m"), SPAN("/p"), SPAN("")));
	assert_true(kind != declined_kind(SPAN("m/"), SPAN("p"), SPAN("q")));
}

static void test_the_oldest_is_forgotten_first(void **state)
{
	struct declined d = { 0 };

	(void)state;
	assert_true(declined_is_empty(&d));
	assert_false(declined_knows(&d, 1));
	for (uint64_t kind = 1; kind <= DECLINED_MAX; kind++)
		declined_note(&d, kind);
	assert_false(declined_is_empty(&d));
	declined_note(&d, 5); /* is there already */
	for (uint64_t kind = 1; kind <= DECLINED_MAX; kind++)
		assert_true(declined_knows(&d, kind));
	declined_note(&d, 100);
	assert_true(declined_knows(&d, 100));
	assert_false(declined_knows(&d, 1));
	assert_true(declined_knows(&d, 2));
}

static void test_a_refusal_must_name_the_option(void **state)
{
	(void)state;
	assert_true(declined_says(SPAN("{\"detail\":[{\"loc\":[\"body\",\"stream_options\"]}]}")));
	assert_false(declined_says(SPAN("{\"error\":\"stream_option\"}")));
	assert_false(declined_says(SPAN("")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kinds_differ_in_each_part),
		cmocka_unit_test(test_the_oldest_is_forgotten_first),
		cmocka_unit_test(test_a_refusal_must_name_the_option),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
