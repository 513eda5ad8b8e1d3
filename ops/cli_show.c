/* cli_show.c - see cli_show.h. */
#include "ops/cli_show.h"
#include <stdarg.h>
#include <string.h>
#include "base/decimal.h"
#include "ops/cli_call.h"

#define VALUE_ROOM 512

static bool ends_with(const char *key, const char *ending)
{
	size_t len = strlen(key), tail = strlen(ending);

	return len > tail && strcmp(key + len - tail, ending) == 0;
}

/* "80,90" of a list of numbers. */
static void list_text(const json_t *v, char to[VALUE_ROOM])
{
	const json_t *one;
	size_t i, len = 0;

	snprintf(to, VALUE_ROOM, "-");
	json_array_foreach((json_t *)v, i, one) if (len < VALUE_ROOM)
	    len += (size_t)snprintf(to + len, VALUE_ROOM - len, "%s%" JSON_INTEGER_FORMAT,
				    i > 0 ? "," : "", json_integer_value(one));
}

/* v as text; the ending of its name says what it is. Amounts (..._pusd) become exact USD,
 * durations (..._us) ms, and instants (..._at) lose what is finer than a second. */
static void value_text(const char *key, const json_t *v, char to[VALUE_ROOM])
{
	bool instant = ends_with(key, "_at");

	if (json_is_integer(v) && ends_with(key, "_pusd"))
		decimal_pusd_text(json_integer_value(v), to);
	else if (json_is_integer(v) && ends_with(key, "_us"))
		snprintf(to, VALUE_ROOM, "%" JSON_INTEGER_FORMAT ".%03d",
			 json_integer_value(v) / 1000, (int)(json_integer_value(v) % 1000));
	else if (json_is_integer(v))
		snprintf(to, VALUE_ROOM, "%" JSON_INTEGER_FORMAT, json_integer_value(v));
	else if (json_is_array(v))
		list_text(v, to);
	else if (json_is_boolean(v))
		snprintf(to, VALUE_ROOM, "%s", json_is_true(v) ? "yes" : "no");
	else if (json_is_string(v) && instant && json_string_length(v) >= 19)
		snprintf(to, VALUE_ROOM, "%.10s %.8s", json_string_value(v),
			 json_string_value(v) + 11);
	else if (json_is_string(v))
		snprintf(to, VALUE_ROOM, "%s", json_string_value(v));
	else
		snprintf(to, VALUE_ROOM, "-");
}

void cli_show_json(const json_t *v)
{
	json_dumpf(v, stdout, JSON_COMPACT);
	putchar('\n');
}

void cli_show_columns(struct table *t, const struct cli_column *columns)
{
	for (; columns->title; columns++)
		table_column(t, columns->title, columns->right);
}

void cli_show_row(struct table *t, const json_t *row, const struct cli_column *columns)
{
	char text[VALUE_ROOM];

	for (; columns->title; columns++) {
		struct span keys = span_of(columns->key);
		const json_t *v = NULL;
		char key[64] = "";

		while (!v && keys.len > 0) {
			span_copy(span_take(&keys, '|'), key, sizeof(key));
			v = json_object_get(row, key);
		}
		value_text(key, v, text);
		table_cell(t, "%s", text);
	}
}

void cli_show_rows(const struct cli *c, const json_t *rows, const struct cli_column *columns)
{
	struct table t;
	const json_t *row;
	size_t i;

	table_init(&t);
	cli_show_columns(&t, columns);
	json_array_foreach(rows, i, row)
	{
		if (c->value[OPT_json])
			cli_show_json(row);
		else
			cli_show_row(&t, row, columns);
	}
	if (!c->value[OPT_json])
		table_print(&t, stdout);
	table_release(&t);
}

static bool is_scalar(const json_t *v)
{
	return !json_is_array(v) && !json_is_object(v);
}

void cli_show_members(const json_t *object)
{
	char text[VALUE_ROOM];
	const char *key;
	json_t *v;
	int width = 0;

	json_object_foreach((json_t *)object, key, v) if (is_scalar(v) && (int)strlen(key) > width)
	    width = (int)strlen(key);
	json_object_foreach((json_t *)object, key, v)
	{
		if (!is_scalar(v))
			continue;
		value_text(key, v, text);
		printf("%-*s  %s\n", width, key, text);
	}
}

enum cli_exit cli_show_list(const struct cli *c, const char *path, uint64_t options,
			    const char *member, const struct cli_column *columns)
{
	struct buf at;
	json_t *answer;
	enum cli_exit e;

	cli_path_init(&at, path);
	cli_path_options(&at, c, options);
	e = cli_call(c, "GET", &at, NULL, &answer);
	if (e != CLI_DONE)
		return e;
	cli_show_rows(c, json_object_get(answer, member), columns);
	json_decref(answer);
	return CLI_DONE;
}

enum cli_exit cli_show_change(const struct cli *c, const char *method, struct buf *path,
			      json_t *body, const char *fmt, ...)
{
	json_t *answer;
	va_list args;
	enum cli_exit e = cli_call(c, method, path, body, &answer);

	if (e != CLI_DONE)
		return e;
	va_start(args, fmt);
	if (c->value[OPT_json])
		cli_show_json(answer);
	else
		vprintf(fmt, args);
	va_end(args);
	json_decref(answer);
	return CLI_DONE;
}

enum cli_exit cli_show_lines(const struct cli *c, struct buf *path,
			     void (*show)(void *arg, json_t *line), void *arg)
{
	struct buf text;
	struct span left;
	enum cli_exit e;

	buf_init(&text, CLI_ANSWER_MAX);
	e = cli_fetch(c, path, &text);
	left = e == CLI_DONE ? buf_span(&text) : (struct span){ 0 };
	if (c->value[OPT_json])
		fwrite(left.at ? left.at : "", 1, left.len, stdout);
	while (left.len > 0 && !c->value[OPT_json]) {
		const char *end = memchr(left.at, '\n', left.len);
		size_t len = end ? (size_t)(end - left.at) : left.len;
		json_t *line = json_loadb(left.at, len, 0, NULL);

		if (line)
			show(arg, line);
		json_decref(line);
		left = span_skip(left, len + (end != NULL));
	}
	buf_release(&text);
	return e;
}

void cli_show_cost(const json_t *cost)
{
	static const struct cli_column columns[] = {
		{ "QUANTITY", "quantity", false },
		{ "COUNT", "count", true },
		{ "UNIT", "unit", false },
		{ "EACH USD", "each_usd", true },
		{ "USD", "amount_usd", true },
		{ "BASIS", "basis", false },
		{ 0 },
	};
	struct table t;
	const json_t *term;
	size_t i;

	if (!json_is_object(cost))
		return;
	table_init(&t);
	cli_show_columns(&t, columns);
	json_array_foreach(json_object_get(cost, "terms"), i, term) cli_show_row(&t, term, columns);
	putchar('\n');
	table_print(&t, stdout);
	table_release(&t);
	printf("\nsum   %s USD\ncost  %s USD, rounded once\n",
	       json_string_value(json_object_get(cost, "sum_usd")),
	       json_string_value(json_object_get(cost, "cost_usd")));
	json_array_foreach(json_object_get(cost, "doubts"), i, term)
	    printf("doubt %s\n", json_string_value(term));
}
