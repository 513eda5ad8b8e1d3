/* cli_request.c - weir requests and weir explain: single rows of the ledger. */
#include <string.h>
#include "ops/cli_call.h"
#include "ops/cli_show.h"

#define FILTERS     (B(since) | B(until) | B(tenant) | B(key) | B(model) | B(provider))
#define TABLE_LIMIT "50"

static const struct cli_column columns[] = {
	{ "REQUEST", "id", false },         { "STARTED", "started_at", false },
	{ "TENANT", "tenant", false },      { "MODEL", "model", false },
	{ "STATUS", "status", true },       { "ENDED BY", "ended_by", false },
	{ "USAGE", "usage_source", false }, { "INPUT", "input_tok", true },
	{ "OUTPUT", "output_tok", true },   { "COST USD", "cost_pusd", true },
	{ "TOOK MS", "took_us", true },     { 0 },
};

/* Shows a page of rows, one object a line: as it came, or in the table. *last becomes the
 * id of the last row; false: the page is empty. */
static bool show_page(struct span page, struct table *t, char last[ID_TEXT_ROOM])
{
	bool any = false;

	while (page.len > 0) {
		const char *end = memchr(page.at, '\n', page.len);
		struct span line = { page.at, end ? (size_t)(end - page.at) : page.len };
		json_t *row = json_loadb(line.at, line.len, 0, NULL);

		if (t)
			cli_show_row(t, row, columns);
		else
			printf("%.*s\n", SPAN_ARG(line));
		span_copy(span_of(json_string_value(json_object_get(row, "id"))), last,
			  ID_TEXT_ROOM);
		json_decref(row);
		any = true;
		page = span_skip(page, line.len + (end != NULL));
	}
	return any;
}

/* The newest `limit` rows, in one page. */
static enum cli_exit show_newest(struct cli *c, const char *limit, struct table *t)
{
	char last[ID_TEXT_ROOM];
	struct buf path, page;
	enum cli_exit e;

	cli_path_init(&path, "requests");
	cli_path_options(&path, c, FILTERS | B(id));
	cli_path_query(&path, "limit", limit);
	buf_init(&page, CLI_ANSWER_MAX);
	e = cli_fetch(c, &path, &page);
	if (e == CLI_DONE)
		show_page(buf_span(&page), t, last);
	buf_release(&page);
	return e;
}

/* All rows, page by page. */
static enum cli_exit show_all(struct cli *c, struct table *t)
{
	char last[ID_TEXT_ROOM] = "";
	enum cli_exit e;
	bool more = true;

	do {
		struct buf path, page;

		cli_path_init(&path, "requests");
		cli_path_options(&path, c, FILTERS);
		if (last[0])
			cli_path_query(&path, "after", last);
		buf_init(&page, CLI_ANSWER_MAX);
		e = cli_fetch(c, &path, &page);
		if (e == CLI_DONE)
			more = show_page(buf_span(&page), t, last);
		buf_release(&page);
	} while (e == CLI_DONE && more);
	return e;
}

enum cli_exit cli_requests(struct cli *c)
{
	const char *limit = c->value[OPT_limit];
	bool json = c->value[OPT_json] != NULL;
	struct table t;
	enum cli_exit e;

	table_init(&t);
	cli_show_columns(&t, columns);
	if (limit || c->value[OPT_id] || !json)
		e = show_newest(c, limit ? limit : TABLE_LIMIT, json ? NULL : &t);
	else
		e = show_all(c, NULL);
	if (e == CLI_DONE && !json)
		table_print(&t, stdout);
	table_release(&t);
	return e;
}

/* ---- one request ---- */

/* The phases of an exchange, each as it was measured. */
static void show_times(const json_t *row)
{
	static const struct cli_column times[] = {
		{ "gate (request complete -> admitted)", "gate_us", true },
		{ "dial (admitted -> upstream connected)", "dial_us", true },
		{ "first byte (request complete -> answer)", "first_byte_us", true },
		{ "all (request head -> end)", "took_us", true },
	};

	puts("\ntimes, ms");
	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		long long us = json_integer_value(json_object_get(row, times[i].key));

		printf("  %-40s %lld.%03lld\n", times[i].title, us / 1000, us % 1000);
	}
}

enum cli_exit cli_explain(struct cli *c)
{
	struct buf path;
	json_t *answer, *row, *cost;
	enum cli_exit e;

	cli_path_init(&path, "requests");
	cli_path_add(&path, c->arg);
	if (c->value[OPT_json])
		return cli_show_lines(c, &path, NULL, NULL);
	e = cli_call(c, "GET", &path, NULL, &answer);
	if (e != CLI_DONE)
		return e;
	row = json_object_get(answer, "request");
	cost = json_object_get(answer, "cost");
	cli_show_members(row);
	cli_show_cost(cost);
	if (json_is_null(cost))
		puts("\nno price was applied: nothing was billable, or its price is not known any "
		     "more");
	show_times(row);
	json_decref(answer);
	return CLI_DONE;
}

enum cli_exit cli_states(struct cli *c)
{
	static const struct cli_column edges[] = {
		{ "FROM", "from", false },
		{ "TO", "to", false },
		{ "TAKEN", "taken", true },
		{ "WHY", "why", false },
		{ 0 },
	};
	struct buf path;
	json_t *answer;
	enum cli_exit e;

	cli_path_init(&path, "states");
	if (c->value[OPT_json])
		return cli_show_lines(c, &path, NULL, NULL);
	e = cli_call(c, "GET", &path, NULL, &answer);
	if (e != CLI_DONE)
		return e;
	cli_show_rows(c, json_object_get(answer, "edges"), edges);
	json_decref(answer);
	return CLI_DONE;
}
