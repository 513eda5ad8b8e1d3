/* option.c - the table, looking things up in it, and guessing what was meant. */
#include "conf/option.h"
#include <stdio.h>

#define FIELD(type, field) field

/* clang-format off: a row is a row */
#define ROW(section, owner, member, name, kind, def, least, most, when, help)                      \
	{ section,                                                                                 \
	  #name,                                                                                   \
	  KIND_##kind,                                                                             \
	  WHEN_##when,                                                                             \
	  offsetof(struct owner, member CONF_FIELD_##kind(FIELD, name)),                           \
	  def,                                                                                     \
	  least,                                                                                   \
	  most,                                                                                    \
	  help },

const struct option options[OPTIONS] = {
#define TOP(name, ...)               ROW("", conf, , name, __VA_ARGS__)
#define OPTION(section, name, ...)   ROW(#section, conf, section., name, __VA_ARGS__)
#define LISTENER(section, name, ...) ROW(section, conf_listener, , name, __VA_ARGS__)
#define PROVIDER(name, ...)          ROW("providers[]", conf_provider, , name, __VA_ARGS__)
#define PLAN(name, ...)              ROW("plans[]", conf_plan, , name, __VA_ARGS__)
#include "conf/options.tbl.h"
};

const struct option_section option_sections[] = {
	{ "listen[]", "An address to listen on" },
	{ "listen[].tls", "TLS on that address" },
	{ "providers[]", "A provider" },
	{ "plans[]", "A plan" },
#define SECTION(name, help) { #name, help },
#include "conf/options.tbl.h"
	{ NULL, NULL },
};

const struct option_choice option_choices[CHOICE_COUNT] = {
#define CHOICE(set, id, word, help) { #set, word, help },
#include "conf/options.tbl.h"
};
/* clang-format on */

/* --- names --- */

static bool is_secret(const struct option *o)
{
	return o->kind == KIND_SECRET || o->kind == KIND_LOCATOR;
}

void option_title(const struct option *o, const char *suffix, char to[OPTION_TITLE_ROOM])
{
	snprintf(to, OPTION_TITLE_ROOM, "%s%s%s%s", o->section, o->section[0] ? "." : "", o->name,
		 suffix);
}

static bool is_key(struct span key, const char *name, const char *suffix)
{
	size_t len = strlen(name);

	return key.len == len + strlen(suffix) && span_starts(key, span_of(name)) &&
	       span_eq(span_skip(key, len), span_of(suffix));
}

/* The suffixes under which an option may be written; ended by NULL. */
static const char *const *suffixes(const struct option *o)
{
	static const char *const plain[] = { "", NULL };
	static const char *const secret[] = { "_env", "_file", NULL };
	static const char *const locator[] = { "_env", "_file", "", NULL };

	if (!is_secret(o))
		return plain;
	return o->kind == KIND_SECRET ? secret : locator;
}

const struct option *option_find(const char *section, struct span key, const char **suffix)
{
	for (const struct option *o = options; o < options + OPTIONS; o++) {
		if (strcmp(o->section, section) != 0)
			continue;
		for (const char *const *s = suffixes(o); *s; s++)
			if (is_key(key, o->name, *s)) {
				*suffix = *s;
				return o;
			}
	}
	return NULL;
}

/* The key by which `inner` is reached from `section`; empty when it is not. */
static struct span section_key(const char *section, const char *inner)
{
	struct span key = span_of(inner), outer = span_of(section);

	if (outer.len > 0) {
		if (!span_starts(key, outer) || key.len == outer.len || key.at[outer.len] != '.')
			return SPAN("");
		key = span_skip(key, outer.len + 1);
	}
	return memchr(key.at, '[', key.len) || memchr(key.at, '.', key.len) ? SPAN("") : key;
}

bool option_is_section(const char *section, struct span key)
{
	for (const struct option_section *s = option_sections; s->name; s++)
		if (key.len > 0 && span_eq(section_key(section, s->name), key))
			return true;
	return false;
}

/* --- guessing --- */

static unsigned min_of(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

unsigned option_distance(struct span a, struct span b)
{
	unsigned rows[3][64], *before = rows[0], *last = rows[1], *now = rows[2];

	if (a.len > 63 || b.len > 63)
		return OPTION_FAR;
	for (unsigned j = 0; j <= b.len; j++)
		last[j] = j;
	for (unsigned i = 1; i <= a.len; i++) {
		unsigned *spare = before;

		now[0] = i;
		for (unsigned j = 1; j <= b.len; j++) {
			now[j] = min_of(last[j], now[j - 1]) + 1;
			now[j] = min_of(now[j], last[j - 1] + (a.at[i - 1] != b.at[j - 1]));
			if (i > 1 && j > 1 && a.at[i - 1] == b.at[j - 2] &&
			    a.at[i - 2] == b.at[j - 1])
				now[j] = min_of(now[j], before[j - 2] + 1);
		}
		before = last;
		last = now;
		now = spare;
	}
	return last[b.len];
}

bool option_near(struct span wrong, struct span right)
{
	unsigned far = right.len < 4 ? 1 : right.len < 8 ? 2 : 3;

	return option_distance(wrong, right) <= far ||
	       (wrong.len >= 3 && span_starts(right, wrong));
}

struct guess {
	unsigned distance;
	char *to;
};

static void consider(struct guess *g, struct span wrong, const char *section, const char *name,
		     const char *suffix)
{
	char key[64];
	unsigned distance;

	snprintf(key, sizeof(key), "%s%s", name, suffix);
	distance = option_distance(wrong, span_of(key));
	if (!option_near(wrong, span_of(key)) || distance >= g->distance)
		return;
	g->distance = distance;
	snprintf(g->to, OPTION_TITLE_ROOM, "%s%s%s", section, section[0] ? "." : "", key);
}

static void consider_section(struct guess *g, struct span wrong, const char *section)
{
	for (const struct option *o = options; o < options + OPTIONS; o++)
		for (const char *const *s = suffixes(o); *s; s++)
			if (strcmp(o->section, section) == 0)
				consider(g, wrong, "", o->name, *s);
	for (const struct option_section *s = option_sections; s->name; s++) {
		struct span key = section_key(section, s->name);

		if (key.len > 0)
			consider(g, wrong, "", key.at, "");
	}
}

bool option_guess(const char *section, struct span wrong, char to[OPTION_TITLE_ROOM])
{
	struct guess g = { .distance = OPTION_FAR, .to = to };

	consider_section(&g, wrong, section);
	for (const struct option *o = options; g.distance == OPTION_FAR && o < options + OPTIONS;
	     o++)
		for (const char *const *s = suffixes(o); *s; s++)
			if (is_key(wrong, o->name, *s)) /* right, but in another section */
				consider(&g, wrong, o->section, o->name, *s);
	return g.distance < OPTION_FAR;
}
