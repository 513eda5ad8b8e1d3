/* cli_key.c - weir key: issue, list, revoke, rotate. */
#include "ops/cli_call.h"
#include "ops/cli_show.h"

const struct cli_column cli_key_columns[] = {
	{ "KEY", "id", false },
	{ "TENANT", "tenant", false },
	{ "TEAM", "team", false },
	{ "USER", "user", false },
	{ "LABEL", "label", false },
	{ "MODELS", "models", false },
	{ "STATE", "state", false },
	{ "CREATED", "created_at", false },
	{ "EXPIRES", "expires_at", false },
	{ 0 },
};

/* The one moment at which a secret is shown: alone on stdout, so that it can be piped;
 * what belongs to it on stderr. */
static enum cli_exit show_secret(const struct cli *c, struct buf *path, json_t *body,
				 const char *remark)
{
	json_t *answer;
	enum cli_exit e = cli_call(c, "POST", path, body, &answer);

	if (e != CLI_DONE)
		return e;
	if (c->value[OPT_json]) {
		cli_show_json(answer);
	} else {
		puts(json_string_value(json_object_get(answer, "secret")));
		fprintf(stderr, "key %s: keep the secret now, it is not shown again%s\n",
			json_string_value(json_object_get(answer, "id")), remark);
	}
	json_decref(answer);
	return CLI_DONE;
}

enum cli_exit cli_key_issue(struct cli *c)
{
	json_t *body = cli_body(c,
				B(tenant) | B(team) | B(user) | B(label) | B(models) | B(expires));
	struct buf path;

	cli_path_init(&path, "keys");
	return show_secret(c, &path, body, "");
}

enum cli_exit cli_key_list(struct cli *c)
{
	return cli_show_list(c, "keys", B(tenant), "keys", cli_key_columns);
}

enum cli_exit cli_key_revoke(struct cli *c)
{
	struct buf path;

	cli_path_init(&path, "keys");
	cli_path_add(&path, c->arg);
	cli_path_add(&path, "revoke");
	return cli_show_change(c, "POST", &path, NULL, "key %s is revoked\n", c->arg);
}

enum cli_exit cli_key_rotate(struct cli *c)
{
	json_t *body = cli_body(c, B(grace));
	struct buf path;

	cli_path_init(&path, "keys");
	cli_path_add(&path, c->arg);
	cli_path_add(&path, "rotate");
	return show_secret(c, &path, body, "; the old key goes on for the grace period");
}
