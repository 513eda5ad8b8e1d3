#include "metering/account.h"
#include <stdio.h>
#include "metering/estimate.h"

static void set_text(char *to, size_t room, struct span text)
{
	(void)span_copy(text, to, room);
}

#define SET_TEXT(field, text) set_text(field, sizeof(field), text)

void account_open(struct row *r, uint64_t input_estimate_tok)
{
	r->quantity[Q_input] = input_estimate_tok;
	r->quantity[Q_output] = 0;
	r->provider_cost_pusd = -1;
	SET_TEXT(r->usage_source, span_of(usage_source_name(USAGE_estimated)));
}

static bool is_source(const struct row *r, enum usage_source s)
{
	return strcmp(r->usage_source, usage_source_name(s)) == 0;
}

static void set_totals(struct row *r, const struct usage_totals *t)
{
	r->input_tok = t->input_tok;
	r->cached_read_tok = t->cached_read_tok;
	r->cache_write_tok = t->cache_write_tok;
	r->tool_input_tok = t->tool_input_tok;
	r->output_tok = t->output_tok;
	r->reasoning_tok = t->reasoning_tok;
}

/* The tier that served replaces the one asked for; a region asked for ("+us") stays, since no
 * provider repeats it. */
static void take_tier(struct row *r, const char *served)
{
	char asked[sizeof(r->tier)];
	const char *region;

	if (!served[0])
		return;
	memcpy(asked, r->tier, sizeof(asked));
	region = strchr(served, '+') ? NULL : strchr(asked, '+');
	snprintf(r->tier, sizeof(r->tier), "%s%s", served, region ? region : "");
}

static void take_usage(struct row *r, const struct usage *u)
{
	struct usage_totals totals = usage_totals(u);

	memcpy(r->quantity, u->quantity, sizeof(r->quantity));
	memcpy(r->aux_quantity, u->aux_quantity, sizeof(r->aux_quantity));
	SET_TEXT(r->aux_model, span_of(u->aux_model));
	take_tier(r, u->tier);
	r->provider_cost_pusd = u->provider_cost_pusd;
	set_totals(r, &totals);
}

/* Searches and the like are seen as they happen, long before any usage is reported. */
static void take_fees(struct row *r, const struct usage *u)
{
	for (int q = 0; q < Q_COUNT; q++)
		if (quantity_infos[q].group == QG_FEE)
			r->quantity[q] = u->quantity[q];
}

static void take_result(struct row *r, const struct tap_result *t)
{
	SET_TEXT(r->model_served, span_of(t->model));
	SET_TEXT(r->response_id, span_of(t->response_id));
	SET_TEXT(r->error, span_of(t->error));
	if (!t->has_usage) {
		take_fees(r, &t->usage);
		return;
	}
	take_usage(r, &t->usage);
	SET_TEXT(r->usage_source,
		 span_of(usage_source_name(t->final ? USAGE_reported : USAGE_partial)));
}

void account_input(struct row *r, const struct meter *m)
{
	if (is_source(r, USAGE_estimated))
		r->quantity[Q_input] = meter_input_tok(m).mean_tok;
}

/* What was generated without being reported yet; a provider's number is never lowered, since
 * some report only the first token before the last. */
static void set_output(struct row *r, const struct account *a, uint64_t seen_tok)
{
	uint64_t most_tok = seen_tok > a->output_tok ? seen_tok : a->output_tok;

	if (most_tok > r->quantity[Q_reasoning])
		r->quantity[Q_output] = most_tok - r->quantity[Q_reasoning];
}

/* now: no more text will come. */
static void note(struct account *a, struct row *r, const struct tap *t, struct meter *m, bool now)
{
	uint64_t text_bytes = tap_text_bytes(t);

	if (tap_revision(t) != a->revision) {
		struct tap_result result;

		tap_result(t, &result);
		take_result(r, &result);
		a->revision = tap_revision(t);
		a->reported = result.has_usage && result.final;
		a->output_tok = result.has_usage ? r->quantity[Q_output] + r->quantity[Q_reasoning]
						 : 0;
		a->text_bytes = 0; /* what was reported may be less than what was seen */
	}
	if (!a->reported && text_bytes != a->text_bytes) {
		set_output(r, a, meter_output_tok(m, text_bytes, now));
		a->text_bytes = text_bytes;
	}
}

void account_note(struct account *a, struct row *r, const struct tap *t, struct meter *m)
{
	note(a, r, t, m, false);
}

static const struct price *row_price(const struct row *r, const struct price_book *b,
				     const char *model)
{
	if (!model[0])
		return NULL;
	return price_find_for(b, span_of(r->provider), span_of(r->dialect), span_of(model),
			      (struct wall){ r->started_us });
}

static void row_usage(const struct row *r, struct usage *u)
{
	*u = (struct usage){ .provider_cost_pusd = r->provider_cost_pusd };
	memcpy(u->quantity, r->quantity, sizeof(u->quantity));
	memcpy(u->aux_quantity, r->aux_quantity, sizeof(u->aux_quantity));
	SET_TEXT(u->aux_model, span_of(r->aux_model));
	SET_TEXT(u->tier, span_of(r->tier));
}

/* "gpt-4o-2024-08-06" of "gpt-4o", "grok-4-0709" of "grok-4", "claude-x-20250101" of
 * "claude-x-latest": the same model, as its provider dates it. */
static bool is_version_of(struct span served, struct span asked)
{
	if (asked.len > 7 && memcmp(asked.at + asked.len - 7, "-latest", 7) == 0)
		asked.len -= 7;
	if (!span_starts(served, asked))
		return false;
	for (size_t i = asked.len; i < served.len; i++)
		if (!memchr("0123456789-@", served.at[i], 12))
			return false;
	return true;
}

/* What the row would cost at one price. */
struct bill {
	const struct price *price; /* NULL: there is none, or it does not sell what was used */
	int64_t pusd;
	unsigned doubts;
};

static struct bill bill_at(const struct row *r, const struct price_book *b, const struct price *p)
{
	struct bill bill = { .price = p };
	struct usage u;

	if (!p)
		return bill;
	row_usage(r, &u);
	if (price_cost(p, row_price(r, b, r->aux_model), &u, span_of(r->tier), &bill.pusd,
		       &bill.doubts) != ERR_OK)
		bill.price = NULL;
	return bill;
}

/* By the model that served, as the provider's own bill does; but a rate that was only declared for
 * want of a price never goes before a listed one, and that another model than the one asked for
 * would cost less is not the tenant's gain (threat T47). */
static struct bill make_bill(const struct row *r, const struct price_book *b)
{
	const struct price *asked = row_price(r, b, r->model);
	const struct price *served = row_price(r, b, r->model_served);
	struct bill bill, other;

	if (!served || (asked && price_is_provisional(served)))
		return bill_at(r, b, asked);
	bill = bill_at(r, b, served);
	if (!asked || asked == served || price_is_provisional(asked) ||
	    is_version_of(span_of(r->model_served), span_of(r->model)))
		return bill;
	other = bill_at(r, b, asked);
	if (!other.price || (bill.price && other.pusd == bill.pusd))
		return bill;
	if (!bill.price || other.pusd > bill.pusd)
		bill = other;
	bill.doubts |= ACCOUNT_OTHER_MODEL;
	return bill;
}

/* What cannot be priced after all (the entry is gone, or sells by a unit the answer did not
 * report) is charged as it was held: never nothing. */
static unsigned charge(struct row *r, const struct price_book *b)
{
	struct bill bill = make_bill(r, b);

	r->cost_pusd = bill.price ? bill.pusd : r->held_pusd;
	if (bill.price)
		SET_TEXT(r->price_version, span_of(price_version(bill.price)));
	return bill.doubts;
}

static void charge_nothing(struct row *r)
{
	memset(r->quantity, 0, sizeof(r->quantity));
	memset(r->aux_quantity, 0, sizeof(r->aux_quantity));
	set_totals(r, &(struct usage_totals){ 0 });
	SET_TEXT(r->usage_source, span_of(usage_source_name(USAGE_none)));
	r->usage_method[0] = '\0';
	r->cost_pusd = 0;
}

static unsigned close_row(struct row *r, const struct price_book *b, bool billable)
{
	struct usage u;

	if (!billable) {
		charge_nothing(r);
		return 0;
	}
	if (!is_source(r, USAGE_reported)) {
		struct usage_totals totals;

		row_usage(r, &u);
		totals = usage_totals(&u);
		set_totals(r, &totals);
	}
	return charge(r, b);
}

/* Says how the numbers came about that the provider did not say. */
static void set_method(struct row *r, const struct tap *t, const struct meter *m)
{
	bool exact = meter_is_exact(m, t ? tap_text_bytes(t) : 0) && (!t || !tap_mixed(t));

	if (is_source(r, USAGE_reported) || is_source(r, USAGE_none))
		return;
	if (is_source(r, USAGE_estimated) && exact)
		SET_TEXT(r->usage_source, span_of(usage_source_name(USAGE_counted)));
	meter_method(m, r->usage_method, sizeof(r->usage_method));
}

unsigned account_close(struct row *r, const struct tap *t, struct meter *m,
		       const struct price_book *b, bool billable)
{
	if (t) {
		struct account last = { .revision = tap_revision(t) - 1 };

		note(&last, r, t, m, true);
	}
	set_method(r, t, m);
	return close_row(r, b, billable);
}

void account_close_orphan(struct row *r, const struct price_book *b, struct wall now)
{
	bool answered = r->status >= 200 && r->status < 300;

	r->took_us = now.us > r->started_us ? now.us - r->started_us : 0;
	SET_TEXT(r->ended_by, SPAN("crash"));
	(void)close_row(r, b, answered && strcmp(r->shape, "free") != 0);
}
