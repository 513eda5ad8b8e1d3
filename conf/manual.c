/* manual.c - one heading for each section, one row for each option. */
#include "conf/manual.h"
#include "conf/kind.h"
#include "conf/option.h"

static const char head[] =
    "# Options\n"
    "\n"
    "Made from `conf/options.tbl.h`; `tests/unit/conf/test_manual.c` says how to make it anew.\n"
    "`weir check --config FILE --print` shows what each option is and which line made it so.\n"
    "\n"
    "- A key that is not listed here is an error, with its line.\n"
    "- Sizes: `512`, `64k`, `32m`, `1g` (powers of 1024). Durations: `250ms`, `30s`, `5m`, `1h`, `1d`.\n"
    "  Amounts: `0.15usd`, `100usd`.\n"
    "- *File*: something Weir reads, seen from the directory of the config file. *Path*: something Weir\n"
    "  writes, seen from its working directory.\n"
    "- A secret is never written into the file: `NAME_env` names an environment variable, `NAME_file` a\n"
    "  file that holds it.\n"
    "- Options marked *restart* are taken when Weir starts, the others when it reloads (SIGHUP).\n";

/* "text", or a dash in an otherwise empty cell. */
static bool cell(struct buf *to, const char *text)
{
	return text[0] ? buf_addf(to, " `%s` |", text) : buf_add(to, SPAN(" - |"));
}

static bool write_name(struct buf *to, const struct option *o)
{
	if (o->kind == KIND_SECRET)
		return buf_addf(to, "| `%s_env`, `%s_file` |", o->name, o->name);
	if (o->kind == KIND_LOCATOR)
		return buf_addf(to, "| `%s_env`, `%s_file`, `%s` |", o->name, o->name, o->name);
	return buf_addf(to, "| `%s` |", o->name);
}

static bool write_choices(struct buf *to, const char *set)
{
	bool ok = true;

	for (const struct option_choice *c = option_choices;
	     ok && c < option_choices + CHOICE_COUNT; c++)
		if (span_eq(span_of(c->set), span_of(set)))
			ok = buf_addf(to, "<br>`%s`: %s", c->word, c->help);
	return ok;
}

static bool write_option(struct buf *to, const struct option *o)
{
	bool choice = o->kind == KIND_CHOICE;

	return write_name(to, o) && buf_addf(to, " %s |", kind_expects(o->kind)) &&
	       cell(to, o->def) && cell(to, choice ? "" : o->least) && cell(to, o->most) &&
	       buf_addf(to, " %s%s", o->help, o->when == WHEN_START ? " *(restart)*" : "") &&
	       (!choice || write_choices(to, o->least)) && buf_add(to, SPAN(" |\n"));
}

static bool write_section(struct buf *to, const char *name, const char *help)
{
	bool ok = name[0] ? buf_addf(to, "\n## %s\n\n%s.\n", name, help)
			  : buf_add(to, SPAN("\n## Top level\n"));

	ok = ok && buf_add(to, SPAN("\n| option | takes | default | least | most | |\n"
				    "|---|---|---|---|---|---|\n"));
	for (const struct option *o = options; ok && o < options + OPTIONS; o++)
		if (span_eq(span_of(o->section), span_of(name)))
			ok = write_option(to, o);
	return ok;
}

bool manual_write(struct buf *to)
{
	bool ok = buf_add(to, span_of(head)) && write_section(to, "", "");

	for (const struct option_section *s = option_sections; ok && s->name; s++)
		ok = write_section(to, s->name, s->help);
	return ok;
}
