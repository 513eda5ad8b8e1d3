/* tls.h - the door to OpenSSL: contexts for both sides and one connection's bytes.
 *
 * Upstream   chain and host name are always verified, SNI is sent, the last session of an
 *            origin is offered again. There is no way to turn verification off.
 * Listener   tickets on, no renegotiation. Either side: TLS 1.2 and up, or 1.3 alone.
 * Owner      contexts: the worker group; connections: their wire.
 * Threads    contexts may be used by all workers; a connection by its worker only.
 * Errors     OpenSSL's error queue is read here and never travels further; tls_reason()
 *            gives the last failure in words.
 */
#ifndef PROXY_TLS_H
#define PROXY_TLS_H
#include <stdbool.h>
#include <stddef.h>
#include "base/err.h"
#include "base/must.h"

struct tls;
struct tls_context;
struct tls_session; /* an origin's last session, per worker */

/* For connections to providers. ca_file: NULL for the system's. NULL on error, why filled. */
struct tls_context *tls_context_upstream(const char *ca_file, bool only_1_3, char *why,
					 size_t room) MUST_USE;

/* For a listener; PEM files, chain first. */
struct tls_context *tls_context_listener(const char *cert_file, const char *key_file, bool only_1_3,
					 char *why, size_t room) MUST_USE;
void tls_context_free(struct tls_context *c);

/* A connection on fd. host: the name to verify and send as SNI (upstream only, NULL for a
 * listener). session: where the origin's session is kept, or NULL; must outlive the tls. */
struct tls *tls_new(struct tls_context *c, int fd, const char *host,
		    struct tls_session **session) MUST_USE;

/* Sends a close alert if it can, without waiting; reading goes on. */
void tls_finish(struct tls *t);

/* The same, and frees. NULL is fine. */
void tls_free(struct tls *t);
void tls_session_free(struct tls_session *s);

/* Steps: ERR_OK done; ERR_AGAIN with *wants_write set if the socket must be writable, else
 * readable; ERR_GONE closed in an orderly way; ERR_GARBLED failed. */
enum err tls_handshake(struct tls *t, bool *wants_write) MUST_USE;
enum err tls_read(struct tls *t, char *to, size_t room, size_t *got, bool *wants_write) MUST_USE;
enum err tls_write(struct tls *t, const char *from, size_t len, size_t *put,
		   bool *wants_write) MUST_USE;

/* Bytes already decrypted that a poll of the socket would not announce. */
bool tls_pending(const struct tls *t);

/* Why the last step failed, e.g. "certificate has expired"; static or owned by t. */
const char *tls_reason(const struct tls *t);

#endif
