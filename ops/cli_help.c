/* cli_help.c - see cli_help.h; also docs/cli.md, which a test compares with the tables. */
#include "ops/cli_help.h"
#include <string.h>
#include "ops/api.h"
#include "ops/cli.h"

/* The words of a command before its options: "weir key revoke KEYID". */
static void print_words(const struct cli_command *k, FILE *to)
{
	fprintf(to, "weir %s%s%s%s%s", k->noun, k->verb[0] ? " " : "", k->verb,
		k->args[0] ? " " : "", k->args);
}

static void print_option(unsigned i, FILE *to)
{
	char name[48];

	cli_option_text(cli_options[i].name, name, sizeof(name));
	fprintf(to, "--%s%s%s", name, cli_options[i].placeholder[0] ? " " : "",
		cli_options[i].placeholder);
}

/* Options that hardly need saying in every usage line. */
static bool is_common(unsigned i)
{
	return i == OPT_help || i == OPT_json || i == OPT_admin || i == OPT_config;
}

static void print_usage(const struct cli_command *k, FILE *to)
{
	print_words(k, to);
	for (unsigned i = 0; i < OPT_COUNT; i++) {
		bool needed = k->needs >> i & 1;

		if (!(k->options >> i & 1) || (is_common(i) && !needed))
			continue;
		fputs(needed ? " " : " [", to);
		print_option(i, to);
		fputs(needed ? "" : "]", to);
	}
	if (cli_takes_quantities(k))
		fputs(" [--QUANTITY N ...]", to);
	fputs(k->options & B(json) ? " [--json]\n" : "\n", to);
}

void cli_help_usage(const struct cli_command *command, FILE *to)
{
	fputs("usage: ", to);
	print_usage(command, to);
}

void cli_help_command(const struct cli_command *command, FILE *to)
{
	char name[48];

	print_usage(command, to);
	fprintf(to, "  %s\n", command->help);
	for (unsigned i = 0; i < OPT_COUNT; i++) {
		if (!(command->options >> i & 1) || i == OPT_help)
			continue;
		fputs("    ", to);
		print_option(i, to);
		fprintf(to, ": %s\n", cli_options[i].help);
	}
	for (unsigned i = 0; cli_takes_quantities(command) && i < Q_COUNT; i++) {
		cli_option_text(quantity_infos[i].name, name, sizeof(name));
		fprintf(to, "    --%s N: %s\n", name, quantity_infos[i].help);
	}
}

bool cli_help_noun(const char *noun, FILE *to)
{
	bool found = false;

	for (const struct cli_command *k = cli_commands; k->noun; k++) {
		if (strcmp(k->noun, noun) != 0)
			continue;
		if (found)
			fputc('\n', to);
		cli_help_command(k, to);
		found = true;
	}
	return found;
}

void cli_help_all(FILE *to)
{
	fputs("weir meters, limits and keeps the books of traffic to LLM providers.\n\n", to);
	for (const struct cli_command *k = cli_commands; k->noun; k++) {
		int width = fprintf(to, "  weir %s %s", k->noun, k->verb);

		fprintf(to, "%s%*s%s\n", k->args, 32 - width - (int)strlen(k->args), "", k->help);
	}
	fputs("\nExit status: 0 done, 1 refused (the reason is on stderr), 2 not understood.\n"
	      "More: weir help NOUN\n",
	      to);
}

static void markdown_options(const struct cli_command *k)
{
	for (unsigned i = 0; i < OPT_COUNT; i++) {
		if (!(k->options >> i & 1) || is_common(i))
			continue;
		fputs("- `", stdout);
		print_option(i, stdout);
		printf("`%s: %s\n", k->needs >> i & 1 ? " (needed)" : "", cli_options[i].help);
	}
	if (cli_takes_quantities(k))
		puts("- `--QUANTITY N`: any of the quantities listed at the end");
}

static void markdown_quantities(void)
{
	char name[48];

	puts("\n## Quantities\n\nEvery unit that a provider can bill. They are disjoint: a token"
	     " stands in one of them only.\n\n| option | unit | one of them is |\n|---|---|---|");
	for (unsigned i = 0; i < Q_COUNT; i++) {
		cli_option_text(quantity_infos[i].name, name, sizeof(name));
		printf("| `--%s N` | %s | %s |\n", name, quantity_infos[i].unit,
		       quantity_infos[i].help);
	}
}

static void markdown(void)
{
	const char *noun = "";

	puts("# The command line\n\n"
	     "<!-- Made by `weir help --markdown` from ops/cli_commands.tbl.h; edit that. -->\n\n"
	     "Exit status: 0 done, 1 refused (the reason is on stderr), 2 not understood.\n"
	     "Every command that talks to a running weir also takes these:\n");
	for (unsigned i = 0; i < OPT_COUNT; i++) {
		if (!is_common(i))
			continue;
		fputs("- `", stdout);
		print_option(i, stdout);
		printf("`: %s\n", cli_options[i].help);
	}
	for (const struct cli_command *k = cli_commands; k->noun; k++) {
		if (strcmp(noun, k->noun) != 0)
			printf("\n## %s\n", k->noun);
		noun = k->noun;
		fputs("\n### `", stdout);
		print_words(k, stdout);
		/* the sentence of the table, with its first letter raised */
		printf("`\n\n%c%s.\n", k->help[0] - 'a' + 'A', k->help + 1);
		if (k->options & ~(B(help) | B(json) | B(admin) | B(config)))
			putchar('\n');
		markdown_options(k);
	}
	markdown_quantities();
}

static void api_manual(void)
{
	static const char *const methods[] = { "GET", "POST", "PUT", "DELETE" };

	puts(
	    "# The admin API\n\n"
	    "<!-- Made by `weir help --api` from ops/api.tbl.h; edit that. -->\n\n"
	    "Below `/admin/v1/`, on the unix socket `admin.socket` (mode 0600: who may open it is\n"
	    "admin) and, with `Authorization: Bearer TOKEN`, on `admin.listen`. Requests that bear\n"
	    "`Origin` are refused. Bodies are JSON objects; values are texts as on the command\n"
	    "line: `{\"scope\":\"tenant\",\"id\":\"acme\",\"limit\":\"100usd\"}`. Amounts come as\n"
	    "`..._pusd`, an integer of 1e-12 USD, and as `..._usd`, the same in exact USD.\n\n"
	    "Errors are `{\"error\":{\"code\",\"message\"}}`: 400 makes no sense, 401 no token, 403\n"
	    "refused, 404 no such thing, 409 there already, 413 too large, 503 try later.\n\n"
	    "| method | path | what it answers or does |\n|---|---|---|");
	for (const struct api_route *r = api_routes; r->path; r++)
		printf("| %s | `%s` | %s |\n", methods[r->method], r->path, r->help);
	puts(
	    "\nOpen to all on both: `/healthz` (the process is up), `/readyz` (200 ready, 503 and\n"
	    "why not), `/metrics` (Prometheus).");
}

enum cli_exit cli_help(struct cli *c)
{
	if (c->value[OPT_api]) {
		api_manual();
		return CLI_DONE;
	}
	if (c->value[OPT_markdown]) {
		markdown();
		return CLI_DONE;
	}
	if (!c->arg) {
		cli_help_all(stdout);
		return CLI_DONE;
	}
	if (cli_help_noun(c->arg, stdout))
		return CLI_DONE;
	fprintf(stderr, "weir: no command \"%s\"; see weir help\n", c->arg);
	return CLI_USAGE;
}
