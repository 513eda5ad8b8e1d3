#include "proxy/client.h"
#include <event2/util.h>
#include <stdio.h>
#include <stdlib.h>
#include "conf/conf.h"
#include "proxy/exchange.h"
#include "proxy/tls.h"
#include "proxy/worker_internal.h"

#define LINGER_BYTES 65536 /* dropped after our last word, then we close for good */
#define LINGER_US    (2 * US_PER_SEC)
#define OUT_SLACK    (4 * WIRE_SCRATCH_BYTES) /* past the watermark: a whole piece, framed */

static struct client *of_wire(struct wire *w)
{
	return (struct client *)w;
}

void client_kill(struct client *c)
{
	if (c->phase == CLIENT_DEAD)
		return;
	c->phase = CLIENT_DEAD;
	c->x = NULL;
	deadline_clear(&c->deadline);
	worker_bury_client(c->worker, c);
}

/* --- reading requests --- */

static void take_body(struct client *c, char *bytes, size_t len, size_t *taken)
{
	struct exchange *x = c->x;
	enum err e = request_take(x->request, bytes, len, taken);

	metric_add(&c->worker->metrics.request_body_bytes, (int64_t)*taken);
	if (e == ERR_OK && worker_count_body(c->worker, x) != ERR_OK)
		x->facts.crowded = true;
	else if (e == ERR_TOO_BIG)
		x->facts.too_large = true;
	else if (e != ERR_OK)
		x->facts.garbled = true;
	else if (x->request->framing.over)
		x->facts.body_read = true;
	else
		return;
	exchange_wake(x);
}

static void refuse_head(struct exchange *x, enum http1_fault why)
{
	static const struct {
		int status;
		enum refusal refusal;
	} answers[] = {
		{ 414, REFUSE_uri_too_long },
		{ 417, REFUSE_expectation_failed },
		{ 431, REFUSE_head_too_large },
		{ 501, REFUSE_not_implemented },
	};

	x->refusal = REFUSE_bad_request;
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++)
		if (answers[i].status == http1_fault_status(why))
			x->refusal = answers[i].refusal;
	snprintf(x->why, sizeof(x->why), "The request was refused: %s.", http1_fault_text(why));
	x->facts.garbled = true;
	exchange_wake(x);
}

/* Returns how many bytes the head took; 0 while it is incomplete. */
static size_t take_head(struct client *c, const char *bytes, size_t len)
{
	struct http1_request *head = &c->worker->request_head;
	struct exchange *x = c->x;
	enum http1_fault why;
	enum err e = http1_request((struct span){ bytes, len }, &c->worker->limits, &c->scan, head,
				   &why);

	if (e == ERR_AGAIN)
		return 0;
	if (e != ERR_OK) {
		refuse_head(x, why);
		return len;
	}
	x->minor = head->minor;
	x->keep_alive = head->keep_alive;
	x->request = request_keep(head, bytes, c->worker->conf->limits.body_bytes);
	if (!x->request) {
		client_kill(c);
		x->facts.client_gone = true;
	}
	x->facts.head_read = true;
	exchange_wake(x);
	return head->head_bytes;
}

static bool begin(struct client *c)
{
	c->scan = (struct http1_scan){ 0 };
	c->x = exchange_new(c->worker, c);
	if (!c->x) {
		client_kill(c);
		return false;
	}
	c->phase = CLIENT_BUSY;
	deadline_clear(&c->deadline);
	return true;
}

static bool reads_body(const struct exchange *x)
{
	return x->request && !x->facts.body_read && !x->facts.garbled && !x->facts.too_large &&
	       !x->facts.crowded;
}

/* A request head may begin anywhere in what has arrived; its body follows at once, as far as
 * it is there, so that the common request costs one look. */
static size_t take_request(struct client *c, char *bytes, size_t len)
{
	size_t taken = 0, more = 0;

	if (c->phase == CLIENT_IDLE && !begin(c))
		return len;
	if (!c->x || c->x->facts.garbled || c->x->state > XS_BODY)
		return 0;
	if (!c->x->facts.head_read) {
		taken = take_head(c, bytes, len);
		if (taken == 0 || !c->x->request)
			return taken;
		if (c->x->request->framing.over)
			c->x->facts.body_read = true;
	}
	if (reads_body(c->x))
		take_body(c, bytes + taken, len - taken, &more);
	return taken + more;
}

static size_t on_bytes(struct wire *w, char *bytes, size_t len)
{
	struct client *c = of_wire(w);

	switch (c->phase) {
	case CLIENT_IDLE:
	case CLIENT_BUSY: return take_request(c, bytes, len);
	case CLIENT_LINGERING:
		c->dropped_bytes += (uint32_t)len;
		if (c->dropped_bytes > LINGER_BYTES)
			client_kill(c);
		return len;
	default: return len;
	}
}

/* --- the end of the connection --- */

static void close_our_side(struct client *c)
{
	wire_finish(&c->wire);
	c->phase = CLIENT_LINGERING;
	c->dropped_bytes = 0;
	c->idle_since = clk_mono();
	wire_resume(&c->wire);
	worker_deadline(c->worker, &c->deadline, LINGER_US);
	wire_again(&c->wire);
}

static void on_room(struct wire *w)
{
	struct client *c = of_wire(w);

	if (wire_waiting_bytes(w) > 0) {
		worker_deadline(c->worker, c->x ? &c->x->phase : &c->deadline,
				c->worker->conf->deadlines.client_stall_us);
		return;
	}
	if (c->phase == CLIENT_FLUSHING)
		close_our_side(c);
	else if (c->x)
		exchange_wake(c->x);
}

static void on_gone(struct wire *w, enum err why)
{
	struct client *c = of_wire(w);

	if (c->x) {
		c->x->facts.client_gone = true;
		if (why == ERR_TOO_BIG)
			c->x->keep_alive = false;
		exchange_wake(c->x);
		return;
	}
	client_kill(c);
}

static void await_request(struct client *c, uint64_t us)
{
	c->phase = CLIENT_IDLE;
	c->idle_since = clk_mono();
	worker_deadline(c->worker, &c->deadline, us);
}

static void on_ready(struct wire *w)
{
	struct client *c = of_wire(w);

	await_request(c, c->worker->conf->deadlines.head_us);
}

static void on_deadline(struct deadline *d)
{
	struct client *c = (struct client *)((char *)d - offsetof(struct client, deadline));

	client_kill(c);
}

static const struct wire_ops ops = {
	.on_bytes = on_bytes,
	.on_ready = on_ready,
	.on_room = on_room,
	.on_gone = on_gone,
};

void client_new(struct worker *w, int fd, struct tls *tls)
{
	struct client *c = calloc(1, sizeof(*c));

	if (!c) {
		tls_free(tls);
		evutil_closesocket(fd);
		return;
	}
	c->worker = w;
	deadline_init(&c->deadline, on_deadline);
	worker_adopt_client(w, c);
	if (tls)
		worker_deadline(w, &c->deadline, w->conf->deadlines.tls_us);
	else
		await_request(c, w->conf->deadlines.head_us);
	wire_accept(&c->wire, &w->loop, &ops, fd, tls,
		    w->conf->limits.head_bytes * 2 + WIRE_SCRATCH_BYTES,
		    w->conf->limits.watermark_bytes + OUT_SLACK);
}

void client_invite_body(struct client *c)
{
	static const char invitation[] = "HTTP/1.1 100 Continue\r\n\r\n";
	struct iovec piece = { (void *)(uintptr_t)invitation, sizeof(invitation) - 1 };

	if (wire_write(&c->wire, &piece, 1) != ERR_OK)
		on_gone(&c->wire, ERR_GONE);
}

void client_done(struct client *c, bool keep_alive)
{
	if (c->phase == CLIENT_DEAD)
		return;
	c->x = NULL;
	if (keep_alive && c->wire.state == WIRE_OPEN) {
		await_request(c, c->worker->conf->deadlines.keepalive_us);
		worker_revisit_client(c->worker, c);
		return;
	}
	if (c->wire.state != WIRE_OPEN) {
		client_kill(c);
		return;
	}
	c->phase = CLIENT_FLUSHING;
	if (wire_waiting_bytes(&c->wire) == 0)
		close_our_side(c);
	else
		worker_deadline(c->worker, &c->deadline,
				c->worker->conf->deadlines.client_stall_us);
}

void client_free(struct client *c)
{
	wire_close(&c->wire, false);
	free(c);
}
