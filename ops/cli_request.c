/* cli_request.c - weir requests and weir explain: single rows of the ledger. */
#include <stdlib.h>
#include <string.h>
#include "base/decimal.h"
#include "conf/value.h"
#include "metering/usage.h"
#include "ops/cli_call.h"
#include "ops/cli_show.h"

#define FILTERS    (B(since) | B(until) | B(tenant) | B(key) | B(model) | B(provider))
#define TABLE_ROWS 50

static const struct cli_column columns[] = {
	{ "REQUEST", "id", false },         { "STARTED", "started_at", false },
	{ "TENANT", "tenant", false },      { "MODEL", "model", false },
	{ "STATUS", "status", true },       { "ENDED BY", "ended_by", false },
	{ "USAGE", "usage_source", false }, { "INPUT", "input_tok", true },
	{ "OUTPUT", "output_tok", true },   { "COST USD", "cost_pusd", true },
	{ "TOOK MS", "took_us", true },     { 0 },
};

/* Pages in memory at once: rows are asked for from the newest back and shown the other
 * way round. */
#define PAGES_MAX 4096

/* Takes the first line off text, without its end. */
static struct span take_line(struct span *text)
{
	const char *end = memchr(text->at, '\n', text->len);
	struct span line = { text->at, end ? (size_t)(end - text->at) : text->len };

	*text = span_skip(*text, line.len + (end != NULL));
	return line;
}

static unsigned long long count_lines(struct span text)
{
	unsigned long long lines = 0;

	for (; text.len > 0; lines++)
		take_line(&text);
	return lines;
}

/* The id in a line of JSON. */
static void read_id(struct span line, char id[ID_TEXT_ROOM])
{
	json_t *row = json_loadb(line.at, line.len, 0, NULL);

	span_copy(span_of(json_string_value(json_object_get(row, "id"))), id, ID_TEXT_ROOM);
	json_decref(row);
}

/* Prints rows as they came, or adds them to the table. */
static void show_page(struct span page, struct table *t)
{
	while (page.len > 0) {
		struct span line = take_line(&page);
		json_t *row = t ? json_loadb(line.at, line.len, 0, NULL) : NULL;

		if (row)
			cli_show_row(t, row, columns);
		else
			printf("%.*s\n", SPAN_ARG(line));
		json_decref(row);
	}
}

/* Reads one page into *page. cursor, an id: where it begins; empty: at the end or start. */
static enum cli_exit read_page(const struct cli *c, const char *direction, const char *cursor,
			       unsigned long long limit, struct buf *page)
{
	struct buf path;
	char number[24];

	cli_path_init(&path, "requests");
	cli_path_options(&path, c, FILTERS | B(id));
	snprintf(number, sizeof(number), "%llu", limit);
	if (limit > 0)
		cli_path_query(&path, "limit", number);
	if (cursor[0])
		cli_path_query(&path, direction, cursor);
	buf_init(page, CLI_ANSWER_MAX);
	return cli_fetch(c, &path, page);
}

/* Shows all rows, page by page, or the only one of --id. */
static enum cli_exit show_all(const struct cli *c, struct table *t)
{
	char cursor[ID_TEXT_ROOM] = "";
	enum cli_exit e;
	bool more;

	do {
		struct buf page;
		struct span rest, last = { 0 };

		e = read_page(c, "after", cursor, 0, &page);
		rest = e == CLI_DONE ? buf_span(&page) : last;
		more = e == CLI_DONE && rest.len > 0 && !c->value[OPT_id];
		if (e == CLI_DONE)
			show_page(rest, t);
		while (rest.len > 0)
			last = take_line(&rest);
		if (more)
			read_id(last, cursor);
		buf_release(&page);
	} while (more);
	return e;
}

/* Shows the newest `limit` rows. */
static enum cli_exit show_newest(const struct cli *c, unsigned long long limit, struct table *t)
{
	struct buf *pages = calloc(PAGES_MAX, sizeof(*pages));
	char cursor[ID_TEXT_ROOM] = "";
	enum cli_exit e = CLI_DONE;
	unsigned n = 0;

	MUST(pages);
	while (e == CLI_DONE && limit > 0 && n < PAGES_MAX) {
		struct span page;

		e = read_page(c, "before", cursor, limit, &pages[n++]);
		page = e == CLI_DONE ? buf_span(&pages[n - 1]) : (struct span){ 0 };
		if (page.len == 0)
			break;
		limit -= count_lines(page);
		read_id(take_line(&page), cursor);
	}
	while (n-- > 0) {
		if (e == CLI_DONE)
			show_page(buf_span(&pages[n]), t);
		buf_release(&pages[n]);
	}
	free(pages);
	return e;
}

enum cli_exit cli_requests(struct cli *c)
{
	const char *limit = c->value[OPT_limit];
	bool json = c->value[OPT_json] != NULL;
	uint64_t most = TABLE_ROWS;
	struct table t;
	enum cli_exit e;

	if (limit && (value_count(span_of(limit), &most) != ERR_OK || most == 0)) {
		fprintf(stderr, "weir: --limit \"%s\": a number from 1 on\n", limit);
		return CLI_USAGE;
	}
	table_init(&t);
	cli_show_columns(&t, columns);
	if (c->value[OPT_id] || (json && !limit))
		e = show_all(c, json ? NULL : &t);
	else
		e = show_newest(c, most, json ? NULL : &t);
	if (e == CLI_DONE && !json)
		table_print(&t, stdout);
	table_release(&t);
	return e;
}

/* ---- one request ---- */

static const char *text_of(const json_t *row, const char *name)
{
	const char *text = json_string_value(json_object_get(row, name));

	return text ? text : "-";
}

/* The operator's sentence for a word that a row keeps. */
struct word {
	const char *word, *sentence;
};

static const struct word sources[] = {
#define SOURCE(name, help) { #name, help },
	USAGE_SOURCES(SOURCE)
#undef SOURCE
	    { 0 },
};

static const struct word endings[] = {
#define END(name, text, who, sentence) { #text, sentence },
#include "proxy/end.tbl.h"
	{ 0 },
};

static const char *sentence_of(const struct word *words, const char *word)
{
	for (; words->word; words++)
		if (strcmp(words->word, word) == 0)
			return words->sentence;
	return "not known to this version";
}

static void show_facts(const json_t *row)
{
	const char *source = text_of(row, "usage_source"), *ending = text_of(row, "ended_by");
	char charged[DECIMAL_TEXT_ROOM], held[DECIMAL_TEXT_ROOM];

	decimal_pusd_text(json_integer_value(json_object_get(row, "cost_pusd")), charged);
	decimal_pusd_text(json_integer_value(json_object_get(row, "held_pusd")), held);
	printf("request  %s, begun %s\n", text_of(row, "id"), text_of(row, "started_at"));
	printf("who      tenant %s, team %s, user %s, key %s\n", text_of(row, "tenant"),
	       text_of(row, "team"), text_of(row, "user"), text_of(row, "key"));
	printf("what     %s of %s (%s), answered by %s\n", text_of(row, "model"),
	       text_of(row, "provider"), text_of(row, "shape"), text_of(row, "model_served"));
	printf("ended    %s: %s; status %lld, error %s\n", ending, sentence_of(endings, ending),
	       json_integer_value(json_object_get(row, "status")), text_of(row, "error"));
	printf("usage    %s: %s\n", source, sentence_of(sources, source));
	printf("charged  %s USD by price %s; %s USD were held\n", charged,
	       text_of(row, "price_version"), held);
}

/* The phases of an exchange, each as it was measured. */
static void show_times(const json_t *row)
{
	static const struct cli_column times[] = {
		{ "request complete -> admitted", "gate_us", true },
		{ "admitted -> upstream connected", "dial_us", true },
		{ "request complete -> first byte", "first_byte_us", true },
		{ "request head -> end", "took_us", true },
	};
	struct table t;

	table_init(&t);
	table_column(&t, "PHASE", false);
	table_column(&t, "MS", true);
	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		long long us = json_integer_value(json_object_get(row, times[i].key));

		table_cell(&t, "%s", times[i].title);
		table_cell(&t, "%lld.%03lld", us / 1000, us % 1000);
	}
	putchar('\n');
	table_print(&t, stdout);
	table_release(&t);
}

enum cli_exit cli_explain(struct cli *c)
{
	struct buf path;
	json_t *answer, *cost;
	enum cli_exit e;

	cli_path_init(&path, "requests");
	cli_path_add(&path, c->arg);
	if (c->value[OPT_json])
		return cli_show_lines(c, &path, NULL, NULL);
	e = cli_call(c, "GET", &path, NULL, &answer);
	if (e != CLI_DONE)
		return e;
	cost = json_object_get(answer, "cost");
	show_facts(json_object_get(answer, "request"));
	cli_show_cost(cost);
	if (json_is_null(cost))
		puts("\nno price: nothing was billable, or the ledger does not know it any more");
	show_times(json_object_get(answer, "request"));
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
