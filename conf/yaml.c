/* yaml.c - builds the tree from libyaml's events, without recursion.
 *
 * Nodes and text lie in one arena. The open maps and lists stand on a stack of
 * YAML_DEPTH_MAX levels; each knows where its next child goes.
 */
#include "conf/yaml.h"
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <yaml.h>
#include "base/arena.h"

#define ARENA_BYTES_MAX (128u << 20) /* more than YAML_NODES_MAX nodes and the text need */
#define READ_BYTES      65536

struct whole_doc { /* what a struct yaml_doc really is */
	struct yaml_doc doc;
	struct arena arena;
	char name[];
};

struct level {
	struct yaml_node *node;        /* an open map or list */
	const struct yaml_node **tail; /* where its next child is linked in */
	bool has_key;                  /* a map whose next event is the value of: */
	struct span key;
	int key_line;
};

struct builder {
	struct whole_doc *whole;
	struct buf *errors;
	yaml_parser_t parser;
	unsigned documents, nodes, depth;
	struct level stack[YAML_DEPTH_MAX];
};

/* --- complaints --- */

static void complain_at(const struct yaml_doc *doc, int line, struct buf *errors, const char *what)
{
	if (!buf_addf(errors, "%s:%d: %s\n", doc->name, line, what))
		return; /* the buffer is full of earlier ones */
}

void yaml_vcomplain(const struct yaml_doc *doc, int line, struct buf *errors, const char *fmt,
		    va_list args)
{
	char what[1024];

	vsnprintf(what, sizeof(what), fmt, args);
	complain_at(doc, line, errors, what);
}

void yaml_complain(const struct yaml_doc *doc, const struct yaml_node *at, struct buf *errors,
		   const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	yaml_vcomplain(doc, at ? at->line : 1, errors, fmt, args);
	va_end(args);
}

static enum err fail(struct builder *b, int line, enum err e, const char *what)
{
	complain_at(&b->whole->doc, line, b->errors, what);
	return e;
}

static enum err fail_parser(struct builder *b)
{
	const yaml_parser_t *p = &b->parser;
	char what[256];

	if (p->error == YAML_MEMORY_ERROR)
		return fail(b, 1, ERR_NOMEM, err_text(ERR_NOMEM));
	if (p->error == YAML_READER_ERROR) {
		snprintf(what, sizeof(what), "%s at byte %zu", p->problem, p->problem_offset);
		return fail(b, (int)p->mark.line + 1, ERR_GARBLED, what);
	}
	snprintf(what, sizeof(what), "%s%s%s", p->context ? p->context : "", p->context ? ": " : "",
		 p->problem ? p->problem : "not YAML");
	return fail(b, (int)p->problem_mark.line + 1, ERR_GARBLED, what);
}

/* --- events --- */

static int event_line(const yaml_event_t *ev)
{
	return (int)ev->start_mark.line + 1;
}

static struct level *top(struct builder *b)
{
	return b->depth > 0 ? &b->stack[b->depth - 1] : NULL;
}

static bool awaits_key(const struct level *l)
{
	return l && l->node->kind == YAML_MAP && !l->has_key;
}

/* A copy of the scalar's bytes. */
static enum err copy_text(struct builder *b, const yaml_event_t *ev, struct span *out)
{
	size_t len = ev->data.scalar.length;
	const char *value = (const char *)ev->data.scalar.value, *at;

	if (memchr(value, '\0', len))
		return fail(b, event_line(ev), ERR_GARBLED, "a NUL byte inside a value");
	at = arena_text(&b->whole->arena, (struct span){ value, len });
	if (!at)
		return fail(b, event_line(ev), ERR_NOMEM, err_text(ERR_NOMEM));
	*out = (struct span){ at, len };
	return ERR_OK;
}

/* A new node, linked to whatever is open. */
static enum err add_node(struct builder *b, const yaml_event_t *ev, enum yaml_kind kind,
			 struct yaml_node **out)
{
	struct level *l = top(b);
	struct yaml_node *n;

	if (++b->nodes > YAML_NODES_MAX)
		return fail(b, event_line(ev), ERR_TOO_BIG, "too many values in one file");
	n = arena_take(&b->whole->arena, sizeof(*n));
	if (!n)
		return fail(b, event_line(ev), ERR_NOMEM, err_text(ERR_NOMEM));
	*n = (struct yaml_node){ .kind = kind, .line = event_line(ev), .key_line = event_line(ev) };
	*out = n;
	if (!l) {
		b->whole->doc.root = n;
		return ERR_OK;
	}
	if (l->has_key) {
		n->key = l->key;
		n->key_line = l->key_line;
		l->has_key = false;
	}
	*l->tail = n;
	l->tail = &n->next;
	l->node->children++;
	return ERR_OK;
}

static enum err on_scalar(struct builder *b, const yaml_event_t *ev)
{
	struct level *l = top(b);
	struct yaml_node *n;
	enum err e;

	if (ev->data.scalar.anchor)
		return fail(b, event_line(ev), ERR_GARBLED, "anchors (&name) are not allowed here");
	if (ev->data.scalar.tag)
		return fail(b, event_line(ev), ERR_GARBLED, "tags (!name) are not allowed here");
	if (awaits_key(l)) {
		l->has_key = true;
		l->key_line = event_line(ev);
		return copy_text(b, ev, &l->key);
	}
	e = add_node(b, ev, YAML_SCALAR, &n);
	if (e != ERR_OK)
		return e;
	n->quoted = ev->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
	return copy_text(b, ev, &n->text);
}

static enum err on_open(struct builder *b, const yaml_event_t *ev, enum yaml_kind kind)
{
	bool map = kind == YAML_MAP;
	struct yaml_node *n;
	enum err e;

	if (map ? ev->data.mapping_start.anchor : ev->data.sequence_start.anchor)
		return fail(b, event_line(ev), ERR_GARBLED, "anchors (&name) are not allowed here");
	if (map ? ev->data.mapping_start.tag : ev->data.sequence_start.tag)
		return fail(b, event_line(ev), ERR_GARBLED, "tags (!name) are not allowed here");
	if (awaits_key(top(b)))
		return fail(b, event_line(ev), ERR_GARBLED, "a key must be plain text");
	if (b->depth == YAML_DEPTH_MAX)
		return fail(b, event_line(ev), ERR_TOO_BIG, "nested too deeply");
	e = add_node(b, ev, kind, &n);
	if (e == ERR_OK)
		b->stack[b->depth++] = (struct level){ .node = n, .tail = &n->first };
	return e;
}

static int compare_keys(const void *left, const void *right)
{
	const struct yaml_node *a = *(const struct yaml_node *const *)left;
	const struct yaml_node *b = *(const struct yaml_node *const *)right;
	int order = strcmp(a->key.at, b->key.at);

	if (order == 0)
		order = a->key_line - b->key_line;
	return order;
}

/* Complains about every key that the map holds twice. */
static enum err check_keys(struct builder *b, const struct yaml_node *map)
{
	const struct yaml_node **all;
	enum err e = ERR_OK;
	unsigned n = 0;

	if (map->children < 2)
		return ERR_OK;
	all = malloc(map->children * sizeof(all[0]));
	if (!all)
		return fail(b, map->line, ERR_NOMEM, err_text(ERR_NOMEM));
	for (const struct yaml_node *c = map->first; c; c = c->next)
		all[n++] = c;
	qsort(all, n, sizeof(all[0]), compare_keys);
	for (unsigned i = 1; i < n; i++) {
		char what[256];

		if (!span_eq(all[i - 1]->key, all[i]->key))
			continue;
		snprintf(what, sizeof(what), "'%.100s' stands here twice (first in line %d)",
			 all[i]->key.at, all[i - 1]->key_line);
		e = fail(b, all[i]->key_line, ERR_GARBLED, what);
	}
	free(all);
	return e;
}

static enum err on_close(struct builder *b)
{
	const struct yaml_node *n = top(b)->node;

	b->depth--;
	return n->kind == YAML_MAP ? check_keys(b, n) : ERR_OK;
}

static enum err on_event(struct builder *b, const yaml_event_t *ev)
{
	switch (ev->type) {
	case YAML_DOCUMENT_START_EVENT:
		if (++b->documents > 1)
			return fail(b, event_line(ev), ERR_GARBLED,
				    "a second document in one file");
		return ERR_OK;
	case YAML_ALIAS_EVENT:
		return fail(b, event_line(ev), ERR_GARBLED, "aliases (*name) are not allowed here");
	case YAML_SCALAR_EVENT: return on_scalar(b, ev);
	case YAML_MAPPING_START_EVENT: return on_open(b, ev, YAML_MAP);
	case YAML_SEQUENCE_START_EVENT: return on_open(b, ev, YAML_LIST);
	case YAML_MAPPING_END_EVENT:
	case YAML_SEQUENCE_END_EVENT: return on_close(b);
	default: return ERR_OK;
	}
}

static enum err build(struct builder *b)
{
	bool over = false;
	enum err e = ERR_OK;

	while (e == ERR_OK && !over) {
		yaml_event_t ev;

		if (!yaml_parser_parse(&b->parser, &ev))
			return fail_parser(b);
		over = ev.type == YAML_STREAM_END_EVENT;
		e = on_event(b, &ev);
		yaml_event_delete(&ev);
	}
	return e;
}

/* --- loading --- */

static struct whole_doc *new_doc(const char *name)
{
	size_t len = strlen(name) + 1;
	struct whole_doc *whole = malloc(sizeof(*whole) + len);

	if (!whole)
		return NULL;
	whole->doc = (struct yaml_doc){ .name = whole->name };
	arena_init(&whole->arena, ARENA_BYTES_MAX);
	memcpy(whole->name, name, len);
	return whole;
}

void yaml_unload(struct yaml_doc *doc)
{
	struct whole_doc *whole = (struct whole_doc *)doc;

	if (!whole)
		return;
	arena_release(&whole->arena);
	free(whole);
}

enum err yaml_load_text(const char *name, struct span text, struct yaml_doc **out,
			struct buf *errors)
{
	struct builder b = { .whole = new_doc(name), .errors = errors };
	enum err e = ERR_NOMEM;

	if (!b.whole)
		return ERR_NOMEM;
	if (text.len > YAML_BYTES_MAX) {
		e = fail(&b, 1, ERR_TOO_BIG, "the file is larger than 8 MB");
		goto out;
	}
	if (!yaml_parser_initialize(&b.parser))
		goto out;
	yaml_parser_set_encoding(&b.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&b.parser, (const unsigned char *)(text.at ? text.at : ""),
				     text.len);
	e = build(&b);
	yaml_parser_delete(&b.parser);
out:
	if (e == ERR_OK)
		*out = &b.whole->doc;
	else
		yaml_unload(&b.whole->doc);
	return e;
}

/* Appends the whole file, or the first byte too many. */
static bool read_all(FILE *f, struct buf *to)
{
	for (;;) {
		char *at = buf_reserve(to, READ_BYTES);
		size_t n;

		if (!at)
			return true; /* the loader sees that it is too large */
		n = fread(at, 1, READ_BYTES, f);
		to->len += n;
		if (n < READ_BYTES)
			return !ferror(f);
	}
}

enum err yaml_load_file(const char *path, struct yaml_doc **out, struct buf *errors)
{
	FILE *f = fopen(path, "re");
	enum err e = ERR_MISSING;
	struct buf text;

	buf_init(&text, YAML_BYTES_MAX + 2 * READ_BYTES);
	if (!f || !read_all(f, &text)) {
		if (!buf_addf(errors, "%s:1: cannot be read: %s\n", path, strerror(errno)))
			e = ERR_NOMEM;
		goto out;
	}
	e = yaml_load_text(path, buf_span(&text), out, errors);
out:
	buf_release(&text);
	if (f)
		fclose(f);
	return e;
}

/* --- reading --- */

const struct yaml_node *yaml_get(const struct yaml_node *map, const char *key)
{
	struct span wanted = span_of(key);

	if (!map || map->kind != YAML_MAP)
		return NULL;
	for (const struct yaml_node *c = map->first; c; c = c->next)
		if (span_eq(c->key, wanted))
			return c;
	return NULL;
}

bool yaml_is_null(const struct yaml_node *node)
{
	return node->kind == YAML_SCALAR && !node->quoted &&
	       (node->text.len == 0 || span_eq(node->text, SPAN("~")) ||
		span_eq(node->text, SPAN("null")));
}
