/* row.h - the one shape that leaves the process: an exchange in the ledger.
 *
 * Flat and self-contained: text is copied in, so a row outlives the exchange that
 * made it and can live in a mapped file. Fields and their units: row.tbl.h. */
#ifndef STORE_ROW_H
#define STORE_ROW_H
#include <stdbool.h>
#include <stdint.h>
#include "base/buf.h"
#include "base/err.h"
#include "base/id.h"

enum quantity {
#define QUANTITY(name, unit, group, help) Q_##name,
#include "store/quantity.tbl.h"
	Q_COUNT
};

enum quantity_group {
	QG_INPUT,
	QG_OUTPUT,
	QG_FEE
};

struct quantity_info {
	const char *name, *unit, *help;
	enum quantity_group group;
};

/* By enum quantity. */
extern const struct quantity_info quantity_infos[Q_COUNT];

/* The quantity of that name, or Q_COUNT. */
enum quantity quantity_find(struct span name);

struct row {
#define ROW_FIELD_ID(name, room)    struct id name;
#define ROW_FIELD_U64(name, room)   uint64_t name;
#define ROW_FIELD_I64(name, room)   int64_t name;
#define ROW_FIELD_TEXT(name, room)  char name[room];
#define ROW(kind, name, room, help) ROW_FIELD_##kind(name, room)
#include "store/row.tbl.h"
	uint64_t quantity[Q_COUNT];     /* what was consumed, disjoint; see quantity.tbl.h */
	uint64_t aux_quantity[Q_COUNT]; /* the part that aux_model served; not in quantity[] */
};

enum row_kind {
	ROW_ID,
	ROW_U64,
	ROW_I64,
	ROW_TEXT
};

struct row_field {
	const char *name, *help;
	enum row_kind kind;
	uint16_t offset, room; /* in struct row */
};

/* The fields of row.tbl.h in order; ROW_FIELDS of them. */
extern const struct row_field row_fields[];
enum {
#define ROW(kind, name, room, help) ROW_INDEX_##name,
#include "store/row.tbl.h"
	ROW_FIELDS
};

/* Takes the next tag off a list as row.tbl.h has it, without blanks around it; one that comes
 * again is taken where it comes last. False: there is none left. */
bool row_next_tag(struct span *list, struct span *tag);

#define ROW_FRAME_MAX 2048 /* bytes that row_encode() may need */

/* Makes every text NUL-terminated and valid UTF-8: what is not becomes '?'. Texts are cut to
 * their room, perhaps inside a character, and come from outside; the ledger gets clean ones. */
void row_clean(struct row *r);

/* Appends the row's compact form (no checksum; the journal adds it). */
bool row_encode(const struct row *r, struct buf *to) MUST_USE;

/* Reads that form back, texts clean. ERR_GARBLED when it is not one. */
enum err row_decode(struct span from, struct row *r) MUST_USE;

/* Appends the row as one JSON object without a newline, or nothing: every field by its name
 * (empty text and an unknown provider cost are null, tags an array), then started_at,
 * cost_usd (exact), quantities{} and fees{} (those not 0), and aux{} where there is one. */
bool row_json(const struct row *r, struct buf *to) MUST_USE;

#endif
