/* test_manual.c - docs/options.md is what the table says.
 *
 * WEIR_WRITE_DOCS=1 makes it anew instead of comparing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include "conf/manual.h"

#define PAGE "docs/options.md"

static void test_fresh(void **state)
{
	struct buf wanted, found;
	FILE *f;

	(void)state;
	buf_init(&wanted, 1u << 20);
	buf_init(&found, 1u << 20);
	assert_true(manual_write(&wanted));
	if (getenv("WEIR_WRITE_DOCS")) {
		f = fopen(PAGE, "w");
		assert_non_null(f);
		assert_int_equal(fwrite(wanted.at, 1, wanted.len, f), wanted.len);
		assert_int_equal(fclose(f), 0);
	}
	f = fopen(PAGE, "r");
	assert_non_null(f);
	assert_non_null(buf_reserve(&found, 1u << 19));
	found.len = fread(found.at, 1, 1u << 19, f);
	fclose(f);
	if (!span_eq(buf_span(&wanted), buf_span(&found)))
		fail_msg(PAGE " is stale: WEIR_WRITE_DOCS=1 build/tests/test_manual makes it anew");
	buf_release(&wanted);
	buf_release(&found);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_fresh) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
