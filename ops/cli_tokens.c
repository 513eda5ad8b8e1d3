/* cli_tokens.c - weir tokens: needs no running weir. */
#include <string.h>
#include "ops/cli_call.h"
#include "ops/cli_show.h"
#include "ops/tokens.h"

#define TEXT_MAX (1u << 30)

static enum tokens_as as_told(const struct cli *c)
{
	if (c->value[OPT_text])
		return TOKENS_TEXT;
	return c->value[OPT_body] ? TOKENS_BODY : TOKENS_EITHER;
}

static enum cli_exit show(const struct cli *c, const struct tokens *counted)
{
	json_t *answer = tokens_json(c->value[OPT_model], counted);

	if (c->value[OPT_json])
		cli_show_json(answer);
	else
		cli_show_members(answer);
	json_decref(answer);
	return CLI_DONE;
}

static enum cli_exit count(const struct cli *c, struct tok *t, struct span text)
{
	struct tokens counted;
	enum err e = t ? tokens_count(t, c->value[OPT_model], text, as_told(c), &counted)
		       : ERR_NOMEM;

	if (e == ERR_OK)
		return show(c, &counted);
	fprintf(stderr, "weir: %s: %s\n", c->arg, tokens_problem(e));
	return CLI_REFUSED;
}

enum cli_exit cli_tokens(struct cli *c)
{
	const char *path = strcmp(c->arg, "-") == 0 ? "/dev/stdin" : c->arg;
	struct vocabs *vocabs = NULL;
	struct tok *t = NULL;
	enum cli_exit e = CLI_REFUSED;
	struct buf text;

	if (c->value[OPT_text] && c->value[OPT_body]) {
		fprintf(stderr, "weir: --text or --body, not both\n");
		return CLI_USAGE;
	}
	buf_init(&text, TEXT_MAX);
	if (cli_read_file(path, &text)) {
		if (vocabs_new(&vocabs) == ERR_OK)
			t = tok_new(vocabs);
		e = count(c, t, buf_span(&text));
	}
	tok_free(t);
	vocabs_free(vocabs);
	buf_release(&text);
	return e;
}
