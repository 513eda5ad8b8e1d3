#include "proxy/reply.h"
#include "proxy/client.h"
#include "proxy/exchange.h"
#include "proxy/limits.h"
#include "proxy/worker_internal.h"

#define HEAD_CAP_BYTES 16384

static bool write_head(struct exchange *x, const struct refusal_answer *a, struct buf *to)
{
	char limits[LIMITS_ROOM];
	struct buf extra;
	struct head_down down = {
		.status = (uint16_t)a->status,
		.request_id = span_of(x->id_text),
		.date = worker_date(x->worker),
		.end = HEAD_END_LENGTH,
		.length = a->body.len,
		.keep_alive = x->keep_alive,
		.minor = x->minor,
	};
	bool ok;

	buf_init(&extra, HEAD_CAP_BYTES);
	ok = buf_addf(&extra, "content-type: %s\r\n",
		      a->as_sse ? "text/event-stream" : "application/json") &&
	     buf_add(&extra, buf_span(&a->headers)) &&
	     buf_add(&extra, limits_fields(&x->hold, x->route.match.style, clk_wall(), limits));
	if (a->status == 405)
		ok = ok &&
		     buf_addf(&extra, "allow: %.*s\r\n", SPAN_ARG(http1_method_text(x->allowed)));
	down.extra = buf_span(&extra);
	ok = ok && head_response(to, &down);
	buf_release(&extra);
	return ok;
}

static void write_answer(struct exchange *x, const struct refusal_answer *a)
{
	struct iovec pieces[2];
	struct buf head;

	buf_init(&head, HEAD_CAP_BYTES);
	if (write_head(x, a, &head)) {
		pieces[0] = (struct iovec){ head.at, head.len };
		pieces[1] = (struct iovec){ a->body.at, x->head_only ? 0 : a->body.len };
		if (wire_write(&x->client->wire, pieces, 2) != ERR_OK)
			x->facts.client_gone = true;
	} else {
		x->keep_alive = false;
	}
	buf_release(&head);
}

void reply_send(struct exchange *x)
{
	struct refusal_answer a = { 0 };

	if (!x->facts.body_read || !worker_keeps_clients(x->worker))
		x->keep_alive = false;
	x->replied = true;
	if (refusal_word(x->refusal, x->route.match.style, x->why[0] ? x->why : NULL, x->shortfall,
			 x->id_text, x->wants_sse, &a))
		write_answer(x, &a);
	else
		x->keep_alive = false;
	buf_release(&a.body);
	buf_release(&a.headers);
}
