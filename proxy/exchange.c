#include "proxy/exchange.h"
#include <stdio.h>
#include <stdlib.h>
#include "base/log.h"
#include "conf/conf.h"
#include "metering/account.h"
#include "metering/tap.h"
#include "proxy/access_log.h"
#include "proxy/client.h"
#include "proxy/gate.h"
#include "proxy/reply.h"
#include "proxy/upstream.h"
#include "proxy/worker_internal.h"
#include "store/books.h"

#define DOUBTS_EVERY_US (60 * US_PER_SEC)
#define COUNT_SLICE_NS  TOK_WORK /* of a prompt that is counted, in one turn of the loop */
#define COUNT_SHARE     4        /* of limits.bodies, for prompts whose answers are over */

enum step {
	STEP_AGAIN,
	STEP_WAIT
};

static const struct {
	const char *name, *doing;
	char letter;
} states[XS_COUNT] = {
#define STATE(name, letter, doing) [XS_##name] = { #name, doing, letter },
#include "proxy/exchange.tbl.h"
};

static const char *const edge_why[XS_COUNT][XS_COUNT] = {
#define EDGE(from, to, why) [XS_##from][XS_##to] = why,
#include "proxy/exchange.tbl.h"
};

static const struct {
	const char *name;
	char who;
} endings[END_COUNT] = {
	[END_NOT_YET] = { "not_yet", '-' },
#define END(name, text, who, sentence) [END_##name] = { #text, who },
#include "proxy/end.tbl.h"
};

const char *exchange_state_name(enum exchange_state s)
{
	return states[s].name;
}

const char *exchange_state_doing(enum exchange_state s)
{
	return states[s].doing;
}

char exchange_state_letter(enum exchange_state s)
{
	return states[s].letter;
}

const char *exchange_ending_name(enum exchange_ending e)
{
	return endings[e].name;
}

char exchange_ending_who(enum exchange_ending e)
{
	return endings[e].who;
}

const char *exchange_edge(enum exchange_state from, enum exchange_state to)
{
	return edge_why[from][to];
}

/* The only line in the program that changes an exchange's state. */
static enum step become(struct exchange *x, enum exchange_state to)
{
	MUST(edge_why[x->state][to]);
	metric_add(&x->worker->metrics.edges[x->state][to], 1);
	x->state = to;
	x->facts.late = false;
	deadline_clear(&x->phase);
	if (x->entered[to].us == 0)
		x->entered[to] = clk_mono();
	return STEP_AGAIN;
}

/* The first ending wins: what comes after is a consequence. */
static enum step finish(struct exchange *x, enum exchange_state to, enum exchange_ending why)
{
	if (x->ending == END_NOT_YET) {
		x->ending = why;
		x->ended_in = x->state;
	}
	return become(x, to);
}

static enum step refuse(struct exchange *x, enum exchange_ending why, enum refusal r)
{
	x->refusal = r;
	return finish(x, XS_REPLY, why);
}

/* A gate has set the ending itself. */
static enum step denied(struct exchange *x)
{
	x->ended_in = x->state;
	return become(x, XS_REPLY);
}

static void within(struct exchange *x, uint64_t us)
{
	worker_deadline(x->worker, &x->phase, us);
}

static void drop_request(struct exchange *x)
{
	x->worker->bodies_bytes -= x->body_counted_bytes;
	x->body_counted_bytes = 0;
	request_free(x->request);
	x->request = NULL;
}

/* --- counting what the provider may not say --- */

/* Was it paid for by the provider? An answer with 2xx; or a request that was sent whole and whose
 * client left before the answer. */
static bool billable(const struct exchange *x)
{
	if (x->route.match.shape == SHAPE_free)
		return false;
	if (x->relay.status > 0)
		return x->relay.status >= 200 && x->relay.status < 300;
	return x->ending == END_CLIENT_GONE && x->attempt.sent_any;
}

/* The prompt may have to be counted: its body is still needed. */
static bool may_count(const struct exchange *x)
{
	return x->meter.kit && x->slot && billable(x);
}

/* Counts on in the prompt, for a while. True: there is nothing left to do. */
static bool count_prompt(struct exchange *x)
{
	if (!x->request || x->relay.hesitates)
		return true;
	if (meter_prompt(&x->meter, x->route.match.shape, buf_span(&x->request->body)) &&
	    !meter_step(&x->meter, COUNT_SLICE_NS)) {
		worker_run_later(x->worker, x);
		return false;
	}
	account_input(&x->slot->row, &x->meter);
	drop_request(x);
	return true;
}

/* A stream's prompt is counted while it runs: it may break off without any numbers, and the body
 * need not be kept until then. Another answer nearly always has them. */
static void count_ahead(struct exchange *x)
{
	if (x->relay.streams && may_count(x))
		(void)count_prompt(x);
}

/* Prompts that wait to be counted must leave room for the bodies of others. */
static bool is_swamped(const struct worker *w)
{
	return w->bodies_bytes > w->conf->limits.bodies_bytes / COUNT_SHARE;
}

/* True: all is counted that was not reported, or there is no time or no room for it. */
static bool count_the_rest(struct exchange *x)
{
	return !may_count(x) || x->relay.account.reported || x->facts.shutdown ||
	       is_swamped(x->worker) || count_prompt(x);
}

/* --- HEAD, BODY, GATE --- */

static enum step step_head(struct exchange *x)
{
	if (x->facts.client_gone)
		return finish(x, XS_SETTLE, END_CLIENT_GONE);
	if (x->facts.garbled)
		return finish(x, XS_REPLY, END_CLIENT_GARBLED);
	if (x->facts.late)
		return refuse(x, END_CLIENT_SLOW, REFUSE_timeout);
	if (x->facts.shutdown)
		return refuse(x, END_DRAINED, REFUSE_overloaded);
	if (!x->facts.head_read)
		return STEP_WAIT;
	if (!gate_head(x))
		return denied(x);
	become(x, XS_BODY);
	if (x->request->head.expect_100 && !x->facts.body_read && x->request->body.len == 0)
		client_invite_body(x->client);
	within(x, x->worker->conf->deadlines.body_us);
	return STEP_AGAIN;
}

/* After its deadline a body may go on as long as it arrives at the least rate allowed. */
static bool body_keeps_pace(struct exchange *x)
{
	uint64_t least = x->worker->conf->limits.body_rate_bytes *
			 (clk_since_us(x->entered[XS_BODY]) / US_PER_SEC);

	if (x->request->body.len < least)
		return false;
	x->facts.late = false;
	within(x, US_PER_SEC);
	return true;
}

static enum step step_body(struct exchange *x)
{
	if (x->facts.client_gone)
		return finish(x, XS_SETTLE, END_CLIENT_GONE);
	if (x->facts.too_large)
		return refuse(x, END_CLIENT_GARBLED, REFUSE_too_large);
	if (x->facts.crowded)
		return refuse(x, END_OVERLOADED, REFUSE_overloaded);
	if (x->facts.garbled)
		return refuse(x, END_CLIENT_GARBLED, REFUSE_bad_request);
	if (x->facts.body_read)
		return become(x, XS_GATE);
	if (x->facts.late && !body_keeps_pace(x))
		return refuse(x, END_CLIENT_SLOW, REFUSE_timeout);
	if (x->facts.shutdown)
		return refuse(x, END_DRAINED, REFUSE_overloaded);
	return STEP_WAIT;
}

static enum step step_gate(struct exchange *x)
{
	enum gate_verdict v;

	if (x->facts.client_gone || x->facts.shutdown) {
		worker_unpark(x->worker, x);
		return refuse(x, x->facts.client_gone ? END_CLIENT_GONE : END_DRAINED,
			      REFUSE_overloaded);
	}
	v = gate_body(x);
	if (v == GATE_PARKS)
		return STEP_WAIT;
	worker_unpark(x->worker, x);
	return v == GATE_DENIES ? denied(x) : become(x, XS_DIAL);
}

/* --- DIAL, ASK --- */

static void let_upstream_go(struct exchange *x, bool clean)
{
	if (!x->upstream)
		return;
	upstream_done(x->upstream, clean);
	x->upstream = NULL;
}

static enum step no_upstream(struct exchange *x)
{
	enum exchange_ending why = x->attempt.untrusted ? END_UPSTREAM_TLS : END_UPSTREAM_AWAY;

	let_upstream_go(x, false);
	return refuse(x, why, x->attempt.untrusted ? REFUSE_upstream_tls : REFUSE_upstream_failed);
}

static enum step step_dial(struct exchange *x)
{
	if (x->facts.client_gone) {
		let_upstream_go(x, false);
		return finish(x, XS_SETTLE, END_CLIENT_GONE);
	}
	if (x->facts.shutdown) {
		let_upstream_go(x, false);
		return refuse(x, END_DRAINED, REFUSE_overloaded);
	}
	if (x->attempt.refused || x->attempt.untrusted)
		return no_upstream(x);
	if (x->attempt.connected)
		return become(x, XS_ASK);
	if (x->upstream)
		return STEP_WAIT;
	x->attempts_count++;
	if (!upstream_take(&x->worker->origins[x->route.index], x))
		return refuse(x, END_OVERLOADED, REFUSE_overloaded);
	return STEP_AGAIN;
}

static bool write_request_head(struct exchange *x, struct buf *to)
{
	const struct origin *o = x->upstream->origin;
	struct head_up up = {
		.request = &x->request->head,
		.base = span_of(o->provider->base_url.prefix),
		.mount = x->route.match.upstream_prefix,
		.path = x->route.match.upstream_path,
		.host = span_of(o->provider->base_url.authority),
		.auth_name = span_of(o->auth_name),
		.auth_value = span_of(o->auth_value),
		.body_bytes = x->request->body.len,
	};

	return head_request(to, &up);
}

static void send_request(struct exchange *x)
{
	struct iovec pieces[2];
	struct buf head;
	enum err e = ERR_NOMEM;

	x->slot->row.dial_us = clk_since_us(x->entered[XS_DIAL]);
	buf_init(&head, 2 * x->worker->conf->limits.head_bytes);
	if (write_request_head(x, &head)) {
		pieces[0] = (struct iovec){ head.at, head.len };
		pieces[1] = (struct iovec){ x->request->body.at, x->request->body.len };
		e = wire_write(&x->upstream->wire, pieces, 2);
	}
	buf_release(&head);
	if (e == ERR_OK)
		x->attempt.sent_any = true;
	else
		x->attempt.failed = true;
	within(x, x->worker->conf->deadlines.first_byte_us);
}

/* A pooled connection may have died while it was idle: try once more on a fresh one, but only
 * if the provider cannot have seen a byte of this request (threat T68). */
static bool may_retry(const struct exchange *x)
{
	return x->attempt.failed && x->attempt.reused && !x->attempt.sent_any &&
	       x->attempts_count < 2;
}

static enum step retry(struct exchange *x)
{
	let_upstream_go(x, false);
	memset(&x->attempt, 0, sizeof(x->attempt));
	return become(x, XS_DIAL);
}

/* The provider may already be at work for a client that left: wait a moment for its answer, so
 * that what it charges is not lost. */
static enum step left_while_asking(struct exchange *x)
{
	const struct conf *c = x->worker->conf;

	if (c->client_gone == CHOICE_client_gone_close || x->facts.late || x->facts.shutdown ||
	    x->attempt.failed || x->attempt.garbled) {
		let_upstream_go(x, false);
		return finish(x, XS_SETTLE, END_CLIENT_GONE);
	}
	if (!x->relay.muted) {
		x->relay.muted = true;
		client_kill(x->client);
		x->client = NULL;
		within(x, c->deadlines.client_gone_drain_us);
	}
	return STEP_WAIT;
}

/* What a refused option's request was answered without it is worth remembering: the next one
 * like it saves the way. */
static void note_declined(struct exchange *x)
{
	struct origin *o = &x->worker->origins[x->route.index];

	if (!x->asked_again || x->relay.status < 200 || x->relay.status >= 300)
		return;
	declined_note(&o->declined,
		      declined_kind(span_of(x->slot->row.model), x->route.match.upstream_path,
				    x->request->head.query));
	log_event(LOG_LEVEL_WARN, "usage_declined",
		  "provider=%s model=%s \"refuses stream_options: its streams may say no usage, "
		  "then tokens are estimated\"",
		  o->provider->name, x->slot->row.model);
}

static enum step fail_asking(struct exchange *x, enum exchange_ending why, enum refusal r)
{
	let_upstream_go(x, false);
	return refuse(x, why, r);
}

static enum step step_ask(struct exchange *x)
{
	if (!x->attempt.sent_any && !x->attempt.failed)
		send_request(x);
	if (x->attempt.response_head) {
		note_declined(x);
		if (!x->relay.hesitates && !may_count(x))
			drop_request(x);
		become(x, XS_RELAY);
		within(x, x->relay.muted ? x->worker->conf->deadlines.client_gone_drain_us
					 : x->worker->conf->deadlines.idle_us);
		return STEP_AGAIN;
	}
	if (x->facts.client_gone)
		return left_while_asking(x);
	if (may_retry(x))
		return retry(x);
	if (x->attempt.garbled)
		return fail_asking(x, END_UPSTREAM_GARBLED, REFUSE_upstream_failed);
	if (x->attempt.failed)
		return fail_asking(x, END_UPSTREAM_CUT, REFUSE_upstream_failed);
	if (x->facts.late)
		return fail_asking(x, END_UPSTREAM_SLOW, REFUSE_upstream_slow);
	if (x->facts.over_time)
		return fail_asking(x, END_TOO_LONG, REFUSE_upstream_slow);
	if (x->facts.shutdown)
		return fail_asking(x, END_DRAINED, REFUSE_overloaded);
	return STEP_WAIT;
}

/* --- RELAY --- */

static size_t waiting_bytes(const struct exchange *x)
{
	return x->client ? wire_waiting_bytes(&x->client->wire) : 0;
}

static enum step end_relay(struct exchange *x, enum exchange_ending why)
{
	let_upstream_go(x, x->attempt.response_over && !x->attempt.dirty);
	return finish(x, XS_SETTLE, why);
}

static enum step cut(struct exchange *x, enum exchange_ending why, enum refusal r, const char *text)
{
	relay_cut(x, r, text);
	return end_relay(x, why);
}

/* Reads on for a moment without a client, for the sake of the provider's own numbers. */
static enum step left_while_relaying(struct exchange *x)
{
	const struct conf *c = x->worker->conf;

	if (x->attempt.response_over || x->attempt.failed || x->attempt.garbled || x->facts.late ||
	    x->facts.over_time || x->facts.shutdown || x->facts.walled || x->facts.unpaid ||
	    c->client_gone == CHOICE_client_gone_close)
		return end_relay(x, END_CLIENT_GONE);
	if (!x->relay.muted) {
		x->relay.muted = true;
		if (x->client)
			client_kill(x->client);
		x->client = NULL;
		within(x, c->deadlines.client_gone_drain_us);
		wire_resume(&x->upstream->wire);
	}
	return STEP_WAIT;
}

/* The provider refused what we added to the request, not what the client asked, and charges
 * nothing for that. */
static enum step ask_again(struct exchange *x)
{
	let_upstream_go(x, x->attempt.response_over && !x->attempt.dirty);
	memset(&x->attempt, 0, sizeof(x->attempt));
	relay_release(&x->relay);
	request_take_back(x->request);
	metric_add(&x->worker->metrics.usage_option_declined_total, 1);
	x->route.usage_injected = false;
	x->asked_again = true;
	x->replied = false;
	x->slot->row.status = 0;
	x->slot->row.first_byte_us = 0;
	return become(x, XS_DIAL);
}

static enum step step_relay(struct exchange *x)
{
	count_ahead(x);
	if (x->parked)
		relay_pay(x);
	if (x->attempt.declined && !x->facts.client_gone && !x->relay.muted)
		return ask_again(x);
	if (x->attempt.response_over && x->client && waiting_bytes(x) == 0 && !x->facts.client_gone)
		return end_relay(x, END_COMPLETE);
	if (x->facts.client_gone || x->relay.muted)
		return left_while_relaying(x);
	if (x->facts.walled)
		return cut(x, END_BUDGET, REFUSE_quota,
			   "The budget ends here: it does not pay for more of this answer.");
	if (x->facts.unpaid)
		return cut(x, END_QUOTA_AWAY, REFUSE_quota_unavailable,
			   "How much is left of a shared limit could not be learned in time.");
	if (x->attempt.failed)
		return cut(x, END_UPSTREAM_CUT, REFUSE_upstream_failed,
			   "The provider broke off inside its answer.");
	if (x->attempt.garbled)
		return cut(x, END_UPSTREAM_GARBLED, REFUSE_upstream_failed,
			   "The provider's answer could not be read to its end.");
	if (x->facts.late && waiting_bytes(x) > 0)
		return end_relay(x, END_CLIENT_STALLED);
	if (x->facts.late)
		return cut(x, END_UPSTREAM_STALLED, REFUSE_upstream_slow,
			   "The provider stopped inside its answer.");
	if (x->facts.over_time)
		return cut(x, END_TOO_LONG, REFUSE_upstream_slow,
			   "The answer took longer than the gateway allows.");
	if (x->facts.shutdown)
		return cut(x, END_DRAINED, REFUSE_overloaded, "The gateway is shutting down.");
	if (x->upstream && waiting_bytes(x) == 0 && !x->parked) {
		wire_resume(&x->upstream->wire);
		within(x, x->worker->conf->deadlines.idle_us);
	}
	return STEP_WAIT;
}

/* --- REPLY, SETTLE, DONE --- */

static enum step step_reply(struct exchange *x)
{
	if (!x->facts.client_gone && x->client && !x->replied)
		reply_send(x);
	return become(x, XS_SETTLE);
}

static uint16_t status_seen(const struct exchange *x)
{
	if (x->relay.status > 0)
		return x->relay.status;
	return x->replied ? (uint16_t)refusal_status(x->refusal) : 0;
}

static void count_tap(struct exchange *x, const struct row *r)
{
	struct tap_result t;

	if (strcmp(r->usage_source, usage_source_name(USAGE_estimated)) == 0)
		metric_add(&x->worker->metrics.usage_estimated_total, 1);
	if (!x->relay.tap)
		return;
	tap_result(x->relay.tap, &t);
	if (t.blind)
		metric_add(&x->worker->metrics.tap_blind_total, 1);
	if (t.usage.inconsistent)
		metric_add(&x->worker->metrics.tap_inconsistent_total, 1);
	if (t.usage_dropped)
		metric_add(&x->worker->metrics.usage_events_removed_total, 1);
}

/* Counts them all and logs some: what is doubtful about one answer mostly is about the next. */
static void note_doubts(struct exchange *x, const struct row *r, unsigned doubts)
{
	struct worker *w = x->worker;
	char names[96] = "";
	size_t len = 0;

	if (doubts == 0)
		return;
	metric_add(&w->metrics.price_doubts_total, 1);
	if (w->doubted.us > 0 && clk_since_us(w->doubted) < DOUBTS_EVERY_US)
		return;
	w->doubted = clk_mono();
	for (int d = 0; d < PRICE_DOUBT_COUNT; d++)
		if (doubts >> d & 1 && len < sizeof(names))
			len += (size_t)snprintf(names + len, sizeof(names) - len, " %s",
						price_doubt_name((enum price_doubt)d));
	log_event(LOG_LEVEL_WARN, "price_doubt", "x=%s tenant=%s model=%s served=%s why:%s%s",
		  x->id_text, r->tenant, r->model, r->model_served, names,
		  doubts & ACCOUNT_OTHER_MODEL ? " other_model" : "");
}

/* What the row really took of its budgets. */
static void settle_hold(struct exchange *x, const struct row *r)
{
	const struct crossing_ear ear = { worker_note_crossing, x->worker };
	const struct amounts spent = {
		.of = { [UNIT_usd] = r->cost_pusd,
			[UNIT_tokens] = (int64_t)(r->input_tok + r->output_tok),
			[UNIT_requests] = 1 },
	};

	allowance_settle(&x->hold, &spent, clk_wall(), &ear);
}

/* From the exchange to the books: the price, the budget, the row. */
static void settle_row(struct exchange *x)
{
	const struct price_book *book = box_see(x->worker->shared->prices, &x->worker->prices);
	struct row *r = &x->slot->row;

	r->status = status_seen(x);
	r->took_us = clk_since_us(x->entered[XS_HEAD]);
	(void)span_copy(span_of(exchange_ending_name(x->ending)), r->ended_by, sizeof(r->ended_by));
	note_doubts(x, r, account_close(r, x->relay.tap, &x->meter, book, billable(x)));
	if (billable(x))
		meter_learn(&x->meter, r, x->relay.tap ? tap_text_bytes(x->relay.tap) : 0);
	count_tap(x, r);
	settle_hold(x, r);
	metric_add(&x->worker->metrics.cost_pusd, r->cost_pusd);
	metric_add(&x->worker->metrics.exchanges_settled_total, 1);
	access_log_write(&x->worker->access, x, r);
	slot_close(x->slot);
	books_hand(x->worker->shared->books, x->slot);
	x->slot = NULL;
}

static void let_client_go(struct exchange *x)
{
	bool keep = x->keep_alive && !x->facts.client_gone &&
		    (x->ending == END_COMPLETE || !x->relay.status);

	if (x->client)
		client_done(x->client, keep);
	x->client = NULL;
}

static enum step step_settle(struct exchange *x)
{
	worker_unpark(x->worker, x);
	let_upstream_go(x, false);
	let_client_go(x);
	if (!count_the_rest(x))
		return STEP_WAIT;
	metric_add(&x->worker->metrics.ended[x->ending], 1);
	if (x->slot)
		settle_row(x);
	else
		access_log_write(&x->worker->access, x, NULL);
	become(x, XS_DONE);
	worker_bury_exchange(x->worker, x);
	return STEP_WAIT;
}

static enum step step_done(struct exchange *x)
{
	(void)x;
	return STEP_WAIT;
}

static enum step (*const steps[XS_COUNT])(struct exchange *x) = {
	[XS_HEAD] = step_head,   [XS_BODY] = step_body,     [XS_GATE] = step_gate,
	[XS_DIAL] = step_dial,   [XS_ASK] = step_ask,       [XS_RELAY] = step_relay,
	[XS_REPLY] = step_reply, [XS_SETTLE] = step_settle, [XS_DONE] = step_done,
};

void exchange_run(struct exchange *x)
{
	x->woken = false;
	while (steps[x->state](x) == STEP_AGAIN)
		;
}

void exchange_wake(struct exchange *x)
{
	if (x->woken)
		return;
	x->woken = true;
	x->next_woken = x->worker->woken;
	x->worker->woken = x;
}

void exchange_fall_short(struct exchange *x, const struct quota_details *why)
{
	x->shortfall = malloc(sizeof(*why));
	if (x->shortfall)
		*x->shortfall = *why;
}

/* --- beginning and end --- */

static void on_phase_deadline(struct deadline *d)
{
	struct exchange *x = (struct exchange *)((char *)d - offsetof(struct exchange, phase));

	x->facts.late = true;
	exchange_wake(x);
}

static void on_total_deadline(struct deadline *d)
{
	struct exchange *x = (struct exchange *)((char *)d - offsetof(struct exchange, total));

	x->facts.over_time = true;
	exchange_wake(x);
}

struct exchange *exchange_new(struct worker *w, struct client *c)
{
	struct exchange *x = calloc(1, sizeof(*x));

	if (!x)
		return NULL;
	x->worker = w;
	x->client = c;
	x->started = clk_wall();
	x->entered[XS_HEAD] = clk_mono();
	x->id = id_new(x->started);
	id_text(x->id, x->id_text);
	deadline_init(&x->phase, on_phase_deadline);
	deadline_init(&x->total, on_total_deadline);
	within(x, w->conf->deadlines.head_us);
	worker_deadline(w, &x->total, w->conf->deadlines.total_us);
	worker_adopt_exchange(w, x);
	return x;
}

void exchange_free(struct exchange *x)
{
	MUST(x->state == XS_DONE && !x->slot && !x->upstream && !x->hold.live && !x->parked);
	deadline_clear(&x->phase);
	deadline_clear(&x->total);
	relay_release(&x->relay);
	meter_release(&x->meter);
	drop_request(x);
	free(x->shortfall);
	free(x);
}
