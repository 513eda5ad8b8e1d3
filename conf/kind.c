/* kind.c - one reader and one writer for each KIND, found through a table. */
#include "conf/kind.h"
#include <stdio.h>
#include <stdlib.h>
#include "conf/secret.h"
#include "conf/value.h"

#define TEXTS_MAX 10000 /* entries of one list */

struct reading { /* one value on its way into its field */
	struct kind_reader *r;
	const struct option *o;
	const char *suffix;
	const struct yaml_node *n;
	char title[OPTION_TITLE_ROOM];
};

struct kind {
	void (*read)(struct reading *g, void *field);
	bool (*show)(const void *field, struct buf *to);
	enum err (*parse)(struct span s, uint64_t *out); /* of plain numbers */
	const char *expects;
};

static const struct kind kinds[KIND_TYPES];

/* --- complaints --- */

void kind_complain(struct kind_reader *r, int line, const char *fmt, ...)
{
	va_list args;

	r->wrong++;
	va_start(args, fmt);
	yaml_vcomplain(r->doc, line, r->errors, fmt, args);
	va_end(args);
}

void kind_warn(struct kind_reader *r, int line, const char *fmt, ...)
{
	char what[512];
	va_list args;

	va_start(args, fmt);
	vsnprintf(what, sizeof(what), fmt, args);
	va_end(args);
	if (!buf_addf(r->errors, "%s:%d: warning: %s\n", r->doc->name, line, what))
		return; /* the buffer is full of earlier ones */
}

static void complain(struct reading *g, const char *what)
{
	kind_complain(g->r, g->n->line, "%s: '%.200s' %s", g->title, g->n->text.at, what);
}

static void complain_bare(struct reading *g, int line, const char *what)
{
	kind_complain(g->r, line, "%s %s", g->title, what);
}

static void complain_kind(struct reading *g)
{
	char what[128];

	snprintf(what, sizeof(what), "is not %s", kinds[g->o->kind].expects);
	complain(g, what);
}

/* --- numbers --- */

static bool read_limit(const struct option *o, const char *text, uint64_t *out)
{
	if (text[0] == '\0')
		return false;
	MUST(kinds[o->kind].parse(span_of(text), out) == ERR_OK);
	return true;
}

static void check_range(struct reading *g, uint64_t v)
{
	uint64_t bound;
	char what[64];

	if (read_limit(g->o, g->o->least, &bound) && v < bound) {
		snprintf(what, sizeof(what), "is less than %s, the least", g->o->least);
		complain(g, what);
	} else if (read_limit(g->o, g->o->most, &bound) && v > bound) {
		snprintf(what, sizeof(what), "is more than %s, the most", g->o->most);
		complain(g, what);
	}
}

static void read_number(struct reading *g, void *field)
{
	uint64_t *v = field;
	enum err e = kinds[g->o->kind].parse(g->n->text, v);

	if (e == ERR_OK)
		check_range(g, *v);
	else if (e == ERR_RANGE)
		complain(g, "is too large or too finely divided");
	else
		complain_kind(g);
}

static enum err parse_usd(struct span s, uint64_t *out)
{
	int64_t pusd;
	enum err e = value_usd(s, &pusd);

	if (e == ERR_OK)
		*out = (uint64_t)pusd;
	return e;
}

/* Amounts that may be "none" have that as their least value. */
static void read_usd(struct reading *g, void *field)
{
	struct option bounded = *g->o;
	uint64_t v = 0;

	if (strcmp(g->o->least, "none") == 0) {
		if (span_eq(g->n->text, SPAN("none"))) {
			*(int64_t *)field = CONF_NONE;
			return;
		}
		bounded.least = "";
	}
	g->o = &bounded;
	read_number(g, &v);
	*(int64_t *)field = (int64_t)v;
}

static bool show_bytes(const void *field, struct buf *to)
{
	char text[VALUE_TEXT_ROOM];

	value_show_bytes(*(const uint64_t *)field, text);
	return buf_add(to, span_of(text));
}

static bool show_duration(const void *field, struct buf *to)
{
	char text[VALUE_TEXT_ROOM];

	value_show_duration(*(const uint64_t *)field, text);
	return buf_add(to, span_of(text));
}

static bool show_count(const void *field, struct buf *to)
{
	return buf_addf(to, "%llu", (unsigned long long)*(const uint64_t *)field);
}

static bool show_usd(const void *field, struct buf *to)
{
	int64_t pusd = *(const int64_t *)field;
	char text[VALUE_TEXT_ROOM] = "none";

	if (pusd != CONF_NONE)
		value_show_usd(pusd, text);
	return buf_add(to, span_of(text));
}

/* --- words --- */

static void read_bool(struct reading *g, void *field)
{
	if (value_bool(g->n->text, field) != ERR_OK)
		complain_kind(g);
}

static bool show_bool(const void *field, struct buf *to)
{
	return buf_add(to, *(const bool *)field ? SPAN("yes") : SPAN("no"));
}

static void read_choice(struct reading *g, void *field)
{
	char what[256] = "is none of";
	const char *set = g->o->least;

	for (int i = 0; i < CHOICE_COUNT; i++) {
		size_t len = strlen(what);

		if (strcmp(option_choices[i].set, set) != 0)
			continue;
		if (span_eq(g->n->text, span_of(option_choices[i].word))) {
			*(enum choice *)field = (enum choice)i;
			return;
		}
		snprintf(what + len, sizeof(what) - len, "%s %s", len > 10 ? "," : "",
			 option_choices[i].word);
	}
	complain(g, what);
}

static bool show_choice(const void *field, struct buf *to)
{
	return buf_add(to, span_of(conf_choice_word(*(const enum choice *)field)));
}

/* --- texts and paths --- */

static bool good_text(struct reading *g, const struct yaml_node *n)
{
	if (n->kind != YAML_SCALAR) {
		complain_bare(g, n->line, "wants plain values, not a list or a section");
		return false;
	}
	if (n->text.len == 0) {
		complain_bare(g, n->line, "must not be empty");
		return false;
	}
	for (size_t i = 0; i < n->text.len; i++)
		if ((unsigned char)n->text.at[i] < ' ' || n->text.at[i] == 0x7f) {
			complain_bare(g, n->line, "holds a control character");
			return false;
		}
	return true;
}

static void read_text(struct reading *g, void *field)
{
	if (good_text(g, g->n))
		*(const char **)field = g->n->text.at;
}

static bool show_text(const void *field, struct buf *to)
{
	const char *text = *(const char *const *)field;

	return buf_add(to, text ? span_of(text) : SPAN("-"));
}

/* The path seen from the working directory, or NULL after a complaint. */
static const char *join_dir(struct reading *g, struct span path)
{
	size_t dir = path.at[0] == '/' ? 0 : strlen(g->r->dir);
	char *whole = arena_take(g->r->arena, dir + path.len + 1);

	if (!whole) {
		complain_bare(g, g->n->line, "is too long");
		return NULL;
	}
	memcpy(whole, g->r->dir, dir);
	memcpy(whole + dir, path.at, path.len);
	return whole;
}

static void read_file(struct reading *g, void *field)
{
	if (good_text(g, g->n))
		*(const char **)field = join_dir(g, g->n->text);
}

static void read_list(struct reading *g, void *field, bool files)
{
	bool list = g->n->kind == YAML_LIST;
	const struct yaml_node *n = list ? g->n->first : g->n;
	struct conf_texts *texts = field;
	const char **at;

	if (list && g->n->children > TEXTS_MAX) {
		complain_bare(g, g->n->line, "has too many entries");
		return;
	}
	at = arena_take(g->r->arena, (list ? g->n->children : 1) * sizeof(at[0]) + 1);
	if (!at) {
		complain_bare(g, g->n->line, "is too long");
		return;
	}
	texts->at = at;
	for (; n; n = list ? n->next : NULL)
		if (good_text(g, n))
			at[texts->count++] = files ? join_dir(g, n->text) : n->text.at;
}

static void read_texts(struct reading *g, void *field)
{
	read_list(g, field, false);
}

static void read_files(struct reading *g, void *field)
{
	read_list(g, field, true);
}

static bool show_texts(const void *field, struct buf *to)
{
	const struct conf_texts *texts = field;
	bool ok = buf_add(to, SPAN("["));

	for (unsigned i = 0; ok && i < texts->count; i++)
		ok = buf_addf(to, "%s %s", i > 0 ? "," : "", texts->at[i]);
	return ok && buf_add(to, texts->count > 0 ? SPAN(" ]") : SPAN("]"));
}

/* --- addresses --- */

static void read_address(struct reading *g, void *field)
{
	const char *why = address_parse(g->n->text, g->r->arena, field);

	if (why)
		complain(g, why);
}

static bool show_address(const void *field, struct buf *to)
{
	const struct conf_address *address = field;

	return buf_add(to, address->text ? span_of(address->text) : SPAN("-"));
}

/* Not repeated in the complaint: who writes a password into it should not find it in a log. */
static void read_base_url(struct reading *g, void *field)
{
	const char *why = address_parse_url(g->n->text, g->r->arena, field);

	if (why)
		kind_complain(g->r, g->n->line, "%s: %s", g->title, why);
}

static bool show_base_url(const void *field, struct buf *to)
{
	const struct conf_url *url = field;

	return buf_add(to, url->text ? span_of(url->text) : SPAN("-"));
}

/* --- secrets --- */

static void read_secret(struct reading *g, void *field)
{
	const struct conf_secret **slot = field;
	struct conf_secret *s = secret_new(g->r->arena, g->r->secrets);
	const char *why = NULL, *path;

	if (!s) {
		complain_bare(g, g->n->line, "is too long");
		return;
	}
	*slot = s;
	if (strcmp(g->suffix, "_env") == 0) {
		why = secret_from_env(s, g->n->text.at);
	} else if (strcmp(g->suffix, "_file") == 0) {
		path = join_dir(g, g->n->text);
		why = path ? secret_from_file(s, path) : NULL;
	} else {
		why = secret_from_text(s, g->n->text);
	}
	if (why) {
		s->suffix = NULL; /* said once is enough */
		complain_bare(g, g->n->line, why);
	}
}

static bool show_secret(const void *field, struct buf *to)
{
	const struct conf_secret *s = *(const struct conf_secret *const *)field;

	if (!s->suffix)
		return buf_add(to, SPAN("-"));
	if (s->suffix[0] == '\0')
		return buf_add(to, SPAN("(given in the file)"));
	return buf_addf(to, "(%s%s)", secret_source(s), s->bytes ? "" : ", not set");
}

/* --- the table --- */

static const struct kind kinds[KIND_TYPES] = {
	[KIND_BYTES] = { read_number, show_bytes, value_bytes, "a size (512, 64k, 32m, 1g)" },
	[KIND_DURATION] = { read_number, show_duration, value_duration,
			    "a duration (250ms, 30s, 5m, 1h)" },
	[KIND_COUNT] = { read_number, show_count, value_count, "a whole number" },
	[KIND_USD] = { read_usd, show_usd, parse_usd, "an amount (0.15usd, 100usd)" },
	[KIND_BOOL] = { read_bool, show_bool, NULL, "yes or no" },
	[KIND_CHOICE] = { read_choice, show_choice, NULL, "one of its words" },
	[KIND_TEXT] = { read_text, show_text, NULL, "text" },
	[KIND_TEXTS] = { read_texts, show_texts, NULL, "a list of texts" },
	[KIND_PATH] = { read_text, show_text, NULL, "a path" },
	[KIND_FILE] = { read_file, show_text, NULL, "a file" },
	[KIND_FILES] = { read_files, show_texts, NULL, "a list of files" },
	[KIND_ADDRESS] = { read_address, show_address, NULL, "an address (127.0.0.1:8080)" },
	[KIND_BASE_URL] = { read_base_url, show_base_url, NULL, "a URL (https://host/path)" },
	[KIND_SECRET] = { read_secret, show_secret, NULL, "a secret" },
	[KIND_LOCATOR] = { read_secret, show_secret, NULL, "a URL, which may hold a password" },
	[KIND_LISTENERS] = { NULL, NULL, NULL, "addresses" },
	[KIND_PROVIDERS] = { NULL, NULL, NULL, "a list of sections" },
	[KIND_PLANS] = { NULL, NULL, NULL, "a list of sections" },
};

const char *kind_expects(enum option_kind kind)
{
	return kinds[kind].expects;
}

void kind_read(struct kind_reader *r, const struct option *o, const char *suffix,
	       const struct yaml_node *n, void *field)
{
	struct reading g = { .r = r, .o = o, .suffix = suffix, .n = n };
	bool list = o->kind == KIND_TEXTS || o->kind == KIND_FILES;

	option_title(o, suffix, g.title);
	if (yaml_is_null(n))
		complain_bare(&g, n->line, "has no value");
	else if (n->kind == YAML_MAP || (n->kind == YAML_LIST && !list))
		complain_bare(&g, n->line, list ? "wants a list" : "wants one value");
	else
		kinds[o->kind].read(&g, field);
}

void kind_default(struct kind_reader *r, const struct option *o, void *field)
{
	struct yaml_node n = { .kind = YAML_SCALAR, .quoted = true, .text = span_of(o->def) };
	struct conf_secret **slot = field;

	if (o->kind == KIND_SECRET || o->kind == KIND_LOCATOR) {
		*slot = secret_new(r->arena, r->secrets);
		r->wrong += *slot == NULL;
	} else if (o->def[0]) {
		kind_read(r, o, "", &n, field);
	}
}

bool kind_show(const struct option *o, const void *field, struct buf *to)
{
	return kinds[o->kind].show(field, to);
}
