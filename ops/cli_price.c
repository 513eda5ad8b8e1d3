/* cli_price.c - weir price: list, set, explain, import. */
#include <string.h>
#include "ops/admin.h"
#include "ops/cli_call.h"
#include "ops/cli_show.h"

/* A price of the API, and of its rates: USD per million tokens, fees per piece. */
static const struct cli_column columns[] = {
	{ "PROVIDER", "provider", false },
	{ "MODEL", "model", false },
	{ "INPUT", "input", true },
	{ "CACHE READ", "cache_read", true },
	{ "CACHE WRITE", "cache_write_5m", true },
	{ "OUTPUT", "output", true },
	{ "SINCE", "valid_from_at", false },
	{ "VERSION", "version", false },
	{ "SOURCE", "source", false },
	{ 0 },
};

static void show_price(void *arg, json_t *price)
{
	json_object_update_missing(price, json_object_get(price, "rates"));
	cli_show_row(arg, price, columns);
}

enum cli_exit cli_price_list(struct cli *c)
{
	struct buf path;
	struct table t;
	enum cli_exit e;

	cli_path_init(&path, "prices");
	cli_path_options(&path, c, B(provider) | B(model) | B(at));
	table_init(&t);
	cli_show_columns(&t, columns);
	e = cli_show_lines(c, &path, show_price, &t);
	if (e == CLI_DONE && !c->value[OPT_json]) {
		table_print(&t, stdout);
		puts("\nUSD per million tokens; all that a price says: --json");
	}
	table_release(&t);
	return e;
}

enum cli_exit cli_price_set(struct cli *c)
{
	json_t *body = cli_body(c, B(provider) | B(model) | B(from)), *prices = json_object();
	struct buf path;

	for (unsigned q = 0; q < Q_COUNT; q++)
		if (c->quantity[q])
			json_object_set_new(prices, quantity_infos[q].name,
					    json_string(c->quantity[q]));
	json_object_set_new(body, "prices", prices);
	cli_path_init(&path, "prices");
	return cli_show_change(c, "POST", &path, body, "the price of %s is set\n",
			       c->value[OPT_model]);
}

enum cli_exit cli_price_explain(struct cli *c)
{
	struct buf path;
	json_t *answer;
	enum cli_exit e;

	cli_path_init(&path, "prices");
	cli_path_add(&path, "explain");
	cli_path_query(&path, "model", c->arg);
	cli_path_options(&path, c, B(provider) | B(tier) | B(at));
	for (unsigned q = 0; q < Q_COUNT; q++)
		if (c->quantity[q])
			cli_path_query(&path, quantity_infos[q].name, c->quantity[q]);
	e = cli_call(c, "GET", &path, NULL, &answer);
	if (e != CLI_DONE)
		return e;
	if (c->value[OPT_json]) {
		cli_show_json(answer);
	} else {
		json_t *price = json_object_get(answer, "price");

		cli_show_members(price);
		putchar('\n');
		cli_show_members(json_object_get(price, "rates"));
		cli_show_cost(json_object_get(answer, "cost"));
	}
	json_decref(answer);
	return CLI_DONE;
}

/* ---- import ---- */

static long long number_of(const json_t *answer, const char *name)
{
	return json_integer_value(json_object_get(answer, name));
}

static void show_import(const struct cli *c, const json_t *answer)
{
	static const struct cli_column models[] = {
		{ "NAME", "name", false },         { "BECOMES", "status", false },
		{ "PROVIDER", "provider", false }, { "MODEL", "model", false },
		{ "REMARK", "remark", false },     { 0 },
	};
	bool dry_run = c->value[OPT_dry_run] != NULL;

	if (dry_run || c->value[OPT_json])
		cli_show_rows(c, json_object_get(answer, "models"), models);
	if (c->value[OPT_json])
		return;
	printf(
	    "%s%lld new, %lld changed, %lld covered by prices of your own, %lld known, %lld left "
	    "out%s\n",
	    dry_run ? "\nwould be: " : "", number_of(answer, "new"), number_of(answer, "changed"),
	    number_of(answer, "covered"), number_of(answer, "known"), number_of(answer, "left_out"),
	    dry_run ? "" : "; which and why: --dry-run");
}

enum cli_exit cli_price_import(struct cli *c)
{
	struct buf path, list;
	json_t *answer;
	enum cli_exit e;

	buf_init(&list, ADMIN_BODY_MAX);
	if (!cli_read_file(c->arg, &list)) {
		buf_release(&list);
		return CLI_REFUSED;
	}
	cli_path_init(&path, "prices");
	cli_path_add(&path, "import");
	if (c->value[OPT_dry_run])
		cli_path_query(&path, "dry_run", "yes");
	e = cli_send(c, "POST", &path, buf_span(&list), &answer);
	buf_release(&list);
	if (e != CLI_DONE)
		return e;
	show_import(c, answer);
	json_decref(answer);
	return CLI_DONE;
}
