/* COMMAND(noun, verb, "ARGUMENTS", options, needs, run, "what it does")
 * Every command, once. From this table come parsing, `weir help` and docs/cli.md.
 * verb: empty where the noun says it all. ARGUMENTS: words; [IN BRACKETS] may be left out.
 * options: what it takes, B(name) of cli_options.tbl.h; needs: those it cannot do without.
 * ADMIN is what every command takes that talks to a running weir; LIST adds --json. */
#define ADMIN (B(admin) | B(config))
#define LIST  (ADMIN | B(json))
COMMAND(serve, , "", B(config), B(config), cli_serve, "carry traffic until SIGTERM; SIGHUP reads the configuration again")
COMMAND(check, , "", B(config) | B(print), B(config), cli_check, "check a configuration and its prices without starting: file:line: what")
COMMAND(tenant, add, "ID", LIST | B(name), 0, cli_tenant_add, "add a tenant; it gets the default quotas of the configuration")
COMMAND(tenant, list, "", LIST, 0, cli_tenant_list, "list all tenants")
COMMAND(tenant, show, "ID", LIST, 0, cli_tenant_show, "show one tenant with its quotas and keys")
COMMAND(tenant, disable, "ID", LIST, 0, cli_tenant_disable, "stop all keys of a tenant within a second")
COMMAND(tenant, enable, "ID", LIST, 0, cli_tenant_enable, "serve a disabled tenant again")
COMMAND(key, issue, "", LIST | B(tenant) | B(team) | B(user) | B(label) | B(models) | B(expires), B(tenant), cli_key_issue, "issue a key; its secret is shown this once and never again")
COMMAND(key, list, "", LIST | B(tenant), 0, cli_key_list, "list keys, without their secrets")
COMMAND(key, revoke, "KEYID", LIST, 0, cli_key_revoke, "stop a key within a second; exchanges under way end as they would")
COMMAND(key, rotate, "KEYID", LIST | B(grace), 0, cli_key_rotate, "issue a successor; the old key goes on for the grace period")
COMMAND(quota, set, "", LIST | B(scope) | B(id) | B(resource) | B(period) | B(limit) | B(warn), B(scope) | B(limit), cli_quota_set, "set a limit, new or changed; a limit of 0 admits nothing")
COMMAND(quota, list, "", LIST | B(scope) | B(id), 0, cli_quota_list, "list limits with what is spent, held and left")
COMMAND(quota, show, "ID", LIST, 0, cli_quota_show, "show the limits that one tenant is under, the platform's included")
COMMAND(quota, reset, "", LIST | B(scope) | B(id) | B(resource) | B(period), B(scope), cli_quota_reset, "begin to count anew: what was spent so far in this period is forgiven")
COMMAND(quota, remove, "", LIST | B(scope) | B(id) | B(resource) | B(period), B(scope), cli_quota_remove, "take a limit away")
COMMAND(price, list, "", LIST | B(provider) | B(model) | B(at), 0, cli_price_list, "list the prices in force")
COMMAND(price, set, "", LIST | B(provider) | B(model) | B(from), B(provider) | B(model), cli_price_set, "add a dated price, in USD per million tokens (per piece for fees): --input 2.5 --output 10 ...")
COMMAND(price, explain, "MODEL", LIST | B(provider) | B(tier) | B(at), 0, cli_price_explain, "show a model's price, and what given quantities would cost: --input 1200 --output 300 ...")
COMMAND(price, import, "FILE", LIST | B(dry_run), 0, cli_price_import, "take over the prices of LiteLLM's JSON file where there is none of our own")
COMMAND(usage, , "", LIST | B(by) | B(since) | B(until) | B(tenant) | B(team) | B(user) | B(key) | B(model) | B(provider), 0, cli_usage, "sum up requests, tokens and money (default: by tenant, this month)")
COMMAND(requests, , "", LIST | B(since) | B(until) | B(tenant) | B(key) | B(model) | B(provider) | B(id) | B(limit), 0, cli_requests, "list single requests, oldest first; as a table the newest 50")
COMMAND(explain, , "REQUEST_ID", LIST, 0, cli_explain, "show how one request came to its cost, line by line")
COMMAND(states, , "", LIST, 0, cli_states, "show the states of exchanges and how often each edge was taken")
COMMAND(version, , "", 0, 0, cli_version, "print the version")
COMMAND(help, , "[NOUN]", B(markdown) | B(api), 0, cli_help, "print what there is, or what there is about one noun")
#undef LIST
#undef ADMIN
#undef COMMAND
