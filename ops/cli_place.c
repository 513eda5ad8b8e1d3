/* cli_place.c - see cli_place.h. Reads two lines of the configuration and no more: what
 * else stands there, and whether the providers' keys are at hand, is no matter here. */
#include "ops/cli_place.h"
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "base/buf.h"
#include "conf/yaml.h"

#define USUAL_CONFIG "weir.yaml"
#define USUAL_SOCKET "data/weir.sock"
#define ERRORS_MAX   8192

static struct span text_of(const struct yaml_node *map, const char *key)
{
	const struct yaml_node *node = yaml_get(map, key);

	return node && node->kind == YAML_SCALAR && !yaml_is_null(node) ? node->text
									: (struct span){ 0 };
}

/* The token that the configuration names, else that of WEIR_ADMIN_TOKEN. */
static void find_token(const struct yaml_node *admin, struct cli_place *out)
{
	struct span name = text_of(admin, "token_env"), file = text_of(admin, "token_file");
	const char *usual = getenv("WEIR_ADMIN_TOKEN");
	FILE *from = !usual && file.len > 0 ? fopen(file.at, "re") : NULL;

	if (!usual && name.len > 0)
		usual = getenv(name.at);
	if (usual) {
		span_copy(span_of(usual), out->token, sizeof(out->token));
	} else if (from && fgets(out->token, sizeof(out->token), from)) {
		out->token[strcspn(out->token, "\r\n")] = '\0';
	}
	if (from)
		fclose(from);
}

static bool is_url(const char *text)
{
	return strncmp(text, "http://", 7) == 0 || strncmp(text, "https://", 8) == 0;
}

/* Takes over a path or URL. */
static bool settle(struct span place, struct cli_place *out)
{
	if (!is_url(place.at)) {
		span_copy(SPAN("http://weir"), out->url, sizeof(out->url));
		if (span_copy(place, out->socket, sizeof(out->socket)))
			return true;
		fprintf(stderr, "weir: the socket's path is longer than %zu bytes\n",
			sizeof(out->socket) - 1);
		return false;
	}
	while (place.len > 0 && place.at[place.len - 1] == '/')
		place.len--;
	if (span_copy(place, out->url, sizeof(out->url)))
		return true;
	fputs("weir: the URL of the admin API is too long\n", stderr);
	return false;
}

bool cli_place_find(const struct cli *c, struct cli_place *out)
{
	const char *config = c->value[OPT_config], *named = c->value[OPT_admin];
	struct span place = { 0 };
	struct yaml_doc *doc = NULL;
	const struct yaml_node *admin;
	struct buf errors;
	bool ok;

	*out = (struct cli_place){ 0 };
	if (!named)
		named = getenv("WEIR_ADMIN");
	if (!config && access(USUAL_CONFIG, R_OK) == 0)
		config = USUAL_CONFIG;
	buf_init(&errors, ERRORS_MAX);
	if (config && yaml_load_file(config, &doc, &errors) != ERR_OK && !named) {
		fprintf(stderr, "%.*s", SPAN_ARG(buf_span(&errors)));
		buf_release(&errors);
		return false;
	}
	admin = doc ? yaml_get(doc->root, "admin") : NULL;
	if (named)
		place = span_of(named);
	else
		place = text_of(admin, "socket");
	ok = settle(place.len > 0 ? place : SPAN(USUAL_SOCKET), out);
	if (out->socket[0] == '\0')
		find_token(admin, out);
	yaml_unload(doc);
	buf_release(&errors);
	return ok;
}
