/* price_book.h - builds the snapshot that price_find() looks into.
 *
 * A file of prices is a map of providers:
 *
 *   openai:
 *     also: [azure]                    # the same list holds for these providers
 *     source: openai.com/api/pricing   # what entries do not say themselves
 *     retrieved: 2026-07-24
 *     fees: { web_search: 0.01 }       # prices for every model of the list
 *     tiers: { scale: {} }             # tiers of every model of the list
 *     models:
 *       - { model: gpt-4o, input: 2.50, output: 10 }   # price_draft.h
 *
 * Which entry holds: those of that name that cover the instant; of these one that is no
 * `fill`, then the one that began last, then the one that was added last. So the ledger's
 * rows, added after the files, can amend them, and an import fills only gaps.
 *
 * Owner    whoever made the builder, until price_book_finish() or price_book_drop().
 * Errors   "file:line: what" lines; an entry with an error is left out, the others are read.
 * Threads  a builder: one. A book: any.
 */
#ifndef METERING_PRICE_BOOK_H
#define METERING_PRICE_BOOK_H
#include <stddef.h>
#include "base/box.h"
#include "conf/yaml.h"
#include "metering/price.h"
#include "store/record.h"

#define PRICE_BOOK_MAX (1u << 17) /* entries; a model's further names count, too */

struct price_book_builder;

/* An empty builder; NULL: out of memory. */
struct price_book_builder *price_book_begin(void);

/* Forgets it all. NULL is fine. */
void price_book_drop(struct price_book_builder *b);

/* Reads a file of prices. ERR_MISSING, ERR_TOO_BIG, ERR_GARBLED as yaml_load_file();
 * ERR_GARBLED also when any entry has an error. */
enum err price_book_add_file(struct price_book_builder *b, const char *path,
			     struct buf *errors) MUST_USE;

/* The same of a document that was loaded already. */
enum err price_book_add_doc(struct price_book_builder *b, const struct yaml_doc *doc,
			    struct buf *errors) MUST_USE;

/* Adds one entry from text: an entry with `provider`, in YAML or JSON. `name` stands for the
 * file in errors. */
enum err price_book_add_text(struct price_book_builder *b, const char *name, struct span text,
			     struct buf *errors) MUST_USE;

/* Adds the entry that a ledger row holds. */
enum err price_book_add_row(struct price_book_builder *b, const struct price_row *row,
			    struct buf *errors) MUST_USE;

/* Adds a price; takes it over, also on error. */
enum err price_book_add(struct price_book_builder *b, struct price *p) MUST_USE;

/* Declares what models of the provider cost that have no entry: input and output in USD
 * per million tokens, as written in the configuration. ERR_GARBLED, ERR_RANGE: not prices. */
enum err price_book_add_provisional(struct price_book_builder *b, struct span provider,
				    struct span input, struct span output) MUST_USE;

/* Makes the book, with one reference for the caller, and frees the builder in any case. */
enum err price_book_finish(struct price_book_builder *b, struct price_book **out) MUST_USE;

/* The entries in order of provider, model and date; i below price_book_count(). */
size_t price_book_count(const struct price_book *b);
const struct price *price_book_at(const struct price_book *b, size_t i);

/* The entry of that version, for explaining old rows; NULL: not in this book. */
const struct price *price_book_version(const struct price_book *b, struct span version);

/* Makes b a box of price books (base/box.h). */
void price_book_box_init(struct box *b);

#endif
