#include "proxy/gate.h"
#include <stdio.h>
#include <stdlib.h>
#include "base/log.h"
#include "conf/conf.h"
#include "metering/account.h"
#include "metering/estimate.h"
#include "metering/key.h"
#include "metering/owners.h"
#include "metering/peek.h"
#include "metering/registry.h"
#include "proxy/exchange.h"
#include "proxy/worker_internal.h"
#include "store/books.h"

/* Held for an answer whose length neither the request nor the price list bounds. */
#define LOOK_NS            (2 * TOK_WORK) /* for counting a prompt before it is admitted */
#define OUTPUT_UNKNOWN_TOK 32768

#define SET_TEXT(field, text) (void)span_copy(text, field, sizeof(field))

static bool deny(struct exchange *x, enum exchange_ending ending, enum refusal r)
{
	x->ending = ending;
	x->refusal = r;
	return false;
}

static bool deny_saying(struct exchange *x, enum refusal r, const char *text)
{
	snprintf(x->why, sizeof(x->why), "%s", text);
	return deny(x, END_DENIED, r);
}

static struct span field(const struct exchange *x, enum http1_name id)
{
	return http1_value(&x->request->head.fields, id);
}

static struct span method(const struct exchange *x)
{
	return http1_method_text(x->request->head.method);
}

/* --- the first gate: what the head says --- */

/* An escaped slash that is not part of a model's name is somebody's trick (threat T09). */
static bool deny_path(struct exchange *x)
{
	struct span path = x->request->head.path;

	if (!memmem(path.at, path.len, "%2", 2))
		return deny(x, END_DENIED, REFUSE_not_found);
	x->keep_alive = false;
	return deny_saying(x, REFUSE_bad_request,
			   "The path has an escape that is not allowed there.");
}

/* A path that another method would find is a 405, not a 404. */
static bool check_route(struct exchange *x)
{
	static const enum http1_method others[] = { METHOD_POST, METHOD_GET };
	const struct conf *c = x->worker->conf;
	struct span path = x->request->head.path;

	if (route_path(c, method(x), path, &x->route))
		return true;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		struct route r;

		if (route_path(c, http1_method_text(others[i]), path, &r)) {
			x->route.match.style = r.match.style;
			x->allowed = others[i];
			return deny(x, END_DENIED, REFUSE_method);
		}
	}
	return deny_path(x);
}

/* The newest snapshot; whatever came out of the one before may be gone. */
static const struct registry *see_registry(struct exchange *x)
{
	return box_see(x->worker->shared->registry, &x->worker->registry);
}

static const struct key_entry *find_key(const struct exchange *x, const struct registry *r)
{
	return r ? registry_find(r, x->key_hash) : NULL;
}

static bool check_key_state(struct exchange *x, const struct key_entry *k)
{
	static const enum refusal refusals[] = {
		[KEY_TENANT_DISABLED] = REFUSE_tenant_disabled,
		[KEY_REVOKED] = REFUSE_key_revoked,
		[KEY_EXPIRED] = REFUSE_key_expired,
	};
	enum key_state state;

	if (!k)
		return deny(x, END_DENIED, REFUSE_bad_key);
	state = key_entry_state(k, x->started);
	return state == KEY_OK || deny(x, END_DENIED, refusals[state]);
}

/* A malformed key is refused by its checksum, without a look-up (threat T20). */
static bool check_key(struct exchange *x)
{
	struct span key;
	enum err e = head_credential(&x->request->head, &key);

	if (e == ERR_MISSING)
		return deny(x, END_DENIED, REFUSE_no_key);
	if (e == ERR_EXISTS)
		return deny(x, END_DENIED, REFUSE_two_keys);
	if (e != ERR_OK || !key_check(key))
		return deny(x, END_DENIED, REFUSE_bad_key);
	key_hash(key, x->key_hash);
	return check_key_state(x, find_key(x, see_registry(x)));
}

static bool is_json(struct span type)
{
	const char *end = memchr(type.at, ';', type.len);

	if (end)
		type.len = (size_t)(end - type.at);
	return span_eq_nocase(span_trim(type), SPAN("application/json"));
}

static bool check_body_form(struct exchange *x)
{
	const struct http1_request *h = &x->request->head;
	struct span coding = field(x, HF_CONTENT_ENCODING), type = field(x, HF_CONTENT_TYPE);

	if (coding.len > 0 && !span_eq_nocase(coding, SPAN("identity")))
		return deny(x, END_DENIED, REFUSE_unsupported_encoding);
	if (h->length > x->worker->conf->limits.body_bytes)
		return deny(x, END_DENIED, REFUSE_too_large);
	if (h->method == METHOD_GET || h->method == METHOD_HEAD || h->method == METHOD_DELETE) {
		if (h->chunked || h->length > 0)
			return deny_saying(x, REFUSE_bad_request, "This method takes no body.");
		return true;
	}
	if (!h->chunked && !h->has_length)
		return deny(x, END_DENIED, REFUSE_length_required);
	if (type.len > 0 && !is_json(type)) {
		snprintf(x->why, sizeof(x->why),
			 "Send the body as Content-Type: application/json.");
		return deny(x, END_DENIED, REFUSE_unsupported_encoding);
	}
	return true;
}

bool gate_head(struct exchange *x)
{
	x->head_only = x->request->head.method == METHOD_HEAD;
	return check_route(x) && check_key(x) && check_body_form(x);
}

/* --- the second gate: what the body says --- */

static bool check_peek(struct exchange *x, struct peek *p)
{
	if (x->route.match.shape == SHAPE_free)
		return true;
	if (peek_body(x->route.match.shape, buf_span(&x->request->body), p, x->why,
		      sizeof(x->why)) != ERR_OK)
		return deny(x, END_DENIED, REFUSE_bad_body);
	if (p->background)
		return deny_saying(x, REFUSE_unsupported_option,
				   "background requests cannot be metered; send them without it.");
	if (p->priced_option[0]) {
		snprintf(x->why, sizeof(x->why), "%s has a price that is not known here.",
			 p->priced_option);
		return deny(x, END_DENIED, REFUSE_unsupported_option);
	}
	return true;
}

/* Where both the path and the body name a model, they must agree (threat T48). */
static bool check_model(struct exchange *x, const struct peek *p, char *path_model,
			struct span *model)
{
	struct span in_path, in_body = span_of(p->model);

	if (!dialect_model_text(x->route.match.model, path_model, DIALECT_MODEL_ROOM))
		return deny_saying(x, REFUSE_bad_request, "The model's name is too long.");
	in_path = span_of(path_model);

	*model = in_path.len > 0 ? in_path : in_body;
	if (x->route.match.shape == SHAPE_free)
		return true;
	if (in_path.len > 0 && in_body.len > 0 && !span_eq(in_path, in_body))
		return deny_saying(x, REFUSE_bad_body,
				   "The model in the body is not the one in the path.");
	if (model->len == 0)
		return deny_saying(x, REFUSE_bad_body, "The request names no model.");
	return true;
}

static bool prefers_events(const struct exchange *x)
{
	struct span accept = field(x, HF_ACCEPT);
	enum choice how = x->worker->conf->refusal;

	if (!x->streams || how == CHOICE_refusal_json)
		return false;
	return how == CHOICE_refusal_sse ||
	       (accept.len > 0 && memmem(accept.at, accept.len, "text/event-stream", 17) != NULL);
}

/* Who asks for an answer that a provider keeps. */
struct asker {
	const struct exchange *x;
	struct span tenant, id;
};

static bool is_his(void *arg, const struct conf_provider *p)
{
	const struct asker *a = arg;

	return p->answers == CHOICE_answers_any ||
	       owners_know(a->x->worker->shared->owners, a->tenant, span_of(p->name), a->id);
}

/* What another tenant was answered is none of this one's business (INV-8). */
static bool check_object(struct exchange *x, const struct key_entry *k)
{
	struct asker a = { x, span_of(k->tenant), x->route.match.object };

	return a.id.len == 0 ||
	       route_object(x->worker->conf, method(x), x->request->head.path, is_his, &a,
			    &x->route) ||
	       deny(x, END_DENIED, REFUSE_unknown_answer);
}

static bool check_previous(struct exchange *x, const struct key_entry *k, const struct peek *p)
{
	struct asker a = { x, span_of(k->tenant), span_of(p->previous) };

	if (a.id.len > 0 && !is_his(&a, x->route.provider))
		return deny(x, END_DENIED, REFUSE_unknown_previous);
	if (p->shared_input && x->route.provider->answers != CHOICE_answers_any)
		return deny_saying(x, REFUSE_unsupported_option,
				   "A conversation kept by the provider is open to all of its "
				   "tenants; send the turns themselves.");
	return true;
}

static bool check_provider(struct exchange *x, const struct price_book *b, struct span model)
{
	struct route *r = &x->route;

	if (!route_model(x->worker->conf, b, method(x), x->request->head.path, model, x->started,
			 r))
		return deny(x, END_DENIED, REFUSE_not_found);
	x->streams = r->match.stream >= 0 ? r->match.stream : x->streams;
	return true;
}

static bool check_price(struct exchange *x, const struct price_book *b, const struct peek *peek,
			struct span model, const struct price **p)
{
	const struct conf_provider *provider = x->route.provider;

	*p = NULL;
	if (x->route.match.shape == SHAPE_free)
		return true;
	*p = price_find_for(b, span_of(provider->name), span_of(provider->dialect), model,
			    x->started);
	if (*p && price_has_tier(*p, span_of(peek->tier)))
		return true;
	if (*p) {
		snprintf(x->why, sizeof(x->why), "The tier \"%s\" has no price for this model.",
			 peek->tier);
		return deny(x, END_DENIED, REFUSE_unsupported_option);
	}
	snprintf(x->why, sizeof(x->why),
		 "The model \"%.*s\" has no price here, so it cannot be used.", SPAN_ARG(model));
	return deny(x, END_DENIED, REFUSE_unpriced_model);
}

static bool take_slot(struct exchange *x)
{
	if (!books_open_for_work(x->worker->shared->books) || x->worker->draining)
		return deny(x, END_OVERLOADED, REFUSE_overloaded);
	x->slot = inflight_take(x->worker->shared->inflight);
	return x->slot || deny(x, END_OVERLOADED, REFUSE_overloaded);
}

static void give_back_slot(struct exchange *x)
{
	inflight_put(x->worker->shared->inflight, x->slot);
	x->slot = NULL;
}

static uint64_t output_cap_tok(const struct peek *p, const struct price *price)
{
	uint64_t most = price_max_output_tok(price);
	uint64_t cap = p->max_output_tok > 0 ? p->max_output_tok : most;

	if (cap == 0)
		cap = OUTPUT_UNKNOWN_TOK;
	return cap * (p->n > 0 ? p->n : 1);
}

/* The worst case with so many prompt tokens, or INT64_MAX when it leaves the range: then no budget
 * has room. */
static struct amounts worst_case(const struct peek *p, const struct price *price,
				 uint64_t input_tok)
{
	struct amounts worst = { .of = { [UNIT_requests] = 1, [UNIT_concurrent] = 1 } };
	uint64_t output_tok;

	if (!price)
		return worst;
	output_tok = output_cap_tok(p, price);
	worst.of[UNIT_tokens] = (int64_t)(input_tok + output_tok);
	if (price_worst(price, input_tok, output_tok, span_of(p->tier), &worst.of[UNIT_usd]) !=
	    ERR_OK)
		worst.of[UNIT_usd] = INT64_MAX;
	return worst;
}

/* The prompt is counted, if that is soon done, and so known better than by its bound. */
static struct amounts likely_case(struct exchange *x, const struct peek *p,
				  const struct price *price)
{
	if (meter_prompt(&x->meter, x->route.match.shape, buf_span(&x->request->body)))
		(void)meter_step(&x->meter, LOOK_NS);
	meter_prompt_drop(&x->meter); /* the body may yet be written anew */
	return worst_case(p, price, meter_input_tok(&x->meter).high_tok);
}

/* --- the budgets --- */

/* A key that is a person's is that person's, whatever the request says. */
static struct span user_of(const struct exchange *x, const struct key_entry *k,
			   const struct peek *p)
{
	struct span said = field(x, HF_X_WEIR_USER);

	if (k->user[0])
		return span_of(k->user);
	return said.len > 0 ? said : span_of(p->user);
}

/* As many as a row keeps. */
static struct span tags_of(const struct exchange *x)
{
	const size_t most = sizeof(((struct row *)0)->tags) - 1;
	struct span tags = field(x, HF_X_WEIR_TAGS);

	return (struct span){ tags.at, tags.len < most ? tags.len : most };
}

static void log_decision(const struct exchange *x, const struct key_entry *k, const char *event,
			 const struct quota_details *d)
{
	log_event(LOG_LEVEL_INFO, event,
		  "x=%s tenant=%s key=%s scope=%s id=%s resource=%s unit=%s period=%s spent=%lld "
		  "limit=%lld estimate=%lld",
		  x->id_text, k->tenant, k->id, d->scope, d->scope_id, d->resource_type,
		  unit_name(d->unit), d->period, (long long)d->current, (long long)d->limit,
		  (long long)d->estimated);
}

static void note_overdrawn(struct exchange *x, const struct key_entry *k)
{
	for (unsigned i = 0; i < x->hold.count; i++) {
		struct quota_details d;

		if (!(x->hold.overdrawn >> i & 1))
			continue;
		allowance_describe(&x->hold, i, x->started, &d);
		metric_add(&x->worker->metrics.shadow_refusals_total, 1);
		log_decision(x, k, "budget_would_refuse", &d);
	}
}

static bool deny_budget(struct exchange *x, const struct key_entry *k,
			const struct quota_details *why)
{
	metric_add(why->passes ? &x->worker->metrics.rate_refusals_total
			       : &x->worker->metrics.budget_refusals_total,
		   1);
	log_decision(x, k, "budget_refused", why);
	exchange_fall_short(x, why);
	return why->passes ? deny(x, END_RATE_LIMITED, REFUSE_rate_limit)
			   : deny(x, END_BUDGET, REFUSE_quota);
}

/* Could it have fitted, had the prompt been known better? */
static bool is_of_prompt(const struct quota_details *why)
{
	return why->unit == UNIT_usd || why->unit == UNIT_tokens;
}

/* A request that asks for room. */
struct claim {
	const struct allowance *allowance;
	const struct peek *peek;
	const struct price *price;
	bool open; /* nobody says how much is left: the quotas' own policies decide */
};

static enum err claim_hold(struct exchange *x, const struct claim *c, const struct amounts *wanted,
			   struct quota_details *why)
{
	return c->open ? allowance_hold_open(c->allowance, wanted, x->started, &x->hold, why)
		       : allowance_hold(c->allowance, wanted, x->started, &x->hold, why);
}

/* A stream is admitted with what there is, and cut where that ends. */
static enum err hold_a_part(struct exchange *x, const struct claim *c, struct quota_details *why)
{
	struct sluice_plan plan = { .price = c->price,
				    .tier = span_of(c->peek->tier),
				    .input_tok = meter_input_tok(&x->meter).high_tok,
				    .output_tok = output_cap_tok(c->peek, c->price) };
	struct amounts first;
	enum err e;

	if (sluice_plan(&x->sluice, &plan, &first) != ERR_OK)
		return ERR_REFUSED;
	e = claim_hold(x, c, &first, why);
	if (e != ERR_OK)
		return e;
	x->sluice.stands = true;
	x->sluice.open = c->open;
	metric_add(&x->worker->metrics.walls_total, 1);
	return ERR_OK;
}

/* Would less have fitted? While an answer may come that is not known. */
static bool may_fit_smaller(const struct exchange *x, enum err e, const struct quota_details *why)
{
	return e != ERR_OK && is_of_prompt(why) && (e != ERR_AGAIN || x->facts.unanswered);
}

/* Holds the worst case; where that does not fit, what is at most to be expected of the prompt. */
static enum err hold(struct exchange *x, const struct claim *c, struct quota_details *why)
{
	struct amounts wanted = worst_case(c->peek, c->price, x->meter.most_tok);
	enum err e = claim_hold(x, c, &wanted, why);

	if (!c->price || !x->meter.kit || !may_fit_smaller(x, e, why))
		return e;
	wanted = likely_case(x, c->peek, c->price);
	e = claim_hold(x, c, &wanted, why);
	return x->streams && may_fit_smaller(x, e, why) ? hold_a_part(x, c, why) : e;
}

/* The limits may have room, but nobody said so in time. */
static enum err hold_unasked(struct exchange *x, struct claim *c, const struct key_entry *k,
			     struct quota_details *why)
{
	enum err e;

	c->open = true;
	e = hold(x, c, why);
	if (e != ERR_OK)
		return e;
	metric_add(&x->worker->metrics.quota_open_admissions_total, 1);
	log_decision(x, k, "budget_not_asked", why);
	return ERR_OK;
}

static bool deny_unasked(struct exchange *x, const struct key_entry *k,
			 const struct quota_details *why)
{
	metric_add(&x->worker->metrics.quota_away_refusals_total, 1);
	log_decision(x, k, "budget_unavailable", why);
	return deny(x, END_QUOTA_AWAY, REFUSE_quota_unavailable);
}

static bool is_unasked(enum err e)
{
	return e == ERR_AGAIN || e == ERR_AWAY;
}

/* False: denied, or parked, and then there is no ending yet. */
static bool check_budget(struct exchange *x, const struct registry *r, const struct key_entry *k,
			 const struct peek *p, const struct price *price)
{
	struct purse *room[ALLOWANCE_PURSES_MAX];
	struct claim c = { .peek = p, .price = price };
	struct quota_details why;
	struct allowance a;
	enum err e;

	if (registry_allowance(r, k, RESOURCE_llm, user_of(x, k, p), tags_of(x), room, &a) !=
	    ERR_OK)
		return deny_saying(x, REFUSE_bad_request,
				   "The tags of the request have too many limits together.");
	c.allowance = &a;
	e = hold(x, &c, &why);
	if (e == ERR_AGAIN && !x->facts.unanswered && worker_park(x->worker, x))
		return false;
	if (is_unasked(e))
		e = hold_unasked(x, &c, k, &why);
	if (is_unasked(e))
		return deny_unasked(x, k, &why);
	if (e != ERR_OK)
		return deny_budget(x, k, &why);
	if (x->hold.overdrawn)
		note_overdrawn(x, k);
	return true;
}

static void describe(struct exchange *x, const struct key_entry *k, const struct peek *p,
		     struct span model)
{
	struct row *r = &x->slot->row;

	r->id = x->id;
	r->started_us = x->started.us;
	SET_TEXT(r->tenant, span_of(k->tenant));
	SET_TEXT(r->team, span_of(k->team));
	SET_TEXT(r->user, user_of(x, k, p));
	SET_TEXT(r->key, span_of(k->id));
	SET_TEXT(r->provider, span_of(x->route.provider->name));
	SET_TEXT(r->dialect, span_of(x->route.provider->dialect));
	SET_TEXT(r->shape, span_of(shape_name(x->route.match.shape)));
	SET_TEXT(r->model, model);
	SET_TEXT(r->tier, span_of(p->tier));
	SET_TEXT(r->tags, tags_of(x));
	r->streamed = x->streams;
	r->bytes_in = x->request->body.len;
	r->held_pusd = x->hold.held.of[UNIT_usd];
	r->gate_us = clk_since_us(x->entered[XS_GATE]);
}

static bool is_declined(const struct exchange *x, struct span model)
{
	const struct declined *d = &x->worker->origins[x->route.index].declined;

	return !declined_is_empty(d) &&
	       declined_knows(
		   d, declined_kind(model, x->route.match.upstream_path, x->request->head.query));
}

/* Asks for the usage event where the provider would not send it by itself. */
static bool inject_usage(struct exchange *x, const struct peek *p, struct span model)
{
	enum shape_id s = x->route.match.shape;
	struct buf body;

	if (!x->streams || p->wants_usage || !x->route.dialect->inject_usage ||
	    (s != SHAPE_openai_chat && s != SHAPE_openai_completions) || is_declined(x, model))
		return true;
	buf_init(&body, x->request->body.len + 128);
	if (!peek_with_usage(p, buf_span(&x->request->body), &body)) {
		buf_release(&body);
		return deny(x, END_OVERLOADED, REFUSE_overloaded);
	}
	buf_release(&x->request->body);
	x->request->body = body;
	x->request->added_at = p->usage_at;
	x->request->added_bytes = p->usage_is_new ? strlen(p->usage_text) : 0;
	x->route.usage_injected = true;
	return true;
}

static void admit(struct exchange *x, const struct price *price)
{
	account_open(&x->slot->row, price ? meter_input_tok(&x->meter).mean_tok : 0);
	slot_open(x->slot);
	metric_add(&x->worker->metrics.exchanges_admitted_total, 1);
}

static void begin_meter(struct exchange *x, const struct peek *p, const struct price *price,
			struct span model)
{
	struct meter_subject s = {
		.dialect = x->route.dialect,
		.provider = span_of(x->route.provider->name),
		.model = model,
		.peek = p,
		.body = buf_span(&x->request->body),
		.context_tok = price ? price_max_input_tok(price) : 0,
	};

	meter_begin(&x->meter, price && x->worker->kit.tok ? &x->worker->kit : NULL, &s);
}

/* Slot and hold are taken together: whoever fails gives back what it had. */
static bool check_means(struct exchange *x, const struct peek *p, const struct registry *r,
			const struct key_entry *k, const struct price *price, struct span model)
{
	if (!take_slot(x))
		return false;
	begin_meter(x, p, price, model);
	if (!check_budget(x, r, k, p, price)) {
		meter_release(&x->meter);
		give_back_slot(x);
		return false;
	}
	describe(x, k, p, model);
	if (!inject_usage(x, p, model)) {
		allowance_cancel(&x->hold, x->started);
		give_back_slot(x);
		return false;
	}
	admit(x, price);
	return true;
}

static bool may_pass(struct exchange *x)
{
	const struct price_book *book = box_see(x->worker->shared->prices, &x->worker->prices);
	const struct registry *r = see_registry(x);
	const struct key_entry *k = find_key(x, r);
	const struct price *price;
	char path_model[DIALECT_MODEL_ROOM];
	struct peek p = { .n = 1 };
	struct span model;

	if (!check_key_state(x, k) || !check_peek(x, &p) || !check_model(x, &p, path_model, &model))
		return false;
	x->streams = p.stream;
	if (!check_object(x, k) || !check_provider(x, book, model) || !check_previous(x, k, &p))
		return false;
	x->wants_sse = prefers_events(x);
	if (x->route.match.shape != SHAPE_free && !key_entry_allows(k, model)) {
		snprintf(x->why, sizeof(x->why), "This API key may not use the model \"%.*s\".",
			 SPAN_ARG(model));
		return deny(x, END_DENIED, REFUSE_model_not_allowed);
	}
	return check_price(x, book, &p, model, &price) && check_means(x, &p, r, k, price, model);
}

enum gate_verdict gate_body(struct exchange *x)
{
	if (may_pass(x))
		return GATE_ADMITS;
	return x->ending == END_NOT_YET ? GATE_PARKS : GATE_DENIES;
}
