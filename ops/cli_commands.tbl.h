/* COMMAND(noun, verb, "ARGUMENTS", options, needs, run, "what it does")
 * Every command, once. From this table come parsing, `weir help` and docs/cli.md.
 * verb: empty where the noun says it all. ARGUMENTS: words; [IN BRACKETS] may be left out.
 * options: what it takes, B(name) of cli_options.tbl.h; needs: those it cannot do without.
 * ADMIN is what every command takes that talks to a running weir; LIST adds --json; IDENTITY is
 * what makes a quota this one. */
#define ADMIN (B(admin) | B(config))
#define LIST  (ADMIN | B(json))
#define IDENTITY (B(scope) | B(tenant) | B(id) | B(resource) | B(unit) | B(period))
COMMAND(serve, , "", B(config), B(config), cli_serve, "carry traffic until SIGTERM; SIGHUP reads the configuration again")
COMMAND(check, , "", B(config) | B(print), B(config), cli_check, "check a configuration and its prices without starting: file:line: what")
COMMAND(tenant, add, "ID", LIST | B(name) | B(plan), 0, cli_tenant_add, "add a tenant; it has the quotas of its plan, or else the default ones of the configuration")
COMMAND(tenant, list, "", LIST, 0, cli_tenant_list, "list all tenants")
COMMAND(tenant, show, "ID", LIST, 0, cli_tenant_show, "show one tenant with its quotas and keys")
COMMAND(tenant, disable, "ID", LIST, 0, cli_tenant_disable, "stop all keys of a tenant within a second")
COMMAND(tenant, enable, "ID", LIST, 0, cli_tenant_enable, "serve a disabled tenant again")
COMMAND(tenant, plan, "ID", LIST | B(plan), B(plan), cli_tenant_plan, "put a tenant on another plan; what was set for the tenant itself stays")
COMMAND(key, issue, "", LIST | B(tenant) | B(team) | B(user) | B(label) | B(models) | B(expires), B(tenant), cli_key_issue, "issue a key; its secret is shown this once and never again")
COMMAND(key, list, "", LIST | B(tenant), 0, cli_key_list, "list keys, without their secrets")
COMMAND(key, revoke, "KEYID", LIST, 0, cli_key_revoke, "stop a key within a second; exchanges under way end as they would")
COMMAND(key, rotate, "KEYID", LIST | B(grace), 0, cli_key_rotate, "issue a successor; the old key goes on for the grace period")
COMMAND(quota, set, "", LIST | IDENTITY | B(limit) | B(warn) | B(zone) | B(action) | B(enforce) | B(on_outage), B(scope) | B(limit), cli_quota_set, "set a limit, new or changed; a limit of 0 admits nothing, none goes before that of a plan and admits anything")
COMMAND(quota, list, "", LIST | IDENTITY, 0, cli_quota_list, "list limits with what is spent, held and left")
COMMAND(quota, show, "ID", LIST, 0, cli_quota_show, "show the limits that one tenant is under, the platform's included")
COMMAND(quota, raise, "", LIST | IDENTITY | B(limit) | B(until), B(scope) | B(limit) | B(until), cli_quota_raise, "raise a limit until an instant; then it falls back by itself")
COMMAND(quota, reset, "", LIST | IDENTITY, B(scope), cli_quota_reset, "begin to count anew: what was spent so far in this period is forgiven")
COMMAND(quota, delete, "", LIST | IDENTITY, B(scope), cli_quota_delete, "take a limit away; that of the tenant's plan holds again")
COMMAND(quota, remove, "", LIST | IDENTITY, B(scope), cli_quota_delete, "the same as delete")
COMMAND(price, list, "", LIST | B(provider) | B(model) | B(at), 0, cli_price_list, "list the prices in force")
COMMAND(price, set, "", LIST | B(provider) | B(model) | B(from), B(provider) | B(model), cli_price_set, "add a dated price, in USD per million tokens (per piece for fees): --input 2.5 --output 10 ...")
COMMAND(price, explain, "MODEL", LIST | B(provider) | B(tier) | B(at), 0, cli_price_explain, "show a model's price, and what given quantities would cost: --input 1200 --output 300 ...")
COMMAND(price, import, "FILE", LIST | B(dry_run), 0, cli_price_import, "take over the prices of LiteLLM's JSON file where there is none of our own")
COMMAND(calibration, list, "", LIST | B(provider) | B(family), 0, cli_calibration_list, "list what estimates of tokens have learned from providers' reports, and how far off they are")
COMMAND(calibration, export, "", LIST, 0, cli_calibration_export, "print what was learned, a line for each model and kind, to be kept or imported elsewhere")
COMMAND(calibration, import, "FILE", LIST, 0, cli_calibration_import, "take exported lines over in place of what is known of their models")
COMMAND(calibration, freeze, "", LIST | B(provider) | B(family), 0, cli_calibration_freeze, "keep estimates of the models known by now as they are, for an audit; errors are still watched")
COMMAND(calibration, unfreeze, "", LIST | B(provider) | B(family), 0, cli_calibration_unfreeze, "let them learn again")
COMMAND(usage, , "", LIST | B(by) | B(since) | B(until) | B(tenant) | B(team) | B(user) | B(key) | B(model) | B(provider), 0, cli_usage, "sum up requests, tokens and money (default: by tenant, this month)")
COMMAND(requests, , "", LIST | B(since) | B(until) | B(tenant) | B(key) | B(model) | B(provider) | B(id) | B(limit), 0, cli_requests, "list single requests, oldest first; as a table the newest 50")
COMMAND(explain, , "REQUEST_ID", LIST, 0, cli_explain, "show how one request came to its cost, line by line")
COMMAND(tokens, , "FILE", B(model) | B(json) | B(text) | B(body), B(model), cli_tokens, "count the tokens of a text, or of the prompt in a request body; - reads from standard input; needs no running weir")
COMMAND(states, , "", LIST, 0, cli_states, "show the states of exchanges and how often each edge was taken")
COMMAND(version, , "", 0, 0, cli_version, "print the version")
COMMAND(help, , "[NOUN]", B(markdown) | B(api), 0, cli_help, "print what there is, or what there is about one noun")
#undef IDENTITY
#undef LIST
#undef ADMIN
#undef COMMAND
