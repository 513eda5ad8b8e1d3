#include "proxy/relay.h"
#include <sys/uio.h>
#include "conf/conf.h"
#include "metering/account.h"
#include "metering/owners.h"
#include "metering/tap.h"
#include "proxy/client.h"
#include "proxy/exchange.h"
#include "proxy/inflate.h"
#include "proxy/limits.h"
#include "proxy/upstream.h"
#include "proxy/worker_internal.h"
#include "store/inflight.h"

#define HEAD_CAP_BYTES 65536
#define RUNS_MAX       12
#define DOUBTFUL_BYTES 16384 /* no refusal about one option is longer */

/* The pieces of one write to the client: the head if it still waits, the chunk's frame, and the
 * runs of payload, none of them copied. */
struct train {
	struct exchange *x;
	struct span piece; /* runs inside it stay valid until the train has left */
	struct iovec car[RUNS_MAX + 4];
	int cars; /* the first two are the response head and the chunk head */
	size_t payload;
	bool last; /* the body ends with this train */
	char chunk_head[FRAMING_HEAD_ROOM];
};

static void train_begin(struct train *t, struct exchange *x, struct span piece)
{
	t->x = x;
	t->piece = piece;
	t->cars = 2;
	t->payload = 0;
	t->last = false;
}

static void train_add_text(struct train *t, struct span s)
{
	t->car[t->cars++] = (struct iovec){ (void *)(uintptr_t)s.at, s.len };
}

static void train_frame(struct train *t)
{
	struct relay *r = &t->x->relay;

	t->car[0] = (struct iovec){ r->head.at, r->head.len };
	t->car[1] = (struct iovec){ t->chunk_head, 0 };
	if (r->end == HEAD_END_CHUNKED) {
		if (t->payload > 0) {
			t->car[1].iov_len = framing_chunk_head(t->payload, t->chunk_head);
			train_add_text(t, SPAN("\r\n"));
		}
		if (t->last)
			train_add_text(t, SPAN(FRAMING_LAST));
	}
}

static void note_passed(struct exchange *x, size_t payload)
{
	x->relay.passed_bytes += payload;
	x->slot->row.bytes_out = x->relay.passed_bytes;
	metric_add(&x->worker->metrics.response_body_bytes, (int64_t)payload);
}

/* Back-pressure: upstream waits while too much is waiting for the client, and the client's
 * stall, not the provider's silence, is what is timed. */
static void mind_the_client(struct exchange *x)
{
	const struct conf *c = x->worker->conf;
	size_t waiting = wire_waiting_bytes(&x->client->wire);

	if (waiting == 0)
		return;
	worker_deadline(x->worker, &x->phase, c->deadlines.client_stall_us);
	if (waiting >= c->limits.watermark_bytes && x->upstream)
		wire_pause(&x->upstream->wire);
}

static void train_leave(struct train *t)
{
	struct exchange *x = t->x;
	enum err e;

	train_frame(t);
	if (x->relay.head.len + t->payload > 0 || t->last) {
		e = wire_write(&x->client->wire, t->car, t->cars);
		if (e != ERR_OK) {
			x->facts.client_gone = true;
			exchange_wake(x);
		}
		note_passed(x, t->payload);
		buf_release(&x->relay.head);
		mind_the_client(x);
	}
	x->relay.whole = t->last;
	train_begin(t, x, t->piece);
}

/* A run that the tap had held lives only for this call, so it must leave at once. */
static void train_add_run(void *arg, struct span run)
{
	struct train *t = arg;
	bool lasting = run.at >= t->piece.at && run.at < t->piece.at + t->piece.len;

	if (run.len == 0)
		return;
	if (t->cars == RUNS_MAX)
		train_leave(t);
	train_add_text(t, run);
	t->payload += run.len;
	t->x->relay.tail[0] = run.len > 1 ? run.at[run.len - 2] : t->x->relay.tail[1];
	t->x->relay.tail[1] = run.at[run.len - 1];
	if (!lasting)
		train_leave(t);
}

static void ignore_run(void *arg, struct span run)
{
	(void)arg;
	(void)run;
}

static void show_plain(void *arg, struct span s)
{
	tap_show(arg, s);
}

/* Shows the piece to the tap; where nothing is to be taken out, the piece passes as it is. */
static void show_and_load(struct relay *r, struct span piece, struct train *t)
{
	if (r->filters) {
		tap_filter(r->tap, piece, t ? train_add_run : ignore_run, t);
		return;
	}
	if (r->inflate)
		inflate_show(r->inflate, piece, show_plain, r->tap);
	else if (r->tap)
		tap_show(r->tap, piece);
	if (t)
		train_add_run(t, piece);
}

static void show_end(struct relay *r, struct train *t)
{
	if (r->tap)
		tap_end(r->tap);
	if (r->filters)
		tap_filter_end(r->tap, t ? train_add_run : ignore_run, t);
	if (t)
		t->last = true;
}

/* Keeps the piece back while the refusal may still be for us; what is too long for that goes to
 * the client. True: nothing is to be passed on. */
static bool keep_back(struct exchange *x, struct span *piece)
{
	struct relay *r = &x->relay;

	if (!r->hesitates)
		return false;
	if (buf_add(&r->doubtful, *piece)) {
		*piece = (struct span){ 0 };
		x->attempt.declined = r->framing.over && declined_says(buf_span(&r->doubtful));
		if (!r->framing.over || x->attempt.declined)
			return true;
	}
	r->hesitates = false;
	return false;
}

/* Before the client learns the answer's id, it is his. */
static void note_owner(struct exchange *x)
{
	const struct row *row = &x->slot->row;

	if (x->relay.owned || row->response_id[0] == '\0')
		return;
	owners_note(x->worker->shared->owners, span_of(row->tenant), span_of(row->provider),
		    span_of(row->response_id));
	x->relay.owned = true;
}

/* Holds on for what has passed. */
static enum err pay(struct exchange *x, struct quota_details *why)
{
	uint64_t passed_tok = meter_output_low_tok(&x->meter, tap_text_bytes(x->relay.tap));
	enum err e = sluice_passes(&x->sluice, &x->hold, passed_tok, clk_wall(), why);

	x->slot->row.held_pusd = x->hold.held.of[UNIT_usd];
	return e;
}

/* Nobody says in time whether more can be paid for: the quotas' own policies decide. */
static enum err pay_unasked(struct exchange *x, struct quota_details *why)
{
	enum err e;

	x->sluice.open = true;
	e = pay(x, why);
	if (e == ERR_OK)
		metric_add(&x->worker->metrics.quota_open_admissions_total, 1);
	return e;
}

/* Where what passed is paid for, the stream goes on; where that may yet be, it waits without
 * being read; else it is over. */
static void pay_on(struct exchange *x)
{
	struct quota_details why;
	enum err e = pay(x, &why);

	if (e == ERR_AGAIN && !x->facts.unanswered && worker_park(x->worker, x)) {
		if (x->upstream)
			wire_pause(&x->upstream->wire);
		return;
	}
	worker_unpark(x->worker, x);
	if (e == ERR_AGAIN || e == ERR_AWAY)
		e = pay_unasked(x, &why);
	x->facts.walled = e == ERR_REFUSED;
	x->facts.unpaid = e == ERR_AGAIN || e == ERR_AWAY;
	if (e == ERR_REFUSED)
		exchange_fall_short(x, &why);
	if (e != ERR_OK)
		exchange_wake(x);
}

void relay_pay(struct exchange *x)
{
	pay_on(x);
	if (!x->parked && !x->facts.walled && !x->facts.unpaid && x->upstream &&
	    (!x->client || wire_waiting_bytes(&x->client->wire) == 0))
		wire_resume(&x->upstream->wire);
}

static void note_news(struct exchange *x)
{
	account_note(&x->relay.account, &x->slot->row, x->relay.tap, &x->meter);
	if (x->sluice.stands && !x->facts.walled && !x->facts.unpaid && !x->relay.account.reported)
		pay_on(x);
	note_owner(x);
}

static void pass(struct exchange *x, struct span piece)
{
	struct relay *r = &x->relay;
	struct train train, *t = NULL;

	if (keep_back(x, &piece))
		return;
	if (!r->muted) {
		t = &train;
		train_begin(t, x, piece);
	}
	if (r->doubtful.len > 0) {
		show_and_load(r, buf_span(&r->doubtful), t);
		buf_release(&r->doubtful);
	}
	if (piece.len > 0)
		show_and_load(r, piece, t);
	if (r->framing.over)
		show_end(r, t);
	if (r->tap)
		note_news(x);
	if (t)
		train_leave(t);
	else
		r->drained_bytes += piece.len;
}

static void finish_reading(struct exchange *x)
{
	x->attempt.response_over = true;
	exchange_wake(x);
}

size_t relay_body(struct exchange *x, char *bytes, size_t len)
{
	struct relay *r = &x->relay;
	size_t payload = 0, taken = 0;
	enum err e = framing_decode(&r->framing, bytes, len, &payload, &taken);

	if (payload > 0 || r->framing.over)
		pass(x, (struct span){ bytes, payload });
	if (e != ERR_OK) {
		x->attempt.garbled = true;
		exchange_wake(x);
		return len;
	}
	if (r->framing.over)
		finish_reading(x);
	else if (!r->muted && x->client && wire_waiting_bytes(&x->client->wire) == 0)
		worker_deadline(x->worker, &x->phase, x->worker->conf->deadlines.idle_us);
	if (r->muted && r->drained_bytes > x->worker->conf->limits.client_gone_drain_bytes) {
		x->facts.late = true;
		exchange_wake(x);
	}
	return taken;
}

void relay_end(struct exchange *x)
{
	if (x->attempt.response_over)
		return;
	if (framing_end(&x->relay.framing) != ERR_OK) {
		x->attempt.failed = true;
		exchange_wake(x);
		return;
	}
	pass(x, (struct span){ NULL, 0 });
	finish_reading(x);
}

void relay_flush(struct exchange *x)
{
	struct train t;

	if (x->relay.head.len == 0 || x->relay.muted || x->relay.hesitates)
		return;
	train_begin(&t, x, (struct span){ NULL, 0 });
	train_leave(&t);
}

/* --- the head --- */

static enum head_end choose_end(const struct exchange *x, const struct http1_response *response)
{
	if (response->body == BODY_NONE)
		return response->has_length ? HEAD_END_LENGTH : HEAD_END_NONE;
	if (response->body == BODY_LENGTH && !x->relay.filters)
		return HEAD_END_LENGTH;
	return x->minor >= 1 ? HEAD_END_CHUNKED : HEAD_END_CLOSE;
}

/* What the tap can read: the shape's framing, unless the body is coded in a way we do not undo. */
static enum tap_framing choose_framing(struct relay *r, const struct http1_response *response)
{
	struct span coding = http1_value(&response->fields, HF_CONTENT_ENCODING);
	enum tap_framing f = tap_framing_of(http1_value(&response->fields, HF_CONTENT_TYPE));

	r->streams = f == TAP_SSE;
	if (coding.len == 0 || span_eq_nocase(coding, SPAN("identity")))
		return f;
	r->inflate = inflate_new(coding);
	return r->inflate ? f : TAP_OPAQUE;
}

/* Numbers may stand in fields of the provider's own; those that we know have other uses. */
static void show_fields(struct tap *t, const struct http1_fields *fields)
{
	for (size_t i = 0; i < fields->count; i++)
		if (fields->at[i].id == HF_OTHER)
			tap_header(t, fields->at[i].name, fields->at[i].value);
}

static enum err start_tap(struct exchange *x, const struct http1_response *response)
{
	struct relay *r = &x->relay;
	enum tap_framing f = choose_framing(r, response);

	if (x->route.match.shape == SHAPE_free)
		return ERR_OK;
	r->tap = tap_new(x->route.dialect, x->route.match.shape, f);
	if (!r->tap)
		return ERR_NOMEM;
	show_fields(r->tap, &response->fields);
	if (x->meter.kit)
		tap_set_text(r->tap, meter_text, &x->meter);
	r->owned = !owners_matter(x->route.match.shape);
	r->filters = x->route.usage_injected && f == TAP_SSE && !r->inflate;
	if (r->filters)
		tap_drop_usage_event(r->tap);
	return ERR_OK;
}

/* A strict provider refuses fields that it does not know: was it the one that we added? */
static bool may_be_for_us(const struct exchange *x, const struct http1_response *response)
{
	return (response->status == 400 || response->status == 422) && !x->relay.muted &&
	       !x->relay.inflate && x->request && x->request->added_bytes > 0;
}

static bool write_head(struct exchange *x, const struct http1_response *response)
{
	char limits[LIMITS_ROOM];
	struct head_down down = {
		.status = response->status,
		.fields = &response->fields,
		.extra = limits_fields(&x->hold, x->route.match.style, clk_wall(), limits),
		.own_rates = limits_are_ours(&x->hold),
		.request_id = span_of(x->id_text),
		.date = worker_date(x->worker),
		.end = x->relay.end,
		.length = response->length,
		.keep_alive = x->keep_alive && worker_keeps_clients(x->worker),
		.minor = x->minor,
	};

	x->keep_alive = down.keep_alive && down.end != HEAD_END_CLOSE;
	buf_init(&x->relay.head, HEAD_CAP_BYTES);
	return head_response(&x->relay.head, &down);
}

enum err relay_begin(struct exchange *x, const struct http1_response *response)
{
	struct relay *r = &x->relay;
	enum err e = start_tap(x, response);

	if (e != ERR_OK)
		return e;
	r->status = response->status;
	framing_init(&r->framing, response->body, response->length);
	r->end = choose_end(x, response);
	r->hesitates = may_be_for_us(x, response);
	buf_init(&r->doubtful, DOUBTFUL_BYTES);
	if (!r->muted && !write_head(x, response))
		return ERR_NOMEM;
	x->slot->row.status = response->status;
	x->slot->row.first_byte_us = clk_since_us(x->entered[XS_GATE]);
	x->replied = true;
	return ERR_OK;
}

/* --- cutting --- */

/* The cut may fall inside an event; a blank line first keeps ours from being glued to it. */
static bool add_error_event(struct exchange *x, enum refusal why, const char *text, struct buf *to)
{
	bool at_start = x->relay.passed_bytes == 0 ||
			(x->relay.tail[0] == '\n' && x->relay.tail[1] == '\n');

	return (at_start || buf_add(to, SPAN("\n\n"))) &&
	       refusal_stream_event(why, x->route.match.shape, text, x->shortfall, x->id_text, to);
}

void relay_cut(struct exchange *x, enum refusal why, const char *text)
{
	struct buf event;
	struct train t;

	x->keep_alive = false;
	if (x->relay.hesitates) {
		x->relay.hesitates = false;
		pass(x, (struct span){ 0 });
	}
	if (x->relay.muted || x->relay.whole || !x->relay.streams || x->relay.inflate ||
	    x->relay.end == HEAD_END_LENGTH)
		return;
	buf_init(&event, HEAD_CAP_BYTES);
	if (add_error_event(x, why, text, &event)) {
		train_begin(&t, x, buf_span(&event));
		train_add_run(&t, buf_span(&event));
		t.last = true;
		train_leave(&t);
	}
	buf_release(&event);
}

void relay_release(struct relay *r)
{
	tap_free(r->tap);
	inflate_free(r->inflate);
	buf_release(&r->head);
	buf_release(&r->doubtful);
	*r = (struct relay){ 0 };
}
