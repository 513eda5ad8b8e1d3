/* pricing.h - from price files and the ledger's dated prices to the book that workers use.
 *
 * Files say what holds; the ledger adds what was set or imported by command, and keeps
 * every version that ever held, so that old rows can be explained.
 * Threads  the ops thread.
 */
#ifndef OPS_PRICING_H
#define OPS_PRICING_H
#include <stddef.h>
#include "base/buf.h"
#include "base/err.h"
#include "base/must.h"
#include "base/span.h"

struct conf;
struct house;
struct price_book;

/* Reads the price files that conf names into a book. Complaints ("file:line: what") go to
 * `errors`; ERR_GARBLED when there are any. */
enum err pricing_check(const struct conf *conf, struct buf *errors) MUST_USE;

/* Builds the book of conf's files and the ledger's prices, keeps new versions in the ledger
 * and publishes it. On error what was published before stays, and room bytes at `why` say
 * what is wrong. */
enum err pricing_publish(struct house *h, const struct conf *conf, char *why, size_t room) MUST_USE;

/* The book last published; good until the next pricing_publish(). */
const struct price_book *pricing_book(struct house *h);

/* Stores the prices of a book in the ledger, but for versions that it has already: *stored of
 * them. how: "set" or "import", for their source. Publish afterwards. */
enum err pricing_store(struct house *h, const struct price_book *book, const char *how,
		       size_t *stored) MUST_USE;

/* A book with just the price of that version, which held once; for explaining old rows.
 * ERR_MISSING: never heard of. The caller drops it with price_book_unref(). */
enum err pricing_old(struct house *h, struct span version, struct price_book **out) MUST_USE;

#endif
