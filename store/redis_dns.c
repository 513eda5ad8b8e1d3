/* redis_dns.c - getaddrinfo() in a thread that nobody waits for. libc's own getaddrinfo_a() would
 * do, but cannot let go of a search under way. */
#include "store/redis_dns.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

enum search {
	SEARCH_UNDER_WAY,
	SEARCH_OVER,    /* `found` is good; the thread looks at nothing any more */
	SEARCH_UNWANTED /* the thread frees it all */
};

struct redis_dns {
	_Atomic enum search search;
	char host[256], port[8];
	struct addrinfo *found; /* NULL: nothing was */
};

static void drop(struct redis_dns *d)
{
	if (d->found)
		freeaddrinfo(d->found);
	free(d);
}

static void search(struct redis_dns *d, int flags)
{
	struct addrinfo wanted = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV | flags };

	if (getaddrinfo(d->host, d->port, &wanted, &d->found) != 0)
		d->found = NULL;
}

static void *search_main(void *arg)
{
	struct redis_dns *d = arg;

	search(d, 0);
	if (atomic_exchange(&d->search, SEARCH_OVER) == SEARCH_UNWANTED)
		drop(d);
	return NULL;
}

struct redis_dns *redis_dns_new(const char *host, uint16_t port)
{
	struct redis_dns *d = calloc(1, sizeof(*d));
	pthread_t thread;

	if (!d)
		return NULL;
	snprintf(d->host, sizeof(d->host), "%s", host);
	snprintf(d->port, sizeof(d->port), "%u", port);
	search(d, AI_NUMERICHOST);
	atomic_init(&d->search, d->found ? SEARCH_OVER : SEARCH_UNDER_WAY);
	if (d->found)
		return d;
	if (pthread_create(&thread, NULL, search_main, d) != 0) {
		free(d);
		return NULL;
	}
	pthread_detach(thread);
	return d;
}

enum err redis_dns_found(struct redis_dns *d, const struct addrinfo **out)
{
	if (atomic_load(&d->search) == SEARCH_UNDER_WAY)
		return ERR_AGAIN;
	*out = d->found;
	return d->found ? ERR_OK : ERR_MISSING;
}

void redis_dns_free(struct redis_dns *d)
{
	if (d && atomic_exchange(&d->search, SEARCH_UNWANTED) == SEARCH_OVER)
		drop(d);
}
