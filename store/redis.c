/* redis.c - which server a call goes to, and what becomes of it when that was the wrong one.
 *
 *   WAITING --a link is up--> SENT --reply--> answered
 *      ^                       | |
 *      |     moved, asked: first asks the old node whether it is a master still (VOUCHING)
 *      '-----------------------' deadline: answered, but the reply is still to come (OVER)
 */
#include "store/redis.h"
#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/digest.h"
#include "base/log.h"
#include "store/redis_link.h"
#include "store/redis_slot.h"

#define TRIES_MAX        8
#define SOON_US          (2 * US_PER_MS)   /* before a TRYAGAIN is tried again */
#define RECONNECT_MIN_US (20 * US_PER_MS)  /* doubles with each failure */
#define MAP_EVERY_US     (200 * US_PER_MS) /* between questions for the Cluster's map */
#define RETIRE_FAILURES  16                /* a node that owns nothing is forgotten after */
#define NOBODY           UINT8_MAX         /* owns a slot */
#define HISTORY_ROOM     41

enum call_state {
	CALL_WAITING,
	CALL_SENT,
	CALL_VOUCHING, /* a question about it is under way */
	CALL_OVER      /* answered; stays for the reply that may still come */
};

struct call {
	struct redis_ask ask; /* must be the first */
	struct redis_ask asking;
	struct redis *owner;
	struct call *older, *newer; /* all that are not over */
	struct call *next_waiting;
	enum call_state state;
	bool queued; /* among those that wait */
	struct mono due, not_before;
	redis_done *done;
	void *arg;
	unsigned slot, tries;
	bool whole;                 /* the script goes along */
	bool redirected, ask_first; /* to `to`; with ASKING */
	struct redis_host to;
	char history[HISTORY_ROOM]; /* of who handed it over; empty: nobody */
	size_t keys, words;
	struct span word[];
};

struct redis {
	struct redis_options o;
	struct redis_tls_context *tls;
	struct redis_link *link[REDIS_NODES_MAX];
	unsigned links; /* places in use, some of them empty */
	unsigned seeds; /* the first ones, never forgotten */
	struct redis_link *sentinel;
	unsigned next_sentinel;
	bool sentinel_dialled;

	struct call *oldest, *newest;
	struct call *waiting, **last_waiting;
	bool fresh;   /* some of these have not been tried yet */
	size_t calls; /* with those that are over */

	bool cluster, map_wanted, map_asked;
	struct mono map_asked_at;
	struct redis_ask map_ask;
	uint8_t owner[REDIS_SLOTS]; /* places in link[] */

	struct redis_counts counts;
	enum redis_reply_class last_refusal;
	bool refused, was_up;
	uint64_t chance;
};

static void on_reply(struct redis_ask *a, struct redis_link *l, enum err e,
		     const struct redisReply *reply);

/* --- calls --- */

static struct call *call_new(struct redis *r, const struct span *word, size_t words)
{
	size_t bytes = 0, room;
	struct call *c;
	char *to;

	for (size_t i = 0; i < words; i++)
		bytes += word[i].len;
	room = sizeof(*c) + words * sizeof(struct span) + bytes;
	c = r->calls < REDIS_CALLS_MAX ? malloc(room) : NULL;
	if (!c)
		return NULL;
	memset(c, 0, sizeof(*c));
	to = (char *)(c->word + words);
	for (size_t i = 0; i < words; i++) {
		memcpy(to, word[i].at, word[i].len);
		c->word[i] = (struct span){ to, word[i].len };
		to += word[i].len;
	}
	c->words = words;
	r->calls++;
	return c;
}

static void call_free(struct redis *r, struct call *c)
{
	r->calls--;
	free(c);
}

/* Queues the call up for a server. */
static void queue_up(struct redis *r, struct call *c)
{
	c->state = CALL_WAITING;
	c->ask.answered = on_reply;
	if (c->queued)
		return;
	c->queued = true;
	c->next_waiting = NULL;
	*r->last_waiting = c;
	r->last_waiting = &c->next_waiting;
}

/* Answers; what still has a reply to come, or is queued up, stays until then. */
static void finish(struct redis *r, struct call *c, enum err e, const struct span *word,
		   size_t words)
{
	bool under_way = c->state == CALL_SENT || c->state == CALL_VOUCHING || c->queued;

	MUST(c->state != CALL_OVER);
	*(c->older ? &c->older->newer : &r->oldest) = c->newer;
	*(c->newer ? &c->newer->older : &r->newest) = c->older;
	c->state = CALL_OVER;
	c->done(c->arg, e, word, words);
	if (!under_way)
		call_free(r, c);
}

/* The same for one whose reply is here. */
static void finish_sent(struct redis *r, struct call *c, enum err e, const struct span *word,
			size_t words)
{
	c->state = CALL_WAITING;
	finish(r, c, e, word, words);
}

/* --- links --- */

static uint64_t chance(struct redis *r, uint64_t below)
{
	r->chance = r->chance * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return below > 0 ? (r->chance >> 33) % below : 0;
}

/* When to dial after so many failures: not all processes at the same instant. */
static struct mono redial_at(struct redis *r, uint32_t failures)
{
	uint64_t us = RECONNECT_MIN_US << (failures < 8 ? failures : 8);

	if (us > r->o.reconnect_max_us)
		us = r->o.reconnect_max_us;
	return (struct mono){ clk_mono().us + us / 2 + chance(r, us) };
}

static void on_up(struct redis_link *l);
static void on_down(struct redis_link *l, const char *why);

static struct redis_link *link_new(struct redis *r, const struct redis_host *host, bool sentinel)
{
	struct redis_link *l = calloc(1, sizeof(*l));
	struct redis_link_setup s = {
		.url = r->o.url,
		.tls = r->tls,
		.script = r->o.script,
		.sentinel = sentinel,
		.commands = &r->counts.commands,
		.on_up = on_up,
		.on_down = on_down,
		.owner = r,
	};

	if (!l)
		return NULL;
	redis_link_init(l, &s);
	l->host = *host;
	return l;
}

static void link_free(struct redis_link *l)
{
	if (l)
		redis_link_release(l);
	free(l);
}

static bool same_host(const struct redis_host *a, const struct redis_host *b)
{
	return a->port == b->port && strcmp(a->name, b->name) == 0;
}

/* The place of this node's link, found or made; NOBODY when there is no room. */
static unsigned node_at(struct redis *r, const struct redis_host *host)
{
	unsigned free_place = r->links;

	for (unsigned i = 0; i < r->links; i++) {
		if (!r->link[i])
			free_place = i;
		else if (same_host(&r->link[i]->host, host))
			return i;
	}
	if (free_place == REDIS_NODES_MAX)
		return NOBODY;
	r->link[free_place] = link_new(r, host, false);
	if (!r->link[free_place])
		return NOBODY;
	if (free_place == r->links)
		r->links++;
	return free_place;
}

/* May calls wait for it? While it connects, and before the first try has failed. */
static bool is_coming(const struct redis_link *l)
{
	return l->state != LINK_UP && l->failures == 0;
}

/* A server for whatever it is: one that is up, else one that is coming, else NULL. */
static struct redis_link *any_link(const struct redis *r)
{
	struct redis_link *coming = NULL;

	for (unsigned i = 0; i < r->links; i++) {
		struct redis_link *l = r->link[i];

		if (l && l->state == LINK_UP && !redis_link_is_doomed(l))
			return l;
		if (l && is_coming(l))
			coming = l;
	}
	return coming;
}

static struct redis_link *link_for(struct redis *r, const struct call *c)
{
	unsigned at = r->cluster ? r->owner[c->slot] : NOBODY;

	if (c->redirected)
		at = node_at(r, &c->to);
	if (at == NOBODY)
		return c->redirected ? NULL : any_link(r);
	return r->link[at];
}

/* --- sending --- */

static bool send_call(struct redis *r, struct redis_link *l, struct call *c)
{
	static const struct span asking = { "ASKING", 6 };
	struct span word[REDIS_WORDS_MAX + 4];
	char keys[8];
	size_t n = 0;

	if (c->ask_first && !redis_link_send(l, &c->asking, &asking, 1))
		return false;
	word[n++] = c->whole ? SPAN("EVAL") : SPAN("EVALSHA");
	word[n++] = c->whole ? r->o.script : span_of(l->script_sha);
	word[n] = (struct span){ keys, (size_t)snprintf(keys, sizeof(keys), "%zu", c->keys) };
	n++;
	for (size_t i = 0; i < c->words; i++) {
		if (i == c->keys)
			word[n++] = span_of(c->history);
		word[n++] = c->word[i];
	}
	if (!redis_link_send(l, &c->ask, word, n)) {
		if (c->ask_first)
			redis_link_doom(l, "out of memory");
		return false;
	}
	if (c->redirected && !c->ask_first) /* not before: those that follow are not vouched for */
		r->owner[c->slot] = (uint8_t)node_at(r, &c->to);
	c->state = CALL_SENT;
	c->tries++;
	return true;
}

/* Is there reason to hope that the call can be sent soon? */
static bool may_hope(const struct redis *r, const struct redis_link *l, const struct call *c)
{
	if (r->cluster && r->map_asked && !c->redirected && r->owner[c->slot] == NOBODY)
		return true;
	return l && (is_coming(l) || redis_link_is_doomed(l));
}

/* Sends the call, lets it wait, or answers that there is nobody to send it to. */
static void place(struct redis *r, struct call *c)
{
	struct redis_link *l = link_for(r, c);
	enum err e = ERR_AWAY;

	if (may_hope(r, l, c)) {
		queue_up(r, c);
		return;
	}
	if (l && l->state == LINK_UP && c->tries < TRIES_MAX) {
		e = ERR_SLOW;
		if (!redis_link_stalls(l, r->o.deadline_us)) {
			if (send_call(r, l, c))
				return;
			e = ERR_NOMEM;
		}
	} else if (r->cluster) {
		r->map_wanted = true;
	}
	r->counts.not_sent++;
	finish(r, c, e, NULL, 0);
}

static void place_waiting(struct redis *r)
{
	struct call *c = r->waiting, *next;

	r->waiting = NULL;
	r->last_waiting = &r->waiting;
	r->fresh = false;
	for (; c; c = next) {
		next = c->next_waiting;
		c->queued = false;
		if (c->state == CALL_OVER)
			call_free(r, c);
		else if (clk_mono().us < c->not_before.us)
			queue_up(r, c);
		else {
			c->not_before.us = 0;
			place(r, c);
		}
	}
}

/* --- the Cluster --- */

static struct span text_of(const struct redisReply *r)
{
	return r->str ? (struct span){ r->str, r->len } : SPAN("");
}

/* [from, to, [address, port, ...], ...]. Slots whose owner answers stay with it: it says itself
 * where they went, and vouches for that. */
static void take_range(struct redis *r, const struct redis_link *l, const struct redisReply *range)
{
	struct redis_host host = { .port = 0 };
	const struct redisReply *node;
	long long from, to;
	unsigned at;

	if (range->type != REDIS_REPLY_ARRAY || range->elements < 3)
		return;
	node = range->element[2];
	from = range->element[0]->integer;
	to = range->element[1]->integer;
	if (node->type != REDIS_REPLY_ARRAY || node->elements < 2 || from < 0 ||
	    to >= REDIS_SLOTS || node->element[1]->integer > UINT16_MAX)
		return;
	host.port = (uint16_t)node->element[1]->integer;
	span_copy(text_of(node->element[0]), host.name, sizeof(host.name));
	if (host.name[0] == '\0' || strcmp(host.name, "?") == 0)
		memcpy(host.name, l->host.name, sizeof(host.name));
	at = host.port > 0 ? node_at(r, &host) : NOBODY;
	for (long long slot = from; slot <= to && at != NOBODY; slot++) {
		uint8_t *owner = &r->owner[slot];

		if (*owner == NOBODY || !r->link[*owner] || r->link[*owner]->state != LINK_UP)
			*owner = (uint8_t)at;
	}
}

static void on_map(struct redis_ask *a, struct redis_link *l, enum err e,
		   const struct redisReply *reply)
{
	struct redis *r = l->setup.owner;

	(void)a;
	r->map_asked = false;
	if (e != ERR_OK || reply->type != REDIS_REPLY_ARRAY)
		return;
	for (size_t i = 0; i < reply->elements; i++)
		take_range(r, l, reply->element[i]);
}

static void tend_map(struct redis *r)
{
	static const struct span words[] = { { "CLUSTER", 7 }, { "SLOTS", 5 } };
	struct redis_link *l = any_link(r);

	if (!r->map_wanted || r->map_asked || !l || l->state != LINK_UP ||
	    (r->map_asked_at.us > 0 && clk_since_us(r->map_asked_at) < MAP_EVERY_US))
		return;
	r->map_ask.answered = on_map;
	r->map_asked = redis_link_send(l, &r->map_ask, words, 2);
	r->map_asked_at = clk_mono();
	r->map_wanted = false;
}

/* --- answers --- */

static void say_refused(struct redis *r, const struct redis_link *l, struct span text,
			enum redis_reply_class class)
{
	if (r->refused && r->last_refusal == class)
		return;
	r->refused = true;
	r->last_refusal = class;
	log_event(LOG_LEVEL_WARN, "redis_refuses", "%s:%u: \"%.*s\": %s", l->host.name,
		  l->host.port, (int)(text.len < 200 ? text.len : 200), text.at,
		  redis_reply_advice(text));
}

/* The old node said whether it is a master, that is, whether it handed the slot over. */
static void on_vouched(struct redis_ask *a, struct redis_link *l, enum err e,
		       const struct redisReply *reply)
{
	struct call *c = (struct call *)(void *)a;
	struct redis *r = c->owner;
	struct span text = e == ERR_OK ? text_of(reply) : SPAN("");
	const char *at = text.len > 0 ? strstr(text.at, "master_replid:") : NULL;

	(void)l;
	if (at && strstr(text.at, "role:master")) {
		struct span value = span_of(at + strlen("master_replid:"));

		span_copy(span_take(&value, '\r'), c->history, sizeof(c->history));
	}
	if (c->state == CALL_OVER)
		call_free(r, c);
	else
		queue_up(r, c);
}

/* MOVED or ASK. */
static bool redirect(struct redis_link *l, struct call *c, struct span text)
{
	static const struct span words[] = { { "INFO", 4 }, { "replication", 11 } };

	c->ask_first = redis_reply_class(text) == REPLY_ask;
	if (!redis_reply_redirect(text, &c->slot, &c->to))
		return false;
	if (c->to.name[0] == '\0')
		memcpy(c->to.name, l->host.name, sizeof(c->to.name));
	c->redirected = true;
	c->history[0] = '\0';
	c->ask.answered = on_vouched;
	c->state = CALL_VOUCHING;
	if (!redis_link_is_doomed(l) && redis_link_send(l, &c->ask, words, 2))
		return true;
	c->state = CALL_WAITING;
	return false;
}

static void again(struct redis *r, struct call *c, uint64_t after_us)
{
	c->redirected = c->ask_first = false;
	c->not_before.us = clk_mono().us + after_us;
	queue_up(r, c);
}

/* An error reply: the script did not run, or failed. */
static void on_refusal(struct redis *r, struct redis_link *l, struct call *c, struct span text)
{
	enum redis_reply_class class = redis_reply_class(text);

	r->counts.refused[class]++;
	if (class == REPLY_script && !c->whole) {
		c->whole = true;
		queue_up(r, c);
	} else if (class == REPLY_moved || class == REPLY_ask) {
		if (!redirect(l, c, text))
			finish_sent(r, c, ERR_AWAY, NULL, 0);
	} else if (class == REPLY_soon) {
		again(r, c, SOON_US);
	} else if (class == REPLY_replica) {
		redis_link_doom(l, "it has become a replica");
		again(r, c, 0);
	} else {
		say_refused(r, l, text, class);
		r->map_wanted = r->map_wanted || r->cluster;
		finish_sent(r, c, class == REPLY_other ? ERR_GARBLED : ERR_AWAY, NULL, 0);
	}
}

static void note_latency(struct redis_counts *n, uint64_t us)
{
	unsigned step = 0;

	while (step + 1 < REDIS_LATENCY_STEPS && us >= UINT64_C(64) << step)
		step++;
	n->latency[step]++;
	n->latency_us_sum += us;
	if (us > n->latency_us_max)
		n->latency_us_max = us;
}

static void on_words(struct redis *r, struct call *c, const struct redisReply *reply)
{
	struct span word[REDIS_WORDS_MAX];

	if (reply->type != REDIS_REPLY_ARRAY || reply->elements > REDIS_WORDS_MAX) {
		finish_sent(r, c, ERR_GARBLED, NULL, 0);
		return;
	}
	for (size_t i = 0; i < reply->elements; i++)
		word[i] = text_of(reply->element[i]);
	r->counts.answers++;
	r->refused = false;
	finish_sent(r, c, ERR_OK, word, reply->elements);
}

static void on_reply(struct redis_ask *a, struct redis_link *l, enum err e,
		     const struct redisReply *reply)
{
	struct call *c = (struct call *)(void *)a;
	struct redis *r = c->owner;

	if (e == ERR_OK)
		note_latency(&r->counts, clk_since_us(a->sent));
	if (c->state == CALL_OVER) {
		call_free(r, c);
	} else if (e != ERR_OK) {
		r->counts.lost++;
		finish_sent(r, c, e, NULL, 0);
	} else if (reply->type == REDIS_REPLY_ERROR) {
		on_refusal(r, l, c, text_of(reply));
	} else {
		on_words(r, c, reply);
	}
}

/* The reply to ASKING comes before that of its call, which says it all. */
static void on_asking(struct redis_ask *a, struct redis_link *l, enum err e,
		      const struct redisReply *reply)
{
	(void)a;
	(void)l;
	(void)e;
	(void)reply;
}

/* --- how links come and go --- */

static void on_up(struct redis_link *l)
{
	struct redis *r = l->setup.owner;

	if (l->setup.sentinel)
		return;
	if (!l->server.cluster && r->seeds > 1) {
		redis_link_doom(l, "it is no Cluster: name one server, or the Sentinels");
		return;
	}
	r->counts.connects++;
	r->counts.evicts = l->server.evicts;
	if (l->server.evicts)
		log_event(
		    LOG_LEVEL_WARN, "redis_evicts",
		    "%s:%u may throw accounts away: set its maxmemory-policy to noeviction, or "
		    "budgets stand still after each that is lost",
		    l->host.name, l->host.port);
	if (l->server.cluster && !r->cluster) {
		r->cluster = true;
		r->map_wanted = true;
	}
}

static void on_down(struct redis_link *l, const char *why)
{
	struct redis *r = l->setup.owner;

	l->due = redial_at(r, l->failures);
	r->counts.breaks++;
	r->map_wanted = r->map_wanted || r->cluster;
	if (l->setup.sentinel)
		log_event(l->failures == r->o.url->hosts ? LOG_LEVEL_WARN : LOG_LEVEL_DEBUG,
			  "redis_lost", "Sentinel %s:%u: %s", l->host.name, l->host.port, why);
	else
		log_event(l->failures == 1 ? LOG_LEVEL_WARN : LOG_LEVEL_DEBUG, "redis_lost",
			  "%s:%u: %s", l->host.name, l->host.port, why);
}

/* Asks one Sentinel after the other where the master is, and dials that. */
static void tend_sentinel(struct redis *r)
{
	struct redis_link *s = r->sentinel, *l = r->link[0];

	if (l->state != LINK_DOWN)
		return;
	if (s->state == LINK_UP) {
		redis_link_dial(l, &s->found);
		redis_link_release(s);
		r->sentinel_dialled = false;
	} else if (s->state == LINK_DOWN && r->sentinel_dialled) {
		r->sentinel_dialled = false;
		l->failures++;
		l->due = redial_at(r, s->failures / r->o.url->hosts);
	} else if (s->state == LINK_DOWN && clk_mono().us >= l->due.us) {
		r->sentinel_dialled = true;
		redis_link_dial(s, &r->o.url->host[r->next_sentinel]);
		r->next_sentinel = (r->next_sentinel + 1) % r->o.url->hosts;
	}
}

static bool owns_slots(const struct redis *r, unsigned at)
{
	return memchr(r->owner, (int)at, sizeof(r->owner)) != NULL;
}

/* Dials what is down and due; forgets nodes that have left the Cluster. */
static void tend_link(struct redis *r, unsigned at)
{
	struct redis_link *l = r->link[at];

	if (!l || l->state != LINK_DOWN)
		return;
	if (at >= r->seeds && l->failures >= RETIRE_FAILURES && !owns_slots(r, at)) {
		link_free(l);
		r->link[at] = NULL;
	} else if (clk_mono().us >= l->due.us) {
		redis_link_dial(l, &l->host);
	}
}

static void tend_links(struct redis *r)
{
	if (r->sentinel)
		tend_sentinel(r);
	else
		for (unsigned i = 0; i < r->links; i++)
			tend_link(r, i);
}

/* --- the outside --- */

enum err redis_new(const struct redis_options *o, struct redis **out, const char **why)
{
	struct redis *r = calloc(1, sizeof(*r));
	enum err e = ERR_NOMEM;

	*why = "out of memory";
	if (!r)
		return ERR_NOMEM;
	r->o = *o;
	r->last_waiting = &r->waiting;
	memset(r->owner, NOBODY, sizeof(r->owner));
	digest_random(&r->chance, sizeof(r->chance));
	if (o->url->tls) {
		e = redis_tls_context_new(o->url, &r->tls, why);
		if (e != ERR_OK)
			goto out;
	}
	e = ERR_NOMEM;
	r->seeds = o->url->sentinel ? 1 : o->url->hosts;
	for (unsigned i = 0; i < r->seeds; i++) {
		r->link[i] = link_new(r, &o->url->host[i], false);
		if (!r->link[i])
			goto out;
		r->links++;
	}
	if (o->url->sentinel)
		r->sentinel = link_new(r, &o->url->host[0], true);
	if (!o->url->sentinel || r->sentinel)
		e = ERR_OK;
out:
	if (e != ERR_OK) {
		redis_free(r);
		return e;
	}
	*why = NULL;
	*out = r;
	return ERR_OK;
}

void redis_free(struct redis *r)
{
	if (!r)
		return;
	while (r->oldest)
		finish(r, r->oldest, ERR_GONE, NULL, 0);
	for (unsigned i = 0; i < r->links; i++)
		link_free(r->link[i]);
	link_free(r->sentinel);
	place_waiting(r); /* all over */
	redis_tls_context_free(r->tls);
	free(r);
}

enum err redis_eval(struct redis *r, const struct span *word, size_t keys, size_t words,
		    redis_done *done, void *arg)
{
	struct call *c;

	MUST(keys >= 1 && words > keys && words <= REDIS_WORDS_MAX);
	c = call_new(r, word, words);
	if (!c)
		return ERR_NOMEM;
	c->owner = r;
	c->keys = keys;
	c->slot = redis_slot(word[0]);
	c->done = done;
	c->arg = arg;
	c->due.us = clk_mono().us + r->o.deadline_us;
	c->asking.answered = on_asking;
	c->older = r->newest;
	*(r->newest ? &r->newest->newer : &r->oldest) = c;
	r->newest = c;
	queue_up(r, c);
	r->fresh = true;
	r->counts.calls++;
	return ERR_OK;
}

static void sooner(struct mono *due, struct mono than)
{
	if (than.us > 0 && than.us < due->us)
		*due = than;
}

/* Puts a link into the array, if it has a descriptor. */
static size_t watch_link(const struct redis_link *l, struct pollfd *fds, size_t n)
{
	short events;
	int fd = l ? redis_link_watch(l, &events) : -1;

	if (fd >= 0)
		fds[n++] = (struct pollfd){ .fd = fd, .events = events };
	return n;
}

/* When something has to be done for a link that nobody polls for. While a Sentinel is asked,
 * the master's link waits for that. */
static struct mono link_due(const struct redis *r, const struct redis_link *l)
{
	bool waits = l && r->sentinel && l->state == LINK_DOWN &&
		     (l == r->sentinel || r->sentinel->state != LINK_DOWN);

	return l && !waits ? redis_link_due(l) : (struct mono){ 0 };
}

size_t redis_watch(struct redis *r, struct pollfd *fds, struct mono *due)
{
	size_t n = watch_link(r->sentinel, fds, 0);

	due->us = clk_mono().us + (r->fresh ? 0 : US_PER_SEC);
	sooner(due, link_due(r, r->sentinel));
	for (unsigned i = 0; i < r->links; i++) {
		n = watch_link(r->link[i], fds, n);
		sooner(due, link_due(r, r->link[i]));
	}
	if (r->oldest)
		sooner(due, r->oldest->due);
	for (const struct call *c = r->waiting; c; c = c->next_waiting)
		sooner(due, c->not_before);
	return n;
}

static void turn_link(struct redis_link *l, const struct pollfd *fds, size_t n)
{
	short revents = 0;

	if (!l)
		return;
	for (size_t i = 0; i < n && l->fd >= 0; i++)
		if (fds[i].fd == l->fd)
			revents = fds[i].revents;
	redis_link_turn(l, revents);
}

static void end_overdue(struct redis *r)
{
	while (r->oldest && clk_mono().us >= r->oldest->due.us) {
		r->counts.slow++;
		finish(r, r->oldest, ERR_SLOW, NULL, 0);
	}
}

/* Tells the log about the first and the last server that takes calls. */
static void tell_up(struct redis *r)
{
	bool up = redis_up(r);

	if (up != r->was_up)
		log_event(up ? LOG_LEVEL_INFO : LOG_LEVEL_WARN, up ? "redis_up" : "redis_away",
			  "%s", up ? "limits are shared again" : "no server takes calls");
	r->was_up = up;
}

void redis_turn(struct redis *r, const struct pollfd *fds, size_t n)
{
	clk_refresh();
	for (unsigned i = 0; i < r->links; i++)
		turn_link(r->link[i], fds, n);
	turn_link(r->sentinel, fds, n);
	tend_links(r);
	tend_map(r);
	end_overdue(r);
	place_waiting(r);
	for (unsigned i = 0; i < r->links; i++)
		if (r->link[i])
			redis_link_flush(r->link[i]);
	tell_up(r);
}

bool redis_up(const struct redis *r)
{
	const struct redis_link *l = any_link(r);

	return l && l->state == LINK_UP;
}

const struct redis_counts *redis_counts(const struct redis *r)
{
	return &r->counts;
}
