/* redis_tls.c - see redis_tls.h. */
#include "store/redis_tls.h"
#include <arpa/inet.h>
#include <limits.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <stdlib.h>

struct redis_tls_context {
	SSL_CTX *ssl;
};

struct redis_tls {
	SSL *ssl;
	short events;
};

static const char *load_files(SSL_CTX *ssl, const struct redis_url *u)
{
	if (u->ca[0] != '\0') {
		if (SSL_CTX_load_verify_locations(ssl, u->ca, NULL) != 1)
			return "the file of ca= holds no certificate that can be used";
	} else if (SSL_CTX_set_default_verify_paths(ssl) != 1) {
		return "the system's certificate authorities cannot be read";
	}
	if (u->cert[0] == '\0')
		return NULL;
	if (SSL_CTX_use_certificate_chain_file(ssl, u->cert) != 1)
		return "the file of cert= holds no certificate that can be used";
	if (SSL_CTX_use_PrivateKey_file(ssl, u->key, SSL_FILETYPE_PEM) != 1 ||
	    SSL_CTX_check_private_key(ssl) != 1)
		return "the file of key= does not hold the key of cert=";
	return NULL;
}

enum err redis_tls_context_new(const struct redis_url *u, struct redis_tls_context **out,
			       const char **why)
{
	struct redis_tls_context *c = calloc(1, sizeof(*c));

	*why = "out of memory";
	if (!c)
		return ERR_NOMEM;
	c->ssl = SSL_CTX_new(TLS_client_method());
	if (!c->ssl) {
		free(c);
		return ERR_NOMEM;
	}
	SSL_CTX_set_min_proto_version(c->ssl, TLS1_2_VERSION);
	SSL_CTX_set_verify(c->ssl, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_mode(c->ssl,
			 SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	*why = load_files(c->ssl, u);
	ERR_clear_error();
	if (*why) {
		redis_tls_context_free(c);
		return ERR_REFUSED;
	}
	*out = c;
	return ERR_OK;
}

void redis_tls_context_free(struct redis_tls_context *c)
{
	if (c)
		SSL_CTX_free(c->ssl);
	free(c);
}

/* Addresses are proved as addresses, names as names, and only names are named to the server. */
static bool expect_host(SSL *ssl, const char *host)
{
	struct in6_addr address;

	if (inet_pton(AF_INET, host, &address) == 1 || inet_pton(AF_INET6, host, &address) == 1)
		return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host) == 1;
	return SSL_set1_host(ssl, host) == 1 && SSL_set_tlsext_host_name(ssl, host) == 1;
}

struct redis_tls *redis_tls_new(struct redis_tls_context *c, int fd, const char *host)
{
	struct redis_tls *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->ssl = SSL_new(c->ssl);
	if (!t->ssl || SSL_set_fd(t->ssl, fd) != 1 || !expect_host(t->ssl, host)) {
		redis_tls_free(t);
		return NULL;
	}
	return t;
}

void redis_tls_free(struct redis_tls *t)
{
	if (t)
		SSL_free(t->ssl);
	free(t);
}

/* What a call's result other than success means. */
static enum err trouble(struct redis_tls *t, int result)
{
	int error = SSL_get_error(t->ssl, result);

	if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) {
		t->events = error == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT;
		return ERR_AGAIN;
	}
	ERR_clear_error();
	return error == SSL_ERROR_SSL ? ERR_REFUSED : ERR_GONE;
}

enum err redis_tls_shake(struct redis_tls *t)
{
	int result = SSL_connect(t->ssl);

	return result == 1 ? ERR_OK : trouble(t, result);
}

enum err redis_tls_read(struct redis_tls *t, char *to, size_t room, size_t *got)
{
	int result = SSL_read_ex(t->ssl, to, room, got);

	return result == 1 ? ERR_OK : trouble(t, result);
}

enum err redis_tls_write(struct redis_tls *t, const char *from, size_t len, size_t *put)
{
	int result = SSL_write_ex(t->ssl, from, len, put);

	return result == 1 ? ERR_OK : trouble(t, result);
}

short redis_tls_events(const struct redis_tls *t)
{
	return t->events;
}
