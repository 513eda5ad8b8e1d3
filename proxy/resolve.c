#include "proxy/resolve.h"
#include <arpa/inet.h>
#include <event2/dns.h>
#include <event2/util.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct question {
	resolve_done *done;
	void *arg;
	bool allow_private;
};

static bool is_private_4(uint32_t ip)
{
	static const struct {
		uint32_t net, mask;
	} nets[] = {
		{ 0x00000000, 0xff000000 }, /* this network */
		{ 0x0a000000, 0xff000000 }, /* private */
		{ 0x64400000, 0xffc00000 }, /* shared by carriers */
		{ 0x7f000000, 0xff000000 }, /* loopback */
		{ 0xa9fe0000, 0xffff0000 }, /* link-local: where clouds keep credentials */
		{ 0xac100000, 0xfff00000 }, /* private */
		{ 0xc0000000, 0xffffff00 }, /* protocol assignments */
		{ 0xc0a80000, 0xffff0000 }, /* private */
		{ 0xc6120000, 0xfffe0000 }, /* benchmarks */
		{ 0xe0000000, 0xe0000000 }, /* multicast and reserved */
	};

	for (size_t i = 0; i < sizeof(nets) / sizeof(nets[0]); i++)
		if ((ip & nets[i].mask) == nets[i].net)
			return true;
	return false;
}

static uint32_t last_32(const struct in6_addr *a)
{
	uint32_t ip;

	memcpy(&ip, a->s6_addr + 12, sizeof(ip));
	return ntohl(ip);
}

static bool is_private_6(const struct in6_addr *a)
{
	static const uint8_t nat64[12] = { 0x00, 0x64, 0xff, 0x9b };

	if (IN6_IS_ADDR_V4MAPPED(a) || IN6_IS_ADDR_V4COMPAT(a) ||
	    memcmp(a->s6_addr, nat64, sizeof(nat64)) == 0)
		return is_private_4(last_32(a));
	return IN6_IS_ADDR_UNSPECIFIED(a) || IN6_IS_ADDR_LOOPBACK(a) || IN6_IS_ADDR_LINKLOCAL(a) ||
	       IN6_IS_ADDR_SITELOCAL(a) || IN6_IS_ADDR_MULTICAST(a) ||
	       (a->s6_addr[0] & 0xfe) == 0xfc;
}

bool resolve_is_private(const struct sockaddr *a)
{
	if (a->sa_family == AF_INET)
		return is_private_4(ntohl(((const struct sockaddr_in *)a)->sin_addr.s_addr));
	if (a->sa_family == AF_INET6)
		return is_private_6(&((const struct sockaddr_in6 *)a)->sin6_addr);
	return true;
}

static void collect(const struct evutil_addrinfo *list, bool allow_private, struct resolution *out,
		    bool *refused)
{
	for (; list && out->count < RESOLVE_ADDRESSES_MAX; list = list->ai_next) {
		struct address *a = &out->address[out->count];

		if (list->ai_addrlen > sizeof(a->at))
			continue;
		if (!allow_private && resolve_is_private(list->ai_addr)) {
			*refused = true;
			continue;
		}
		memcpy(&a->at, list->ai_addr, list->ai_addrlen);
		a->len = list->ai_addrlen;
		out->count++;
	}
}

static void on_answer(int error, struct evutil_addrinfo *list, void *arg)
{
	struct question *q = arg;
	struct resolution r = { .when = clk_mono() };
	bool refused = false;

	if (error != EVUTIL_EAI_CANCEL) {
		collect(error ? NULL : list, q->allow_private, &r, &refused);
		q->done(q->arg, r.count > 0 ? ERR_OK : refused ? ERR_REFUSED : ERR_AWAY, &r);
	}
	if (list)
		evutil_freeaddrinfo(list);
	free(q);
}

struct evdns_getaddrinfo_request *resolve_start(struct evdns_base *dns, const char *host,
						uint16_t port, bool allow_private,
						resolve_done *done, void *arg)
{
	struct evutil_addrinfo hints = { .ai_family = AF_UNSPEC,
					 .ai_socktype = SOCK_STREAM,
					 .ai_protocol = IPPROTO_TCP,
					 .ai_flags = EVUTIL_AI_ADDRCONFIG };
	struct question *q = calloc(1, sizeof(*q));
	char service[8];

	if (!q) {
		done(arg, ERR_NOMEM, NULL);
		return NULL;
	}
	*q = (struct question){ .done = done, .arg = arg, .allow_private = allow_private };
	snprintf(service, sizeof(service), "%u", port);
	return evdns_getaddrinfo(dns, host, service, &hints, on_answer, q);
}

void resolve_cancel(struct evdns_getaddrinfo_request *r)
{
	if (r)
		evdns_getaddrinfo_cancel(r);
}

bool resolve_literal(const char *ip, uint16_t port, struct resolution *out)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons(port) };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons(port) };

	*out = (struct resolution){ .count = 1, .when = clk_mono() };
	if (inet_pton(AF_INET, ip, &v4.sin_addr) == 1) {
		out->address[0].at.v4 = v4;
		out->address[0].len = sizeof(v4);
		return true;
	}
	if (inet_pton(AF_INET6, ip, &v6.sin6_addr) == 1) {
		out->address[0].at.v6 = v6;
		out->address[0].len = sizeof(v6);
		return true;
	}
	return false;
}
