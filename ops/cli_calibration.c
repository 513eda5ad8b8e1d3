/* cli_calibration.c - weir calibration: list, export, import, freeze, unfreeze. */
#include "ops/admin.h"
#include "ops/cli_call.h"
#include "ops/cli_show.h"

enum cli_exit cli_calibration_list(struct cli *c)
{
	static const struct cli_column columns[] = {
		{ "PROVIDER", "provider", false },  { "FAMILY", "family", false },
		{ "KIND", "kind", false },          { "SAMPLES", "samples", true },
		{ "BIAS %", "bias_percent", true }, { "ERROR %", "error_percent", true },
		{ "P5 %", "p5_percent", true },     { "P95 %", "p95_percent", true },
		{ "EXACT", "exact", false },        { "FROZEN", "frozen", false },
		{ "DRIFT", "drift", false },        { 0 },
	};

	return cli_show_list(c, "calibration", B(provider) | B(family), "models", columns);
}

static void print_state(void *arg, json_t *line)
{
	const char *state = json_string_value(json_object_get(line, "state"));

	(void)arg;
	if (state)
		puts(state);
}

enum cli_exit cli_calibration_export(struct cli *c)
{
	struct buf path;

	cli_path_init(&path, "calibration");
	cli_path_add(&path, "export");
	return cli_show_lines(c, &path, print_state, NULL);
}

/* The lines of a text, as an array; empty ones are left out. */
static json_t *lines_of(struct span text)
{
	json_t *lines = json_array();

	while (text.len > 0) {
		struct span line = span_trim(span_take(&text, '\n'));

		json_t *state = line.len > 0 ? json_stringn(line.at, line.len) : NULL;

		if (line.len > 0) /* null: no UTF-8, and so no line of ours */
			json_array_append_new(lines, state ? state : json_null());
	}
	return lines;
}

enum cli_exit cli_calibration_import(struct cli *c)
{
	struct buf path, text;
	json_t *body;

	buf_init(&text, ADMIN_BODY_MAX);
	if (!cli_read_file(c->arg, &text)) {
		buf_release(&text);
		return CLI_REFUSED;
	}
	body = json_pack("{s:o}", "states", lines_of(buf_span(&text)));
	buf_release(&text);
	cli_path_init(&path, "calibration");
	cli_path_add(&path, "import");
	return cli_show_change(c, "POST", &path, body, "what the file says is in force\n");
}

static enum cli_exit send_freeze(struct cli *c, const char *verb, const char *done)
{
	struct buf path;

	cli_path_init(&path, "calibration");
	cli_path_add(&path, verb);
	return cli_show_change(c, "POST", &path, cli_body(c, B(provider) | B(family)), "%s\n",
			       done);
}

enum cli_exit cli_calibration_freeze(struct cli *c)
{
	return send_freeze(c, "freeze",
			   "these estimates stay as they are; their errors are watched");
}

enum cli_exit cli_calibration_unfreeze(struct cli *c)
{
	return send_freeze(c, "unfreeze", "these estimates learn again");
}
