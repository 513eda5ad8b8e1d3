/* request.h - what a client asked, kept until it has been sent on.
 *
 * Owner   the exchange. The head's bytes are copied in, so its spans live as long as it does.
 * Limit   the head: as read; the body: its ceiling, grown only by bytes that really came.
 * Threads none. */
#ifndef PROXY_REQUEST_H
#define PROXY_REQUEST_H
#include "base/buf.h"
#include "base/err.h"
#include "base/must.h"
#include "proxy/framing.h"
#include "proxy/http1.h"

struct request {
	struct framing framing; /* how far the body has been read */
	struct buf body;
	size_t added_at, added_bytes; /* what of the body is ours; 0 bytes: nothing */
	struct http1_request head; /* has room for its count of fields only; behind them stand the
				      bytes that its spans point to */
};

/* Keeps a parsed head whose spans point into `from`. NULL when out of memory. */
struct request *request_keep(const struct http1_request *parsed, const char *from,
			     size_t body_cap_bytes) MUST_USE;
void request_free(struct request *r); /* NULL is fine */

/* Takes body bytes; *taken of them belonged to it (the rest is the next request's). The body is
 * complete when r->framing.over. ERR_TOO_BIG: above its ceiling. ERR_GARBLED: broken framing. */
enum err request_take(struct request *r, char *bytes, size_t len, size_t *taken) MUST_USE;

/* Takes what is ours out of the body again. */
void request_take_back(struct request *r);

#endif
