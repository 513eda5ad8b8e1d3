/* redis_url.c - cuts a Redis URL into its parts, from the left, each in its own room. */
#include "store/redis_url.h"
#include <ctype.h>

#define PORT_REDIS    6379
#define PORT_SENTINEL 26379

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)tolower((unsigned char)c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Copies s, its %XX made bytes, into one of the struct's texts; no NUL among them. */
static bool take_text(struct span s, char to[REDIS_TEXT_ROOM])
{
	size_t len = 0;

	for (size_t i = 0; i < s.len; i++) {
		char c = s.at[i];

		if (c == '%') {
			int high = i + 2 < s.len ? hex_digit(s.at[i + 1]) : -1;
			int low = high >= 0 ? hex_digit(s.at[i + 2]) : -1;

			if (low < 0)
				return false;
			c = (char)(high * 16 + low);
			i += 2;
		}
		if (c == '\0' || len + 1 >= REDIS_TEXT_ROOM)
			return false;
		to[len++] = c;
	}
	to[len] = '\0';
	return true;
}

bool redis_number(struct span s, unsigned max, unsigned *out)
{
	unsigned n = 0;

	if (s.len == 0 || s.len > 5)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		if (s.at[i] < '0' || s.at[i] > '9')
			return false;
		n = n * 10 + (unsigned)(s.at[i] - '0');
	}
	*out = n;
	return n <= max;
}

static bool take_scheme(struct span *s, struct redis_url *u)
{
	static const struct {
		struct span begins;
		bool tls, sentinel, socket;
	} schemes[] = {
		{ SPAN("redis://"), false, false, false },
		{ SPAN("rediss://"), true, false, false },
		{ SPAN("redis+sentinel://"), false, true, false },
		{ SPAN("rediss+sentinel://"), true, true, false },
		{ SPAN("unix://"), false, false, true },
	};

	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
		if (!span_starts(*s, schemes[i].begins))
			continue;
		*s = span_skip(*s, schemes[i].begins.len);
		u->tls = schemes[i].tls;
		u->sentinel = schemes[i].sentinel;
		u->hosts = schemes[i].socket ? 1 : 0;
		return true;
	}
	return false;
}

/* What stands before the last @ of the authority. */
static bool take_login(struct span *s, size_t authority, struct redis_url *u)
{
	size_t at = authority;
	struct span login, user;

	while (at > 0 && s->at[at - 1] != '@')
		at--;
	if (at == 0)
		return true;
	login = (struct span){ s->at, at - 1 };
	*s = span_skip(*s, at);
	user = span_take(&login, ':');
	if (user.at + user.len + 1 == s->at &&
	    user.len > 0) /* no colon: that would be no password */
		return false;
	return take_text(user, u->user) && take_text(login, u->password);
}

static bool take_host(struct span s, struct redis_url *u)
{
	struct redis_host *h = &u->host[u->hosts];
	unsigned port = u->sentinel ? PORT_SENTINEL : PORT_REDIS;
	struct span name;

	if (u->hosts == REDIS_HOSTS_MAX)
		return false;
	if (s.len > 0 && s.at[0] == '[') {
		s = span_skip(s, 1);
		if (s.len == 0 || !memchr(s.at, ']', s.len))
			return false;
		name = span_take(&s, ']');
		if (s.len > 0 && span_take(&s, ':').len > 0)
			return false;
	} else {
		name = span_take(&s, ':');
		if (s.len == 0 && name.at[name.len] == ':')
			return false;
	}
	if (s.len > 0 && (!redis_number(s, UINT16_MAX, &port) || port == 0))
		return false;
	u->hosts++;
	h->port = (uint16_t)port;
	return name.len > 0 && span_copy(name, h->name, sizeof(h->name));
}

static bool take_hosts(struct span s, struct redis_url *u)
{
	if (s.len > 0 && s.at[s.len - 1] == ',')
		return false;
	do {
		if (!take_host(span_take(&s, ','), u))
			return false;
	} while (s.len > 0);
	return true;
}

static bool take_option(struct span name, struct span value, struct redis_url *u)
{
	const struct {
		struct span name;
		char *to;
	} texts[] = {
		{ SPAN("ca"), u->ca },
		{ SPAN("cert"), u->cert },
		{ SPAN("key"), u->key },
		{ SPAN("sentinel_user"), u->sentinel_user },
		{ SPAN("sentinel_password"), u->sentinel_password },
	};

	if (span_eq(name, SPAN("db")))
		return redis_number(value, UINT16_MAX, &u->db);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (span_eq(name, texts[i].name))
			return value.len > 0 && take_text(value, texts[i].to);
	return false;
}

static bool take_options(struct span s, struct redis_url *u)
{
	while (s.len > 0) {
		struct span value = span_take(&s, '&');
		struct span name = span_take(&value, '=');

		if (!take_option(name, value, u))
			return false;
	}
	return true;
}

/* What follows the hosts: /master/db of Sentinels, /db of servers. */
static const char *take_path(struct span s, struct redis_url *u)
{
	if (u->sentinel) {
		if (!take_text(span_take(&s, '/'), u->master) || u->master[0] == '\0')
			return "the name of the master is missing: redis+sentinel://host/master";
	}
	if (s.len > 0 && !redis_number(s, UINT16_MAX, &u->db))
		return "what follows the last slash is no number of a database";
	return NULL;
}

static const char *take_socket(struct span s, struct redis_url *u)
{
	if (s.len == 0 || s.at[0] != '/' || !take_text(s, u->host[0].name))
		return "unix:// needs the whole path of a socket: unix:///run/redis/redis.sock";
	return NULL;
}

static const char *read_url(struct span s, struct redis_url *u)
{
	struct span rest = s, all, hosts;
	bool socket;

	if (!take_scheme(&rest, u))
		return "it begins neither with redis://, rediss://, redis+sentinel://, "
		       "rediss+sentinel:// nor unix://";
	socket = u->hosts == 1;
	all = span_take(&rest, '?');
	if (!take_options(rest, u))
		return "after the ? stands something else than db, ca, cert, key, sentinel_user "
		       "and sentinel_password";
	hosts = all;
	hosts = span_take(&hosts, '/');
	if (!take_login(&all, socket ? all.len : hosts.len, u))
		return "before the @ belongs user:password or :password, special characters as %XX";
	if (socket)
		return take_socket(all, u);
	hosts = span_take(&all, '/');
	if (!take_hosts(hosts, u))
		return "the hosts are not host:port,host:port";
	if ((u->cert[0] == '\0') != (u->key[0] == '\0'))
		return "cert and key go together";
	if (!u->tls && (u->ca[0] != '\0' || u->cert[0] != '\0'))
		return "ca, cert and key are for rediss:// only";
	return take_path(all, u);
}

enum err redis_url_read(struct span text, struct redis_url *out, const char **why)
{
	memset(out, 0, sizeof(*out));
	*why = read_url(text, out);
	return *why ? ERR_GARBLED : ERR_OK;
}
