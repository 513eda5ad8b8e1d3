/* Tables: widths, alignment, the line before totals, and text that must not reach a terminal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include "ops/table.h"

static void assert_prints(const struct table *t, const char *want)
{
	char *text = NULL;
	size_t len = 0;
	FILE *to = open_memstream(&text, &len);

	assert_non_null(to);
	table_print(t, to);
	fclose(to);
	assert_string_equal(text, want);
	free(text);
}

static void begin(struct table *t)
{
	table_init(t);
	table_column(t, "NAME", false);
	table_column(t, "N", true);
	table_column(t, "REMARK", false);
}

static void aligns_columns(void **state)
{
	struct table t;

	(void)state;
	begin(&t);
	assert_prints(&t, "NAME  N  REMARK\n");
	table_cell(&t, "a");
	table_cell(&t, "%d", 12345);
	table_cell(&t, "x");
	table_cell(&t, "Zo\xc3\xab the second"); /* one character in two bytes */
	table_cell(&t, "7");
	table_cell(&t, "-");
	assert_int_equal(table_rows(&t), 2);
	assert_prints(&t, "NAME                N  REMARK\n"
			  "a               12345  x\n"
			  "Zo\xc3\xab the second      7  -\n");
	table_release(&t);
}

static void lines_up_decimal_points(void **state)
{
	static const char *const amounts[] = { "100", "0.001935", "-", "49.5" };
	struct table t;

	(void)state;
	table_init(&t);
	table_column(&t, "USD", true);
	table_column(&t, "END", false);
	for (size_t i = 0; i < sizeof(amounts) / sizeof(amounts[0]); i++) {
		table_cell(&t, "%s", amounts[i]);
		table_cell(&t, "1.5");
	}
	assert_prints(&t, "       USD  END\n"
			  "100         1.5\n"
			  "  0.001935  1.5\n"
			  "  -         1.5\n"
			  " 49.5       1.5\n");
	table_release(&t);
}

static void draws_a_line_before_totals(void **state)
{
	struct table t;

	(void)state;
	begin(&t);
	for (int i = 0; i < 3; i++)
		table_cell(&t, "%d", i);
	table_rule(&t);
	for (int i = 3; i < 6; i++)
		table_cell(&t, "%d", i);
	assert_prints(&t, "NAME  N  REMARK\n"
			  "0     1  2\n"
			  "----  -  ------\n"
			  "3     4  5\n");
	table_release(&t);
}

static void defuses_control_characters(void **state)
{
	struct table t;

	(void)state;
	begin(&t);
	table_cell(&t, "\x1b[31mred\x7f");
	table_cell(&t, "1");
	table_cell(&t, "two\nlines");
	assert_prints(&t, "NAME       N  REMARK\n"
			  "?[31mred?  1  two?lines\n");
	table_release(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(aligns_columns),
		cmocka_unit_test(lines_up_decimal_points),
		cmocka_unit_test(draws_a_line_before_totals),
		cmocka_unit_test(defuses_control_characters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
