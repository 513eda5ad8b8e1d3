/* cli_show.h - JSON answers of the admin API, for people or (--json) for programs. */
#ifndef OPS_CLI_SHOW_H
#define OPS_CLI_SHOW_H
#include <jansson.h>
#include <stdint.h>
#include "base/buf.h"
#include "ops/cli.h"
#include "ops/table.h"

struct cli_column {
	const char *title, *key; /* key: a member of each object, or the first of a|b there */
	bool right;              /* aligned to the right, for numbers */
};

/* Columns that several commands print. */
extern const struct cli_column cli_key_columns[], cli_quota_columns[];

/* Prints v as one line of JSON. */
void cli_show_json(const json_t *v);

/* Prints an array of objects: a line of JSON for each, or a table. columns end with a
 * NULL title. */
void cli_show_rows(const struct cli *c, const json_t *rows, const struct cli_column *columns);

/* Adds the columns to a table. */
void cli_show_columns(struct table *t, const struct cli_column *columns);

/* Adds one object as a row of that table. */
void cli_show_row(struct table *t, const json_t *row, const struct cli_column *columns);

/* Prints the scalar members of an object, one a line. */
void cli_show_members(const json_t *object);

/* GETs `path` with those of `options` that were given, and prints the array `member` of
 * the answer. */
enum cli_exit cli_show_list(const struct cli *c, const char *path, uint64_t options,
			    const char *member, const struct cli_column *columns);

/* GETs lines of JSON objects: prints them as they came (--json) or hands each to `show`,
 * which may change it. Releases path. */
enum cli_exit cli_show_lines(const struct cli *c, struct buf *path,
			     void (*show)(void *arg, json_t *line), void *arg);

/* Prints how a cost was come to (metering/price.h: price_explain()); null prints nothing. */
void cli_show_cost(const json_t *cost);

/* Makes a change: the call, then its answer as JSON or else the sentence. path and body
 * are released. */
enum cli_exit cli_show_change(const struct cli *c, const char *method, struct buf *path,
			      json_t *body, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));

#endif
