/* cli_place.h - where the admin API of the weir meant by a command line is.
 *
 *   --admin, else WEIR_ADMIN, else admin.socket of --config, else of ./weir.yaml,
 *   else data/weir.sock
 *
 * A path is a unix socket; http:// and https:// go over TCP and bear a token: that of
 * WEIR_ADMIN_TOKEN, or what admin.token_env or admin.token_file of the configuration name.
 */
#ifndef OPS_CLI_PLACE_H
#define OPS_CLI_PLACE_H
#include <stdbool.h>
#include "base/must.h"
#include "ops/cli.h"

struct cli_place {
	char socket[108]; /* path of the unix socket; empty: by url */
	char url[512];    /* scheme, host and port without a slash behind */
	char token[512];  /* empty: none */
};

/* Finds it. False: said on stderr why not. */
bool cli_place_find(const struct cli *c, struct cli_place *out) MUST_USE;

#endif
