/* redis.h - runs one script on Redis, wherever its keys are, without ever waiting.
 *
 *                      +--> redis_link (one connection) --> a server
 *   redis_eval --call--+--> redis_link ------------------> another node of the Cluster
 *                      +--> redis_link ------------------> a Sentinel, for where the master is
 *
 * Promise  each call is answered once: with what the script returned, or with an error after
 *          deadline_us at most. An error says nothing about whether the script ran.
 *          A call whose script surely did not run (no script yet, moved to another node) is
 *          sent on by itself, within its deadline. A connection that has not answered for a
 *          deadline takes no more calls until it does; after STALL_US it is given up.
 * Cluster  redirections are followed. The script is told, in its first argument, the history
 *          (master_replid) of the master that handed the keys over in good order; a node that
 *          took over from a master that failed is not vouched for.
 * Threads  one at a time; nothing here waits, but the caller in poll().
 * Limit    REDIS_CALLS_MAX under way, REDIS_NODES_MAX connections.
 */
#ifndef STORE_REDIS_H
#define STORE_REDIS_H
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/clk.h"
#include "base/err.h"
#include "base/must.h"
#include "base/span.h"
#include "store/redis_reply.h"
#include "store/redis_url.h"

#define REDIS_CALLS_MAX 65536
#define REDIS_NODES_MAX 64
#define REDIS_WORDS_MAX 128 /* of a call, keys and arguments */

struct redis;

/* What a call came to; words are borrowed for the callback, none when e is not ERR_OK.
 * ERR_AWAY: not connected, or refused by the server; ERR_SLOW: no answer in time; ERR_GONE:
 * redis_free(); ERR_GARBLED: the script failed or the answer is not a list of words. */
typedef void redis_done(void *arg, enum err e, const struct span *word, size_t words);

struct redis_options {
	const struct redis_url *url; /* borrowed */
	struct span script;          /* borrowed */
	uint64_t deadline_us;
	uint64_t reconnect_max_us; /* between tries, on average; they begin with 20 ms */
};

#define REDIS_LATENCY_STEPS 16 /* answers below 64, 128, 256 us and so on; the rest */

struct redis_counts {
	uint64_t calls, answers;
	uint64_t refused[REPLY_CLASSES]; /* error replies, by class */
	uint64_t slow;                   /* calls that missed their deadline */
	uint64_t not_sent;               /* calls without a server to send them to */
	uint64_t lost;                   /* calls whose connection broke */
	uint64_t connects;
	uint64_t breaks;   /* connections that ended, and those that never came to be */
	uint64_t commands; /* everything sent, our own questions included */
	uint64_t latency_us_sum, latency_us_max;
	uint64_t latency[REDIS_LATENCY_STEPS];
	bool evicts; /* a server's maxmemory-policy is not noeviction */
};

/* Nothing is connected before the first redis_turn(). ERR_NOMEM; ERR_REFUSED: the TLS files
 * cannot be used, as *why (static text) says. */
enum err redis_new(const struct redis_options *o, struct redis **out, const char **why) MUST_USE;

/* Answers what is under way with ERR_GONE and frees. */
void redis_free(struct redis *r);

/* Runs the script where word[0], a key, lives; the first `keys` words are keys, the others
 * arguments, which the script sees after the one of redis.c. Copied. The callback comes from
 * redis_turn() or redis_free(), or not at all when this returns ERR_NOMEM. */
enum err redis_eval(struct redis *r, const struct span *word, size_t keys, size_t words,
		    redis_done *done, void *arg) MUST_USE;

/* What to poll for and, in *due, when to call redis_turn() at the latest. Room is for
 * REDIS_NODES_MAX + 1 at least. */
size_t redis_watch(struct redis *r, struct pollfd *fds, struct mono *due);

/* Goes on after poll(), with the same array. */
void redis_turn(struct redis *r, const struct pollfd *fds, size_t n);

/* Is there a server that takes calls? */
bool redis_up(const struct redis *r);

/* The counters. */
const struct redis_counts *redis_counts(const struct redis *r);

#endif
