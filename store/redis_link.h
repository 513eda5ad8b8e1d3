/* redis_link.h - one connection: looked up, dialled, shaken, greeted, and then in use.
 *
 *   DOWN --redis_link_dial--> LOOKUP -> DIALING [-> SHAKING] -> GREETING -> UP
 *    ^------------------------- anything that fails ------------------------'
 *
 * A server is greeted with AUTH, SELECT, INFO and SCRIPT LOAD; a Sentinel with AUTH and the
 * question for its master. When to dial again is the owner's business.
 *
 * Promise  each command sent is answered once and in order: with the reply, or with an error
 *          when the connection ends. Nothing waits, and no callback happens but in
 *          redis_link_turn() and redis_link_close().
 * Threads  none.
 */
#ifndef STORE_REDIS_LINK_H
#define STORE_REDIS_LINK_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/buf.h"
#include "base/clk.h"
#include "base/err.h"
#include "base/must.h"
#include "store/redis_tls.h"
#include "store/redis_url.h"

struct addrinfo;
struct redis_dns;
struct redisReader;
struct redisReply;
struct redis_link;

#define REDIS_CONNECT_US US_PER_SEC /* for dialling to greeting, each address */
#define REDIS_STALL_US   US_PER_SEC /* an answer that takes longer ends the connection */

enum redis_link_state {
	LINK_DOWN,
	LINK_LOOKUP,
	LINK_DIALING,
	LINK_SHAKING,
	LINK_GREETING,
	LINK_UP
};

/* A command under way. Its owner embeds it; it must live until `answered`, where reply is NULL
 * if and only if e is not ERR_OK. An error reply is a reply. */
struct redis_ask {
	struct redis_ask *next;
	struct mono sent;
	void (*answered)(struct redis_ask *a, struct redis_link *l, enum err e,
			 const struct redisReply *reply);
};

struct redis_server { /* what INFO said, at the greeting */
	bool master, cluster, loading, evicts;
	char history[41]; /* master_replid */
};

struct redis_link_setup {
	const struct redis_url *url;   /* borrowed */
	struct redis_tls_context *tls; /* borrowed; NULL: none */
	struct span script;
	bool sentinel;
	uint64_t *commands; /* counts what is sent */
	void (*on_up)(struct redis_link *l);
	void (*on_down)(struct redis_link *l, const char *why); /* after all were answered */
	void *owner;
};

#define REDIS_GREETINGS 4
#define REDIS_WHY_ROOM  200

struct redis_link {
	struct redis_link_setup setup;
	enum redis_link_state state;
	struct redis_host host;
	struct redis_server server; /* UP */
	struct redis_host found;    /* a Sentinel's answer; UP */
	char script_sha[41];        /* UP */
	uint32_t failures;          /* since it was last UP; the owner may read it */
	struct mono due;            /* the owner's while DOWN: when to dial; else a deadline */

	int fd;
	struct redis_dns *dns;
	const struct addrinfo *address; /* the one being dialled */
	struct redis_tls *tls;
	struct redisReader *reader;
	struct buf out;
	struct redis_ask *first, **last; /* under way, oldest first */
	struct redis_greeting {
		struct redis_ask ask;
		enum redis_greeting_kind {
			GREET_AUTH,
			GREET_SELECT,
			GREET_INFO,
			GREET_SCRIPT,
			GREET_MASTER
		} kind;
	} greeting[REDIS_GREETINGS];
	unsigned greetings;       /* not yet answered */
	char why[REDIS_WHY_ROOM]; /* not empty: to be closed for this */
};

/* A link that is DOWN. */
void redis_link_init(struct redis_link *l, const struct redis_link_setup *s);

/* Closes it without a word to on_down; it is DOWN and may be dialled again. */
void redis_link_release(struct redis_link *l);

/* Begins to connect to the host; only when DOWN. */
void redis_link_dial(struct redis_link *l, const struct redis_host *host);

/* Sends a command of n words; false: no room, and nothing is sent. Only when UP. */
bool redis_link_send(struct redis_link *l, struct redis_ask *a, const struct span *words,
		     size_t n) MUST_USE;

/* Has the oldest command been without an answer for that long? */
bool redis_link_stalls(const struct redis_link *l, uint64_t us);

/* Marks the connection as one to be ended at the next redis_link_turn(), and why. */
void redis_link_doom(struct redis_link *l, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Was that done? Then it takes no more commands. */
static inline bool redis_link_is_doomed(const struct redis_link *l)
{
	return l->why[0] != '\0';
}

/* Writes what was sent now and not at the next turn. */
void redis_link_flush(struct redis_link *l);

/* The descriptor to poll, or -1, and for what. */
int redis_link_watch(const struct redis_link *l, short *events);

/* When to call redis_link_turn() at the latest; 0: whenever. */
struct mono redis_link_due(const struct redis_link *l);

/* Goes on after poll(). */
void redis_link_turn(struct redis_link *l, short revents);

#endif
