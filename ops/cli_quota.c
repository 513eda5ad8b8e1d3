/* cli_quota.c - weir quota: set, list, show, raise, reset, delete. */
#include "ops/cli_call.h"
#include "ops/cli_show.h"

#define IDENTITY (B(scope) | B(tenant) | B(id) | B(resource) | B(unit) | B(period))
#define TERMS    (B(limit) | B(warn) | B(zone) | B(action) | B(enforce) | B(on_outage))

#define WHOSE                                                                                      \
	{ "SCOPE", "scope", false }, { "TENANT", "tenant", false }, { "ID", "scope_id", false },   \
	    { "RESOURCE", "resource_type", false }, { "PERIOD", "period", false },                 \
	{                                                                                          \
		"UNIT", "unit", false                                                              \
	}
#define STANDING                                                                                   \
	{ "LIMIT", "limit_pusd|limit", true },                                                     \
	    { "SPENT", "current_spend_pusd|current_spend", true },                                 \
	    { "HELD", "held_pusd|held", true }, { "LEFT", "remaining_pusd|remaining", true },      \
	{                                                                                          \
		"USED %", "utilization_percent", true                                              \
	}

const struct cli_column cli_quota_columns[] = {
	WHOSE,
	STANDING,
	{ "WARN %", "warn_percent", true },
	{ "ACTION", "action", false },
	{ "ENFORCED", "enforce", false },
	{ "UNTIL", "period_ends_at", false },
	{ "RAISED UNTIL", "raised_until", false },
	{ 0 },
};

/* Of one tenant there is room for where a limit comes from and when it counts. */
static const struct cli_column show_columns[] = {
	WHOSE,
	STANDING,
	{ "SINCE", "period_starts_at", false },
	{ "UNTIL", "period_ends_at", false },
	{ "ZONE", "zone", false },
	{ "FROM", "source", false },
	{ "ENFORCED", "enforce", false },
	{ 0 },
};

enum cli_exit cli_quota_set(struct cli *c)
{
	json_t *body = cli_body(c, IDENTITY | TERMS);
	struct buf path;

	cli_path_init(&path, "quotas");
	return cli_show_change(c, "PUT", &path, body, "the limit is set\n");
}

enum cli_exit cli_quota_list(struct cli *c)
{
	return cli_show_list(c, "quotas", IDENTITY, "quotas", cli_quota_columns);
}

enum cli_exit cli_quota_show(struct cli *c)
{
	c->value[OPT_tenant] = c->arg;
	return cli_show_list(c, "quotas", B(tenant), "quotas", show_columns);
}

enum cli_exit cli_quota_raise(struct cli *c)
{
	struct buf path;

	cli_path_init(&path, "quotas");
	cli_path_add(&path, "raise");
	return cli_show_change(c, "POST", &path, cli_body(c, IDENTITY | B(limit) | B(until)),
			       "the limit is raised\n");
}

enum cli_exit cli_quota_reset(struct cli *c)
{
	struct buf path;

	cli_path_init(&path, "quotas");
	cli_path_add(&path, "reset");
	return cli_show_change(c, "POST", &path, cli_body(c, IDENTITY),
			       "the count begins anew; the ledger keeps what was spent\n");
}

enum cli_exit cli_quota_delete(struct cli *c)
{
	struct buf path;

	cli_path_init(&path, "quotas");
	cli_path_options(&path, c, IDENTITY);
	return cli_show_change(c, "DELETE", &path, NULL, "the limit is gone\n");
}
