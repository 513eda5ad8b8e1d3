/* cli_call.h - a command's way to the admin API of a running weir.
 *
 * Options travel under their own names: in the query of a GET, as members of the body
 * of anything else. So the API, not the command line, says what a value may be.
 * Errors  are printed on stderr here, with what to do; the caller passes the exit
 *         status on.
 */
#ifndef OPS_CLI_CALL_H
#define OPS_CLI_CALL_H
#include <jansson.h>
#include <stdint.h>
#include "base/buf.h"
#include "base/must.h"
#include "ops/cli.h"

#define CLI_PATH_MAX   (128u << 10)
#define CLI_ANSWER_MAX (256u << 20)

/* Begins the path /admin/v1/TEXT; release it with buf_release(). */
void cli_path_init(struct buf *path, const char *text);

/* Appends a slash and text, percent-encoded. */
void cli_path_add(struct buf *path, const char *text);

/* Appends name=value to the query. */
void cli_path_query(struct buf *path, const char *name, const char *value);

/* Appends those of `options` that were given to the query. */
void cli_path_options(struct buf *path, const struct cli *c, uint64_t options);

/* A new object of those of `options` that were given, as texts. */
json_t *cli_body(const struct cli *c, uint64_t options) MUST_USE;

/* The call; releases path and body (NULL: none). CLI_DONE: *answer is the answer, for the
 * caller to give back with json_decref(). */
enum cli_exit cli_call(const struct cli *c, const char *method, struct buf *path, json_t *body,
		       json_t **answer) MUST_USE;

/* The same with a body that is JSON already. */
enum cli_exit cli_send(const struct cli *c, const char *method, struct buf *path, struct span body,
		       json_t **answer) MUST_USE;

/* Appends what the file holds; false: says on stderr why not. */
bool cli_read_file(const char *path, struct buf *to) MUST_USE;

/* A GET whose answer is text; appended to *text. */
enum cli_exit cli_fetch(const struct cli *c, struct buf *path, struct buf *text) MUST_USE;

#endif
