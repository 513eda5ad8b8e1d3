/* link.c - sockets and the little TLS that the bench needs. */
#include "bench/link.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include "base/must.h"

bool address_parse(struct span text, struct address *out)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)&out->to.room;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&out->to.room;
	char host[64], *colon, *end;
	long port;

	*out = (struct address){ 0 };
	if (!span_copy(text, host, sizeof(host)) || !(colon = strrchr(host, ':')))
		return false;
	*colon = '\0';
	port = strtol(colon + 1, &end, 10);
	if (end == colon + 1 || *end || port < 0 || port > 65535)
		return false;
	out->port = (int)port;
	if (host[0] == '[' && colon[-1] == ']') {
		colon[-1] = '\0';
		*v6 = (struct sockaddr_in6){ .sin6_family = AF_INET6,
					     .sin6_port = htons((uint16_t)port) };
		out->len = sizeof(*v6);
		return inet_pton(AF_INET6, host + 1, &v6->sin6_addr) == 1;
	}
	*v4 = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	out->len = sizeof(*v4);
	return inet_pton(AF_INET, host, &v4->sin_addr) == 1;
}

void address_set_port(struct address *a, int port)
{
	a->port = port;
	if (a->to.any.sa_family == AF_INET6)
		((struct sockaddr_in6 *)&a->to.room)->sin6_port = htons((uint16_t)port);
	else
		((struct sockaddr_in *)&a->to.room)->sin_port = htons((uint16_t)port);
}

int link_listen(const struct address *at)
{
	int fd = socket(at->to.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int on = 1;

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
	if (bind(fd, &at->to.any, at->len) == 0 && listen(fd, 4096) == 0)
		return fd;
	close(fd);
	return -1;
}

int link_port(int fd)
{
	struct address a = { .len = sizeof(a.to.room) };

	MUST(getsockname(fd, &a.to.any, &a.len) == 0);
	if (a.to.any.sa_family == AF_INET6)
		return ntohs(((struct sockaddr_in6 *)&a.to.room)->sin6_port);
	return ntohs(((struct sockaddr_in *)&a.to.room)->sin_port);
}

int link_connect(const struct address *to)
{
	int fd = socket(to->to.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0 || connect(fd, &to->to.any, to->len) == 0 || errno == EINPROGRESS)
		return fd;
	close(fd);
	return -1;
}

int link_wait(int epoll_fd, struct epoll_event *ready, int most, uint64_t timeout_us)
{
	struct timespec wait = { .tv_sec = (time_t)(timeout_us / 1000000),
				 .tv_nsec = (long)(timeout_us % 1000000) * 1000 };
	int count = epoll_pwait2(epoll_fd, ready, most, &wait, NULL);

	MUST(count >= 0 || errno == EINTR);
	return count > 0 ? count : 0;
}

struct link link_open(int fd, SSL_CTX *ctx, bool server)
{
	struct link l = { .fd = fd };
	int on = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (!ctx)
		return l;
	l.tls = SSL_new(ctx);
	MUST(l.tls && SSL_set_fd(l.tls, fd) == 1);
	if (server)
		SSL_set_accept_state(l.tls);
	else
		SSL_set_connect_state(l.tls);
	return l;
}

static ssize_t tls_result(struct link *l, int done)
{
	int why = SSL_get_error(l->tls, done);

	ERR_clear_error();
	l->wants_write = why == SSL_ERROR_WANT_WRITE;
	if (why == SSL_ERROR_ZERO_RETURN)
		return 0;
	return why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE ? LINK_AGAIN : LINK_GONE;
}

static ssize_t plain_result(ssize_t done)
{
	if (done >= 0)
		return done;
	return errno == EAGAIN || errno == EINTR ? LINK_AGAIN : LINK_GONE;
}

ssize_t link_read(struct link *l, char *to, size_t room)
{
	size_t done;
	int ok;

	if (!l->tls)
		return plain_result(recv(l->fd, to, room, 0));
	ok = SSL_read_ex(l->tls, to, room, &done);
	return ok == 1 ? (ssize_t)done : tls_result(l, ok);
}

ssize_t link_write(struct link *l, const char *from, size_t len)
{
	size_t done;
	ssize_t result;
	int ok;

	if (!l->tls)
		return plain_result(send(l->fd, from, len, MSG_NOSIGNAL));
	ok = SSL_write_ex(l->tls, from, len, &done);
	result = ok == 1 ? (ssize_t)done : tls_result(l, ok);
	return result == 0 ? LINK_GONE : result;
}

void link_close(struct link *l, bool reset)
{
	struct linger now = { .l_onoff = 1, .l_linger = 0 };

	if (reset)
		setsockopt(l->fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	SSL_free(l->tls);
	close(l->fd);
	*l = (struct link){ .fd = -1 };
}

static SSL_CTX *new_context(const SSL_METHOD *method)
{
	SSL_CTX *ctx = SSL_CTX_new(method);

	MUST(ctx);
	SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_RELEASE_BUFFERS |
				  SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	return ctx;
}

SSL_CTX *link_server_tls(const char *cert, const char *key)
{
	SSL_CTX *ctx = new_context(TLS_server_method());

	if (SSL_CTX_use_certificate_chain_file(ctx, cert) == 1 &&
	    SSL_CTX_use_PrivateKey_file(ctx, key, SSL_FILETYPE_PEM) == 1)
		return ctx;
	ERR_print_errors_fp(stderr);
	SSL_CTX_free(ctx);
	return NULL;
}

SSL_CTX *link_client_tls(void)
{
	return new_context(TLS_client_method());
}
