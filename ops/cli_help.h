/* cli_help.h - the manual, printed from the tables of commands and options. */
#ifndef OPS_CLI_HELP_H
#define OPS_CLI_HELP_H
#include <stdbool.h>
#include <stdio.h>

struct cli_command;

/* One line for each command. */
void cli_help_all(FILE *to);

/* The commands of one noun with their options; false, printing nothing: there is none. */
bool cli_help_noun(const char *noun, FILE *to);

/* One command with its options. */
void cli_help_command(const struct cli_command *command, FILE *to);

/* "usage: weir key issue --tenant ID [--team ID] ...". */
void cli_help_usage(const struct cli_command *command, FILE *to);

#endif
