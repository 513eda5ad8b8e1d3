/* redis_tls.h - TLS to Redis, which Debian 12's hiredis does not have: the server's chain and
 * name are verified, always.
 *
 * Threads  none. Nothing waits: what would is ERR_AGAIN, and redis_tls_events() says for what.
 * Errors   ERR_GONE for an end, ERR_REFUSED when the other side is not who it should be.
 */
#ifndef STORE_REDIS_TLS_H
#define STORE_REDIS_TLS_H
#include <stddef.h>
#include "base/err.h"
#include "base/must.h"
#include "store/redis_url.h"

struct redis_tls_context;
struct redis_tls;

/* What all connections share: the URL's files, or else the system's authorities. On error *why
 * (static text) says which file cannot be used. */
enum err redis_tls_context_new(const struct redis_url *u, struct redis_tls_context **out,
			       const char **why) MUST_USE;

void redis_tls_context_free(struct redis_tls_context *c); /* NULL is fine */

/* A client on a connected socket, which stays the caller's; host is the name or address to be
 * proved. NULL when out of memory. */
struct redis_tls *redis_tls_new(struct redis_tls_context *c, int fd, const char *host) MUST_USE;

void redis_tls_free(struct redis_tls *t); /* NULL is fine */

/* Shakes hands. */
enum err redis_tls_shake(struct redis_tls *t) MUST_USE;

/* Reads 1 to room bytes. */
enum err redis_tls_read(struct redis_tls *t, char *to, size_t room, size_t *got) MUST_USE;

/* Writes 1 to len bytes. After ERR_AGAIN the next try has the same bytes in front. */
enum err redis_tls_write(struct redis_tls *t, const char *from, size_t len, size_t *put) MUST_USE;

/* POLLIN or POLLOUT: what the last ERR_AGAIN waits for. */
short redis_tls_events(const struct redis_tls *t);

#endif
