/* address.c - cuts host, port and path apart, strictly. */
#include "conf/address.h"
#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>

#define HOST_BYTES_MAX   253 /* of a DNS name */
#define LABEL_BYTES_MAX  63
#define PREFIX_BYTES_MAX 256

static const char no_memory[] = "no memory";
static const char bad_port[] = "the port must be a number from 0 to 65535";

static bool parse_port(struct span s, uint16_t *port)
{
	unsigned v = 0;

	if (s.len == 0 || s.len > 5)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		if (s.at[i] < '0' || s.at[i] > '9')
			return false;
		v = v * 10 + (unsigned)(s.at[i] - '0');
	}
	*port = (uint16_t)v;
	return v <= UINT16_MAX;
}

/* Cuts "host:port" and "[v6]:port"; *port has at == NULL when there is no colon. */
static bool split_port(struct span s, struct span *host, struct span *port)
{
	const char *end = s.at;

	if (s.len > 0 && s.at[0] == '[') {
		end = memchr(s.at, ']', s.len);
		if (!end)
			return false;
		*host = (struct span){ s.at + 1, (size_t)(end - s.at) - 1 };
		s = span_skip(s, (size_t)(end - s.at) + 1);
		if (s.len > 0 && s.at[0] != ':')
			return false;
	} else {
		end = s.len > 0 ? memchr(s.at, ':', s.len) : NULL;
		*host = (struct span){ s.at, end ? (size_t)(end - s.at) : s.len };
		s = span_skip(s, host->len);
	}
	*port = s.len > 0 ? span_skip(s, 1) : (struct span){ NULL, 0 };
	return true;
}

/* 4 or 6, or 0 when it is no IP address. */
static int ip_version(const char *host)
{
	unsigned char bytes[16];

	if (inet_pton(AF_INET, host, bytes) == 1)
		return 4;
	return inet_pton(AF_INET6, host, bytes) == 1 ? 6 : 0;
}

/* "host" or "[host]", with ":port" unless port is negative. */
static const char *join(struct arena *a, const char *host, int port)
{
	bool v6 = strchr(host, ':') != NULL;
	char text[HOST_BYTES_MAX + 16];
	int len = snprintf(text, sizeof(text), "%s%s%s", v6 ? "[" : "", host, v6 ? "]" : "");

	if (port >= 0)
		snprintf(text + len, sizeof(text) - (size_t)len, ":%d", port);
	return arena_text(a, span_of(text));
}

const char *address_parse(struct span s, struct arena *a, struct conf_address *out)
{
	struct span host, port;
	bool bracketed = s.len > 0 && s.at[0] == '[';
	int version;

	if (!split_port(s, &host, &port) || !port.at)
		return "is not an address: write 127.0.0.1:8080, [::1]:8080 or :8080";
	if (!parse_port(port, &out->port))
		return bad_port;
	if (!bracketed && (host.len == 0 || span_eq(host, SPAN("*"))))
		host = SPAN("0.0.0.0");
	else if (!bracketed && span_eq_nocase(host, SPAN("localhost")))
		host = SPAN("127.0.0.1");
	if (host.len > HOST_BYTES_MAX)
		return "the host is too long";
	out->host = arena_text(a, host);
	if (!out->host)
		return no_memory;
	version = ip_version(out->host);
	if (version == 0 || (version == 6) != bracketed)
		return "the host must be an IP address, localhost or *";
	out->text = join(a, out->host, out->port);
	return out->text ? NULL : no_memory;
}

/* Letters, digits, '-' and '_' in labels between dots. */
static bool good_name(const char *host)
{
	size_t label = 0;

	for (const char *c = host; *c; c++) {
		if (*c == '.') {
			if (label == 0)
				return false;
			label = 0;
			continue;
		}
		if (!isalnum((unsigned char)*c) && *c != '-' && *c != '_')
			return false;
		if (++label > LABEL_BYTES_MAX)
			return false;
	}
	return label > 0;
}

static const char *parse_host(struct span host, bool bracketed, struct arena *a,
			      struct conf_url *out)
{
	char *name = host.len <= HOST_BYTES_MAX ? arena_text(a, host) : NULL;
	int version;

	if (host.len > HOST_BYTES_MAX)
		return "the host name is too long";
	if (!name)
		return no_memory;
	for (char *c = name; *c; c++)
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c - 'A' + 'a');
	version = ip_version(name);
	if (bracketed ? version != 6 : version != 4 && !good_name(name))
		return "the host is neither a name nor an IP address";
	out->host = name;
	out->host_is_ip = version != 0;
	return NULL;
}

static bool plain_in_path(char c)
{
	return isalnum((unsigned char)c) || c == '-' || c == '.' || c == '_' || c == '~' ||
	       c == ':';
}

/* Segments of plain characters; so no escapes, and no "." or "..". */
static const char *check_prefix(struct span path)
{
	size_t segment = 0, dots = 0;

	if (path.len > PREFIX_BYTES_MAX)
		return "the path is too long";
	for (size_t i = 1; i <= path.len; i++) {
		if (i == path.len || path.at[i] == '/') {
			if (segment == dots)
				return "the path has an empty or a dot segment";
			segment = dots = 0;
			continue;
		}
		if (!plain_in_path(path.at[i]))
			return "the path may hold letters, digits and - . _ ~ : only";
		segment++;
		dots += path.at[i] == '.';
	}
	return NULL;
}

static bool cut_scheme(struct span *s, bool *tls)
{
	static const struct span https = { "https://", 8 }, http = { "http://", 7 };
	bool plain;

	*tls = s->len >= https.len && span_eq_nocase((struct span){ s->at, https.len }, https);
	plain = s->len >= http.len && span_eq_nocase((struct span){ s->at, http.len }, http);
	if (!*tls && !plain)
		return false;
	*s = span_skip(*s, *tls ? https.len : http.len);
	return true;
}

const char *address_parse_url(struct span s, struct arena *a, struct conf_url *out)
{
	struct span authority, host, port, path;
	const char *slash, *why;
	bool usual;

	while (s.len > 0 && s.at[s.len - 1] == '/')
		s.len--;
	out->text = arena_text(a, s);
	if (!cut_scheme(&s, &out->tls))
		return "must begin with https:// or http://";
	if (s.len > 0 &&
	    (memchr(s.at, '@', s.len) || memchr(s.at, '?', s.len) || memchr(s.at, '#', s.len)))
		return "no user, query or fragment may stand here";
	slash = s.len > 0 ? memchr(s.at, '/', s.len) : NULL;
	authority = (struct span){ s.at, slash ? (size_t)(slash - s.at) : s.len };
	path = span_skip(s, authority.len);
	if (!split_port(authority, &host, &port))
		return "the host is neither a name nor an IP address";
	out->port = out->tls ? 443 : 80;
	if (port.at && (!parse_port(port, &out->port) || out->port == 0))
		return "the port must be a number from 1 to 65535";
	usual = out->port == (out->tls ? 443 : 80);
	why = parse_host(host, authority.len > 0 && authority.at[0] == '[', a, out);
	if (!why && path.len > 0)
		why = check_prefix(path);
	if (why)
		return why;
	out->authority = join(a, out->host, usual ? -1 : out->port);
	out->prefix = arena_text(a, path);
	return out->text && out->authority && out->prefix ? NULL : no_memory;
}
