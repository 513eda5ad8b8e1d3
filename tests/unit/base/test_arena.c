/* test_arena.c - zeroed, aligned, capped. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "base/arena.h"

static void test_take(void **state)
{
	struct arena a;

	(void)state;
	arena_init(&a, 1u << 20);
	for (size_t size = 1; size < 40000; size = size * 3 + 1) {
		unsigned char *at = arena_take(&a, size);

		assert_non_null(at);
		assert_int_equal((uintptr_t)at % _Alignof(max_align_t), 0);
		for (size_t i = 0; i < size; i++)
			assert_int_equal(at[i], 0);
		memset(at, 0xff, size);
	}
	arena_release(&a);
	assert_int_equal(a.taken_bytes, 0);
}

static void test_cap(void **state)
{
	struct arena a;

	(void)state;
	arena_init(&a, 100);
	assert_non_null(arena_take(&a, 60));
	assert_null(arena_take(&a, 41));
	assert_null(arena_take(&a, SIZE_MAX));
	assert_non_null(arena_take(&a, 40));
	assert_null(arena_take(&a, 1));
	arena_release(&a);
	assert_non_null(arena_take(&a, 100));
	arena_release(&a);
}

static void test_text(void **state)
{
	struct arena a;

	(void)state;
	arena_init(&a, 100);
	assert_string_equal(arena_text(&a, SPAN("weir")), "weir");
	assert_string_equal(arena_text(&a, (struct span){ NULL, 0 }), "");
	arena_release(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_take),
		cmocka_unit_test(test_cap),
		cmocka_unit_test(test_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
