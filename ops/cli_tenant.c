/* cli_tenant.c - weir tenant: add, list, show, disable, enable, plan. */
#include "ops/cli_call.h"
#include "ops/cli_show.h"

static const struct cli_column columns[] = {
	{ "TENANT", "id", false },
	{ "NAME", "name", false },
	{ "PLAN", "plan", false },
	{ "KEYS", "keys", true },
	{ "CREATED", "created_at", false },
	{ "DISABLED", "disabled_at", false },
	{ 0 },
};

enum cli_exit cli_tenant_add(struct cli *c)
{
	json_t *body = cli_body(c, B(name) | B(plan));
	struct buf path;

	json_object_set_new(body, "id", json_string(c->arg));
	cli_path_init(&path, "tenants");
	return cli_show_change(c, "POST", &path, body,
			       "tenant %s is added; next: weir key issue --tenant %s\n", c->arg,
			       c->arg);
}

enum cli_exit cli_tenant_list(struct cli *c)
{
	return cli_show_list(c, "tenants", 0, "tenants", columns);
}

enum cli_exit cli_tenant_show(struct cli *c)
{
	struct buf path;
	json_t *answer;
	enum cli_exit e;

	cli_path_init(&path, "tenants");
	cli_path_add(&path, c->arg);
	e = cli_call(c, "GET", &path, NULL, &answer);
	if (e != CLI_DONE)
		return e;
	if (c->value[OPT_json]) {
		cli_show_json(answer);
	} else {
		cli_show_members(answer);
		putchar('\n');
		cli_show_rows(c, json_object_get(answer, "quotas"), cli_quota_columns);
		putchar('\n');
		cli_show_rows(c, json_object_get(answer, "tenant_keys"), cli_key_columns);
	}
	json_decref(answer);
	return CLI_DONE;
}

enum cli_exit cli_tenant_disable(struct cli *c)
{
	struct buf path;

	cli_path_init(&path, "tenants");
	cli_path_add(&path, c->arg);
	cli_path_add(&path, "disable");
	return cli_show_change(c, "POST", &path, NULL,
			       "tenant %s is disabled: all its keys are refused\n", c->arg);
}

enum cli_exit cli_tenant_enable(struct cli *c)
{
	struct buf path;

	cli_path_init(&path, "tenants");
	cli_path_add(&path, c->arg);
	cli_path_add(&path, "enable");
	return cli_show_change(c, "POST", &path, NULL, "tenant %s is served again\n", c->arg);
}

enum cli_exit cli_tenant_plan(struct cli *c)
{
	struct buf path;

	cli_path_init(&path, "tenants");
	cli_path_add(&path, c->arg);
	cli_path_add(&path, "plan");
	return cli_show_change(c, "POST", &path, cli_body(c, B(plan)),
			       "tenant %s has plan %s now\n", c->arg, c->value[OPT_plan]);
}
