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

#define PAGE_ROWS 1000

struct page {
	struct buf *to;
	struct row cursor; /* where the page before ended; its id is in no page twice */
	bool backwards;
	bool full; /* no room for another row */
	uint32_t rows, most;
	size_t starts[PAGE_ROWS]; /* where each row begins in `to` */
};

/* Ledgers list by (started_us, id); was this row in the page before? */
static bool is_shown(const struct page *p, const struct row *r)
{
	int order;

	if (r->started_us != p->cursor.started_us)
		return false;
	order = memcmp(&r->id, &p->cursor.id, sizeof(r->id));
	return p->backwards ? order >= 0 : order <= 0;
}

static bool on_row(void *arg, const struct row *r)
{
	struct page *p = arg;

	if (is_shown(p, r))
		return true;
	p->starts[p->rows++] = p->to->len;
	p->full = !row_json(r, p->to) || !buf_add(p->to, SPAN("\n"));
	return !p->full && p->rows < p->most;
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

/* The row of that id. */
static enum err get_row(struct api_call *c, const char *text, struct row *out)
{
	struct id id;
	enum err e;

	if (!id_parse(span_of(text), &id))
		return api_refuse(c, ERR_GARBLED, "\"%.40s\" is no request id", text);
	e = ledger_request_get(c->house->ledger, id, out);
	if (e == ERR_MISSING)
		return api_refuse(c, e, "the ledger has no request %s", text);
	return e;
}

/* Turns the rows around: what was read newest first is shown oldest first. */
static bool reverse(struct page *p)
{
	struct buf turned;
	size_t end = p->to->len;
	bool ok = true;

	buf_init(&turned, API_TEXT_MAX);
	for (uint32_t i = p->rows; ok && i-- > 0; end = p->starts[i])
		ok = buf_add(&turned,
			     (struct span){ p->to->at + p->starts[i], end - p->starts[i] });
	buf_release(p->to);
	*p->to = turned;
	return ok;
}

/* Sets where the page begins: behind the row `after`, or before the row `before`. */
static enum err set_cursor(struct api_call *c, struct page *p, struct ledger_filter *f)
{
	const char *after = api_value(c, "after"), *before = api_value(c, "before");
	enum err e = ERR_OK;

	if (after || before)
		e = get_row(c, after ? after : before, &p->cursor);
	if (e != ERR_OK)
		return e;
	if (after && p->cursor.started_us > f->since_us)
		f->since_us = p->cursor.started_us;
	else if (before && (f->until_us == 0 || p->cursor.started_us < f->until_us))
		f->until_us = p->cursor.started_us + 1;
	return ERR_OK;
}

static enum err list_page(struct api_call *c, struct ledger_filter *f)
{
	const char *limit = api_value(c, "limit");
	struct page p = { .to = &c->text, .backwards = limit && !api_value(c, "after") };
	uint64_t most = PAGE_ROWS;
	enum err e = set_cursor(c, &p, f);

	if (e != ERR_OK)
		return e;
	if (limit && (value_count(span_of(limit), &most) != ERR_OK || most == 0))
		return api_refuse(c, ERR_GARBLED, "limit \"%.40s\": a number from 1 on", limit);
	p.most = most < PAGE_ROWS ? (uint32_t)most : PAGE_ROWS;
	e = ledger_request_each(c->house->ledger, f, p.backwards, UINT32_MAX, on_row, &p);
	if (e == ERR_OK && (p.full || (p.backwards && !reverse(&p))))
		e = ERR_NOMEM;
	return e;
}

enum err api_request_list(struct api_call *c)
{
	const char *id = api_value(c, "id");
	struct ledger_filter f;
	struct row r;
	enum err e = read_filter(c, &f);

	if (e != ERR_OK)
		return e;
	api_settle(c);
	if (!id)
		return list_page(c, &f);
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
		aux = price_find_for(pricing_book(c->house), span_of(r->provider),
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
