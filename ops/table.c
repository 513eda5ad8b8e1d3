/* table.c - see table.h. Cells lie one behind the other in one buffer; widths are kept as
 * they come, so printing is one pass. */
#include "ops/table.h"
#include <stdarg.h>
#include "base/must.h"

#define CELL_MAX_BYTES 512

/* Characters on the screen: every byte that does not continue a UTF-8 sequence. */
static unsigned width_of(const char *text)
{
	unsigned width = 0;

	for (; *text; text++)
		width += ((unsigned char)*text & 0xc0) != 0x80;
	return width;
}

/* Characters before the decimal point; all of them where there is none or it means nothing. */
static unsigned head_of(const struct table_column *column, const char *text)
{
	const char *point = column->right ? strchr(text, '.') : NULL;

	return point ? (unsigned)(point - text) : width_of(text);
}

static unsigned column_width(const struct table_column *column)
{
	unsigned width = column->head + column->tail;

	return width_of(column->title) > width ? width_of(column->title) : width;
}

void table_init(struct table *t)
{
	*t = (struct table){ .columns = 0 };
	buf_init(&t->cells, TABLE_BYTES_MAX);
}

void table_release(struct table *t)
{
	buf_release(&t->cells);
}

void table_column(struct table *t, const char *title, bool right)
{
	MUST(t->columns < TABLE_COLUMNS_MAX && t->count == 0);
	t->column[t->columns++] = (struct table_column){ title, 0, 0, right };
}

void table_cell(struct table *t, const char *fmt, ...)
{
	struct table_column *column = &t->column[t->count % t->columns];
	char text[CELL_MAX_BYTES];
	unsigned head, tail;
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	for (char *c = text; *c; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			*c = '?';
	if (t->cut || !buf_add(&t->cells, (struct span){ text, strlen(text) + 1 })) {
		t->cut = true;
		return;
	}
	t->count++;
	head = head_of(column, text);
	tail = width_of(text) - head;
	column->head = head > column->head ? head : column->head;
	column->tail = tail > column->tail ? tail : column->tail;
}

void table_rule(struct table *t)
{
	t->rule = table_rows(t);
}

unsigned table_rows(const struct table *t)
{
	return t->count / t->columns;
}

/* Prints text with so many spaces before and behind it; none behind the last column. */
static void print_padded(const struct table *t, unsigned column, unsigned before, const char *text,
			 unsigned behind, FILE *to)
{
	bool last = column + 1 == t->columns;

	fprintf(to, "%*s%s%*s", (int)before, "", text, last ? 0 : (int)behind, "");
	fputs(last ? "\n" : "  ", to);
}

static void print_title(const struct table *t, unsigned column, FILE *to)
{
	const struct table_column *k = &t->column[column];
	unsigned pad = column_width(k) - width_of(k->title);

	print_padded(t, column, k->right ? pad : 0, k->title, k->right ? 0 : pad, to);
}

static void print_cell(const struct table *t, unsigned column, const char *text, FILE *to)
{
	const struct table_column *k = &t->column[column];
	unsigned pad = column_width(k) - width_of(text);
	unsigned behind = k->right ? k->tail - (width_of(text) - head_of(k, text)) : pad;

	print_padded(t, column, pad - behind, text, behind, to);
}

static void print_rule(const struct table *t, FILE *to)
{
	for (unsigned column = 0; column < t->columns; column++) {
		for (unsigned i = 0; i < column_width(&t->column[column]); i++)
			fputc('-', to);
		fputs(column + 1 == t->columns ? "\n" : "  ", to);
	}
}

void table_print(const struct table *t, FILE *to)
{
	const char *cell = t->cells.at;
	unsigned whole = table_rows(t) * t->columns;

	for (unsigned column = 0; column < t->columns; column++)
		print_title(t, column, to);
	for (unsigned i = 0; i < whole; i++) {
		if (t->rule > 0 && i == t->rule * t->columns)
			print_rule(t, to);
		print_cell(t, i % t->columns, cell, to);
		cell += strlen(cell) + 1;
	}
	if (t->cut)
		fputs("(the list was cut here: too long for a table; use --json)\n", to);
}
