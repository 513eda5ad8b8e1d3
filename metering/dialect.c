/* dialect.c - dialect.tbl.h as C tables, and the matching of paths against them. */
#include "metering/dialect.h"

enum dialect_id {
#define DIALECT(name, auth, reasoning, inject, finish, request) DIALECT_##name,
#include "metering/dialect.tbl.h"
	DIALECT_COUNT,
	DIALECT_public = DIALECT_COUNT
};

enum routes {
#define ROUTES(name, style) ROUTES_##name,
#include "metering/dialect.tbl.h"
	ROUTES_COUNT
};

static const struct dialect dialects[DIALECT_COUNT] = {
#define DIALECT(name, auth, reasoning, inject, finish, request)                                    \
	{ #name, AUTH_##auth, REASONING_##reasoning, inject, finish, request },
#include "metering/dialect.tbl.h"
};

static const struct mount {
	enum dialect_id dialect;
	enum routes routes;
	struct span client, upstream;
} mounts[] = {
#define MOUNT(dialect, routes, client, upstream)                                                   \
	{ DIALECT_##dialect,                                                                       \
	  ROUTES_##routes,                                                                         \
	  { client, sizeof(client) - 1 },                                                          \
	  { upstream, sizeof(upstream) - 1 } },
#include "metering/dialect.tbl.h"
};

static const enum error_style styles[ROUTES_COUNT] = {
#define ROUTES(name, style) STYLE_##style,
#include "metering/dialect.tbl.h"
};

static const struct route {
	enum routes routes;
	struct span method;
	const char *path;
	enum shape_id shape;
	int stream;
} routes[] = {
#define ROUTE(routes, method, path, shape, stream)                                                 \
	{ ROUTES_##routes, { #method, sizeof(#method) - 1 }, path, SHAPE_##shape, stream },
#include "metering/dialect.tbl.h"
};

#define COUNT_OF(table) (sizeof(table) / sizeof(*(table)))

const struct dialect *dialect_find(struct span name)
{
	for (size_t i = 0; i < COUNT_OF(dialects); i++)
		if (span_eq(span_of(dialects[i].name), name))
			return &dialects[i];
	return NULL;
}

const struct dialect *dialect_at(unsigned i)
{
	return i < COUNT_OF(dialects) ? &dialects[i] : NULL;
}

static bool is_letter_or_digit(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static bool is_escaped(struct span s, size_t at, char upper, char digit)
{
	return s.len - at >= 3 && s.at[at] == '%' && s.at[at + 1] == digit &&
	       (s.at[at + 2] | 0x20) == (upper | 0x20);
}

/* "arn:aws:bedrock:...:inference-profile/us.claude-x", mostly escaped. */
static bool is_resource_name(struct span s)
{
	return span_starts(s, SPAN("arn:")) ||
	       (span_starts(s, SPAN("arn")) && is_escaped(s, 3, 'A', '3'));
}

/* Only bytes that mean the same to everyone on the way, no dot segment; the colon may be
 * escaped, since SDKs do that to Bedrock's model ids, and where `slashes` is true the slash
 * must be. */
static bool is_plain(struct span s, bool slashes)
{
	for (size_t i = 0; i < s.len; i++) {
		if (is_letter_or_digit(s.at[i]) || memchr("-_~@+:.", s.at[i], 7))
			continue;
		if (!is_escaped(s, i, 'A', '3') && (!slashes || !is_escaped(s, i, 'F', '2')))
			return false;
		i += 2;
	}
	return s.len > 0 && is_letter_or_digit(s.at[0]) && !memmem(s.at, s.len, "..", 2);
}

/* Reads one {m}, {a}, {o} or {x}, which ends where `rest` of the pattern begins: at a slash, at the
 * path's end, or before a last ":verb". Returns its length; 0 when nothing fits. */
static size_t take_segment(struct span path, char what, const char *rest)
{
	const char *slash = memchr(path.at, '/', path.len);
	size_t len = slash ? (size_t)(slash - path.at) : path.len;
	struct span verb = span_of(rest);

	if (*rest == ':') {
		if (len < verb.len || memcmp(path.at + len - verb.len, rest, verb.len) != 0)
			return 0;
		len -= verb.len;
	}
	path.len = len;
	return is_plain(path, what == 'a' && is_resource_name(path)) ? len : 0;
}

static bool route_fits(const char *pattern, struct span path, struct path_match *out)
{
	out->model = out->object = (struct span){ 0 };
	while (*pattern != '\0') {
		size_t len = 1;

		if (*pattern == '{') {
			len = take_segment(path, pattern[1], pattern + 3);
			if (len == 0)
				return false;
			if (pattern[1] == 'm' || pattern[1] == 'a')
				out->model = (struct span){ path.at, len };
			if (pattern[1] == 'o')
				out->object = (struct span){ path.at, len };
			pattern += 2;
		} else if (path.len == 0 || *path.at != *pattern) {
			return false;
		}
		path = span_skip(path, len);
		pattern++;
	}
	return path.len == 0;
}

/* Where a request for path goes, whose first client.len bytes are the mount's. */
static void set_upstream(const struct mount *m, struct span path, struct path_match *out)
{
	size_t kept = 0;

	if (m->client.len >= m->upstream.len &&
	    span_eq(span_skip(m->client, m->client.len - m->upstream.len), m->upstream))
		kept = m->upstream.len;
	out->upstream_prefix = span_skip(m->upstream, kept);
	out->upstream_path = span_skip(path, m->client.len - kept);
}

static bool mount_match(const struct mount *m, struct span method, struct span path,
			struct path_match *out)
{
	if (!span_starts(path, m->client))
		return false;
	for (size_t i = 0; i < COUNT_OF(routes); i++) {
		const struct route *r = &routes[i];

		if (r->routes != m->routes || !span_eq(r->method, method) ||
		    !route_fits(r->path, span_skip(path, m->client.len), out))
			continue;
		out->shape = r->shape;
		out->style = styles[r->routes];
		out->stream = r->stream;
		out->get_only = r->shape == SHAPE_free && span_eq(method, SPAN("GET"));
		set_upstream(m, path, out);
		return true;
	}
	return false;
}

static bool match(enum dialect_id id, struct span method, struct span path, struct path_match *out)
{
	for (size_t i = 0; i < COUNT_OF(mounts); i++)
		if (mounts[i].dialect == id && mount_match(&mounts[i], method, path, out))
			return true;
	return false;
}

bool dialect_match_path(const struct dialect *d, struct span method, struct span path,
			struct path_match *out)
{
	return match((enum dialect_id)(d - dialects), method, path, out);
}

bool dialect_match_public(struct span method, struct span path, struct path_match *out)
{
	return match(DIALECT_public, method, path, out);
}

bool dialect_model_text(struct span model, char *to, size_t room)
{
	size_t len = 0;

	for (size_t i = 0; i < model.len; i++) {
		bool escaped = model.at[i] == '%';

		if (is_escaped(model, i, 'F', '2')) {
			len = 0;
			i += 2;
			continue;
		}
		if (len + 1 >= room)
			return false;
		to[len++] = escaped ? ':' : model.at[i];
		if (escaped)
			i += 2;
	}
	to[len] = '\0';
	return true;
}
