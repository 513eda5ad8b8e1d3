/* reply.h - one response on its way out, well-behaved or not.
 *
 *   pieces (events, or one whole body) -> gzip? -> chunked? -> out -> the kernel
 *
 * Promise    bytes are counted, digested and called events only when the kernel took them.
 * Owner      the peer; reply_begin() and reply_release() in pairs.
 * Limit      out holds one batch: REPLY_MARKS pieces or about 64 kB, or one large piece.
 */
#ifndef BENCH_REPLY_H
#define BENCH_REPLY_H
#include <zlib.h>
#include "base/buf.h"
#include "bench/ask.h"
#include "bench/truth.h"

#define REPLY_MARKS 128

/* Where body bytes lie within out, and what it means when the last of them is sent. */
struct mark {
	uint32_t from, len, sent;
	bool ends_event, ends_text, ends_usage;
};

enum after {
	AFTER_KEEP,
	AFTER_CLOSE,
	AFTER_RESET,
	AFTER_STALL
};

struct reply {
	struct ask ask;
	const struct truth *truth;
	struct buf out;
	size_t out_sent;
	struct mark mark[REPLY_MARKS];
	unsigned marks, marks_done;
	struct buf whole; /* the body of a reply that is not made event by event */
	size_t whole_used;
	bool by_event;
	uint64_t step;      /* next event */
	uint64_t body_made; /* body bytes rendered so far */
	uint64_t due_us;    /* when the next batch may be made */
	size_t write_most;  /* bytes per write() */
	bool one_by_one;    /* a batch is one piece */
	enum http_framing framing;
	z_stream *gzip;
	bool head_made, finished; /* finished: nothing more will be added to out */
	enum after after;
	const char *how;
	struct sent sent;
	bool ended; /* the account is closed */
};

/* r is zeroes but for r->ask. Decides everything and opens the account. */
void reply_begin(struct reply *r, const struct truth *truth, const struct http_head *head,
		 struct span body, const struct habits *habits, uint64_t number);

/* When to go on: 0 for now, else a monotonic time still ahead. */
uint64_t reply_wait_until_us(const struct reply *r, uint64_t now_us);

/* Makes the next batch when out is empty. */
void reply_fill(struct reply *r, uint64_t now_us);

/* What to write() now; empty when out is empty. */
struct span reply_next(const struct reply *r);

/* The kernel took n bytes of that. */
void reply_sent(struct reply *r, size_t n, uint64_t now_us);

/* Everything is out: close the account and see r->after. */
static inline bool reply_done(const struct reply *r)
{
	return r->finished && r->out_sent == r->out.len;
}

/* Closes the account, once; later calls do nothing. */
void reply_end(struct reply *r, const char *how);

/* Frees what the reply holds; after reply_end(). */
void reply_release(struct reply *r);

#endif
