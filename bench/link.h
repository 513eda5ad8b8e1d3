/* link.h - one non-blocking socket, plain or TLS.
 *
 * Owner    whoever holds the struct; link_close() once.
 * Errors   LINK_AGAIN: nothing now. LINK_GONE: closed, reset or broken; close it.
 */
#ifndef BENCH_LINK_H
#define BENCH_LINK_H
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <openssl/types.h>
#include "base/span.h"

#define LINK_AGAIN (-1)
#define LINK_GONE  (-2)

struct link {
	int fd;
	SSL *tls;         /* NULL on a plain link */
	bool wants_write; /* TLS waits for room although we only read */
};

struct address {
	union {
		struct sockaddr any;
		struct sockaddr_storage room;
	} to;
	socklen_t len;
	int port; /* as written; 0 lets the kernel choose */
};

/* Numbers only, "127.0.0.1:8080" or "[::1]:8080". */
bool address_parse(struct span text, struct address *out);

/* Another port, same host. */
void address_set_port(struct address *a, int port);

/* A listening socket that several threads may each have one of, or -1 (errno). */
int link_listen(const struct address *at);

/* The port a socket is bound to. */
int link_port(int fd);

/* A socket with its connect under way, or -1 (errno). */
int link_connect(const struct address *to);

/* epoll_wait() with a timeout in microseconds; a signal counts as no event. */
struct epoll_event;
int link_wait(int epoll_fd, struct epoll_event *ready, int most, uint64_t timeout_us);

/* ctx NULL makes a plain link. server: which side of the handshake we are. */
struct link link_open(int fd, SSL_CTX *ctx, bool server);

/* Bytes read, 0 at the end, LINK_AGAIN or LINK_GONE. */
ssize_t link_read(struct link *l, char *to, size_t room);

/* Bytes taken by the kernel (or by TLS), LINK_AGAIN or LINK_GONE. After LINK_AGAIN
 * call again with the same bytes. */
ssize_t link_write(struct link *l, const char *from, size_t len);

/* reset: with a RST instead of a FIN. */
void link_close(struct link *l, bool reset);

/* A server context from two PEM files, or NULL after saying why on stderr. */
SSL_CTX *link_server_tls(const char *cert, const char *key);

/* A client context that verifies nothing: it only ever talks to a stand-in. */
SSL_CTX *link_client_tls(void);

#endif
