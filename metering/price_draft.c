/* price_draft.c - reads price entries and writes them down in one fixed way.
 *
 * An entry is a map of plain fields (a table), prices (the table of quantities) and four
 * parts with a shape of their own: also, context, tiers, geo. */
#include "metering/price_draft.h"
#include <stddef.h>
#include <stdlib.h>
#include "base/date.h"

#define TOK_MAX UINT64_C(1000000000000) /* a limit or threshold above this is a slip */

struct reader {
	const struct yaml_doc *doc;
	struct buf *errors;
	bool ok;
};

#define COMPLAIN(r, node, ...)                                                                     \
	((r)->ok = false, yaml_complain((r)->doc, node, (r)->errors, __VA_ARGS__))

_Static_assert(Q_COUNT <= 32, "struct price_list marks what is listed in 32 bits");

/* --- the draft itself --- */

static void tier_init(struct price_tier *t)
{
	t->lists = 1;
}

void price_draft_init(struct price_draft *d)
{
	*d = (struct price_draft){ .tiers = 1 };
	tier_init(&d->tier[0]);
}

struct price_tier *price_draft_tier(struct price_draft *d, struct span name)
{
	for (unsigned i = 1; i < d->tiers; i++)
		if (span_eq(name, span_of(d->tier[i].name)))
			return &d->tier[i];
	if (d->tiers == PRICE_TIERS_MAX || !span_copy(name, d->tier[d->tiers].name, 16))
		return NULL;
	tier_init(&d->tier[d->tiers]);
	return &d->tier[d->tiers++];
}

struct price_list *price_tier_list(struct price_tier *t, uint64_t from_tok)
{
	unsigned at = t->lists;

	while (t->list[at - 1].from_tok > from_tok)
		at--;
	if (t->list[at - 1].from_tok == from_tok)
		return &t->list[at - 1];
	if (t->lists > PRICE_CONTEXTS_MAX)
		return NULL;
	for (unsigned i = t->lists; i > at; i--)
		t->list[i] = t->list[i - 1];
	t->list[at] = (struct price_list){ .from_tok = from_tok };
	t->lists++;
	return &t->list[at];
}

void price_list_set(struct price_list *l, enum quantity q, u128 each)
{
	l->listed |= UINT32_C(1) << q;
	l->each[q] = each;
}

bool price_list_has(const struct price_list *l, enum quantity q)
{
	return l->listed >> q & 1;
}

unsigned price_places(enum quantity q)
{
	return quantity_infos[q].group == QG_FEE ? DECIMAL_PLACES_PRICE : DECIMAL_PLACES_PRICE - 6;
}

/* What providers say when they mean the standard tier, or nothing in particular. */
bool price_tier_is_plain(struct span name)
{
	static const char *const plain[] = { "",     "standard",      "default",
					     "auto", "on_demand",     "unspecified",
					     "none", "not_available", "global" };

	for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++)
		if (span_eq_nocase(name, span_of(plain[i])))
			return true;
	return false;
}

/* --- reading --- */

static bool is_map(struct reader *r, const struct yaml_node *n, const char *what)
{
	if (n->kind != YAML_MAP)
		COMPLAIN(r, n, "%s is not a map", what);
	return n->kind == YAML_MAP;
}

/* Text is shown on terminals and written as YAML again: no control characters. */
static bool is_printable(struct span s)
{
	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.at[i];
		bool c1 = c == 0xc2 && i + 1 < s.len && (unsigned char)s.at[i + 1] < 0xa0;

		if (c < 0x20 || c == 0x7f || c1)
			return false;
	}
	return true;
}

static void read_text(struct reader *r, const struct yaml_node *n, char *to, size_t room)
{
	if (n->kind != YAML_SCALAR || n->text.len == 0)
		COMPLAIN(r, n, "%s is not a text", n->key.len ? n->key.at : "this");
	else if (!is_printable(n->text))
		COMPLAIN(r, n, "control characters in a text");
	else if (!span_copy(n->text, to, room))
		COMPLAIN(r, n, "longer than %zu bytes: %s", room - 1, n->text.at);
}

static void read_date(struct reader *r, const struct yaml_node *n, uint64_t *us)
{
	struct wall w;

	if (n->kind != YAML_SCALAR || date_parse(n->text, &w) != ERR_OK)
		COMPLAIN(r, n, "%s wants a date, as 2026-08-21 or 2026-08-21T09:30:00Z", n->key.at);
	else
		*us = w.us;
}

/* A plain number of units of 10^-places, at most `most`. */
static bool read_number(struct reader *r, const struct yaml_node *n, unsigned places, u128 most,
			u128 *out)
{
	enum err e = ERR_GARBLED;

	if (n->kind == YAML_SCALAR && !n->quoted)
		e = decimal_parse(n->text, places, out);
	if (e == ERR_OK && *out > most)
		e = ERR_RANGE;
	if (e == ERR_GARBLED)
		COMPLAIN(r, n, "%s is not a plain number", n->key.at);
	else if (e != ERR_OK)
		COMPLAIN(r, n, "%s is negative, too large or has too many decimal places",
			 n->key.at);
	return e == ERR_OK;
}

static void read_count(struct reader *r, const struct yaml_node *n, uint64_t *out)
{
	u128 count;

	if (read_number(r, n, 0, TOK_MAX, &count))
		*out = (uint64_t)count;
}

static void read_times(struct reader *r, const struct yaml_node *n, u128 *out)
{
	if (read_number(r, n, PRICE_PLACES_TIMES, PRICE_TIMES_MAX, out) && *out == 0)
		COMPLAIN(r, n, "%s must be above 0; list what is free as 0", n->key.at);
}

static void read_flag(struct reader *r, const struct yaml_node *n, bool *out)
{
	*out = n->kind == YAML_SCALAR && !n->quoted && span_eq(n->text, SPAN("true"));
	if (!*out && !span_eq(n->text, SPAN("false")))
		COMPLAIN(r, n, "%s is neither true nor false", n->key.at);
}

static void read_price(struct reader *r, const struct yaml_node *n, struct price_list *l)
{
	enum quantity q = quantity_find(n->key);
	u128 each;

	if (q == Q_COUNT)
		COMPLAIN(r, n, "unknown key %s", n->key.at);
	else if (read_number(r, n, price_places(q), PRICE_EACH_MAX, &each))
		price_list_set(l, q, each);
}

static const struct yaml_node *first_of(const struct yaml_node *n)
{
	return n->kind == YAML_SCALAR ? NULL : n->first;
}

static void read_also(struct reader *r, const struct yaml_node *n, struct price_draft *d)
{
	if (n->kind != YAML_LIST)
		COMPLAIN(r, n, "also wants a list of names");
	d->also_count = 0;
	for (const struct yaml_node *name = first_of(n); name; name = name->next) {
		if (d->also_count == PRICE_ALSO_MAX) {
			COMPLAIN(r, name, "more than %d names", PRICE_ALSO_MAX);
			return;
		}
		read_text(r, name, d->also[d->also_count++], sizeof(d->also[0]));
	}
}

/* One `{ above: N, ... }` or `{ at_least: N, ... }`: the first speaks of prompts longer than N. */
static void read_context(struct reader *r, const struct yaml_node *n, struct price_tier *t)
{
	const struct yaml_node *above = yaml_get(n, "above"), *at_least = yaml_get(n, "at_least");
	uint64_t from_tok = 0;

	if (!is_map(r, n, "a context"))
		return;
	if (!above == !at_least) {
		COMPLAIN(r, n, "a context wants either above or at_least");
		return;
	}
	read_count(r, above ? above : at_least, &from_tok);
	from_tok += above ? 1 : 0;
	struct price_list *l = from_tok > 0 ? price_tier_list(t, from_tok) : NULL;
	if (!l || l->listed) {
		COMPLAIN(r, n, "this context is at 0, doubled or one of more than %d",
			 PRICE_CONTEXTS_MAX);
		return;
	}
	for (const struct yaml_node *each = n->first; each; each = each->next)
		if (each != above && each != at_least)
			read_price(r, each, l);
}

static void read_contexts(struct reader *r, const struct yaml_node *n, struct price_tier *t)
{
	if (n->kind != YAML_LIST)
		COMPLAIN(r, n, "context wants a list");
	for (const struct yaml_node *each = first_of(n); each; each = each->next)
		read_context(r, each, t);
}

/* A name that requests and answers use: lower case, and no '+', which joins two of them. */
static bool is_tier_name(struct span name)
{
	for (size_t i = 0; i < name.len; i++) {
		char c = name.at[i];

		if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '_' && c != '-')
			return false;
	}
	return name.len > 0 && !price_tier_is_plain(name);
}

static void read_tier(struct reader *r, const struct yaml_node *n, struct price_draft *d)
{
	struct price_tier *t = is_tier_name(n->key) ? price_draft_tier(d, n->key) : NULL;

	if (!t) {
		COMPLAIN(r, n, "%s is no name for a tier, or there are more than %d", n->key.at,
			 PRICE_TIERS_MAX);
		return;
	}
	if (!is_map(r, n, "a tier"))
		return;
	for (const struct yaml_node *each = n->first; each; each = each->next) {
		if (span_eq(each->key, SPAN("multiplier")))
			read_times(r, each, &t->times);
		else if (span_eq(each->key, SPAN("context")))
			read_contexts(r, each, t);
		else
			read_price(r, each, &t->list[0]);
	}
}

static void read_tiers(struct reader *r, const struct yaml_node *n, struct price_draft *d)
{
	if (!is_map(r, n, "tiers"))
		return;
	for (const struct yaml_node *each = n->first; each; each = each->next)
		read_tier(r, each, d);
}

static void read_geo(struct reader *r, const struct yaml_node *n, struct price_draft *d)
{
	if (!is_map(r, n, "geo"))
		return;
	d->geos = 0;
	for (const struct yaml_node *each = n->first; each; each = each->next) {
		struct price_geo *g = &d->geo[d->geos];

		if (d->geos == PRICE_GEOS_MAX || !is_tier_name(each->key) ||
		    !span_copy(each->key, g->name, sizeof(g->name))) {
			COMPLAIN(r, each, "%s is no name for a geo, or there are more than %d",
				 each->key.at, PRICE_GEOS_MAX);
			return;
		}
		read_times(r, each, &g->times);
		d->geos++;
	}
}

enum field_kind {
	FIELD_TEXT,
	FIELD_DATE,
	FIELD_COUNT,
	FIELD_FLAG
};

static const struct field {
	const char *key;
	enum field_kind kind;
	size_t offset, room; /* in struct price_draft */
} fields[] = {
#define FIELD(kind, key, member)                                                                   \
	{                                                                                          \
		key, FIELD_##kind, offsetof(struct price_draft, member),                           \
		    sizeof(((struct price_draft *)0)->member)                                      \
	}
	FIELD(TEXT, "provider", provider),
	FIELD(TEXT, "model", model),
	FIELD(DATE, "from", valid_from_us),
	FIELD(DATE, "until", valid_to_us),
	FIELD(TEXT, "source", source),
	FIELD(TEXT, "retrieved", retrieved),
	FIELD(TEXT, "note", note),
	FIELD(FLAG, "provisional", provisional),
	FIELD(FLAG, "fill", fill),
	FIELD(COUNT, "max_input", max_input_tok),
	FIELD(COUNT, "max_output", max_output_tok),
#undef FIELD
};
#define FIELDS (sizeof(fields) / sizeof(fields[0]))

static const struct field *field_find(struct span key)
{
	for (size_t i = 0; i < FIELDS; i++)
		if (span_eq(key, span_of(fields[i].key)))
			return &fields[i];
	return NULL;
}

static void read_field(struct reader *r, const struct yaml_node *n, const struct field *f,
		       struct price_draft *d)
{
	void *member = (char *)d + f->offset;

	switch (f->kind) {
	case FIELD_TEXT: read_text(r, n, member, f->room); break;
	case FIELD_DATE: read_date(r, n, member); break;
	case FIELD_COUNT: read_count(r, n, member); break;
	case FIELD_FLAG: read_flag(r, n, member); break;
	}
}

static void read_member(struct reader *r, const struct yaml_node *n, struct price_draft *d)
{
	const struct field *f = field_find(n->key);

	if (f)
		read_field(r, n, f, d);
	else if (span_eq(n->key, SPAN("also")))
		read_also(r, n, d);
	else if (span_eq(n->key, SPAN("context")))
		read_contexts(r, n, &d->tier[0]);
	else if (span_eq(n->key, SPAN("tiers")))
		read_tiers(r, n, d);
	else if (span_eq(n->key, SPAN("geo")))
		read_geo(r, n, d);
	else
		read_price(r, n, &d->tier[0].list[0]);
}

bool price_draft_read(struct price_draft *d, const struct yaml_doc *doc,
		      const struct yaml_node *entry, struct buf *errors)
{
	struct reader r = { .doc = doc, .errors = errors, .ok = true };

	if (!is_map(&r, entry, "a price entry"))
		return false;
	for (const struct yaml_node *n = entry->first; n; n = n->next)
		read_member(&r, n, d);
	if (!r.ok)
		return false;
	if (!d->provider[0] || !d->model[0])
		COMPLAIN(&r, entry, "a price entry wants a provider and a model");
	if (d->tier[0].list[0].listed == 0)
		COMPLAIN(&r, entry, "%s has no price at all", d->model);
	if (d->valid_to_us && d->valid_to_us <= d->valid_from_us)
		COMPLAIN(&r, entry, "%s: until is not after from", d->model);
	return r.ok;
}

static void read_fees(struct reader *r, const struct yaml_node *n, struct price_list *l)
{
	if (!is_map(r, n, "fees"))
		return;
	for (const struct yaml_node *each = n->first; each; each = each->next)
		read_price(r, each, l);
}

bool price_draft_read_default(struct price_draft *d, const struct yaml_doc *doc,
			      const struct yaml_node *member, struct buf *errors)
{
	struct reader r = { .doc = doc, .errors = errors, .ok = true };
	const struct field *f = field_find(member->key);

	if (span_eq(member->key, SPAN("fees")))
		read_fees(&r, member, &d->tier[0].list[0]);
	else if (span_eq(member->key, SPAN("tiers")))
		read_tiers(&r, member, d);
	else if (f && f->kind == FIELD_TEXT)
		read_field(&r, member, f, d);
	else
		COMPLAIN(&r, member, "unknown key %s", member->key.at);
	return r.ok;
}

/* --- writing --- */

struct writer {
	struct buf *to;
	bool ok;
	bool comma; /* before the next member */
};

static void put(struct writer *w, struct span s)
{
	w->ok = w->ok && buf_add(w->to, s);
}

static void put_string(struct writer *w, const char *text)
{
	put(w, SPAN("\""));
	w->ok = w->ok && buf_add_json(w->to, span_of(text));
	put(w, SPAN("\""));
}

static void put_comma(struct writer *w)
{
	if (w->comma)
		put(w, SPAN(","));
	w->comma = true;
}

static void put_key(struct writer *w, const char *key)
{
	put_comma(w);
	put_string(w, key);
	put(w, SPAN(":"));
}

static void put_open(struct writer *w, struct span bracket)
{
	put(w, bracket);
	w->comma = false;
}

static void put_close(struct writer *w, struct span bracket)
{
	put(w, bracket);
	w->comma = true;
}

static void put_number(struct writer *w, const char *key, u128 units, unsigned places)
{
	char text[DECIMAL_TEXT_ROOM];

	put_key(w, key);
	put(w, (struct span){ text, decimal_text(units, places, text) });
}

static void put_date(struct writer *w, const char *key, uint64_t us)
{
	char text[DATE_TEXT_ROOM];

	date_text((struct wall){ us }, text);
	put_key(w, key);
	put_string(w, text);
}

static void put_field(struct writer *w, const struct field *f, const struct price_draft *d)
{
	const void *member = (const char *)d + f->offset;

	switch (f->kind) {
	case FIELD_TEXT:
		if (*(const char *)member) {
			put_key(w, f->key);
			put_string(w, member);
		}
		break;
	case FIELD_DATE:
		if (*(const uint64_t *)member)
			put_date(w, f->key, *(const uint64_t *)member);
		break;
	case FIELD_COUNT:
		if (*(const uint64_t *)member)
			put_number(w, f->key, *(const uint64_t *)member, 0);
		break;
	case FIELD_FLAG:
		if (*(const bool *)member) {
			put_key(w, f->key);
			put(w, SPAN("true"));
		}
		break;
	}
}

static void put_also(struct writer *w, const struct price_draft *d)
{
	if (d->also_count == 0)
		return;
	put_key(w, "also");
	put_open(w, SPAN("["));
	for (unsigned i = 0; i < d->also_count; i++) {
		put_comma(w);
		put_string(w, d->also[i]);
	}
	put_close(w, SPAN("]"));
}

static void put_list(struct writer *w, const struct price_list *l)
{
	for (unsigned q = 0; q < Q_COUNT; q++)
		if (price_list_has(l, (enum quantity)q))
			put_number(w, quantity_infos[q].name, l->each[q],
				   price_places((enum quantity)q));
}

static void put_tier(struct writer *w, const struct price_tier *t)
{
	put_list(w, &t->list[0]);
	if (t->lists == 1)
		return;
	put_key(w, "context");
	put_open(w, SPAN("["));
	for (unsigned i = 1; i < t->lists; i++) {
		put_comma(w);
		put_open(w, SPAN("{"));
		put_number(w, "at_least", t->list[i].from_tok, 0);
		put_list(w, &t->list[i]);
		put_close(w, SPAN("}"));
	}
	put_close(w, SPAN("]"));
}

static void put_tiers(struct writer *w, const struct price_draft *d)
{
	if (d->tiers == 1)
		return;
	put_key(w, "tiers");
	put_open(w, SPAN("{"));
	for (unsigned i = 1; i < d->tiers; i++) {
		const struct price_tier *t = &d->tier[i];

		put_key(w, t->name);
		put_open(w, SPAN("{"));
		if (t->times > 0)
			put_number(w, "multiplier", t->times, PRICE_PLACES_TIMES);
		put_tier(w, t);
		put_close(w, SPAN("}"));
	}
	put_close(w, SPAN("}"));
}

static void put_geo(struct writer *w, const struct price_draft *d)
{
	if (d->geos == 0)
		return;
	put_key(w, "geo");
	put_open(w, SPAN("{"));
	for (unsigned i = 0; i < d->geos; i++)
		put_number(w, d->geo[i].name, d->geo[i].times, PRICE_PLACES_TIMES);
	put_close(w, SPAN("}"));
}

bool price_draft_text(const struct price_draft *d, struct buf *to)
{
	struct writer w = { .to = to, .ok = true };
	size_t before = to->len;

	put_open(&w, SPAN("{"));
	for (size_t i = 0; i < FIELDS; i++)
		put_field(&w, &fields[i], d);
	put_also(&w, d);
	put_tier(&w, &d->tier[0]);
	put_tiers(&w, d);
	put_geo(&w, d);
	put_close(&w, SPAN("}"));
	return w.ok && to->len - before <= PRICE_TEXT_MAX;
}
