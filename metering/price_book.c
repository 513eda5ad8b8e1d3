/* price_book.c - collects prices, sorts them, and finds them again by hash.
 *
 * A key is one name of one entry. Keys of the same provider and model stand together in
 * one sorted array, the entry that goes before the others first; a table of slots, open
 * addressing, holds where each such run begins. */
#include "metering/price_book.h"
#include <stdatomic.h>
#include <stdlib.h>
#include "metering/price_draft.h"

#define ANY_MODEL SPAN("*") /* the name that provisional entries go by */

struct key {
	struct span provider, model; /* within the price */
	const struct price *price;
	size_t seq; /* when it was added */
};

struct price_book_builder {
	struct price **price;
	size_t prices, prices_room, keys;
};

struct price_book {
	_Atomic unsigned refs;
	struct price **price; /* sorted for listings */
	size_t prices;
	struct key *key;
	size_t keys;
	uint32_t *slot; /* 1 + index of the first key of a run; 0: empty */
	size_t slots;   /* a power of two, at most half used */
};

/* --- building --- */

struct price_book_builder *price_book_begin(void)
{
	return calloc(1, sizeof(struct price_book_builder));
}

void price_book_drop(struct price_book_builder *b)
{
	if (!b)
		return;
	for (size_t i = 0; i < b->prices; i++)
		price_free(b->price[i]);
	free(b->price);
	free(b);
}

static unsigned names_of(const struct price *p)
{
	unsigned names = 1;

	while (price_also(p, names - 1))
		names++;
	return names;
}

static bool make_room(struct price_book_builder *b)
{
	if (b->prices < b->prices_room)
		return true;
	size_t room = b->prices_room ? 2 * b->prices_room : 256;
	struct price **more = realloc(b->price, room * sizeof(*more));
	if (!more)
		return false;
	b->price = more;
	b->prices_room = room;
	return true;
}

enum err price_book_add(struct price_book_builder *b, struct price *p)
{
	unsigned names = names_of(p);

	if (b->keys + names > PRICE_BOOK_MAX || !make_room(b)) {
		price_free(p);
		return ERR_NOMEM;
	}
	b->price[b->prices++] = p;
	b->keys += names;
	return ERR_OK;
}

/* Adds what the draft says; complaints are about `at`. */
static enum err add_draft(struct price_book_builder *b, const struct price_draft *d,
			  const struct yaml_doc *doc, const struct yaml_node *at,
			  struct buf *errors)
{
	struct price *p;
	const char *why;

	enum err e = price_new(d, &p, &why);
	if (e != ERR_OK) {
		yaml_complain(doc, at, errors, "%s: %s", d->model, why);
		return e == ERR_NOMEM ? ERR_NOMEM : ERR_GARBLED;
	}
	e = price_book_add(b, p);
	if (e != ERR_OK)
		yaml_complain(doc, at, errors, "more than %u prices", PRICE_BOOK_MAX);
	return e;
}

struct section { /* one provider's part of a file */
	const struct yaml_doc *doc;
	const struct yaml_node *also, *models;
	struct price_draft *defaults; /* source, retrieved and fees */
	struct price_draft *draft;    /* the entry at hand */
	struct buf *errors;
};

/* The draft for another provider's name; false when it is too long. */
static bool rename_draft(struct section *s, const struct yaml_node *at, struct span provider)
{
	bool ok = provider.len > 0 &&
		  span_copy(provider, s->draft->provider, sizeof(s->draft->provider));

	if (!ok)
		yaml_complain(s->doc, at, s->errors, "%.*s is no name for a provider",
			      SPAN_ARG(provider));
	return ok;
}

/* Adds one entry of a section, for its provider and those that share the list. */
static enum err add_entry(struct price_book_builder *b, struct section *s,
			  const struct yaml_node *entry)
{
	*s->draft = *s->defaults;
	if (!price_draft_read(s->draft, s->doc, entry, s->errors))
		return ERR_GARBLED;
	enum err e = add_draft(b, s->draft, s->doc, entry, s->errors);
	for (const struct yaml_node *n = s->also ? s->also->first : NULL; n && e == ERR_OK;
	     n = n->next)
		e = rename_draft(s, n, n->text) ? add_draft(b, s->draft, s->doc, entry, s->errors)
						: ERR_GARBLED;
	return e;
}

static enum err worse(enum err a, enum err b)
{
	return a == ERR_OK || b == ERR_NOMEM ? b : a;
}

/* Reads what the section says about all its entries into s->defaults. */
static enum err read_defaults(struct section *s, const struct yaml_node *section)
{
	enum err e = ERR_OK;

	for (const struct yaml_node *n = section->first; n; n = n->next) {
		if (span_eq(n->key, SPAN("models")) && n->kind == YAML_LIST) {
			s->models = n;
		} else if (span_eq(n->key, SPAN("also")) && n->kind == YAML_LIST) {
			s->also = n;
		} else if (!price_draft_read_default(s->defaults, s->doc, n, s->errors)) {
			e = ERR_GARBLED;
		}
	}
	if (!s->models) {
		yaml_complain(s->doc, section, s->errors, "%s has no list of models",
			      section->key.at);
		e = ERR_GARBLED;
	}
	return e;
}

static enum err add_section(struct price_book_builder *b, struct section *s,
			    const struct yaml_node *section)
{
	s->also = s->models = NULL;
	price_draft_init(s->defaults);
	*s->draft = *s->defaults;
	if (!rename_draft(s, section, section->key))
		return ERR_GARBLED;
	*s->defaults = *s->draft;
	enum err e = read_defaults(s, section);
	for (const struct yaml_node *n = s->models ? s->models->first : NULL; n; n = n->next)
		e = worse(e, add_entry(b, s, n));
	return e;
}

enum err price_book_add_doc(struct price_book_builder *b, const struct yaml_doc *doc,
			    struct buf *errors)
{
	struct price_draft *drafts = calloc(2, sizeof(*drafts));
	enum err e = drafts ? ERR_OK : ERR_NOMEM;

	if (drafts && doc->root && doc->root->kind != YAML_MAP) {
		yaml_complain(doc, doc->root, errors, "a file of prices is a map of providers");
		e = ERR_GARBLED;
	} else if (drafts && doc->root) {
		struct section s = { .doc = doc, .errors = errors };

		s.defaults = &drafts[0];
		s.draft = &drafts[1];
		for (const struct yaml_node *n = doc->root->first; n; n = n->next)
			e = worse(e, add_section(b, &s, n));
	}
	free(drafts);
	return e;
}

enum err price_book_add_file(struct price_book_builder *b, const char *path, struct buf *errors)
{
	struct yaml_doc *doc;

	enum err e = yaml_load_file(path, &doc, errors);
	if (e != ERR_OK)
		return e;
	e = price_book_add_doc(b, doc, errors);
	yaml_unload(doc);
	return e;
}

enum err price_book_add_text(struct price_book_builder *b, const char *name, struct span text,
			     struct buf *errors)
{
	struct price_draft *d = malloc(sizeof(*d));
	struct yaml_doc *doc = NULL;

	enum err e = d ? yaml_load_text(name, text, &doc, errors) : ERR_NOMEM;
	if (e != ERR_OK)
		goto out;
	price_draft_init(d);
	if (!doc->root) {
		yaml_complain(doc, NULL, errors, "no price entry");
		e = ERR_GARBLED;
	} else if (!price_draft_read(d, doc, doc->root, errors)) {
		e = ERR_GARBLED;
	} else {
		e = add_draft(b, d, doc, doc->root, errors);
	}
out:
	yaml_unload(doc);
	free(d);
	return e;
}

enum err price_book_add_row(struct price_book_builder *b, const struct price_row *row,
			    struct buf *errors)
{
	char name[sizeof("price ") + sizeof(row->version)] = "price ";

	span_copy(span_of(row->version), name + strlen(name), sizeof(row->version));
	return price_book_add_text(b, name, span_of(row->entry), errors);
}

enum err price_book_add_provisional(struct price_book_builder *b, struct span provider,
				    struct span input, struct span output)
{
	struct price_draft *d = malloc(sizeof(*d));
	struct price *p = NULL;
	u128 input_each, output_each;
	const char *why;

	if (!d)
		return ERR_NOMEM;
	price_draft_init(d);
	enum err e = decimal_parse(input, price_places(Q_input), &input_each);
	if (e == ERR_OK)
		e = decimal_parse(output, price_places(Q_output), &output_each);
	if (e == ERR_OK && (input_each > PRICE_EACH_MAX || output_each > PRICE_EACH_MAX ||
			    !span_copy(provider, d->provider, sizeof(d->provider))))
		e = ERR_RANGE;
	if (e == ERR_OK) {
		span_copy(ANY_MODEL, d->model, sizeof(d->model));
		span_copy(SPAN("configuration"), d->source, sizeof(d->source));
		d->provisional = true;
		price_list_set(&d->tier[0].list[0], Q_input, input_each);
		price_list_set(&d->tier[0].list[0], Q_output, output_each);
		e = price_new(d, &p, &why);
	}
	free(d);
	return e == ERR_OK ? price_book_add(b, p) : e;
}

/* --- the book --- */

static int order(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

static int span_order(struct span a, struct span b)
{
	int by_bytes = memcmp(a.at, b.at, a.len < b.len ? a.len : b.len);

	return by_bytes ? by_bytes : order(a.len, b.len);
}

static int key_order(const void *left, const void *right)
{
	const struct key *a = left, *b = right;
	int by = span_order(a->provider, b->provider);

	if (!by)
		by = span_order(a->model, b->model);
	if (!by)
		by = order(price_is_fill(a->price), price_is_fill(b->price));
	if (!by)
		by = order(price_valid_from_us(b->price), price_valid_from_us(a->price));
	return by ? by : order(b->seq, a->seq);
}

static bool same_run(const struct key *k, struct span provider, struct span model)
{
	return span_eq(k->provider, provider) && span_eq(k->model, model);
}

/* FNV-1a over both names; the operator chose what stands in the table, so nobody can make
 * its runs long from outside. */
static size_t hash(struct span provider, struct span model)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < provider.len; i++)
		h = (h ^ (unsigned char)provider.at[i]) * UINT64_C(0x100000001b3);
	h = (h ^ 0xff) * UINT64_C(0x100000001b3);
	for (size_t i = 0; i < model.len; i++)
		h = (h ^ (unsigned char)model.at[i]) * UINT64_C(0x100000001b3);
	return (size_t)(h ^ h >> 32);
}

/* The slot of that run, or the empty one where it would be. */
static uint32_t *slot_of(const struct price_book *b, struct span provider, struct span model)
{
	size_t i = hash(provider, model) & (b->slots - 1);

	while (b->slot[i] && !same_run(&b->key[b->slot[i] - 1], provider, model))
		i = (i + 1) & (b->slots - 1);
	return &b->slot[i];
}

static void fill_keys(struct price_book *b)
{
	for (size_t i = 0; i < b->prices; i++) {
		const struct price *p = b->price[i];
		const char *name = price_model(p);

		for (unsigned n = 0; name; name = price_also(p, n++))
			b->key[b->keys++] = (struct key){ span_of(price_provider(p)), span_of(name),
							  p, i };
	}
	qsort(b->key, b->keys, sizeof(*b->key), key_order);
	for (size_t i = 0; i < b->keys; i++) {
		uint32_t *slot = slot_of(b, b->key[i].provider, b->key[i].model);

		if (!*slot)
			*slot = (uint32_t)i + 1;
	}
}

static int price_order(const void *left, const void *right)
{
	const struct price *a = *(struct price *const *)left, *b = *(struct price *const *)right;
	int by = strcmp(price_provider(a), price_provider(b));

	if (!by)
		by = strcmp(price_model(a), price_model(b));
	return by ? by : order(price_valid_from_us(a), price_valid_from_us(b));
}

static void book_free(struct price_book *b)
{
	for (size_t i = 0; i < b->prices; i++)
		price_free(b->price[i]);
	free(b->price);
	free(b->key);
	free(b->slot);
	free(b);
}

enum err price_book_finish(struct price_book_builder *builder, struct price_book **out)
{
	struct price_book *b = calloc(1, sizeof(*b));

	if (!b) {
		price_book_drop(builder);
		return ERR_NOMEM;
	}
	atomic_init(&b->refs, 1);
	b->price = builder->price;
	b->prices = builder->prices;
	for (b->slots = 16; b->slots < 2 * builder->keys;)
		b->slots *= 2;
	b->key = calloc(builder->keys + 1, sizeof(*b->key));
	b->slot = calloc(b->slots, sizeof(*b->slot));
	free(builder);
	if (!b->key || !b->slot) {
		book_free(b);
		return ERR_NOMEM;
	}
	fill_keys(b);
	if (b->prices > 0)
		qsort(b->price, b->prices, sizeof(struct price *), price_order);
	*out = b;
	return ERR_OK;
}

struct price_book *price_book_ref(struct price_book *b)
{
	atomic_fetch_add_explicit(&b->refs, 1, memory_order_relaxed);
	return b;
}

void price_book_unref(struct price_book *b)
{
	if (b && atomic_fetch_sub_explicit(&b->refs, 1, memory_order_acq_rel) == 1)
		book_free(b);
}

static void box_ref(void *book)
{
	price_book_ref(book);
}

static void box_unref(void *book)
{
	price_book_unref(book);
}

void price_book_box_init(struct box *b)
{
	box_init(b, box_ref, box_unref);
}

/* --- finding --- */

static bool covers(const struct price *p, struct wall at)
{
	uint64_t to_us = price_valid_to_us(p);

	return price_valid_from_us(p) <= at.us && (to_us == 0 || at.us < to_us);
}

static const struct price *find_exactly(const struct price_book *b, struct span provider,
					struct span model, struct wall at)
{
	uint32_t first = *slot_of(b, provider, model);

	if (first == 0)
		return NULL;
	for (const struct key *k = &b->key[first - 1];
	     k < b->key + b->keys && same_run(k, provider, model); k++)
		if (covers(k->price, at))
			return k->price;
	return NULL;
}

const struct price *price_find(const struct price_book *b, struct span provider, struct span model,
			       struct wall at)
{
	return price_find_for(b, provider, provider, model, at);
}

const struct price *price_find_for(const struct price_book *b, struct span provider,
				   struct span dialect, struct span model, struct wall at)
{
	const struct price *p = find_exactly(b, provider, model, at);

	if (!p)
		p = find_exactly(b, dialect, model, at);
	if (!p)
		p = find_exactly(b, provider, ANY_MODEL, at);
	return p ? p : find_exactly(b, dialect, ANY_MODEL, at);
}

size_t price_book_count(const struct price_book *b)
{
	return b->prices;
}

const struct price *price_book_at(const struct price_book *b, size_t i)
{
	MUST(i < b->prices);
	return b->price[i];
}

const struct price *price_book_version(const struct price_book *b, struct span version)
{
	for (size_t i = 0; i < b->prices; i++)
		if (span_eq(version, span_of(price_version(b->price[i]))))
			return b->price[i];
	return NULL;
}
