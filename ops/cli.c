/* cli.c - from argv to a command. See cli.h. */
#include "ops/cli.h"
#include <stdlib.h>
#include <string.h>
#include "ops/cli_help.h"

const struct cli_command cli_commands[] = {
#define COMMAND(noun, verb, args, takes, needs, run, text)                                         \
	{ #noun, #verb, args, (takes) | B(help), needs, run, text },
#include "ops/cli_commands.tbl.h"
	{ 0 }
};

const struct cli_option_info cli_options[OPT_COUNT] = {
#define OPTION(name, placeholder, help) { #name, placeholder, help },
#include "ops/cli_options.tbl.h"
};

void cli_option_text(const char *name, char *to, size_t room)
{
	span_copy(span_of(name), to, room);
	for (; *to; to++)
		if (*to == '_')
			*to = '-';
}

bool cli_takes_quantities(const struct cli_command *command)
{
	return command->run == cli_price_set || command->run == cli_price_explain;
}

/* Is `typed` (len bytes) the option called name? */
static bool is_option(const char *name, const char *typed, size_t len)
{
	char text[48];

	cli_option_text(name, text, sizeof(text));
	return strlen(text) == len && strncmp(text, typed, len) == 0;
}

/* Where the value of the option typed goes; NULL: the command has no such option. */
static const char **place_of(struct cli *c, const char *typed, size_t len, bool *flag)
{
	for (unsigned i = 0; i < OPT_COUNT; i++) {
		if (!(c->command->options >> i & 1) || !is_option(cli_options[i].name, typed, len))
			continue;
		*flag = cli_options[i].placeholder[0] == '\0';
		return &c->value[i];
	}
	*flag = false;
	for (unsigned i = 0; cli_takes_quantities(c->command) && i < Q_COUNT; i++)
		if (is_option(quantity_infos[i].name, typed, len))
			return &c->quantity[i];
	return NULL;
}

/* Reads the option at argv[*at], "--name value" or "--name=value". */
static bool take_option(struct cli *c, char **argv, int *at)
{
	const char *typed = argv[*at] + 2, *equals = strchr(typed, '=');
	size_t len = equals ? (size_t)(equals - typed) : strlen(typed);
	bool flag;
	const char **place = place_of(c, typed, len, &flag);

	if (!place) {
		fprintf(stderr, "weir: no option --%.*s here\n", (int)len, typed);
		return false;
	}
	if (*place) {
		fprintf(stderr, "weir: --%.*s is given twice\n", (int)len, typed);
		return false;
	}
	if (flag != (equals == NULL) && flag) {
		fprintf(stderr, "weir: --%.*s takes no value\n", (int)len, typed);
		return false;
	}
	*place = flag ? "" : equals ? equals + 1 : argv[++*at];
	if (!*place)
		fprintf(stderr, "weir: --%.*s needs a value\n", (int)len, typed);
	return *place != NULL;
}

static bool all_short(char **argv)
{
	for (; *argv; argv++) {
		if (strlen(*argv) <= CLI_VALUE_MAX)
			continue;
		fprintf(stderr, "weir: \"%.20s...\" is too long\n", *argv);
		return false;
	}
	return true;
}

static bool take_words(struct cli *c, char **argv)
{
	for (int at = 0; argv[at]; at++) {
		if (strcmp(argv[at], "-h") == 0) {
			c->value[OPT_help] = "";
		} else if (strncmp(argv[at], "--", 2) == 0) {
			if (!take_option(c, argv, &at))
				return false;
		} else if (c->arg || c->command->args[0] == '\0') {
			fprintf(stderr, "weir: what is \"%s\" for?\n", argv[at]);
			return false;
		} else {
			c->arg = argv[at];
		}
	}
	return true;
}

/* Is everything there that the command cannot do without? */
static bool complete(const struct cli *c)
{
	char name[48];

	if (!c->arg && c->command->args[0] != '\0' && c->command->args[0] != '[') {
		fprintf(stderr, "weir: %s is missing\n", c->command->args);
		return false;
	}
	for (unsigned i = 0; i < OPT_COUNT; i++) {
		if (!(c->command->needs >> i & 1) || c->value[i])
			continue;
		cli_option_text(cli_options[i].name, name, sizeof(name));
		fprintf(stderr, "weir: --%s %s is missing\n", name, cli_options[i].placeholder);
		return false;
	}
	return true;
}

static const struct cli_command *command_find(const char *noun, const char *verb)
{
	for (const struct cli_command *k = cli_commands; k->noun; k++)
		if (strcmp(k->noun, noun) == 0 &&
		    (k->verb[0] == '\0' || (verb && strcmp(k->verb, verb) == 0)))
			return k;
	return NULL;
}

/* "-h", "--help" and "--version" in place of a noun. */
static const char *noun_of(const char *word)
{
	if (strcmp(word, "-h") == 0 || strcmp(word, "--help") == 0)
		return "help";
	return strcmp(word, "--version") == 0 ? "version" : word;
}

/* Nothing that we know was named: say what there is. */
static enum cli_exit lost(const char *noun, const char *verb)
{
	if (!noun)
		cli_help_all(stderr);
	else if (!cli_help_noun(noun, stderr))
		fprintf(stderr, "weir: no command \"%s\"; see weir help\n", noun);
	else if (verb && strcmp(verb, "--help") != 0 && strcmp(verb, "-h") != 0)
		fprintf(stderr, "weir: no command \"%s %s\"\n", noun, verb);
	return verb && (strcmp(verb, "--help") == 0 || strcmp(verb, "-h") == 0) ? CLI_DONE
										: CLI_USAGE;
}

enum cli_exit cli_main(int argc, char **argv)
{
	const char *noun = argc > 1 ? noun_of(argv[1]) : NULL;
	const char *verb = argc > 2 ? argv[2] : NULL;
	struct cli c = { .command = noun ? command_find(noun, verb) : NULL };

	if (!c.command)
		return lost(noun, verb);
	argv += c.command->verb[0] ? 3 : 2;
	if (!all_short(argv) || !take_words(&c, argv)) {
		cli_help_usage(c.command, stderr);
		return CLI_USAGE;
	}
	if (c.value[OPT_help]) {
		cli_help_command(c.command, stdout);
		return CLI_DONE;
	}
	if (!complete(&c)) {
		cli_help_usage(c.command, stderr);
		return CLI_USAGE;
	}
	return c.command->run(&c);
}
