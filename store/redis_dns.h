/* redis_dns.h - looks a host's addresses up without waiting: a thread waits for libc.
 *
 * Threads  the caller's, and one of its own for each search that an address does not spare.
 *          Who loses interest frees the search; its thread then ends when libc lets it.
 */
#ifndef STORE_REDIS_DNS_H
#define STORE_REDIS_DNS_H
#include <netdb.h>
#include <stdint.h>
#include "base/err.h"
#include "base/must.h"

struct redis_dns;

/* Begins; what is an address already is found at once. NULL when out of memory or threads. */
struct redis_dns *redis_dns_new(const char *host, uint16_t port) MUST_USE;

/* ERR_AGAIN: ask again in some milliseconds; ERR_MISSING: there is no such host; ERR_OK: *out
 * are its addresses, borrowed. */
enum err redis_dns_found(struct redis_dns *d, const struct addrinfo **out) MUST_USE;

void redis_dns_free(struct redis_dns *d); /* NULL is fine */

#endif
