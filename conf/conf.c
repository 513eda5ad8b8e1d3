/* conf.c - from the tree of the file to the snapshot: every option by the table, then the
 * lists, then what the options say about each other. */
#include "conf/conf.h"
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/arena.h"
#include "conf/check.h"
#include "conf/kind.h"
#include "conf/option.h"
#include "conf/secret.h"
#include "conf/yaml.h"

#define ARENA_BYTES_MAX (32u << 20)

struct whole { /* what a struct conf really is */
	struct conf conf;
	_Atomic unsigned refs;
	struct yaml_doc *doc; /* texts point into it */
	struct arena arena;
	struct conf_secret *secrets; /* the newest of all */
};

/* --- one section --- */

static void complain_unknown(struct kind_reader *r, const char *section, const struct yaml_node *n)
{
	char meant[OPTION_TITLE_ROOM], where[OPTION_TITLE_ROOM] = "";

	if (section[0])
		snprintf(where, sizeof(where), " in section '%s'", section);
	if (option_guess(section, n->key, meant))
		kind_complain(r, n->key_line, "unknown option '%.60s'%s; did you mean '%s'?",
			      n->key.at, where, meant);
	else
		kind_complain(r, n->key_line, "unknown option '%.60s'%s", n->key.at, where);
}

static void read_option(struct kind_reader *r, const struct option *o, const char *suffix,
			const struct yaml_node *n, void *base, int *lines)
{
	int *line = &lines[o - options];

	if (*line > 0)
		kind_complain(r, n->key_line, "'%s' says what line %d has said already", n->key.at,
			      *line);
	*line = n->key_line;
	kind_read(r, o, suffix, n, (char *)base + o->offset);
}

/* Reads what the section says into the struct at base. */
static void read_section(struct kind_reader *r, const char *section, const struct yaml_node *map,
			 void *base, int *lines)
{
	if (map->kind != YAML_MAP && !yaml_is_null(map)) {
		kind_complain(r, map->line, "'%s' must be a section: { option: value, ... }",
			      section);
		return;
	}
	for (const struct yaml_node *n = map->first; n; n = n->next) {
		const char *suffix;
		const struct option *o = option_find(section, n->key, &suffix);

		if (o)
			read_option(r, o, suffix, n, base, lines);
		else if (!option_is_section(section, n->key))
			complain_unknown(r, section, n);
	}
}

/* Lists of sections are read apart. */
static bool is_sections(const struct option *o)
{
	return o->kind == KIND_LISTENERS || o->kind == KIND_PROVIDERS || o->kind == KIND_PLANS;
}

/* Gives what the file did not say its default. */
static void fill_section(struct kind_reader *r, const char *section, void *base, const int *lines)
{
	for (const struct option *o = options; o < options + OPTIONS; o++)
		if (strcmp(o->section, section) == 0 && lines[o - options] == 0 && !is_sections(o))
			kind_default(r, o, (char *)base + o->offset);
}

/* A `lines` array; the last entry is the line of the whole. NULL without memory. */
static int *new_lines(struct kind_reader *r, const struct yaml_node *whole)
{
	int *lines = arena_take(r->arena, (OPTIONS + 1) * sizeof(*lines));

	if (lines)
		lines[OPTIONS] = whole ? whole->line : 1;
	else
		kind_complain(r, whole ? whole->line : 1, "no memory");
	return lines;
}

/* --- the lists --- */

/* One string is the address; a map may say more. */
static void read_listener(struct kind_reader *r, const struct yaml_node *n,
			  struct conf_listener *listener)
{
	const struct option *address = &options[OPTION_listener_address];
	const struct yaml_node *tls;
	int *lines = new_lines(r, n);

	listener->lines = lines;
	if (!lines)
		return;
	if (n->kind == YAML_SCALAR) {
		lines[OPTION_listener_address] = n->line;
		kind_read(r, address, "", n, &listener->address);
		return;
	}
	read_section(r, "listen[]", n, listener, lines);
	tls = yaml_get(n, "tls");
	if (tls)
		read_section(r, "listen[].tls", tls, listener, lines);
}

static void read_listeners(struct kind_reader *r, const struct yaml_node *n, struct conf *c)
{
	struct yaml_node def = { .kind = YAML_SCALAR, .quoted = true };
	unsigned count = n && n->kind == YAML_LIST ? n->children : 1;
	struct conf_listener *at;

	def.text = span_of(options[OPTION_top_listen].def);
	if (!n)
		n = &def;
	if (count == 0 || count > CONF_LISTENERS_MAX) {
		kind_complain(r, n->line, "listen: give 1 to %d addresses", CONF_LISTENERS_MAX);
		return;
	}
	at = arena_take(r->arena, count * sizeof(*at));
	if (!at) {
		kind_complain(r, n->line, "no memory");
		return;
	}
	c->listen = (struct conf_listeners){ at, count };
	if (n->kind != YAML_LIST)
		read_listener(r, n, at);
	else
		for (n = n->first; n; n = n->next)
			read_listener(r, n, at++);
}

static void read_providers(struct kind_reader *r, const struct yaml_node *n, struct conf *c)
{
	struct conf_provider *at;

	if (!n || n->kind != YAML_LIST || n->children == 0 || n->children > CONF_PROVIDERS_MAX) {
		kind_complain(
		    r, n ? n->line : 1,
		    "providers: give a list of 1 to %d: [ { name, dialect, base_url, ... } ]",
		    CONF_PROVIDERS_MAX);
		return;
	}
	at = arena_take(r->arena, n->children * sizeof(*at));
	if (!at) {
		kind_complain(r, n->line, "no memory");
		return;
	}
	c->providers = (struct conf_providers){ at, n->children };
	for (n = n->first; n; n = n->next, at++) {
		int *lines = new_lines(r, n);

		at->lines = lines;
		if (!lines)
			return;
		read_section(r, "providers[]", n, at, lines);
		fill_section(r, "providers[]", at, lines);
	}
}

static void read_plans(struct kind_reader *r, const struct yaml_node *n, struct conf *c)
{
	struct conf_plan *at;

	if (n->kind != YAML_LIST || n->children > CONF_PLANS_MAX) {
		kind_complain(r, n->line, "plans: give a list of at most %d: [ { name, quotas } ]",
			      CONF_PLANS_MAX);
		return;
	}
	at = arena_take(r->arena, n->children * sizeof(*at) + 1);
	if (!at) {
		kind_complain(r, n->line, "no memory");
		return;
	}
	c->plans = (struct conf_plans){ at, n->children };
	for (n = n->first; n; n = n->next, at++) {
		int *lines = new_lines(r, n);

		at->lines = lines;
		if (!lines)
			return;
		read_section(r, "plans[]", n, at, lines);
	}
}

/* --- the whole --- */

static void read_top(struct kind_reader *r, const struct yaml_node *n, struct conf *c, int *lines)
{
	const char *suffix;
	const struct option *o = option_find("", n->key, &suffix);

	if (!o && option_is_section("", n->key)) {
		read_section(r, n->key.at, n, c, lines);
	} else if (!o) {
		complain_unknown(r, "", n);
	} else if (o->kind == KIND_LISTENERS) {
		lines[o - options] = n->key_line;
		read_listeners(r, n, c);
	} else if (o->kind == KIND_PROVIDERS) {
		lines[o - options] = n->key_line;
		read_providers(r, n, c);
	} else if (o->kind == KIND_PLANS) {
		lines[o - options] = n->key_line;
		read_plans(r, n, c);
	} else {
		read_option(r, o, suffix, n, c, lines);
	}
}

/* A provider's unpriced: inherit becomes what the top level says. `at` is the list's own memory. */
static void inherit_unpriced(const struct conf *c, struct conf_provider *at)
{
	for (unsigned i = 0; i < c->providers.count; i++)
		if (at[i].unpriced == CHOICE_provider_unpriced_inherit)
			at[i].unpriced = c->unpriced == CHOICE_unpriced_refuse
					     ? CHOICE_provider_unpriced_refuse
					     : CHOICE_provider_unpriced_provisional;
}

/* In the order of the file, so that complaints are too. */
static void read_all(struct kind_reader *r, struct conf *c)
{
	const struct yaml_node *root = r->doc->root;
	int *lines = new_lines(r, root);

	c->lines = lines;
	if (!lines)
		return;
	if (root && root->kind != YAML_MAP) {
		kind_complain(r, root->line, "this is no configuration: write option: value");
		return;
	}
	for (const struct yaml_node *n = root ? root->first : NULL; n; n = n->next)
		read_top(r, n, c, lines);
	if (lines[OPTION_top_listen] == 0)
		read_listeners(r, NULL, c);
	if (lines[OPTION_top_providers] == 0)
		read_providers(r, NULL, c);
	fill_section(r, "", c, lines);
	for (const struct option_section *s = option_sections; s->name; s++)
		if (!strchr(s->name, '['))
			fill_section(r, s->name, c, lines);
	inherit_unpriced(c, (struct conf_provider *)c->providers.at);
}

/* The directory of the file with its slash, or "". */
static const char *directory_of(const char *path, struct arena *a)
{
	const char *slash = strrchr(path, '/');

	return slash ? arena_text(a, (struct span){ path, (size_t)(slash - path) + 1 }) : "";
}

static struct whole *new_whole(struct yaml_doc *doc)
{
	struct whole *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	w->refs = 1;
	w->doc = doc;
	w->conf.path = doc->name;
	arena_init(&w->arena, ARENA_BYTES_MAX);
	return w;
}

/* Takes doc over, also on failure. */
static enum err load_doc(struct yaml_doc *doc, const char *const *dialects, struct conf **out,
			 struct buf *errors)
{
	struct kind_reader r = { .doc = doc, .errors = errors };
	struct whole *w = new_whole(doc);

	if (!w) {
		yaml_unload(doc);
		return ERR_NOMEM;
	}
	r.arena = &w->arena;
	r.secrets = &w->secrets;
	r.dir = directory_of(doc->name, r.arena);
	if (!r.dir) {
		conf_unref(&w->conf);
		return ERR_NOMEM;
	}
	read_all(&r, &w->conf);
	if (w->conf.lines)
		check_conf(&r, &w->conf, dialects);
	if (r.wrong > 0) {
		conf_unref(&w->conf);
		return ERR_GARBLED;
	}
	*out = &w->conf;
	return ERR_OK;
}

enum err conf_load(const char *path, const char *const *dialects, struct conf **out,
		   struct buf *errors)
{
	struct yaml_doc *doc;
	enum err e = yaml_load_file(path, &doc, errors);

	return e == ERR_OK ? load_doc(doc, dialects, out, errors) : e;
}

enum err conf_load_text(const char *name, struct span text, const char *const *dialects,
			struct conf **out, struct buf *errors)
{
	struct yaml_doc *doc;
	enum err e = yaml_load_text(name, text, &doc, errors);

	return e == ERR_OK ? load_doc(doc, dialects, out, errors) : e;
}

struct conf *conf_ref(struct conf *c)
{
	atomic_fetch_add_explicit(&((struct whole *)c)->refs, 1, memory_order_relaxed);
	return c;
}

void conf_unref(struct conf *c)
{
	struct whole *w = (struct whole *)c;

	if (!w || atomic_fetch_sub_explicit(&w->refs, 1, memory_order_acq_rel) > 1)
		return;
	secret_wipe(w->secrets);
	arena_release(&w->arena);
	yaml_unload(w->doc);
	free(w);
}

const struct conf_provider *conf_find_provider(const struct conf *c, struct span name)
{
	for (unsigned i = 0; i < c->providers.count; i++)
		if (span_eq(span_of(c->providers.at[i].name), name))
			return &c->providers.at[i];
	return NULL;
}

const struct conf_plan *conf_find_plan(const struct conf *c, struct span name)
{
	for (unsigned i = 0; i < c->plans.count; i++)
		if (c->plans.at[i].name && span_eq(span_of(c->plans.at[i].name), name))
			return &c->plans.at[i];
	return NULL;
}

int conf_line(const int *lines, const char *section, const char *name)
{
	const char *suffix;
	const struct option *o = option_find(section, span_of(name), &suffix);

	return o && lines[o - options] > 0 ? lines[o - options] : lines[OPTIONS];
}

struct span conf_secret(const struct conf_secret *s)
{
	return (struct span){ s->bytes, s->len };
}

const char *conf_choice_word(enum choice c)
{
	return option_choices[c].word;
}

/* --- showing --- */

/* "limits.head", "providers[2].name", "listen[0].tls.cert" */
static bool show_name(const struct option *o, unsigned index, struct buf *to)
{
	const char *bracket = strchr(o->section, '[');

	if (!bracket)
		return buf_addf(to, "%s%s%s", o->section, o->section[0] ? "." : "", o->name);
	return buf_addf(to, "%.*s[%u]%s.%s", (int)(bracket - o->section), o->section, index,
			bracket + 2, o->name);
}

static bool show_option(const struct conf *c, const struct option *o, unsigned index,
			const void *base, const int *lines, struct buf *to)
{
	int line = lines[o - options];

	if (!show_name(o, index, to) || !buf_add(to, SPAN(" = ")) ||
	    !kind_show(o, (const char *)base + o->offset, to))
		return false;
	if (line > 0)
		return buf_addf(to, "  # %s:%d\n", c->path, line);
	return buf_add(to, SPAN("  # default\n"));
}

/* One entry of a list: the options of every section that begins with that name. */
static bool show_entry(const struct conf *c, const char *section, unsigned index, const void *base,
		       const int *lines, struct buf *to)
{
	for (const struct option *o = options; o < options + OPTIONS; o++)
		if (span_starts(span_of(o->section), span_of(section)) &&
		    !show_option(c, o, index, base, lines, to))
			return false;
	return true;
}

static bool show_listeners(const struct conf *c, struct buf *to)
{
	for (unsigned i = 0; i < c->listen.count; i++) {
		const struct conf_listener *l = &c->listen.at[i];

		if (!show_entry(c, "listen[]", i, l, l->lines, to))
			return false;
	}
	return true;
}

static bool show_providers(const struct conf *c, struct buf *to)
{
	for (unsigned i = 0; i < c->providers.count; i++) {
		const struct conf_provider *p = &c->providers.at[i];

		if (!show_entry(c, "providers[]", i, p, p->lines, to))
			return false;
	}
	return true;
}

static bool show_plans(const struct conf *c, struct buf *to)
{
	for (unsigned i = 0; i < c->plans.count; i++) {
		const struct conf_plan *p = &c->plans.at[i];

		if (!show_entry(c, "plans[]", i, p, p->lines, to))
			return false;
	}
	return true;
}

bool conf_print(const struct conf *c, struct buf *to)
{
	bool ok = true;

	for (const struct option *o = options; ok && o < options + OPTIONS; o++)
		if (o->kind == KIND_LISTENERS)
			ok = show_listeners(c, to);
		else if (o->kind == KIND_PROVIDERS)
			ok = show_providers(c, to);
		else if (o->kind == KIND_PLANS)
			ok = show_plans(c, to);
		else if (!strchr(o->section, '['))
			ok = show_option(c, o, 0, c, c->lines, to);
	return ok;
}

/* --- comparing --- */

/* By the text it would be written as; secrets by their bytes. 1 same, 0 not, -1 no memory. */
static int same_plain(const struct option *o, const void *a, const void *b)
{
	struct buf left, right;
	int same = -1;

	if (o->kind == KIND_SECRET || o->kind == KIND_LOCATOR)
		return span_eq(conf_secret(*(const struct conf_secret *const *)a),
			       conf_secret(*(const struct conf_secret *const *)b));
	buf_init(&left, YAML_BYTES_MAX);
	buf_init(&right, YAML_BYTES_MAX);
	if (kind_show(o, a, &left) && kind_show(o, b, &right))
		same = span_eq(buf_span(&left), buf_span(&right));
	buf_release(&left);
	buf_release(&right);
	return same;
}

/* The same for each option of each item of a list. */
static int same_items(const char *section, size_t item_bytes, unsigned count, const char *a,
		      const char *b)
{
	int same = 1;

	for (unsigned i = 0; i < count; i++, a += item_bytes, b += item_bytes)
		for (const struct option *o = options; same == 1 && o < options + OPTIONS; o++)
			if (span_starts(span_of(o->section), span_of(section)))
				same = same_plain(o, a + o->offset, b + o->offset);
	return same;
}

static int same_value(const struct option *o, const void *a, const void *b)
{
	const struct conf_listeners *la = a, *lb = b;
	const struct conf_providers *pa = a, *pb = b;

	switch (o->kind) {
	case KIND_LISTENERS:
		return la->count != lb->count
			   ? 0
			   : same_items("listen[]", sizeof(*la->at), la->count,
					(const char *)la->at, (const char *)lb->at);
	case KIND_PROVIDERS:
		return pa->count != pb->count
			   ? 0
			   : same_items("providers[]", sizeof(*pa->at), pa->count,
					(const char *)pa->at, (const char *)pb->at);
	default: return same_plain(o, a, b);
	}
}

bool conf_compare(const struct conf *running, const struct conf *next, struct buf *names)
{
	for (const struct option *o = options; o < options + OPTIONS; o++) {
		int same;

		if (o->when != WHEN_START || strchr(o->section, '['))
			continue;
		same = same_value(o, (const char *)running + o->offset,
				  (const char *)next + o->offset);
		if (same < 0)
			return false;
		if (!same && (!show_name(o, 0, names) || !buf_add(names, SPAN("\n"))))
			return false;
	}
	return true;
}
