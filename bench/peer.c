/* peer.c - reads requests, writes replies, one after the other on each connection.
 *
 * epoll is edge-triggered: whenever something happens to a peer it turns, that is, reads
 * all there is and writes all that goes.
 */
#include "bench/peer.h"
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>
#include "base/clk.h"

#define BODY_CAP_BYTES (80u << 20)
#define READ_BYTES     16384
#define EVENTS_MAX     256

enum peer_state {
	PEER_READS,
	PEER_REPLIES,
	PEER_STALLS
};

struct peer {
	struct timer timer; /* first: the heap gives it back and we cast */
	struct link link;
	struct server *server;
	struct peer *next, **back;
	enum peer_state state;
	bool told_to_continue;
	struct buf in;   /* bytes read and not used */
	struct buf body; /* of a chunked request, unwrapped */
	struct http_body framing;
	size_t body_from; /* how far into `in` the request has been unwrapped; 0: head only */
	struct reply *reply;
};

static void peer_open(struct server *s, int fd)
{
	struct peer *p = calloc(1, sizeof(*p));
	struct epoll_event want = { .events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
				    .data.ptr = p };

	MUST(p);
	p->server = s;
	p->link = link_open(fd, s->house->tls, true);
	buf_init(&p->in, BODY_CAP_BYTES);
	buf_init(&p->body, BODY_CAP_BYTES);
	p->next = s->peers;
	p->back = &s->peers;
	if (p->next)
		p->next->back = &p->next;
	s->peers = p;
	MUST(epoll_ctl(s->epoll_fd, EPOLL_CTL_ADD, fd, &want) == 0);
}

static void drop_reply(struct peer *p, const char *how)
{
	if (!p->reply)
		return;
	reply_end(p->reply, how);
	reply_release(p->reply);
	free(p->reply);
	p->reply = NULL;
}

/* how: what the account says of a reply that is still going out. */
static void peer_close(struct peer *p, bool reset, const char *how)
{
	drop_reply(p, how);
	timer_clear(&p->server->timers, &p->timer);
	link_close(&p->link, reset);
	buf_release(&p->in);
	buf_release(&p->body);
	*p->back = p->next;
	if (p->next)
		p->next->back = p->back;
	free(p);
}

/* Reads what there is. False: the client is gone. */
static bool fill_in(struct peer *p)
{
	for (;;) {
		char *to = buf_reserve(&p->in, READ_BYTES);
		ssize_t got = to ? link_read(&p->link, to, READ_BYTES) : LINK_GONE;

		if (got == LINK_AGAIN)
			return true;
		if (got <= 0)
			return false;
		if (p->state != PEER_STALLS)
			p->in.len += (size_t)got;
	}
}

static void tell_to_continue(struct peer *p, const struct http_head *head)
{
	struct span line = SPAN("HTTP/1.1 100 Continue\r\n\r\n");

	if (p->told_to_continue || !http_field_has(head, SPAN("expect"), SPAN("100-continue")))
		return;
	p->told_to_continue = true;
	/* 25 bytes into an empty socket buffer; if they do not fit, the client stops waiting */
	if (link_write(&p->link, line.at, line.len) < 0)
		return;
}

/* Goes on unwrapping the body. On HTTP_DONE *body is all of it. */
static enum http_got read_body(struct peer *p, size_t head_len, struct span *body)
{
	if (p->framing.framing == HTTP_LENGTH) {
		*body = span_skip(buf_span(&p->in), head_len);
		if (body->len < p->framing.left)
			return HTTP_MORE;
		body->len = p->framing.left;
		p->body_from = head_len + body->len;
		return HTTP_DONE;
	}
	if (p->body_from == 0)
		p->body_from = head_len;
	while (!p->framing.done) {
		struct span payload;
		size_t used;
		enum http_got got = http_body_take(
		    &p->framing, span_skip(buf_span(&p->in), p->body_from), &payload, &used);

		if (got != HTTP_DONE)
			return got;
		if (!buf_add(&p->body, payload))
			return HTTP_BAD;
		p->body_from += used;
	}
	*body = buf_span(&p->body);
	return HTTP_DONE;
}

static void begin_reply(struct peer *p, const struct http_head *head, struct span body)
{
	struct house *house = p->server->house;
	uint64_t number = atomic_fetch_add(&house->requests, 1) + 1;

	p->reply = calloc(1, sizeof(*p->reply));
	MUST(p->reply);
	ask_read(&p->reply->ask, head, body, &house->habits, number);
	reply_begin(p->reply, &house->truth, head, body, &house->habits, number);
	p->state = PEER_REPLIES;
}

/* Looks for a whole request in `in`. HTTP_DONE: a reply has begun. */
static enum http_got read_request(struct peer *p)
{
	struct http_head head;
	struct span body;
	size_t head_len;
	enum http_got got = http_head_read(buf_span(&p->in), &head, &head_len);

	if (got != HTTP_DONE)
		return got;
	if (p->body_from == 0 && !http_body_begin(&p->framing, &head, false))
		return HTTP_BAD;
	got = read_body(p, head_len, &body);
	if (got == HTTP_MORE)
		tell_to_continue(p, &head);
	if (got != HTTP_DONE)
		return got;
	begin_reply(p, &head, body);
	buf_drop(&p->in, p->body_from);
	p->body.len = 0;
	p->body_from = 0;
	p->told_to_continue = false;
	if (p->in.len == 0 && p->reply->ask.gap_ms > 0) { /* thousands may wait like this */
		buf_release(&p->in);
		buf_release(&p->body);
	}
	return HTTP_DONE;
}

/* The reply is out. False: the peer is no more. */
static bool finish_reply(struct peer *p)
{
	enum after after = p->reply->after;

	drop_reply(p, p->reply->how);
	p->state = after == AFTER_STALL ? PEER_STALLS : PEER_READS;
	if (after == AFTER_KEEP || after == AFTER_STALL)
		return true;
	peer_close(p, after == AFTER_RESET, "");
	return false;
}

/* Sends as much of the reply as goes now. False: the peer is no more. */
static bool write_reply(struct peer *p)
{
	struct reply *r = p->reply;

	while (!reply_done(r)) {
		uint64_t now_us = clk_mono().us;
		uint64_t due_us = reply_wait_until_us(r, now_us);
		struct span next;
		ssize_t took;

		if (due_us > 0) {
			timer_set(&p->server->timers, &p->timer, due_us);
			return true;
		}
		reply_fill(r, now_us);
		next = reply_next(r);
		if (next.len == 0)
			continue;
		took = link_write(&p->link, next.at, next.len);
		if (took == LINK_AGAIN)
			return true;
		if (took < 0) {
			peer_close(p, false, "client_gone");
			return false;
		}
		reply_sent(r, (size_t)took, now_us);
	}
	return finish_reply(p);
}

static void refuse_garbage(struct peer *p)
{
	struct span answer = SPAN("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n"
				  "Connection: close\r\n\r\n");

	if (link_write(&p->link, answer.at, answer.len) >= 0)
		shutdown(p->link.fd, SHUT_WR);
	peer_close(p, false, "");
}

/* Something happened: do all that can be done. */
static void peer_turn(struct peer *p, bool readable)
{
	if (readable && !fill_in(p)) {
		peer_close(p, false, "client_gone");
		return;
	}
	for (;;) {
		if (p->state == PEER_STALLS)
			return;
		if (p->state == PEER_READS) {
			enum http_got got = p->in.len > 0 ? read_request(p) : HTTP_MORE;

			if (got == HTTP_MORE)
				return;
			if (got == HTTP_BAD) {
				refuse_garbage(p);
				return;
			}
		}
		if (!write_reply(p) || p->state == PEER_REPLIES)
			return;
	}
}

static void accept_all(struct server *s)
{
	int fd;

	while ((fd = accept4(s->listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0)
		peer_open(s, fd);
}

static void watch(struct server *s, int fd, void *who)
{
	struct epoll_event want = { .events = EPOLLIN, .data.ptr = who };

	MUST(epoll_ctl(s->epoll_fd, EPOLL_CTL_ADD, fd, &want) == 0);
}

static void server_turn(struct server *s)
{
	struct epoll_event ready[EVENTS_MAX];
	struct timer *due;
	int count;

	clk_refresh();
	count = link_wait(s->epoll_fd, ready, EVENTS_MAX,
			  timer_wait_us(&s->timers, clk_mono().us, US_PER_SEC));
	clk_refresh();
	for (int i = 0; i < count; i++) {
		if (ready[i].data.ptr == s)
			accept_all(s);
		else if (ready[i].data.ptr == s->house)
			s->stopping = true;
		else
			peer_turn(ready[i].data.ptr, ready[i].events & ~(uint32_t)EPOLLOUT);
	}
	while ((due = timer_take_due(&s->timers, clk_mono().us)))
		peer_turn((struct peer *)due, false);
}

void server_run(struct house *house, int listen_fd)
{
	struct server s = { .house = house, .listen_fd = listen_fd };

	s.epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	MUST(s.epoll_fd >= 0);
	watch(&s, listen_fd, &s);
	watch(&s, house->stop_fd, house);
	while (!s.stopping)
		server_turn(&s);
	while (s.peers)
		peer_close(s.peers, false, "stopped");
	timer_release(&s.timers);
	close(listen_fd);
	close(s.epoll_fd);
}
