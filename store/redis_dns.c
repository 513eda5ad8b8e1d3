/* redis_dns.c - getaddrinfo_a(), asked now and then. */
#include "store/redis_dns.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct redis_dns {
	char host[256], port[8];
	struct addrinfo wanted;
	struct gaicb search;
	struct addrinfo *found; /* at once */
};

struct redis_dns *redis_dns_new(const char *host, uint16_t port)
{
	struct redis_dns *d = calloc(1, sizeof(*d));
	struct gaicb *list[1];

	if (!d)
		return NULL;
	snprintf(d->host, sizeof(d->host), "%s", host);
	snprintf(d->port, sizeof(d->port), "%u", port);
	d->wanted.ai_socktype = SOCK_STREAM;
	d->wanted.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
	if (getaddrinfo(d->host, d->port, &d->wanted, &d->found) == 0)
		return d;
	d->found = NULL;
	d->wanted.ai_flags = AI_NUMERICSERV;
	d->search.ar_name = d->host;
	d->search.ar_service = d->port;
	d->search.ar_request = &d->wanted;
	list[0] = &d->search;
	if (getaddrinfo_a(GAI_NOWAIT, list, 1, NULL) != 0) {
		free(d);
		return NULL;
	}
	return d;
}

enum err redis_dns_found(struct redis_dns *d, const struct addrinfo **out)
{
	int state = d->found ? 0 : gai_error(&d->search);

	*out = d->found ? d->found : d->search.ar_result;
	if (state == EAI_INPROGRESS)
		return ERR_AGAIN;
	return state == 0 && *out ? ERR_OK : ERR_MISSING;
}

void redis_dns_free(struct redis_dns *d)
{
	const struct gaicb *list[1];
	struct timespec second = { .tv_sec = 1 };

	if (!d)
		return;
	if (d->found) {
		freeaddrinfo(d->found);
		free(d);
		return;
	}
	list[0] = &d->search;
	if (gai_error(&d->search) == EAI_INPROGRESS && gai_cancel(&d->search) == EAI_NOTCANCELED)
		gai_suspend(list, 1, &second);
	if (gai_error(&d->search) == EAI_INPROGRESS)
		return; /* still libc's */
	if (d->search.ar_result)
		freeaddrinfo(d->search.ar_result);
	free(d);
}
