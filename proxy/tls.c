#include "proxy/tls.h"
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct tls_context {
	SSL_CTX *ctx;
};

struct tls_session {
	SSL_SESSION *session;
};

struct tls {
	SSL *ssl;
	struct tls_session **session; /* borrowed; NULL for a listener's connection */
	bool failed;                  /* no orderly close after a protocol failure */
	char reason[96];
};

static void say_why(char *why, size_t room, const char *doing, const char *file)
{
	char text[160];

	ERR_error_string_n(ERR_peek_last_error(), text, sizeof(text));
	snprintf(why, room, "cannot %s%s%s: %s", doing, file ? " " : "", file ? file : "", text);
	ERR_clear_error();
}

/* OpenSSL hands over each new session here; the newest replaces the one kept. */
static int keep_session(SSL *ssl, SSL_SESSION *session)
{
	struct tls *t = SSL_get_app_data(ssl);

	if (!t || !t->session)
		return 0;
	if (!*t->session)
		*t->session = calloc(1, sizeof(**t->session));
	if (!*t->session)
		return 0;
	SSL_SESSION_free((*t->session)->session);
	(*t->session)->session = session;
	return 1;
}

static struct tls_context *context_new(const SSL_METHOD *method, bool only_1_3)
{
	struct tls_context *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->ctx = SSL_CTX_new(method);
	if (!c->ctx) {
		free(c);
		return NULL;
	}
	SSL_CTX_set_min_proto_version(c->ctx, only_1_3 ? TLS1_3_VERSION : TLS1_2_VERSION);
	SSL_CTX_set_options(c->ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
					SSL_OP_IGNORE_UNEXPECTED_EOF);
	/* Idle streams must not keep OpenSSL's 16 kB record buffers. */
	SSL_CTX_set_mode(c->ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
				     SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	return c;
}

struct tls_context *tls_context_upstream(const char *ca_file, bool only_1_3, char *why, size_t room)
{
	struct tls_context *c = context_new(TLS_client_method(), only_1_3);

	if (!c) {
		snprintf(why, room, "out of memory");
		return NULL;
	}
	SSL_CTX_set_verify(c->ctx, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_session_cache_mode(c->ctx, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
	SSL_CTX_sess_set_new_cb(c->ctx, keep_session);
	if (ca_file ? SSL_CTX_load_verify_locations(c->ctx, ca_file, NULL)
		    : SSL_CTX_set_default_verify_paths(c->ctx))
		return c;
	say_why(why, room, "load the certificate authorities", ca_file);
	tls_context_free(c);
	return NULL;
}

struct tls_context *tls_context_listener(const char *cert_file, const char *key_file, bool only_1_3,
					 char *why, size_t room)
{
	struct tls_context *c = context_new(TLS_server_method(), only_1_3);

	if (!c) {
		snprintf(why, room, "out of memory");
		return NULL;
	}
	if (SSL_CTX_use_certificate_chain_file(c->ctx, cert_file) != 1)
		say_why(why, room, "load the certificate", cert_file);
	else if (SSL_CTX_use_PrivateKey_file(c->ctx, key_file, SSL_FILETYPE_PEM) != 1)
		say_why(why, room, "load the private key", key_file);
	else if (SSL_CTX_check_private_key(c->ctx) != 1)
		say_why(why, room, "use the private key, it is not the certificate's:", key_file);
	else
		return c;
	tls_context_free(c);
	return NULL;
}

void tls_context_free(struct tls_context *c)
{
	if (!c)
		return;
	SSL_CTX_free(c->ctx);
	free(c);
}

void tls_session_free(struct tls_session *s)
{
	if (!s)
		return;
	SSL_SESSION_free(s->session);
	free(s);
}

static bool is_address(const char *host)
{
	return strchr(host, ':') || strspn(host, "0123456789.") == strlen(host);
}

/* A certificate names hosts and addresses in different places; SNI never carries an address. */
static bool expect_host(SSL *ssl, const char *host)
{
	if (is_address(host))
		return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host) == 1;
	SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	return SSL_set1_host(ssl, host) == 1 && SSL_set_tlsext_host_name(ssl, host) == 1;
}

struct tls *tls_new(struct tls_context *c, int fd, const char *host, struct tls_session **session)
{
	struct tls *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->session = session;
	t->ssl = SSL_new(c->ctx);
	if (!t->ssl || SSL_set_fd(t->ssl, fd) != 1 || SSL_set_app_data(t->ssl, t) != 1 ||
	    (host && !expect_host(t->ssl, host))) {
		SSL_free(t->ssl);
		free(t);
		ERR_clear_error();
		return NULL;
	}
	if (session && *session)
		SSL_set_session(t->ssl, (*session)->session);
	if (host)
		SSL_set_connect_state(t->ssl);
	else
		SSL_set_accept_state(t->ssl);
	return t;
}

void tls_finish(struct tls *t)
{
	ERR_clear_error();
	if (!t->failed && SSL_is_init_finished(t->ssl) &&
	    !(SSL_get_shutdown(t->ssl) & SSL_SENT_SHUTDOWN))
		SSL_shutdown(t->ssl);
	ERR_clear_error();
}

void tls_free(struct tls *t)
{
	if (!t)
		return;
	tls_finish(t);
	SSL_free(t->ssl);
	free(t);
}

static void note_reason(struct tls *t)
{
	long verified = SSL_get_verify_result(t->ssl);
	const char *text = verified != X509_V_OK ? X509_verify_cert_error_string(verified)
						 : ERR_reason_error_string(ERR_peek_last_error());

	snprintf(t->reason, sizeof(t->reason), "%s", text ? text : "connection broken");
	ERR_clear_error();
	t->failed = true;
}

static enum err outcome(struct tls *t, int result, bool *wants_write)
{
	int why = SSL_get_error(t->ssl, result);

	*wants_write = why == SSL_ERROR_WANT_WRITE;
	if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE)
		return ERR_AGAIN;
	if (why == SSL_ERROR_ZERO_RETURN)
		return ERR_GONE;
	note_reason(t);
	return why == SSL_ERROR_SYSCALL ? ERR_GONE : ERR_GARBLED;
}

enum err tls_handshake(struct tls *t, bool *wants_write)
{
	int result;

	ERR_clear_error();
	result = SSL_do_handshake(t->ssl);
	return result == 1 ? ERR_OK : outcome(t, result, wants_write);
}

enum err tls_read(struct tls *t, char *to, size_t room, size_t *got, bool *wants_write)
{
	int result;

	ERR_clear_error();
	result = SSL_read_ex(t->ssl, to, room, got);
	return result == 1 ? ERR_OK : outcome(t, result, wants_write);
}

enum err tls_write(struct tls *t, const char *from, size_t len, size_t *put, bool *wants_write)
{
	int result;

	ERR_clear_error();
	result = SSL_write_ex(t->ssl, from, len, put);
	return result == 1 ? ERR_OK : outcome(t, result, wants_write);
}

bool tls_pending(const struct tls *t)
{
	return SSL_has_pending(t->ssl) == 1;
}

const char *tls_reason(const struct tls *t)
{
	return t->reason;
}
