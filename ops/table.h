/* table.h - aligned columns for a terminal.
 *
 *   struct table t;
 *   table_init(&t);
 *   table_column(&t, "tenant", false); ...   first all columns
 *   table_cell(&t, "%s", id); ...            then cells in reading order
 *   table_rule(&t);                          a line before what follows (totals)
 *   table_print(&t, stdout);
 *   table_release(&t);
 *
 * Columns to the right have their decimal points one below the other.
 *
 * Owner    the caller's struct; table_release() frees the cells. Titles are borrowed.
 * Limit    TABLE_BYTES_MAX of text; what no longer fits is left out and table_print() says so.
 * Promise  control characters in a cell never reach the terminal.
 * Threads  none.
 */
#ifndef OPS_TABLE_H
#define OPS_TABLE_H
#include <stdbool.h>
#include <stdio.h>
#include "base/buf.h"

#define TABLE_BYTES_MAX   (64u << 20)
#define TABLE_COLUMNS_MAX 16

struct table {
	struct buf cells; /* each ends with NUL */
	struct table_column {
		const char *title;
		unsigned head, tail; /* characters before the decimal point, and from it on */
		bool right;
	} column[TABLE_COLUMNS_MAX];
	unsigned columns;
	unsigned count; /* cells so far */
	unsigned rule;  /* the row before which a line is drawn; 0: none */
	bool cut;       /* something did not fit */
};

/* A table without columns. */
void table_init(struct table *t);

/* Frees the cells. */
void table_release(struct table *t);

/* Adds a column, aligned to the left or, for numbers, to the right; at most TABLE_COLUMNS_MAX. */
void table_column(struct table *t, const char *title, bool right);

/* Adds the next cell. */
void table_cell(struct table *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Draws a line before the row that begins next. */
void table_rule(struct table *t);

/* Whole rows so far. */
unsigned table_rows(const struct table *t);

/* Prints titles and rows. */
void table_print(const struct table *t, FILE *to);

#endif
