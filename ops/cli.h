/* cli.h - the command line: one table of commands, one of options.
 *
 * All commands but serve, check, version and help talk to a running weir through its
 * admin API; their options travel under their own names, so a command is little more
 * than a path and a table of columns.
 * Threads  the main thread only.
 */
#ifndef OPS_CLI_H
#define OPS_CLI_H
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include "store/row.h"

#define CLI_VALUE_MAX 1024 /* bytes of one value on the command line */

/* Exit status. */
enum cli_exit {
	CLI_DONE = 0,
	CLI_REFUSED = 1, /* understood and not done; the reason stands on stderr */
	CLI_USAGE = 2    /* not understood */
};

enum cli_option {
#define OPTION(name, placeholder, help) OPT_##name,
#include "ops/cli_options.tbl.h"
	OPT_COUNT
};

/* A set of options. */
#define B(name) (UINT64_C(1) << OPT_##name)

struct cli;
typedef enum cli_exit cli_run(struct cli *c);

struct cli_command {
	const char *noun, *verb, *args;
	uint64_t options, needs;
	cli_run *run;
	const char *help;
};

struct cli_option_info {
	const char *name, *placeholder, *help; /* the name as typed, without "--" */
};

/* The tables; cli_commands ends with a NULL noun. */
extern const struct cli_command cli_commands[];
extern const struct cli_option_info cli_options[OPT_COUNT];

/* One command line, understood. Everything borrows from argv. */
struct cli {
	const struct cli_command *command;
	const char *value[OPT_COUNT];  /* NULL: not given; a flag that was given is "" */
	const char *quantity[Q_COUNT]; /* --input N and so on, for prices */
	const char *arg;               /* the argument; NULL: none */
};

/* Does the command take --QUANTITY options, one for each unit that can be billed? */
bool cli_takes_quantities(const struct cli_command *command);

/* Writes a quantity's or field's name as an option: '_' becomes '-'. */
void cli_option_text(const char *name, char *to, size_t room);

/* Understands argv, runs the command, returns the exit status. */
enum cli_exit cli_main(int argc, char **argv);

/* The commands, by file. */
#define COMMAND(noun, verb, args, takes, needs, run, text) cli_run run;
#include "ops/cli_commands.tbl.h"

#endif
