/* url.c - a provider's base_url, taken apart; and the grammar of a host field. */
#include "proxy/url.h"
#include "proxy/octet.h"

/* Splits "host:port" or "[v6]:port"; port is empty where none is written. False: neither. */
static bool split_authority(struct span s, struct span *host, struct span *port)
{
	size_t len;

	*port = (struct span){ NULL, 0 };
	if (s.len > 0 && s.at[0] == '[') {
		const char *end = memchr(s.at, ']', s.len);

		if (!end)
			return false;
		*host = (struct span){ s.at + 1, (size_t)(end - s.at) - 1 };
		for (size_t i = 0; i < host->len; i++)
			if (octet_hex(host->at[i]) < 0 && host->at[i] != ':' && host->at[i] != '.')
				return false;
		len = host->len + 2;
	} else {
		len = octet_run(s, OCTET_HOST);
		*host = (struct span){ s.at, len };
	}
	if (len < s.len && s.at[len] == ':')
		*port = span_skip(s, len + 1);
	return host->len > 0 && (len == s.len || port->at);
}

/* A port's number, from 1 to 65535; leading zeros are none. */
static bool port_number(struct span digits, uint16_t *out)
{
	uint64_t n;

	if (digits.len > 5 || !octet_decimal(digits, &n) || n == 0 || n > 65535)
		return false;
	*out = (uint16_t)n;
	return true;
}

bool url_is_authority(struct span s)
{
	struct span host, port;
	uint16_t number;

	return split_authority(s, &host, &port) && (!port.at || port_number(port, &number));
}

/* A base path: no empty, "." or ".." segment, nothing that would need an escape. */
static bool is_base_path(struct span path)
{
	while (path.len > 0) {
		struct span rest = span_skip(path, 1);
		const char *slash = memchr(rest.at, '/', rest.len);
		struct span segment = { rest.at, slash ? (size_t)(slash - rest.at) : rest.len };

		if (path.at[0] != '/' || octet_run(segment, OCTET_PATH) != segment.len)
			return false;
		if (segment.len == 0 || span_eq(segment, SPAN(".")) || span_eq(segment, SPAN("..")))
			return false;
		path = span_skip(rest, segment.len);
	}
	return true;
}

static const char *parse(struct span text, struct url *out)
{
	struct span port;
	size_t len = 0;

	out->tls = span_starts(text, SPAN("https://"));
	if (!out->tls && !span_starts(text, SPAN("http://")))
		return "it must begin with https:// or http://";
	text = span_skip(text, out->tls ? 8 : 7);
	while (len < text.len && text.at[len] != '/')
		len++;
	out->authority = (struct span){ text.at, len };
	out->path = span_skip(text, len);
	if (!split_authority(out->authority, &out->host, &port))
		return "its host must be a name, an IPv4 address or an [IPv6] address";
	out->port = out->tls ? 443 : 80;
	if (port.at && !port_number(port, &out->port))
		return "its port must be a number from 1 to 65535";
	if (out->path.len > 0 && out->path.at[out->path.len - 1] == '/')
		out->path.len--;
	if (!is_base_path(out->path))
		return "its path must be plain segments, with no query, escape or dots";
	return NULL;
}

enum err url_parse(struct span text, struct url *out, const char **why)
{
	*why = parse(text, out);
	return *why ? ERR_GARBLED : ERR_OK;
}
