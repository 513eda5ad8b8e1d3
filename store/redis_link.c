/* redis_link.c - the sockets are ours, the protocol is hiredis': its reader cuts the replies,
 * its formatter writes the commands. Its own connections would wait for name servers and know
 * no TLS. */
#include "store/redis_link.h"
#include <errno.h>
#include <fcntl.h>
#include <hiredis/hiredis.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include "store/redis_dns.h"
#include "store/redis_reply.h"

#define OUT_BYTES_MAX   (16u << 20)
#define REPLY_BYTES_MAX (4u << 20) /* read and not yet a whole reply */
#define READ_BYTES      16384
#define LOOKUP_US       (5 * US_PER_MS) /* between looks at a search for addresses */
#define WORDS_MAX       160

void redis_link_init(struct redis_link *l, const struct redis_link_setup *s)
{
	memset(l, 0, sizeof(*l));
	l->setup = *s;
	l->fd = -1;
	l->last = &l->first;
	buf_init(&l->out, OUT_BYTES_MAX);
}

void redis_link_doom(struct redis_link *l, const char *fmt, ...)
{
	va_list args;

	if (redis_link_is_doomed(l))
		return;
	va_start(args, fmt);
	vsnprintf(l->why, sizeof(l->why), fmt, args);
	va_end(args);
}

/* --- the end --- */

static void answer_all(struct redis_link *l, enum err e)
{
	struct redis_ask *a = l->first;

	l->first = NULL;
	l->last = &l->first;
	while (a) {
		struct redis_ask *next = a->next;

		a->answered(a, l, e, NULL);
		a = next;
	}
}

static void hang_up(struct redis_link *l)
{
	redis_tls_free(l->tls);
	l->tls = NULL;
	if (l->fd >= 0)
		close(l->fd);
	l->fd = -1;
	if (l->reader)
		redisReaderFree(l->reader);
	l->reader = NULL;
	buf_release(&l->out);
}

static void drop_addresses(struct redis_link *l)
{
	redis_dns_free(l->dns);
	l->dns = NULL;
	l->address = NULL;
}

static void go_down(struct redis_link *l)
{
	char why[REDIS_WHY_ROOM];

	memcpy(why, l->why, sizeof(why));
	l->why[0] = '\0';
	hang_up(l);
	drop_addresses(l);
	l->failures++;
	l->state = LINK_DOWN;
	answer_all(l, ERR_AWAY);
	l->setup.on_down(l, why);
}

void redis_link_release(struct redis_link *l)
{
	hang_up(l);
	drop_addresses(l);
	l->why[0] = '\0';
	l->state = LINK_DOWN;
	answer_all(l, ERR_GONE);
}

/* --- commands out --- */

static bool send_words(struct redis_link *l, struct redis_ask *a, const struct span *words,
		       size_t n)
{
	const char *at[WORDS_MAX];
	size_t len[WORDS_MAX];
	char *command;
	int bytes;
	bool fits;

	MUST(n <= WORDS_MAX);
	for (size_t i = 0; i < n; i++) {
		at[i] = words[i].at;
		len[i] = words[i].len;
	}
	bytes = redisFormatCommandArgv(&command, (int)n, at, len);
	if (bytes < 0)
		return false;
	fits = buf_add(&l->out, (struct span){ command, (size_t)bytes });
	redisFreeCommand(command);
	if (!fits)
		return false;
	a->next = NULL;
	a->sent = clk_mono();
	*l->last = a;
	l->last = &a->next;
	++*l->setup.commands;
	return true;
}

bool redis_link_send(struct redis_link *l, struct redis_ask *a, const struct span *words, size_t n)
{
	MUST(l->state == LINK_UP);
	return send_words(l, a, words, n);
}

bool redis_link_stalls(const struct redis_link *l, uint64_t us)
{
	return l->first && clk_since_us(l->first->sent) >= us;
}

/* --- the greeting --- */

static struct span text_of(const struct redisReply *r)
{
	return r->str ? (struct span){ r->str, r->len } : SPAN("");
}

/* The value of "name:value" in INFO's text. */
static struct span info_of(struct span info, struct span name)
{
	while (info.len > 0) {
		struct span value = span_take(&info, '\n');
		struct span found = span_take(&value, ':');

		if (value.len > 0 && value.at[value.len - 1] == '\r')
			value.len--;
		if (span_eq(found, name))
			return value;
	}
	return SPAN("");
}

static void read_info(struct redis_link *l, struct span info)
{
	struct redis_server *s = &l->server;
	struct span policy = info_of(info, SPAN("maxmemory_policy"));

	s->master = span_eq(info_of(info, SPAN("role")), SPAN("master"));
	s->cluster = span_eq(info_of(info, SPAN("redis_mode")), SPAN("cluster"));
	s->loading = span_eq(info_of(info, SPAN("loading")), SPAN("1"));
	s->evicts = policy.len > 0 && !span_eq(policy, SPAN("noeviction")) &&
		    !span_eq(info_of(info, SPAN("maxmemory")), SPAN("0"));
	span_copy(info_of(info, SPAN("master_replid")), s->history, sizeof(s->history));
	if (s->loading)
		redis_link_doom(l, "it is still reading its data");
	else if (!s->master && !s->cluster)
		redis_link_doom(l, "it is a replica, not the master");
}

static void read_master(struct redis_link *l, const struct redisReply *r)
{
	unsigned port;

	if (r->type == REDIS_REPLY_ARRAY && r->elements == 2 &&
	    redis_number(text_of(r->element[1]), UINT16_MAX, &port) &&
	    span_copy(text_of(r->element[0]), l->found.name, sizeof(l->found.name)))
		l->found.port = (uint16_t)port;
	else
		redis_link_doom(l, "this Sentinel knows no master '%.60s'", l->setup.url->master);
}

static void on_greeting(struct redis_ask *a, struct redis_link *l, enum err e,
			const struct redisReply *r)
{
	const struct redis_greeting *g = (const struct redis_greeting *)(const void *)a;

	if (e != ERR_OK)
		return;
	if (r->type == REDIS_REPLY_ERROR)
		redis_link_doom(l, "it says '%.*s': %s", (int)(r->len < 80 ? r->len : 80), r->str,
				redis_reply_advice(text_of(r)));
	else if (g->kind == GREET_INFO)
		read_info(l, text_of(r));
	else if (g->kind == GREET_MASTER)
		read_master(l, r);
	else if (g->kind == GREET_SCRIPT)
		span_copy(text_of(r), l->script_sha, sizeof(l->script_sha));
	if (--l->greetings > 0 || redis_link_is_doomed(l))
		return;
	l->state = LINK_UP;
	l->setup.on_up(l);
	if (!redis_link_is_doomed(l))
		l->failures = 0;
}

static bool greet(struct redis_link *l, enum redis_greeting_kind kind, const struct span *words,
		  size_t n)
{
	struct redis_greeting *g = &l->greeting[l->greetings++];

	g->kind = kind;
	g->ask.answered = on_greeting;
	return send_words(l, &g->ask, words, n);
}

static bool greet_login(struct redis_link *l, const char *user, const char *password)
{
	struct span words[3] = { SPAN("AUTH") };
	size_t n = 1;

	if (password[0] == '\0')
		return true;
	if (user[0] != '\0')
		words[n++] = span_of(user);
	words[n++] = span_of(password);
	return greet(l, GREET_AUTH, words, n);
}

static bool greet_sentinel(struct redis_link *l)
{
	const struct redis_url *u = l->setup.url;
	struct span words[] = { SPAN("SENTINEL"), SPAN("get-master-addr-by-name"),
				span_of(u->master) };

	return greet_login(l, u->sentinel_user, u->sentinel_password) &&
	       greet(l, GREET_MASTER, words, 3);
}

static bool greet_server(struct redis_link *l)
{
	const struct redis_url *u = l->setup.url;
	struct span info[] = { SPAN("INFO") };
	struct span script[] = { SPAN("SCRIPT"), SPAN("LOAD"), l->setup.script };
	char db[8];
	struct span select[] = { SPAN("SELECT"), { db, 0 } };

	select[1].len = (size_t)snprintf(db, sizeof(db), "%u", u->db);
	return greet_login(l, u->user, u->password) &&
	       (u->db == 0 || greet(l, GREET_SELECT, select, 2)) && greet(l, GREET_INFO, info, 1) &&
	       greet(l, GREET_SCRIPT, script, 3);
}

static void begin_greeting(struct redis_link *l)
{
	l->state = LINK_GREETING;
	l->greetings = 0;
	l->reader = redisReaderCreate();
	if (!l->reader || !(l->setup.sentinel ? greet_sentinel(l) : greet_server(l)))
		redis_link_doom(l, "out of memory");
}

/* --- dialling --- */

static void begin_talk(struct redis_link *l)
{
	if (!l->setup.tls) {
		begin_greeting(l);
		return;
	}
	l->tls = redis_tls_new(l->setup.tls, l->fd, l->host.name);
	l->state = LINK_SHAKING;
	if (!l->tls)
		redis_link_doom(l, "out of memory");
}

/* Dials one address; false, with errno, when that fails at once. */
static bool dial(struct redis_link *l, int family, const struct sockaddr *to, socklen_t len)
{
	int one = 1;

	l->fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (l->fd < 0)
		return false;
	if (family != AF_UNIX) {
		setsockopt(l->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
		setsockopt(l->fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof(one));
	}
	l->state = LINK_DIALING;
	l->due.us = clk_mono().us + REDIS_CONNECT_US;
	if (connect(l->fd, to, len) == 0) {
		begin_talk(l);
		return true;
	}
	return errno == EINPROGRESS;
}

static void dial_socket(struct redis_link *l)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };

	if (!span_copy(span_of(l->host.name), to.sun_path, sizeof(to.sun_path)))
		redis_link_doom(l, "the path is too long for a socket");
	else if (!dial(l, AF_UNIX, (const struct sockaddr *)(const void *)&to, sizeof(to)))
		redis_link_doom(l, "%s", strerror(errno));
}

/* Tries the addresses from this one on until one does not fail at once. */
static void dial_from(struct redis_link *l, const struct addrinfo *a)
{
	int error = EADDRNOTAVAIL;

	for (; a; a = a->ai_next) {
		l->address = a;
		if (dial(l, a->ai_family, a->ai_addr, a->ai_addrlen))
			return;
		error = errno;
		hang_up(l);
	}
	redis_link_doom(l, "%s", strerror(error));
}

static void step_lookup(struct redis_link *l)
{
	const struct addrinfo *found;
	enum err e = redis_dns_found(l->dns, &found);

	l->due.us = clk_mono().us + LOOKUP_US;
	if (e == ERR_OK)
		dial_from(l, found);
	else if (e != ERR_AGAIN)
		redis_link_doom(l, "there is no such host");
}

void redis_link_dial(struct redis_link *l, const struct redis_host *host)
{
	MUST(l->state == LINK_DOWN);
	if (host != &l->host)
		l->host = *host;
	l->state = LINK_LOOKUP;
	l->due = clk_mono();
	if (host->port == 0) {
		dial_socket(l);
		return;
	}
	l->dns = redis_dns_new(l->host.name, l->host.port);
	if (l->dns)
		step_lookup(l);
	else
		redis_link_doom(l, "out of memory");
}

static void step_dialing(struct redis_link *l)
{
	socklen_t len = sizeof(int);
	int error = 0;

	if (getsockopt(l->fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0)
		error = errno;
	if (error == 0) {
		begin_talk(l);
	} else if (l->address && l->address->ai_next) {
		hang_up(l);
		dial_from(l, l->address->ai_next);
	} else {
		redis_link_doom(l, "%s", strerror(error));
	}
}

static void step_shaking(struct redis_link *l)
{
	enum err e = redis_tls_shake(l->tls);

	if (e == ERR_OK)
		begin_greeting(l);
	else if (e == ERR_REFUSED)
		redis_link_doom(l, "TLS: we do not trust it, or it does not trust us");
	else if (e != ERR_AGAIN)
		redis_link_doom(l, "it hung up while TLS was being set up");
}

/* --- bytes in and out --- */

static enum err read_some(struct redis_link *l, char *to, size_t room, size_t *got)
{
	ssize_t n;

	if (l->tls)
		return redis_tls_read(l->tls, to, room, got);
	n = read(l->fd, to, room);
	*got = n > 0 ? (size_t)n : 0;
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? ERR_AGAIN : ERR_GONE;
	return n == 0 ? ERR_GONE : ERR_OK;
}

static enum err write_some(struct redis_link *l, const char *from, size_t len, size_t *put)
{
	ssize_t n;

	if (l->tls)
		return redis_tls_write(l->tls, from, len, put);
	n = send(l->fd, from, len, MSG_NOSIGNAL);
	*put = n > 0 ? (size_t)n : 0;
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? ERR_AGAIN : ERR_GONE;
	return ERR_OK;
}

/* Hands out whole replies; a callback may doom the link. */
static void answer_replies(struct redis_link *l)
{
	void *reply;

	while (!redis_link_is_doomed(l)) {
		struct redis_ask *a = l->first;

		if (redisReaderGetReply(l->reader, &reply) != REDIS_OK) {
			redis_link_doom(l, "it does not speak Redis' protocol");
			return;
		}
		if (!reply)
			return;
		if (!a) {
			redis_link_doom(l, "it answered what nobody asked");
		} else {
			l->first = a->next;
			if (!l->first)
				l->last = &l->first;
			a->answered(a, l, ERR_OK, reply);
		}
		freeReplyObject(reply);
	}
}

static void take_bytes(struct redis_link *l)
{
	char bytes[READ_BYTES];
	enum err e = ERR_OK;
	size_t got;

	while (e == ERR_OK && !redis_link_is_doomed(l)) {
		e = read_some(l, bytes, sizeof(bytes), &got);
		if (e != ERR_OK)
			break;
		if (redisReaderFeed(l->reader, bytes, got) != REDIS_OK)
			redis_link_doom(l, "out of memory");
		else
			answer_replies(l);
		if (!redis_link_is_doomed(l) && l->reader->len > REPLY_BYTES_MAX)
			redis_link_doom(l, "its answer is longer than any of ours");
	}
	if (e != ERR_OK && e != ERR_AGAIN)
		redis_link_doom(l, "it closed the connection");
}

static void give_bytes(struct redis_link *l)
{
	enum err e = ERR_OK;
	size_t put, done = 0;

	while (e == ERR_OK && done < l->out.len) {
		e = write_some(l, l->out.at + done, l->out.len - done, &put);
		if (e == ERR_OK)
			done += put;
	}
	buf_drop(&l->out, done);
	if (e != ERR_OK && e != ERR_AGAIN)
		redis_link_doom(l, "it closed the connection");
}

/* --- the owner's turn --- */

int redis_link_watch(const struct redis_link *l, short *events)
{
	*events = POLLIN;
	if (l->state == LINK_DIALING)
		*events = POLLOUT;
	else if (l->state == LINK_SHAKING)
		*events = redis_tls_events(l->tls);
	else if (l->out.len > 0)
		*events = POLLIN | POLLOUT;
	return l->fd;
}

void redis_link_flush(struct redis_link *l)
{
	if (l->state >= LINK_GREETING && !redis_link_is_doomed(l) && l->out.len > 0)
		give_bytes(l);
}

struct mono redis_link_due(const struct redis_link *l)
{
	struct mono due = l->due;

	if (redis_link_is_doomed(l))
		return clk_mono();
	if (l->state == LINK_UP)
		due.us = l->first ? l->first->sent.us + REDIS_STALL_US : 0;
	return due;
}

static void check_deadline(struct redis_link *l)
{
	struct mono due = redis_link_due(l);

	if (due.us == 0 || clk_mono().us < due.us)
		return;
	if (l->state == LINK_DIALING || l->state == LINK_SHAKING || l->state == LINK_GREETING)
		redis_link_doom(l, "no connection within %u ms",
				(unsigned)(REDIS_CONNECT_US / US_PER_MS));
	else if (l->state == LINK_UP)
		redis_link_doom(l, "no answer within %u ms",
				(unsigned)(REDIS_STALL_US / US_PER_MS));
}

void redis_link_turn(struct redis_link *l, short revents)
{
	if (l->state == LINK_DOWN)
		return;
	if (!redis_link_is_doomed(l) && l->state == LINK_LOOKUP && clk_mono().us >= l->due.us)
		step_lookup(l);
	if (!redis_link_is_doomed(l) && l->state == LINK_DIALING && revents != 0)
		step_dialing(l);
	if (!redis_link_is_doomed(l) && l->state == LINK_SHAKING)
		step_shaking(l);
	if (!redis_link_is_doomed(l) && l->state >= LINK_GREETING && revents != 0)
		take_bytes(l);
	redis_link_flush(l);
	if (!redis_link_is_doomed(l))
		check_deadline(l);
	if (redis_link_is_doomed(l))
		go_down(l);
}
