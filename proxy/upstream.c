#include "proxy/upstream.h"
#include <stdlib.h>
#include "base/log.h"
#include "conf/conf.h"
#include "proxy/exchange.h"
#include "proxy/tls.h"
#include "proxy/worker_internal.h"

static struct upstream *of_wire(struct wire *w)
{
	return (struct upstream *)w;
}

static void unhook(struct upstream *u)
{
	if (!u->link)
		return;
	*u->link = u->next;
	if (u->next)
		u->next->link = u->link;
	u->next = NULL;
	u->link = NULL;
	u->origin->idle_count--;
	metric_add(&u->worker->metrics.upstream_idle_current, -1);
}

static void hook(struct upstream *u)
{
	struct origin *o = u->origin;

	u->next = o->idle;
	u->link = &o->idle;
	if (u->next)
		u->next->link = &u->next;
	o->idle = u;
	o->idle_count++;
	metric_add(&u->worker->metrics.upstream_idle_current, 1);
}

static void kill(struct upstream *u)
{
	if (u->phase == UPSTREAM_DEAD)
		return;
	unhook(u);
	deadline_clear(&u->deadline);
	resolve_cancel(u->question);
	u->question = NULL;
	u->phase = UPSTREAM_DEAD;
	u->x = NULL;
	worker_bury_upstream(u->worker, u);
}

/* --- facts --- */

static void say_failed(struct upstream *u, enum err why)
{
	struct exchange *x = u->x;

	if (!x)
		return;
	if (u->phase == UPSTREAM_BUSY)
		x->attempt.failed = true;
	else if (why == ERR_GARBLED)
		x->attempt.untrusted = true;
	else
		x->attempt.refused = true;
	exchange_wake(x);
}

static size_t take_head(struct upstream *u, const char *bytes, size_t len)
{
	struct http1_response *head = &u->worker->response_head;
	struct exchange *x = u->x;
	enum http1_fault why;
	enum err e = http1_response((struct span){ bytes, len }, &u->worker->limits, &u->scan,
				    x->head_only ? METHOD_HEAD : METHOD_POST, head, &why);

	if (e == ERR_AGAIN)
		return 0;
	exchange_wake(x);
	if (e == ERR_OK)
		e = relay_begin(x, head);
	else
		log_event(LOG_LEVEL_WARN, "upstream_garbled", "x=%s provider=%s \"%s\"", x->id_text,
			  u->origin->provider->name, http1_fault_text(why));
	if (e != ERR_OK) {
		x->attempt.garbled = true;
		return len;
	}
	u->reuse = head->keep_alive;
	x->attempt.response_head = true;
	return head->head_bytes;
}

static size_t take_response(struct upstream *u, char *bytes, size_t len)
{
	struct exchange *x = u->x;
	size_t taken = 0;

	if (!x->attempt.response_head) {
		taken = take_head(u, bytes, len);
		if (taken == 0 || !x->attempt.response_head)
			return taken;
	}
	if (!x->attempt.response_over && !x->attempt.garbled)
		taken += relay_body(x, bytes + taken, len - taken);
	relay_flush(x);
	if (taken < len)
		x->attempt.dirty = true;
	return len;
}

static size_t on_bytes(struct wire *w, char *bytes, size_t len)
{
	struct upstream *u = of_wire(w);

	if (u->phase == UPSTREAM_BUSY && u->x)
		return take_response(u, bytes, len);
	if (u->phase == UPSTREAM_IDLE)
		metric_add(&u->worker->metrics.upstream_unsolicited_total, 1);
	kill(u);
	return len;
}

static void on_room(struct wire *w)
{
	(void)w; /* a request body that the provider takes slowly waits in the wire */
}

static void connected(struct upstream *u)
{
	deadline_clear(&u->deadline);
	if (!u->x) {
		kill(u);
		return;
	}
	u->phase = UPSTREAM_BUSY;
	u->x->attempt.connected = true;
	exchange_wake(u->x);
}

static void on_ready(struct wire *w)
{
	struct upstream *u = of_wire(w);
	struct origin *o = u->origin;
	struct tls *tls;

	if (!o->tls || w->tls) {
		connected(u);
		return;
	}
	tls = tls_new(o->tls, w->fd, o->provider->base_url.host, &o->session);
	if (!tls) {
		say_failed(u, ERR_NOMEM);
		kill(u);
		return;
	}
	worker_deadline(u->worker, &u->deadline, u->worker->conf->deadlines.tls_us);
	wire_start_tls(w, tls);
}

static bool connect_next(struct upstream *u);

static void on_gone(struct wire *w, enum err why)
{
	struct upstream *u = of_wire(w);

	if (why == ERR_GARBLED && w->tls)
		log_event(LOG_LEVEL_WARN, "upstream_tls", "provider=%s \"%s\"",
			  u->origin->provider->name, tls_reason(w->tls));
	if (u->phase == UPSTREAM_CONNECTING && why == ERR_REFUSED && u->x) {
		wire_close(w, false);
		if (connect_next(u))
			return;
	}
	if (u->phase == UPSTREAM_BUSY && u->x && u->x->attempt.response_head)
		relay_end(u->x);
	else
		say_failed(u, why);
	if (u->phase == UPSTREAM_IDLE)
		kill(u);
}

/* --- dialling --- */

static const struct wire_ops ops = {
	.on_bytes = on_bytes,
	.on_ready = on_ready,
	.on_room = on_room,
	.on_gone = on_gone,
};

/* Tries the addresses one after the other. False: there is none left. */
static bool connect_next(struct upstream *u)
{
	const struct conf *conf = u->worker->conf;

	while (u->next_address < u->addresses.count) {
		const struct address *a = &u->addresses.address[u->next_address++];

		u->phase = UPSTREAM_CONNECTING;
		worker_deadline(u->worker, &u->deadline, conf->deadlines.connect_us);
		if (wire_connect(&u->wire, &u->worker->loop, &ops, &a->at.any, a->len,
				 conf->limits.head_bytes * 2 + WIRE_SCRATCH_BYTES,
				 conf->limits.body_bytes + conf->limits.head_bytes * 2) == ERR_OK)
			return true;
	}
	metric_add(&u->worker->metrics.upstream_dials_failed_total, 1);
	return false;
}

static void on_deadline(struct deadline *d)
{
	struct upstream *u = (struct upstream *)((char *)d - offsetof(struct upstream, deadline));

	if (u->phase == UPSTREAM_CONNECTING && u->x && u->wire.state == WIRE_CONNECTING) {
		wire_close(&u->wire, false);
		if (connect_next(u))
			return;
	}
	say_failed(u, ERR_SLOW);
	kill(u);
}

static void on_resolved(void *arg, enum err e, const struct resolution *found)
{
	struct upstream *u = arg;
	struct origin *o = u->origin;

	u->question = NULL;
	if (e == ERR_OK)
		o->known = *found;
	else
		log_event(LOG_LEVEL_WARN, "upstream_name", "provider=%s host=%s \"%s\"",
			  o->provider->name, o->provider->base_url.host,
			  e == ERR_REFUSED ? "its addresses are private; allow_private permits that"
					   : "no address found");
	if (e == ERR_AWAY && o->known.count > 0 && clk_since_us(o->known.when) < RESOLVE_STALE_US)
		e = ERR_OK;
	u->addresses = o->known;
	if (e != ERR_OK || !connect_next(u))
		say_failed(u, ERR_REFUSED);
}

static void resolve(struct upstream *u)
{
	struct origin *o = u->origin;
	const struct conf_url *url = &o->provider->base_url;

	if (url->host_is_ip && o->known.when.us == 0)
		(void)resolve_literal(url->host, url->port, &o->known);
	if (url->host_is_ip ||
	    (o->known.count > 0 && clk_since_us(o->known.when) < RESOLVE_FRESH_US)) {
		u->addresses = o->known;
		if (!connect_next(u))
			say_failed(u, ERR_REFUSED);
		return;
	}
	worker_deadline(u->worker, &u->deadline, u->worker->conf->deadlines.resolve_us);
	u->question = resolve_start(u->worker->dns, url->host, url->port,
				    o->provider->allow_private, on_resolved, u);
}

/* The newest idle connection that is still as its last response left it. The loop may not have
 * seen yet that another closed, or that bytes came which the next tenant would be given. */
static struct upstream *find_idle(struct origin *o)
{
	while (o->idle && !wire_is_quiet(&o->idle->wire))
		kill(o->idle);
	return o->idle;
}

static bool reuse_idle(struct origin *o, struct exchange *x)
{
	struct upstream *u = find_idle(o);

	if (!u)
		return false;
	unhook(u);
	deadline_clear(&u->deadline);
	u->phase = UPSTREAM_BUSY;
	u->scan = (struct http1_scan){ 0 };
	u->reuse = false;
	u->x = x;
	x->upstream = u;
	x->attempt.connected = true;
	x->attempt.reused = true;
	metric_add(&u->worker->metrics.upstream_reuses_total, 1);
	return true;
}

/* Two descriptors are there for each client: a connection more than clients takes an idle one's. */
static void make_room(struct worker *w)
{
	if (atomic_load_explicit(&w->metrics.upstream_connections_current, memory_order_relaxed) <
	    (int64_t)w->clients_most)
		return;
	for (unsigned i = 0; i < w->conf->providers.count; i++) {
		if (w->origins[i].idle) {
			kill(w->origins[i].idle);
			return;
		}
	}
}

bool upstream_take(struct origin *o, struct exchange *x)
{
	struct upstream *u;

	if (reuse_idle(o, x))
		return true;
	make_room(o->worker);
	u = calloc(1, sizeof(*u));
	if (!u)
		return false;
	u->worker = o->worker;
	u->origin = o;
	u->wire.fd = -1;
	u->x = x;
	x->upstream = u;
	deadline_init(&u->deadline, on_deadline);
	metric_add(&u->worker->metrics.upstream_dials_total, 1);
	metric_add(&u->worker->metrics.upstream_connections_current, 1);
	resolve(u);
	return true;
}

void upstream_done(struct upstream *u, bool clean)
{
	const struct conf *conf = u->worker->conf;

	if (!clean || !u->reuse || u->phase != UPSTREAM_BUSY || u->wire.state != WIRE_OPEN ||
	    wire_waiting_bytes(&u->wire) > 0 || u->wire.in.len > 0 || u->worker->draining ||
	    u->origin->idle_count >= conf->limits.pool) {
		kill(u);
		return;
	}
	u->x = NULL;
	u->phase = UPSTREAM_IDLE;
	wire_resume(&u->wire);
	hook(u);
	worker_deadline(u->worker, &u->deadline, conf->deadlines.pool_us);
}

void upstream_free(struct upstream *u)
{
	metric_add(&u->worker->metrics.upstream_connections_current, -1);
	wire_close(&u->wire, false);
	free(u);
}

void origin_release(struct origin *o)
{
	while (o->idle)
		kill(o->idle);
	tls_session_free(o->session);
	o->session = NULL;
	free(o->auth_value);
	o->auth_value = NULL;
}
