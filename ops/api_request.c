/* api_request.c - /admin/v1/requests: rows as they stand in the ledger, and how one of them
 * came to its cost. */
#include <string.h>
#include "conf/value.h"
#include "metering/account.h"
#include "metering/price_book.h"
#include "ops/api.h"
#include "ops/house.h"
#include "ops/pricing.h"
#include "proxy/worker.h"
#include "store/ledger.h"

#define PAGE_ROWS 1000  /* of a listing that goes on */
#define ROWS_MAX  20000 /* of the newest that can be asked for at once */

struct listing {
	struct buf *to;
	struct id after;     /* rows up to this one were shown before */
	bool skipping, full; /* full: no room for another row */
	uint32_t left;
	size_t *starts; /* where each row begins in `to`; NULL: not wanted */
	size_t rows;
};

static bool on_row(void *arg, const struct row *r)
{
	struct listing *l = arg;

	if (l->skipping) {
		l->skipping = memcmp(&r->id, &l->after, sizeof(r->id)) != 0;
		return true;
	}
	if (l->starts)
		l->starts[l->rows] = l->to->len;
	l->rows++;
	l->full = !row_json(r, l->to) || !buf_add(l->to, SPAN("\n"));
	return !l->full && --l->left > 0;
}

static enum err read_filter(struct api_call *c, struct ledger_filter *f)
{
	enum err e;

	*f = (struct ledger_filter){ .tenant = api_value(c, "tenant"),
				     .key = api_value(c, "key"),
				     .provider = api_value(c, "provider"),
				     .model = api_value(c, "model") };
	e = api_when(c, "since", WHEN_PAST, &f->since_us);
	return e == ERR_OK ? api_when(c, "until", WHEN_PAST, &f->until_us) : e;
}

/* The row whose id came as `name`; ERR_MISSING when there is none of that id. */
static enum err get_row(struct api_call *c, const char *text, struct row *out)
{
	enum err e = ERR_MISSING;
	struct id id;

	if (!id_parse(span_of(text), &id))
		return api_refuse(c, ERR_GARBLED, "\"%.40s\" is no request id", text);
	e = ledger_request_get(c->house->ledger, id, out);
	if (e == ERR_MISSING)
		return api_refuse(c, e, "the ledger has no request %s", text);
	return e;
}

/* Turns the rows around: the newest were read first and are shown last. */
static bool reverse(struct buf *text, const size_t *starts, size_t rows)
{
	struct buf turned;
	size_t end = text->len;
	bool ok = true;

	buf_init(&turned, API_TEXT_MAX);
	for (size_t i = rows; ok && i-- > 0; end = starts[i])
		ok = buf_add(&turned, (struct span){ text->at + starts[i], end - starts[i] });
	buf_release(text);
	*text = turned;
	return ok;
}

static enum err list_newest(struct api_call *c, struct ledger_filter *f, const char *limit)
{
	struct listing l = { .to = &c->text };
	uint64_t most;
	enum err e;

	if (value_count(span_of(limit), &most) != ERR_OK || most < 1 || most > ROWS_MAX)
		return api_refuse(c, ERR_GARBLED, "limit \"%.40s\": a number from 1 to %d", limit,
				  ROWS_MAX);
	l.left = (uint32_t)most;
	l.starts = calloc(most, sizeof(*l.starts));
	if (!l.starts)
		return ERR_NOMEM;
	e = ledger_request_each(c->house->ledger, f, true, l.left, on_row, &l);
	if (e == ERR_OK && (l.full || !reverse(&c->text, l.starts, l.rows)))
		e = api_refuse(c, ERR_TOO_BIG, "that is too much at once: a smaller limit, please");
	free(l.starts);
	return e;
}

static enum err list_page(struct api_call *c, struct ledger_filter *f, const char *after)
{
	struct listing l = { .to = &c->text, .left = PAGE_ROWS };
	struct row last;
	enum err e = ERR_OK;

	if (after) {
		e = get_row(c, after, &last);
		if (e != ERR_OK)
			return e;
		l.after = last.id;
		l.skipping = true;
		f->since_us = last.started_us;
	}
	e = ledger_request_each(c->house->ledger, f, false, UINT32_MAX, on_row, &l);
	return e == ERR_OK && l.full ? ERR_TOO_BIG : e;
}

enum err api_request_list(struct api_call *c)
{
	const char *id = api_value(c, "id"), *limit = api_value(c, "limit");
	struct ledger_filter f;
	struct row r;
	enum err e = read_filter(c, &f);

	if (e != ERR_OK)
		return e;
	api_settle(c);
	if (limit && !id)
		return list_newest(c, &f, limit);
	if (!id)
		return list_page(c, &f, api_value(c, "after"));
	e = get_row(c, id, &r);
	if (e != ERR_OK)
		return e;
	return row_json(&r, &c->text) && buf_add(&c->text, SPAN("\n")) ? ERR_OK : ERR_NOMEM;
}

/* ---- one row explained ---- */

/* Appends how p comes to the row's cost. */
static enum err explain(struct api_call *c, const struct row *r, const struct price *p)
{
	struct usage u = { .provider_cost_pusd = r->provider_cost_pusd };
	const struct price *aux = NULL;

	if (r->aux_model[0])
		aux = account_price(pricing_book(c->house), span_of(r->provider),
				    span_of(r->dialect), span_of(r->aux_model),
				    (struct wall){ r->started_us });
	memcpy(u.quantity, r->quantity, sizeof(u.quantity));
	memcpy(u.aux_quantity, r->aux_quantity, sizeof(u.aux_quantity));
	span_copy(span_of(r->aux_model), u.aux_model, sizeof(u.aux_model));
	span_copy(span_of(r->tier), u.tier, sizeof(u.tier));
	return price_explain(p, aux, &u, span_of(r->tier), &c->text);
}

/* Appends "cost": the price of the row's version, which may be history; null when the row
 * has none or nothing is left of it. */
static enum err add_cost(struct api_call *c, const struct row *r)
{
	struct span version = span_of(r->price_version);
	const struct price *p = version.len > 0
				    ? price_book_version(pricing_book(c->house), version)
				    : NULL;
	struct price_book *old = NULL;
	enum err e = ERR_OK;

	if (version.len > 0 && !p) {
		e = pricing_old(c->house, version, &old);
		p = e == ERR_OK ? price_book_at(old, 0) : NULL;
	}
	if (e == ERR_OK && p)
		e = explain(c, r, p);
	if ((e == ERR_OK && !p) || e == ERR_MISSING)
		e = buf_add(&c->text, SPAN("null")) ? ERR_OK : ERR_NOMEM;
	price_book_unref(old);
	return e;
}

enum err api_request_explain(struct api_call *c)
{
	struct row r;
	enum err e;

	api_settle(c);
	e = get_row(c, c->param, &r);
	if (e != ERR_OK)
		return e;
	if (!buf_add(&c->text, SPAN("{\"request\":")) || !row_json(&r, &c->text) ||
	    !buf_add(&c->text, SPAN(",\"cost\":")))
		return ERR_NOMEM;
	e = add_cost(c, &r);
	return e == ERR_OK && !buf_add(&c->text, SPAN("}\n")) ? ERR_NOMEM : e;
}

enum err api_states(struct api_call *c)
{
	if (!c->house->workers)
		return api_refuse(c, ERR_AWAY, "no worker is up yet");
	return workers_states(c->house->workers, &c->text) && buf_add(&c->text, SPAN("\n"))
		   ? ERR_OK
		   : ERR_NOMEM;
}
