#include "proxy/wire.h"
#include <errno.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>
#include "base/clk.h"
#include "proxy/tls.h"

/* What a slow peer has no room for waits with us, where it is counted and stops the other side, and
 * not by megabytes in the kernel. */
#define UNSENT_BYTES 131072

static void on_readable(evutil_socket_t fd, short what, void *arg);
static void on_writable(evutil_socket_t fd, short what, void *arg);

static void setup(struct wire *w, struct wire_loop *loop, const struct wire_ops *ops, int fd,
		  size_t in_cap_bytes, size_t out_cap_bytes)
{
	int on = 1, unsent_bytes = UNSENT_BYTES;

	*w = (struct wire){ .ops = ops, .loop = loop, .fd = fd, .wants_bytes = true };
	buf_init(&w->in, in_cap_bytes);
	buf_init(&w->out, out_cap_bytes);
	event_assign(&w->readable, loop->base, fd, EV_READ | EV_PERSIST, on_readable, w);
	event_assign(&w->writable, loop->base, fd, EV_WRITE | EV_PERSIST, on_writable, w);
	/* An event of a few hundred bytes must leave at once. Fails harmlessly on unix sockets. */
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &unsent_bytes, sizeof(unsent_bytes));
}

/* What OpenSSL has taken from the socket and not yet given, no poll announces. It waits for the
 * loop's next turn, as a timeout does, so that a fast peer cannot keep the loop to itself. */
static void come_back(struct wire *w)
{
	static const struct timeval now = { 0 };

	if (w->tls && w->state == WIRE_OPEN && w->watches_read && tls_pending(w->tls))
		event_add(&w->readable, &now);
}

/* What the loop watches follows from the state alone, so it is derived in one place. */
static void watch(struct wire *w)
{
	bool read = w->state == WIRE_HANDSHAKE ||
		    (w->state == WIRE_OPEN && w->wants_bytes && !w->full);
	bool write = w->state == WIRE_CONNECTING ||
		     (w->state == WIRE_HANDSHAKE && w->shaking_writes) ||
		     (w->state == WIRE_OPEN && wire_waiting_bytes(w) > 0);

	if (read != w->watches_read)
		read ? event_add(&w->readable, NULL) : event_del(&w->readable);
	if (write != w->watches_write)
		write ? event_add(&w->writable, NULL) : event_del(&w->writable);
	w->watches_read = read;
	w->watches_write = write;
	come_back(w);
}

static void gone(struct wire *w, enum err why)
{
	if (w->state == WIRE_GONE)
		return;
	w->state = WIRE_GONE;
	watch(w);
	w->ops->on_gone(w, why);
}

void wire_accept(struct wire *w, struct wire_loop *loop, const struct wire_ops *ops, int fd,
		 struct tls *tls, size_t in_cap_bytes, size_t out_cap_bytes)
{
	setup(w, loop, ops, fd, in_cap_bytes, out_cap_bytes);
	w->tls = tls;
	w->state = tls ? WIRE_HANDSHAKE : WIRE_OPEN;
	watch(w);
}

enum err wire_connect(struct wire *w, struct wire_loop *loop, const struct wire_ops *ops,
		      const struct sockaddr *to, unsigned to_len, size_t in_cap_bytes,
		      size_t out_cap_bytes)
{
	int fd = socket(to->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	*w = (struct wire){ .fd = -1 };
	if (fd < 0)
		return ERR_REFUSED;
	if (connect(fd, to, to_len) != 0 && errno != EINPROGRESS) {
		close(fd);
		return ERR_REFUSED;
	}
	setup(w, loop, ops, fd, in_cap_bytes, out_cap_bytes);
	w->state = WIRE_CONNECTING;
	watch(w);
	return ERR_OK;
}

void wire_finish(struct wire *w)
{
	if (w->tls)
		tls_finish(w->tls);
	shutdown(w->fd, SHUT_WR);
}

void wire_close(struct wire *w, bool reset)
{
	struct linger now = { .l_onoff = 1, .l_linger = 0 };

	if (w->state == WIRE_CLOSED)
		return;
	event_del(&w->readable);
	event_del(&w->writable);
	if (reset)
		setsockopt(w->fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	tls_free(w->tls);
	w->tls = NULL;
	close(w->fd);
	w->fd = -1;
	buf_release(&w->in);
	buf_release(&w->out);
	w->state = WIRE_CLOSED;
}

/* --- reading --- */

static enum err read_some(struct wire *w, char *to, size_t room, size_t *got)
{
	bool wants_write;
	ssize_t n;

	if (w->tls)
		return tls_read(w->tls, to, room, got, &wants_write);
	n = read(w->fd, to, room);
	if (n > 0) {
		*got = (size_t)n;
		return ERR_OK;
	}
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return ERR_AGAIN;
	return ERR_GONE;
}

/* A TLS record is at most 16 kB; several are gathered so that what follows costs one write. */
static enum err fill(struct wire *w, char *to, size_t room, size_t *got)
{
	enum err e = ERR_OK;

	*got = 0;
	while (*got < room) {
		size_t more = 0;

		e = read_some(w, to + *got, room - *got, &more);
		*got += more;
		if (e != ERR_OK || !w->tls)
			break;
	}
	return e == ERR_AGAIN && *got > 0 ? ERR_OK : e;
}

static void keep_rest(struct wire *w, const char *bytes, size_t len)
{
	if (len == 0)
		return;
	if (!buf_add(&w->in, (struct span){ bytes, len })) {
		gone(w, ERR_TOO_BIG);
		return;
	}
	w->full = w->in.len >= w->in.cap_bytes / 2;
}

static void show(struct wire *w, char *bytes, size_t len)
{
	size_t taken;

	if (w->in.len == 0) {
		taken = w->ops->on_bytes(w, bytes, len);
		MUST(taken <= len);
		keep_rest(w, bytes + taken, len - taken);
		return;
	}
	keep_rest(w, bytes, len);
	if (w->state == WIRE_OPEN)
		wire_again(w);
}

void wire_again(struct wire *w)
{
	size_t taken;

	if (w->in.len == 0)
		return;
	taken = w->ops->on_bytes(w, w->in.at, w->in.len);
	MUST(taken <= w->in.len);
	buf_drop(&w->in, taken);
	if (w->in.len == 0)
		buf_release(&w->in);
	w->full = w->in.len >= w->in.cap_bytes / 2;
	watch(w);
}

static void pull(struct wire *w)
{
	size_t got = 0;
	enum err e = fill(w, w->loop->scratch, WIRE_SCRATCH_BYTES, &got);

	if (got > 0)
		show(w, w->loop->scratch, got);
	if (e == ERR_GONE || e == ERR_GARBLED)
		gone(w, e);
	watch(w);
}

static void shake(struct wire *w)
{
	bool wants_write = false;
	enum err e = tls_handshake(w->tls, &wants_write);

	if (e == ERR_AGAIN) {
		w->shaking_writes = wants_write;
		watch(w);
		return;
	}
	if (e != ERR_OK) {
		gone(w, ERR_GARBLED);
		return;
	}
	w->state = WIRE_OPEN;
	watch(w);
	w->ops->on_ready(w);
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct wire *w = arg;

	clk_refresh();
	(void)fd;
	if (what & EV_TIMEOUT) /* libevent has ceased to watch the socket, too */
		event_add(&w->readable, NULL);
	if (w->state == WIRE_HANDSHAKE)
		shake(w);
	else if (w->state == WIRE_OPEN && w->wants_bytes && !w->full)
		pull(w);
}

bool wire_is_quiet(const struct wire *w)
{
	char byte;

	return w->in.len == 0 && !(w->tls && tls_pending(w->tls)) &&
	       recv(w->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && errno == EAGAIN;
}

void wire_pause(struct wire *w)
{
	w->wants_bytes = false;
	watch(w);
}

void wire_resume(struct wire *w)
{
	if (w->wants_bytes)
		return;
	w->wants_bytes = true;
	watch(w);
}

/* --- writing --- */

static enum err send_plain(struct wire *w, const struct iovec *pieces, int count, size_t *put)
{
	struct msghdr message = { .msg_iov = (struct iovec *)pieces, .msg_iovlen = (size_t)count };
	ssize_t n = sendmsg(w->fd, &message, MSG_NOSIGNAL);

	*put = n > 0 ? (size_t)n : 0;
	if (n >= 0 || errno == EAGAIN || errno == EINTR)
		return ERR_OK;
	return ERR_GONE;
}

static enum err send_tls(struct wire *w, const char *from, size_t len, size_t *put)
{
	*put = 0;
	while (*put < len) {
		bool wants_write;
		size_t more = 0;
		enum err e = tls_write(w->tls, from + *put, len - *put, &more, &wants_write);

		*put += more;
		if (e == ERR_AGAIN)
			break;
		if (e != ERR_OK)
			return ERR_GONE;
	}
	return ERR_OK;
}

/* Small pieces become one record: a record, not a byte, is what TLS costs. */
static enum err send_gathered(struct wire *w, const struct iovec *pieces, int count, size_t *put)
{
	size_t len = 0;

	if (count == 1)
		return send_tls(w, pieces[0].iov_base, pieces[0].iov_len, put);
	for (int i = 0; i < count; i++) {
		size_t room = WIRE_SCRATCH_BYTES - len;
		size_t part = pieces[i].iov_len < room ? pieces[i].iov_len : room;

		if (part > 0)
			memcpy(w->loop->gather + len, pieces[i].iov_base, part);
		len += part;
	}
	return send_tls(w, w->loop->gather, len, put);
}

static enum err send_now(struct wire *w, const struct iovec *pieces, int count, size_t *put)
{
	return w->tls ? send_gathered(w, pieces, count, put) : send_plain(w, pieces, count, put);
}

static enum err keep_unsent(struct wire *w, const struct iovec *pieces, int count, size_t put)
{
	for (int i = 0; i < count; i++) {
		size_t skip = put < pieces[i].iov_len ? put : pieces[i].iov_len;
		struct span rest = { (const char *)pieces[i].iov_base + skip,
				     pieces[i].iov_len - skip };

		put -= skip;
		if (rest.len > 0 && !buf_add(&w->out, rest))
			return ERR_TOO_BIG;
	}
	return ERR_OK;
}

enum err wire_write(struct wire *w, const struct iovec *pieces, int count)
{
	size_t put = 0;
	enum err e;

	if (w->state != WIRE_OPEN)
		return ERR_GONE;
	if (wire_waiting_bytes(w) == 0) {
		e = send_now(w, pieces, count, &put);
		if (e != ERR_OK)
			return e;
	}
	e = keep_unsent(w, pieces, count, put);
	watch(w);
	return e;
}

static void push(struct wire *w)
{
	struct iovec rest = { w->out.at + w->out_done, wire_waiting_bytes(w) };
	size_t put = 0;

	if (send_now(w, &rest, 1, &put) != ERR_OK) {
		gone(w, ERR_GONE);
		return;
	}
	w->out_done += put;
	if (wire_waiting_bytes(w) == 0) {
		buf_release(&w->out);
		w->out_done = 0;
		watch(w);
	}
	if (put > 0)
		w->ops->on_room(w);
}

static void finish_connect(struct wire *w)
{
	int error = 0;
	socklen_t len = sizeof(error);

	if (getsockopt(w->fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0 || error != 0) {
		gone(w, ERR_REFUSED);
		return;
	}
	w->state = WIRE_OPEN;
	watch(w);
	w->ops->on_ready(w);
}

void wire_start_tls(struct wire *w, struct tls *tls)
{
	MUST(w->state == WIRE_OPEN && !w->tls);
	w->tls = tls;
	w->state = WIRE_HANDSHAKE;
	shake(w);
}

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
	struct wire *w = arg;

	clk_refresh();
	(void)fd;
	(void)what;
	if (w->state == WIRE_CONNECTING)
		finish_connect(w);
	else if (w->state == WIRE_HANDSHAKE)
		shake(w);
	else if (w->state == WIRE_OPEN && wire_waiting_bytes(w) > 0)
		push(w);
}
