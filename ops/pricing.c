/* pricing.c - see pricing.h.
 *
 * The source of a ledger row says where it came from: "file: ..." rows are copies of what
 * files said and are only ever looked up by version; all others take part in the book.
 * The ledger tells prices apart by when they begin; two that begin at once are stored a
 * microsecond apart, which changes nothing, for what counts stands in the entry. */
#include "ops/pricing.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/decimal.h"
#include "conf/conf.h"
#include "metering/price_book.h"
#include "ops/house.h"
#include "store/ledger.h"

#define ERRORS_MAX 16384
#define SAME_MAX   1000 /* prices of one model that begin at the same instant */
#define FROM_FILE  "file"

static bool is_copy(const struct price_row *r)
{
	return strncmp(r->source, FROM_FILE ":", sizeof(FROM_FILE)) == 0;
}

static enum err add_files(struct price_book_builder *b, const struct conf *conf, struct buf *errors)
{
	enum err e = ERR_OK;

	for (unsigned i = 0; i < conf->prices.count; i++) {
		enum err one = price_book_add_file(b, conf->prices.at[i], errors);

		if (one != ERR_OK)
			e = one;
	}
	return e;
}

enum err pricing_check(const struct conf *conf, struct buf *errors)
{
	struct price_book_builder *b = price_book_begin();
	enum err e = b ? add_files(b, conf, errors) : ERR_NOMEM;

	price_book_drop(b);
	return e;
}

/* Does the provider serve models that nobody has priced? */
static bool takes_unpriced(const struct conf *conf, const struct conf_provider *p)
{
	if (p->unpriced == CHOICE_provider_unpriced_inherit)
		return conf->unpriced == CHOICE_unpriced_provisional;
	return p->unpriced == CHOICE_provider_unpriced_provisional;
}

static enum err add_provisional(struct price_book_builder *b, const struct conf *conf)
{
	char input[DECIMAL_TEXT_ROOM], output[DECIMAL_TEXT_ROOM];
	enum err e = ERR_OK;

	decimal_pusd_text(conf->provisional.input_per_mtok_pusd, input);
	decimal_pusd_text(conf->provisional.output_per_mtok_pusd, output);
	for (unsigned i = 0; e == ERR_OK && i < conf->providers.count; i++)
		if (takes_unpriced(conf, &conf->providers.at[i]))
			e = price_book_add_provisional(b, span_of(conf->providers.at[i].name),
						       span_of(input), span_of(output));
	return e;
}

struct shelf {                              /* what the ledger knows */
	struct price_book_builder *builder; /* NULL: only versions are asked for */
	struct buf *errors;
	struct buf versions; /* each padded to VERSION_BYTES, then sorted */
	bool full;
};

#define VERSION_BYTES sizeof(((struct price_row *)0)->version)
#define VERSIONS_MAX  (64u << 20)

static bool on_row(void *arg, const struct price_row *r)
{
	struct shelf *s = arg;
	char version[VERSION_BYTES] = "";

	span_copy(span_of(r->version), version, sizeof(version));
	s->full = !buf_add(&s->versions, (struct span){ version, sizeof(version) });
	if (!s->full && s->builder && !is_copy(r) &&
	    price_book_add_row(s->builder, r, s->errors) == ERR_NOMEM)
		s->full = true;
	return !s->full;
}

static int by_version(const void *left, const void *right)
{
	return memcmp(left, right, VERSION_BYTES);
}

static bool is_known(const struct shelf *s, const char *version)
{
	char key[VERSION_BYTES] = "";

	span_copy(span_of(version), key, sizeof(key));
	return s->versions.len > 0 && bsearch(key, s->versions.at, s->versions.len / VERSION_BYTES,
					      VERSION_BYTES, by_version);
}

/* Adds the row at the first free instant from its own on. */
static enum err put(struct ledger *l, struct price_row *row)
{
	enum err e = ledger_price_put(l, LEDGER_ADD, row);

	for (unsigned i = 1; e == ERR_EXISTS && i < SAME_MAX; i++) {
		row->valid_from_us++;
		e = ledger_price_put(l, LEDGER_ADD, row);
	}
	return e;
}

static enum err store(struct house *h, const struct price *p, const char *how)
{
	struct price_row *row = malloc(sizeof(*row)); /* 4 kB of text in it */
	enum err e = ERR_NOMEM;

	if (row) {
		price_to_row(p, clk_wall().us, row);
		snprintf(row->source, sizeof(row->source), "%s: %s", how, price_source(p));
		e = put(h->ledger, row);
	}
	free(row);
	return e;
}

/* Copies versions that the ledger has never seen into it: *stored of them. */
static enum err keep(struct house *h, const struct shelf *s, const struct price_book *book,
		     const char *how, size_t *stored)
{
	enum err e = ERR_OK;

	*stored = 0;
	for (size_t i = 0; e == ERR_OK && i < price_book_count(book); i++) {
		if (is_known(s, price_version(price_book_at(book, i))))
			continue;
		e = store(h, price_book_at(book, i), how);
		*stored += e == ERR_OK;
	}
	return e;
}

static enum err read_rows(struct house *h, struct shelf *s)
{
	enum err e = ledger_price_each(h->ledger, on_row, s);

	if (e == ERR_OK && s->full)
		e = ERR_NOMEM;
	if (e == ERR_OK && s->versions.len > 0)
		qsort(s->versions.at, s->versions.len / VERSION_BYTES, VERSION_BYTES, by_version);
	return e;
}

/* Files first, then the ledger's rows: what is added last goes before. */
static enum err fill(struct house *h, const struct conf *conf, struct shelf *s)
{
	enum err e = add_files(s->builder, conf, s->errors);

	if (e == ERR_OK)
		e = add_provisional(s->builder, conf);
	return e == ERR_OK ? read_rows(h, s) : e;
}

enum err pricing_publish(struct house *h, const struct conf *conf, char *why, size_t room)
{
	struct price_book *book = NULL;
	struct shelf s = { .builder = price_book_begin() };
	struct buf errors;
	size_t stored;
	enum err e = ERR_NOMEM;

	buf_init(&errors, ERRORS_MAX);
	buf_init(&s.versions, VERSIONS_MAX);
	s.errors = &errors;
	if (s.builder)
		e = fill(h, conf, &s);
	if (e == ERR_OK) {
		e = price_book_finish(s.builder, &book);
		s.builder = NULL;
	}
	if (e == ERR_OK)
		e = keep(h, &s, book, FROM_FILE, &stored);
	if (e == ERR_OK)
		box_publish(&h->prices, price_book_ref(book));
	else
		snprintf(why, room, "prices: %s%s%.*s", err_text(e), errors.len ? "\n" : "",
			 SPAN_ARG(buf_span(&errors)));
	price_book_unref(book);
	price_book_drop(s.builder);
	buf_release(&s.versions);
	buf_release(&errors);
	return e;
}

const struct price_book *pricing_book(struct house *h)
{
	return box_see(&h->prices, &h->book_pin);
}

enum err pricing_store(struct house *h, const struct price_book *book, const char *how,
		       size_t *stored)
{
	struct shelf s = { .builder = NULL };
	enum err e;

	buf_init(&s.versions, VERSIONS_MAX);
	e = read_rows(h, &s);
	if (e == ERR_OK)
		e = keep(h, &s, book, how, stored);
	buf_release(&s.versions);
	return e;
}

struct search {
	struct span version;
	struct price_book_builder *builder;
	struct buf *errors; /* of entries that the ledger took: none */
	enum err result;
};

static bool on_old(void *arg, const struct price_row *r)
{
	struct search *s = arg;

	if (!span_eq(s->version, span_of(r->version)))
		return true;
	s->result = price_book_add_row(s->builder, r, s->errors);
	return false;
}

enum err pricing_old(struct house *h, struct span version, struct price_book **out)
{
	struct buf errors;
	struct search s = { version, price_book_begin(), &errors, ERR_MISSING };
	enum err e;

	if (!s.builder)
		return ERR_NOMEM;
	buf_init(&errors, ERRORS_MAX);
	e = ledger_price_each(h->ledger, on_old, &s);
	if (e == ERR_OK)
		e = s.result;
	if (e == ERR_OK)
		e = price_book_finish(s.builder, out);
	else
		price_book_drop(s.builder);
	buf_release(&errors);
	return e;
}
