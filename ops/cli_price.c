/* cli_price.c - weir price: list, set, explain, import. */
#include <stdlib.h>
#include <string.h>
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
