#include "store/row.h"
#include <stddef.h>
#include "base/clk.h"
#include "base/decimal.h"
#include "base/utf8.h"

const struct quantity_info quantity_infos[Q_COUNT] = {
#define QUANTITY(name, unit, group, help) { #name, #unit, help, QG_##group },
#include "store/quantity.tbl.h"
};

const struct row_field row_fields[ROW_FIELDS] = {
#define ROW(kind, name, room, help) { #name, help, ROW_##kind, offsetof(struct row, name), room },
#include "store/row.tbl.h"
};

enum quantity quantity_find(struct span name)
{
	for (int q = 0; q < Q_COUNT; q++)
		if (span_eq(name, span_of(quantity_infos[q].name)))
			return (enum quantity)q;
	return Q_COUNT;
}

static uint64_t number_at(const struct row *r, const struct row_field *f)
{
	uint64_t value;

	memcpy(&value, (const char *)r + f->offset, sizeof(value));
	return value;
}

static struct span text_at(const struct row *r, const struct row_field *f)
{
	const char *text = (const char *)r + f->offset;

	return (struct span){ text, strnlen(text, f->room - 1u) };
}

static void clean_text(char *text, size_t room)
{
	struct span rest = { text, strnlen(text, room - 1) };

	text[rest.len] = '\0';
	while (rest.len > 0) {
		size_t len = utf8_len(rest);

		if (len == 0)
			text[rest.at - text] = '?';
		rest = span_skip(rest, len > 0 ? len : 1);
	}
}

static bool holds_tag(struct span list, struct span tag)
{
	while (list.len > 0)
		if (span_eq(span_trim(span_take(&list, ',')), tag))
			return true;
	return false;
}

bool row_next_tag(struct span *list, struct span *tag)
{
	while (list->len > 0) {
		*tag = span_trim(span_take(list, ','));
		if (tag->len > 0 && !holds_tag(*list, *tag))
			return true;
	}
	return false;
}

void row_clean(struct row *r)
{
	for (int i = 0; i < ROW_FIELDS; i++)
		if (row_fields[i].kind == ROW_TEXT)
			clean_text((char *)r + row_fields[i].offset, row_fields[i].room);
}

/* The compact form: a version byte, then items in any order until the end.
 *
 *   item := kind number value
 *
 * kind is one of the letters below, number the field's place in row.tbl.h or the
 * quantity's in quantity.tbl.h; that is why those tables only grow at their ends. What
 * is 0 or empty is left out. A reader skips numbers that it does not know, so a journal
 * outlives an upgrade and a downgrade. */
#define FORM_VERSION 1

enum item {
	ITEM_ID = 'i',       /* 16 bytes */
	ITEM_U64 = 'u',      /* 7 bits in a byte, lowest first, high bit: more follow */
	ITEM_I64 = 's',      /* the same, zigzag */
	ITEM_TEXT = 't',     /* a length byte and the text */
	ITEM_QUANTITY = 'q', /* as ITEM_U64 */
	ITEM_AUX = 'a'       /* as ITEM_U64 */
};

enum {
	VARINT_MAX = 10,
	ITEM_HEAD = 2,
#define ROW_FIELD_MAX_ID(room)      (ITEM_HEAD + ID_BYTES)
#define ROW_FIELD_MAX_U64(room)     (ITEM_HEAD + VARINT_MAX)
#define ROW_FIELD_MAX_I64(room)     (ITEM_HEAD + VARINT_MAX)
#define ROW_FIELD_MAX_TEXT(room)    (ITEM_HEAD + 1 + (room))
#define ROW(kind, name, room, help) ROW_FIELD_MAX_##kind(room) +
	FORM_MAX = 1 + 2 * Q_COUNT * (ITEM_HEAD + VARINT_MAX) +
#include "store/row.tbl.h"
		   0
};
_Static_assert(FORM_MAX <= ROW_FRAME_MAX, "a row may not fit into its frame");
_Static_assert(ROW_FIELDS < 256 && Q_COUNT < 256, "a number has one byte");
#define ROW(kind, name, room, help) _Static_assert((room) < 256, "a text's length has one byte");
#include "store/row.tbl.h"

static char *put_head(char *to, enum item kind, int number)
{
	to[0] = (char)kind;
	to[1] = (char)number;
	return to + ITEM_HEAD;
}

static char *put_varint(char *to, uint64_t value)
{
	while (value >= 0x80) {
		*to++ = (char)(value | 0x80);
		value >>= 7;
	}
	*to++ = (char)value;
	return to;
}

static uint64_t zigzag(uint64_t value)
{
	return value << 1 ^ (value >> 63 ? UINT64_MAX : 0);
}

static uint64_t unzigzag(uint64_t value)
{
	return value >> 1 ^ (value & 1 ? UINT64_MAX : 0);
}

static char *put_text(char *to, int number, struct span text)
{
	if (text.len == 0)
		return to;
	to = put_head(to, ITEM_TEXT, number);
	*to++ = (char)text.len;
	memcpy(to, text.at, text.len);
	return to + text.len;
}

static char *put_number(char *to, enum item kind, int number, uint64_t value)
{
	if (value == 0)
		return to;
	return put_varint(put_head(to, kind, number), value);
}

static char *put_field(char *to, const struct row *r, int number)
{
	const struct row_field *f = &row_fields[number];

	switch (f->kind) {
	case ROW_ID:
		to = put_head(to, ITEM_ID, number);
		memcpy(to, (const char *)r + f->offset, ID_BYTES);
		return to + ID_BYTES;
	case ROW_U64: return put_number(to, ITEM_U64, number, number_at(r, f));
	case ROW_I64: return put_number(to, ITEM_I64, number, zigzag(number_at(r, f)));
	case ROW_TEXT: return put_text(to, number, text_at(r, f));
	}
	return to;
}

bool row_encode(const struct row *r, struct buf *to)
{
	char *begin = buf_reserve(to, ROW_FRAME_MAX), *p = begin;

	if (!begin)
		return false;
	*p++ = FORM_VERSION;
	for (int i = 0; i < ROW_FIELDS; i++)
		p = put_field(p, r, i);
	for (int q = 0; q < Q_COUNT; q++) {
		p = put_number(p, ITEM_QUANTITY, q, r->quantity[q]);
		p = put_number(p, ITEM_AUX, q, r->aux_quantity[q]);
	}
	to->len += (size_t)(p - begin);
	return true;
}

/* Takes n bytes off the front; false when there are fewer. */
static bool take(struct span *from, size_t n, struct span *out)
{
	if (from->len < n)
		return false;
	*out = (struct span){ from->at, n };
	*from = span_skip(*from, n);
	return true;
}

static bool take_varint(struct span *from, uint64_t *out)
{
	struct span byte;

	*out = 0;
	for (unsigned shift = 0; shift < 64; shift += 7) {
		uint64_t bits;

		if (!take(from, 1, &byte))
			return false;
		bits = (unsigned char)byte.at[0] & 0x7f;
		if (shift == 63 && bits > 1)
			return false;
		*out |= bits << shift;
		if (!(byte.at[0] & 0x80))
			return true;
	}
	return false;
}

/* Where the value of a field of that kind belongs; NULL when this program has no such field. */
static char *place_of(struct row *r, enum row_kind kind, unsigned number)
{
	if (number >= ROW_FIELDS || row_fields[number].kind != kind)
		return NULL;
	return (char *)r + row_fields[number].offset;
}

static bool take_id(struct span *from, struct row *r, unsigned number)
{
	char *place = place_of(r, ROW_ID, number);
	struct span bytes;

	if (!take(from, ID_BYTES, &bytes))
		return false;
	if (place)
		memcpy(place, bytes.at, ID_BYTES);
	return true;
}

static bool take_text(struct span *from, struct row *r, unsigned number)
{
	char *place = place_of(r, ROW_TEXT, number);
	struct span len, text;

	if (!take(from, 1, &len) || !take(from, (unsigned char)len.at[0], &text))
		return false;
	if (place)
		span_copy(text, place, row_fields[number].room);
	return true;
}

static bool take_number(struct span *from, struct row *r, enum item kind, unsigned number)
{
	uint64_t value;
	char *place;

	if (!take_varint(from, &value))
		return false;
	if (kind == ITEM_QUANTITY || kind == ITEM_AUX) {
		uint64_t *quantity = kind == ITEM_AUX ? r->aux_quantity : r->quantity;

		if (number < Q_COUNT)
			quantity[number] = value;
		return true;
	}
	if (kind == ITEM_I64)
		value = unzigzag(value);
	place = place_of(r, kind == ITEM_I64 ? ROW_I64 : ROW_U64, number);
	if (place)
		memcpy(place, &value, sizeof(value));
	return true;
}

static bool take_item(struct span *from, struct row *r)
{
	struct span head;
	unsigned number;

	if (!take(from, ITEM_HEAD, &head))
		return false;
	number = (unsigned char)head.at[1];
	switch (head.at[0]) {
	case ITEM_ID: return take_id(from, r, number);
	case ITEM_TEXT: return take_text(from, r, number);
	case ITEM_U64:
	case ITEM_I64:
	case ITEM_QUANTITY:
	case ITEM_AUX: return take_number(from, r, (enum item)head.at[0], number);
	default: return false;
	}
}

enum err row_decode(struct span from, struct row *r)
{
	struct span version;

	memset(r, 0, sizeof(*r));
	if (!take(&from, 1, &version) || version.at[0] != FORM_VERSION)
		return ERR_GARBLED;
	while (from.len > 0)
		if (!take_item(&from, r))
			return ERR_GARBLED;
	row_clean(r);
	return ERR_OK;
}

static bool add_text(struct buf *to, struct span text)
{
	if (text.len == 0)
		return buf_add(to, SPAN("null"));
	return buf_add(to, SPAN("\"")) && buf_add_json(to, text) && buf_add(to, SPAN("\""));
}

/* "a,b" as ["a","b"]. */
static bool add_tags(struct buf *to, struct span tags)
{
	bool ok = buf_add(to, SPAN("["));

	for (bool first = true; ok && tags.len > 0; first = false) {
		const char *comma = memchr(tags.at, ',', tags.len);
		struct span tag = { tags.at, comma ? (size_t)(comma - tags.at) : tags.len };

		ok = (first || buf_add(to, SPAN(","))) && add_text(to, tag);
		tags = span_skip(tags, comma ? tag.len + 1 : tag.len);
	}
	return ok && buf_add(to, SPAN("]"));
}

/* The quantities that are not 0 as an object; with fees_only just those of that group. */
static bool add_quantities(struct buf *to, const uint64_t quantity[Q_COUNT], bool fees_only)
{
	const char *comma = "";
	bool ok = buf_add(to, SPAN("{"));

	for (int q = 0; ok && q < Q_COUNT; q++) {
		if (quantity[q] == 0 || (fees_only && quantity_infos[q].group != QG_FEE))
			continue;
		ok = buf_addf(to, "%s\"%s\":%llu", comma, quantity_infos[q].name,
			      (unsigned long long)quantity[q]);
		comma = ",";
	}
	return ok && buf_add(to, SPAN("}"));
}

static bool add_id(struct buf *to, struct id id)
{
	char text[ID_TEXT_ROOM];

	id_text(id, text);
	return buf_addf(to, "\"%s\"", text);
}

static bool add_value(struct buf *to, const struct row *r, int number)
{
	const struct row_field *f = &row_fields[number];

	if (number == ROW_INDEX_tags)
		return add_tags(to, text_at(r, f));
	if (number == ROW_INDEX_provider_cost_pusd && r->provider_cost_pusd < 0)
		return buf_add(to, SPAN("null"));
	switch (f->kind) {
	case ROW_ID: return add_id(to, r->id);
	case ROW_U64: return buf_addf(to, "%llu", (unsigned long long)number_at(r, f));
	case ROW_I64: return buf_addf(to, "%lld", (long long)number_at(r, f));
	case ROW_TEXT: return add_text(to, text_at(r, f));
	}
	return false;
}

/* What no field says by itself. */
static bool add_derived(struct buf *to, const struct row *r)
{
	char started[CLK_TEXT_ROOM], cost[DECIMAL_TEXT_ROOM];

	clk_text((struct wall){ r->started_us }, started);
	decimal_pusd_text(r->cost_pusd, cost);
	if (!buf_addf(to, ",\"started_at\":\"%s\",\"cost_usd\":%s", started, cost))
		return false;
	if (!buf_add(to, SPAN(",\"quantities\":")) || !add_quantities(to, r->quantity, false))
		return false;
	if (!buf_add(to, SPAN(",\"fees\":")) || !add_quantities(to, r->quantity, true))
		return false;
	if (r->aux_model[0] == '\0')
		return true;
	return buf_add(to, SPAN(",\"aux\":{\"model\":")) && add_text(to, span_of(r->aux_model)) &&
	       buf_add(to, SPAN(",\"quantities\":")) &&
	       add_quantities(to, r->aux_quantity, false) && buf_add(to, SPAN("}"));
}

bool row_json(const struct row *r, struct buf *to)
{
	size_t len = to->len;
	const char *before = "{";
	bool ok = true;

	for (int i = 0; ok && i < ROW_FIELDS; i++) {
		if (i == ROW_INDEX_aux_model)
			continue; /* stands in aux{} */
		ok = buf_addf(to, "%s\"%s\":", before, row_fields[i].name) && add_value(to, r, i);
		before = ",";
	}
	ok = ok && add_derived(to, r) && buf_add(to, SPAN("}"));
	if (!ok)
		to->len = len;
	return ok;
}
