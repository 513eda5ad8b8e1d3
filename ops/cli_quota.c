/* cli_quota.c - weir quota: set, list, show, reset, remove. */
#include "ops/cli_call.h"
#include "ops/cli_show.h"

#define IDENTITY (B(scope) | B(id) | B(resource) | B(period))

const struct cli_column cli_quota_columns[] = {
	{ "SCOPE", "scope", false },
	{ "ID", "scope_id", false },
	{ "RESOURCE", "resource_type", false },
	{ "PERIOD", "period", false },
	{ "LIMIT USD", "limit_pusd", true },
	{ "SPENT USD", "current_spend_pusd", true },
	{ "HELD USD", "held_pusd", true },
	{ "LEFT USD", "remaining_pusd", true },
	{ "USED %", "utilization_percent", true },
	{ "WARN %", "warn_percent", true },
	{ "UNTIL", "period_ends_at", false },
	{ 0 },
};

enum cli_exit cli_quota_set(struct cli *c)
{
	json_t *body = cli_body(c, IDENTITY | B(limit) | B(warn));
	struct buf path;

	cli_path_init(&path, "quotas");
	return cli_show_change(c, "PUT", &path, body, "the limit is set\n");
}

enum cli_exit cli_quota_list(struct cli *c)
{
	return cli_show_list(c, "quotas", B(scope) | B(id), "quotas", cli_quota_columns);
}

enum cli_exit cli_quota_show(struct cli *c)
{
	c->value[OPT_tenant] = c->arg;
	return cli_show_list(c, "quotas", B(tenant), "quotas", cli_quota_columns);
}

enum cli_exit cli_quota_reset(struct cli *c)
{
	struct buf path;

	cli_path_init(&path, "quotas");
	cli_path_add(&path, "reset");
	return cli_show_change(c, "POST", &path, cli_body(c, IDENTITY),
			       "the count begins anew; the ledger keeps what was spent\n");
}

enum cli_exit cli_quota_remove(struct cli *c)
{
	struct buf path;

	cli_path_init(&path, "quotas");
	cli_path_options(&path, c, IDENTITY);
	return cli_show_change(c, "DELETE", &path, NULL, "the limit is gone\n");
}
