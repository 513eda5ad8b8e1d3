/* redis_url.h - says where Redis is.
 *
 *   redis://[[user]:password@]host[:port][/db]                 a server
 *   redis://[[user]:password@]host[:port],host[:port]...       nodes of a Cluster
 *   redis+sentinel://[[user]:password@]host[:port][,...]/master[/db]
 *   unix://[[user]:password@]/path/of/socket
 *   rediss://..., rediss+sentinel://...                             the same over TLS
 *
 * After a "?", joined by "&": db=N, ca=FILE, cert=FILE, key=FILE (TLS; PEM),
 * sentinel_user=NAME, sentinel_password=WORD. %XX stands for a byte in user, password, path and
 * values. An IPv6 address stands in brackets. Ports: 6379, of a Sentinel 26379.
 */
#ifndef STORE_REDIS_URL_H
#define STORE_REDIS_URL_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/err.h"
#include "base/must.h"
#include "base/span.h"

#define REDIS_HOSTS_MAX 16
#define REDIS_TEXT_ROOM 256

struct redis_host {
	char name[REDIS_TEXT_ROOM]; /* a host, an address, or the path of a socket */
	uint16_t port;              /* 0: a socket */
};

struct redis_url {
	bool tls, sentinel;
	struct redis_host host[REDIS_HOSTS_MAX];
	unsigned hosts; /* at least one */
	unsigned db;
	char master[REDIS_TEXT_ROOM]; /* what the Sentinels call it */
	char user[REDIS_TEXT_ROOM], password[REDIS_TEXT_ROOM];
	char sentinel_user[REDIS_TEXT_ROOM], sentinel_password[REDIS_TEXT_ROOM];
	char ca[REDIS_TEXT_ROOM], cert[REDIS_TEXT_ROOM], key[REDIS_TEXT_ROOM];
};

/* Reads text. ERR_GARBLED: *why (static text) says what is wrong with it. */
enum err redis_url_read(struct span text, struct redis_url *out, const char **why) MUST_USE;

/* Reads plain digits, 1 to 5 of them, up to max. */
bool redis_number(struct span s, unsigned max, unsigned *out) MUST_USE;

#endif
