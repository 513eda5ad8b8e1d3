/* test_estimate.c - bounds and means. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "metering/estimate.h"

static void test_bound(void **state)
{
	struct peek p = { .text_bytes = 700 };

	(void)state;
	assert_int_equal(estimate_input_bound_tok(&p, 1000, 0), 1000);
	assert_int_equal(estimate_input_bound_tok(&p, 1000, 128000), 1000);
	assert_int_equal(estimate_input_bound_tok(&p, 1000, 900), 900);
	assert_int_equal(estimate_input_bound_tok(&p, UINT64_MAX, 0), ESTIMATE_CONTEXT_TOK);
	p = (struct peek){ .image_parts = 2, .data_bytes = 5000 };
	assert_int_equal(estimate_input_bound_tok(&p, 6000, 0), 1000 + 2 * ESTIMATE_PICTURE_TOK);
	p = (struct peek){ .audio_parts = 1, .data_bytes = 1600 };
	assert_int_equal(estimate_input_bound_tok(&p, 1700, 0), 100 + 100);
	p = (struct peek){ .file_parts = 1 };
	assert_int_equal(estimate_input_bound_tok(&p, 100, 200000), 200000);
	p = (struct peek){ .remote_input = true };
	assert_int_equal(estimate_input_bound_tok(&p, 100, 0), ESTIMATE_CONTEXT_TOK);
	p = (struct peek){ .data_bytes = 2000 };
	assert_int_equal(estimate_input_bound_tok(&p, 1000, 0), 0);
}

static void test_mean(void **state)
{
	struct peek p = { .text_bytes = 700 };

	(void)state;
	assert_int_equal(estimate_input_tok(&p, 1000, 0), 176);
	assert_int_equal(estimate_input_tok(&p, 1000, 100), 100);
	p.image_parts = 1;
	assert_int_equal(estimate_input_tok(&p, 1000, 0), 176 + ESTIMATE_PICTURE_TOK / 4);
	p = (struct peek){ .text_bytes = UINT64_MAX, .image_parts = 1 };
	assert_int_equal(estimate_input_tok(&p, UINT64_MAX, 0), ESTIMATE_CONTEXT_TOK);
}

static void test_output(void **state)
{
	(void)state;
	assert_int_equal(estimate_output_tok(0), 0);
	assert_int_equal(estimate_output_tok(1), 1);
	assert_int_equal(estimate_output_tok(4), 1);
	assert_int_equal(estimate_output_tok(5), 2);
	assert_int_equal(estimate_output_tok(UINT64_MAX), UINT64_MAX / 4 + 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bound),
		cmocka_unit_test(test_mean),
		cmocka_unit_test(test_output),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
