/* cli_local.c - the commands that need no running weir: serve, check, version. */
#include <stdio.h>
#include "conf/conf.h"
#include "ops/cli.h"
#include "ops/house.h"
#include "ops/serve.h"

#define PRINT_MAX (1u << 20)

enum cli_exit cli_serve(struct cli *c)
{
	return serve(c->value[OPT_config]) == 0 ? CLI_DONE : CLI_REFUSED;
}

enum cli_exit cli_check(struct cli *c)
{
	struct conf *conf;
	struct buf text;

	if (house_read_conf(c->value[OPT_config], &conf) != ERR_OK)
		return CLI_REFUSED;
	buf_init(&text, PRINT_MAX);
	if (c->value[OPT_print] && conf_print(conf, &text))
		printf("%.*s", SPAN_ARG(buf_span(&text)));
	else
		printf("%s: fine\n", c->value[OPT_config]);
	buf_release(&text);
	conf_unref(conf);
	return CLI_DONE;
}

enum cli_exit cli_version(struct cli *c)
{
	(void)c;
	printf("weir %s\n", WEIR_VERSION);
	return CLI_DONE;
}
