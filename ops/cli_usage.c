/* cli_usage.c - weir usage: sums over rows, with a line of totals. */
#include <string.h>
#include "ops/cli_call.h"
#include "ops/cli_show.h"

#define GROUPS_MAX 8
#define FILTERS                                                                                    \
	(B(since) | B(until) | B(tenant) | B(team) | B(user) | B(key) | B(model) | B(provider))

static const struct cli_column sums[] = {
	{ "REQUESTS", "requests", true },
	{ "FAILED", "failed", true },
	{ "INEXACT", "inexact", true },
	{ "INPUT", "input_tok", true },
	{ "CACHED", "cached_read_tok", true },
	{ "OUTPUT", "output_tok", true },
	{ "REASONING", "reasoning_tok", true },
	{ "COST USD", "cost_pusd", true },
	{ 0 },
};

/* The columns that name a group, from the answer's "by". */
static void group_columns(const json_t *by, struct cli_column columns[GROUPS_MAX + 1])
{
	unsigned n = 0;
	size_t i;
	json_t *name;

	json_array_foreach((json_t *)by, i, name) if (n < GROUPS_MAX) columns[n++] =
	    (struct cli_column){ json_string_value(name), json_string_value(name), false };
	columns[n] = (struct cli_column){ 0 };
}

static void print_table(const json_t *answer)
{
	struct cli_column groups[GROUPS_MAX + 1];
	struct table t;
	const json_t *row;
	size_t i;

	group_columns(json_object_get(answer, "by"), groups);
	table_init(&t);
	cli_show_columns(&t, groups);
	cli_show_columns(&t, sums);
	json_array_foreach(json_object_get(answer, "usage"), i, row)
	{
		cli_show_row(&t, row, groups);
		cli_show_row(&t, row, sums);
	}
	table_rule(&t);
	for (i = 0; groups[i].title; i++)
		table_cell(&t, "%s", i == 0 ? "total" : "");
	cli_show_row(&t, json_object_get(answer, "total"), sums);
	printf("%s to %s\n\n", json_string_value(json_object_get(answer, "since")),
	       json_string_value(json_object_get(answer, "until")));
	table_print(&t, stdout);
	table_release(&t);
}

enum cli_exit cli_usage(struct cli *c)
{
	struct buf path;
	json_t *answer;
	enum cli_exit e;

	cli_path_init(&path, "usage");
	cli_path_options(&path, c, FILTERS | B(by));
	e = cli_call(c, "GET", &path, NULL, &answer);
	if (e != CLI_DONE)
		return e;
	if (c->value[OPT_json])
		cli_show_rows(c, json_object_get(answer, "usage"), sums);
	else
		print_table(answer);
	json_decref(answer);
	return CLI_DONE;
}
