/* cli_call.c - see cli_call.h. */
#include "ops/cli_call.h"
#include <errno.h>
#include <string.h>
#include "ops/cli_place.h"
#include "ops/http_out.h"

/* Prices of a thousand models are checked and stored within it. */
#define TIMEOUT_US (120 * UINT64_C(1000000))

/* Adds what always fits: cli.c limits each value, the table how many there are. */
static void add(struct buf *path, struct span s)
{
	MUST(buf_add(path, s));
}

static void add_encoded(struct buf *path, const char *text)
{
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;
		char hex[4];

		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		    strchr("-._~", c)) {
			add(path, (struct span){ text, 1 });
		} else {
			snprintf(hex, sizeof(hex), "%%%02X", c);
			add(path, (struct span){ hex, 3 });
		}
	}
}

void cli_path_init(struct buf *path, const char *text)
{
	buf_init(path, CLI_PATH_MAX);
	add(path, SPAN("/admin/v1/"));
	add(path, span_of(text));
}

void cli_path_add(struct buf *path, const char *text)
{
	add(path, SPAN("/"));
	add_encoded(path, text);
}

void cli_path_query(struct buf *path, const char *name, const char *value)
{
	add(path, path->at && memchr(path->at, '?', path->len) ? SPAN("&") : SPAN("?"));
	add_encoded(path, name);
	add(path, SPAN("="));
	add_encoded(path, value);
}

void cli_path_options(struct buf *path, const struct cli *c, uint64_t options)
{
	for (unsigned i = 0; i < OPT_COUNT; i++)
		if ((options >> i & 1) && c->value[i])
			cli_path_query(path, cli_options[i].name, c->value[i]);
}

json_t *cli_body(const struct cli *c, uint64_t options)
{
	json_t *body = json_object();

	for (unsigned i = 0; i < OPT_COUNT; i++)
		if ((options >> i & 1) && c->value[i])
			json_object_set_new(body, cli_options[i].name, json_string(c->value[i]));
	return body;
}

/* Says why the call was not made or not answered. */
static enum cli_exit no_answer(const struct cli_place *place, const char *why)
{
	if (place->socket[0])
		fprintf(stderr,
			"weir: no answer on %s: %s\nIs weir serve running here? Name its socket "
			"with --admin PATH, or its configuration with --config FILE.\n",
			place->socket, why);
	else
		fprintf(stderr, "weir: no answer from %s: %s\n", place->url, why);
	return CLI_REFUSED;
}

bool cli_read_file(const char *path, struct buf *to)
{
	FILE *file = fopen(path, "re");
	char piece[65536];
	size_t len = 1;
	bool ok = file != NULL;

	while (ok && len > 0) {
		len = fread(piece, 1, sizeof(piece), file);
		ok = buf_add(to, (struct span){ piece, len });
	}
	if (!file || ferror(file))
		fprintf(stderr, "weir: %s: %s\n", path, strerror(errno));
	else if (!ok)
		fprintf(stderr, "weir: %s is larger than %zu MB\n", path, to->cap_bytes >> 20);
	ok = ok && !ferror(file);
	if (file)
		fclose(file);
	return ok;
}

/* Says what the API says. A request that made no sense was typed wrong. */
static enum cli_exit refused(int status, struct span answer)
{
	json_t *body = json_loadb(answer.at ? answer.at : "", answer.len, 0, NULL);
	const char *message = json_string_value(
	    json_object_get(json_object_get(body, "error"), "message"));

	if (message)
		fprintf(stderr, "weir: %s\n", message);
	else
		fprintf(stderr, "weir: the admin API answered with status %d\n", status);
	json_decref(body);
	return status == 400 ? CLI_USAGE : CLI_REFUSED;
}

/* The call itself; releases path. */
static enum cli_exit call(const struct cli *c, const char *method, struct buf *path,
			  struct span body, struct buf *answer)
{
	char url[sizeof(((struct cli_place *)0)->url) + CLI_PATH_MAX], why[512] = "";
	struct http_out out = {
		.method = method, .url = url, .body = body, .timeout_us = TIMEOUT_US
	};
	struct cli_place place;
	bool found = cli_place_find(c, &place);
	enum err e;
	int status = 0;

	snprintf(url, sizeof(url), "%s%.*s", place.url, SPAN_ARG(buf_span(path)));
	buf_release(path);
	if (!found)
		return CLI_REFUSED;
	out.socket = place.socket[0] ? place.socket : NULL;
	out.bearer = place.token[0] ? place.token : NULL;
	e = http_out(&out, &status, answer, why, sizeof(why));
	if (e != ERR_OK)
		return no_answer(&place, why[0] ? why : err_text(e));
	return status / 100 == 2 ? CLI_DONE : refused(status, buf_span(answer));
}

enum cli_exit cli_fetch(const struct cli *c, struct buf *path, struct buf *text)
{
	return call(c, "GET", path, (struct span){ 0 }, text);
}

enum cli_exit cli_send(const struct cli *c, const char *method, struct buf *path, struct span body,
		       json_t **answer)
{
	struct buf got;
	enum cli_exit e;

	buf_init(&got, CLI_ANSWER_MAX);
	e = call(c, method, path, body, &got);
	if (e == CLI_DONE) {
		*answer = json_loadb(got.at ? got.at : "", got.len, 0, NULL);
		if (!*answer) {
			fputs("weir: the admin API's answer is no JSON\n", stderr);
			e = CLI_REFUSED;
		}
	}
	buf_release(&got);
	return e;
}

enum cli_exit cli_call(const struct cli *c, const char *method, struct buf *path, json_t *body,
		       json_t **answer)
{
	char *text = body ? json_dumps(body, JSON_COMPACT) : NULL;
	enum cli_exit e = cli_send(c, method, path, span_of(text), answer);

	free(text);
	json_decref(body);
	return e;
}
