/* lease.h - limits that several processes share: each leases slices of them through Redis.
 *
 * What is limited in one window is an ACCOUNT, a hash in Redis. A process that uses it is a
 * MEMBER; its field says how much of the limit it may use in all (its GRANT), how much it has
 * used (spent and held), and how much of that the ledger is known to have (BOOKED). The BASE
 * is what those spent who are no members. A grant grows only while afterwards
 *
 *   base + all grants <= limit
 *
 * Everything a process tells is absolute: "I have used 7, give me 10 in all". So a lost answer,
 * a second try or an old command that arrives late (they are numbered) change nothing twice.
 *
 *   lease_ask -> [agent's thread -> Redis] -> answer()
 *   lease_settle -> look() -> the caller asks the ledger -> lease_base() -> settled()
 *
 * Promise 1  The sum. While a question is under way its process keeps to `floor`, and what is
 *            granted is at least that. So no process ever uses more than its field says: the
 *            field is written before the answer is read, and shrinks only to what the process
 *            had bound itself to before it asked.
 * Promise 2  The dead. A member that is not heard of counts in full. It goes when the ledger
 *            is asked (settle): its rows then count in the base. Two proofs let it go: a
 *            successor that holds the same state directory and has committed what was left
 *            there (books_closed), or a silence of give_up_us, which has to be longer than the
 *            longest request and the way of its row to the ledger.
 *            A slice that nobody renewed in time is over: it is renewed only as far as there
 *            is room, or while the lease it rests on (floor_until) has not ended.
 * Promise 3  Lost memory. Redis may forget: flushed, evicted, restarted from an old dump,
 *            failed over to a stale copy. Every server start and every promotion begins a new
 *            history with its own name, which the script reads from the server that runs it.
 *            A marker beside the accounts holds that name. No marker, or another name, begins
 *            a new EPOCH: bases are unknown again and nothing grows until the ledger has told
 *            them, and in any case for lease_us. Within that time every process that is alive
 *            and connected has told its grant again, and who could not has stopped: a grant is
 *            good until lease_us after the question for it was SENT (answer.good_until), which
 *            lies before the loss.
 *            Ending that time early, when all known members have told, would be wrong: who
 *            they are is just what may have been lost.
 * Promise 4  A new account needs no ledger and no waiting when its window began in this epoch
 *            and the limit had been there before (from_start).
 *
 * Not promised  Two masters that both accept writes (a split brain) each give out the limit:
 *            use min-replicas-to-write. A single account deleted by hand is not noticed, nor is
 *            a process that sleeps between looking at good_until and admitting. When memory is
 *            lost while a process is dead or cut off, what it had under way counts once its
 *            rows are in the ledger and someone settles. Redis' clock may leap, but not ahead
 *            by give_up_us.
 *
 * Using it   A call is admitted while used + its cost <= granted and now < good_until, without
 *            a question. Else it waits, and one question goes out for all that wait: floor =
 *            used, need = used + the first one's cost, want = used + all their costs and what
 *            may come soon (nothing, after LEASE_HUNGRY). A refusal is final when no mark but
 *            HUNGRY is set and leased - idle leaves less than need - used of the limit; else
 *            others hold what they do not use, and will give it back: ask again shortly. So
 *            that refusals are quick and right, ask again (floor = need = want = granted) when
 *            leased has reached the limit, as soon as what waited has been admitted.
 *
 * Clocks     Leases run on Redis' clock, their use on the process' monotonic one. Wall clocks
 *            only name windows; the agent's counts say how far ours is from Redis'.
 * Threads    one of the agent's own, on which all callbacks run; they must not wait. Asking:
 *            any thread. Start and stop: one thread.
 * Limit      LEASE_QUEUE_MAX questions under way.
 */
#ifndef STORE_LEASE_H
#define STORE_LEASE_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/clk.h"
#include "base/err.h"
#include "base/must.h"
#include "store/redis.h"

struct lease_agent;

#define LEASE_ID_MAX       255 /* bytes of what names a limit */
#define LEASE_INSTANCE_MAX 63
#define LEASE_QUEUE_MAX    65536

/* Who asks how much of what. */
struct lease_request {
	const char *id;     /* what is limited, in this deployment; copied */
	uint64_t window_us; /* the window's first instant; with id it names the account */
	uint64_t ends_us;   /* the first instant after it; 0: it never ends */
	int64_t limit;
	int64_t used;            /* spent and held by this process since it started */
	int64_t booked;          /* of used, what is certainly in the ledger */
	int64_t floor;           /* this process keeps to it until the answer; used <= floor */
	struct mono floor_until; /* the lease that floor rests on, where it is above used */
	int64_t need;            /* less than this is of no use; floor <= need */
	int64_t want;            /* the most; need <= want. To give back: floor = need = want */
	bool from_start;         /* nobody used it in this window without asking here */
	void *arg;               /* comes back with the answer */
};

/* Bits of lease_answer.marks. */
enum lease_mark {
	LEASE_NO_BASE = 1,  /* nothing grows before lease_settle() */
	LEASE_NOT_CALM = 2, /* nothing grows yet: members are telling what Redis lost */
	LEASE_SETTLE = 4,   /* settling may free something: at once when short, else at leisure */
	LEASE_HUNGRY = 8,   /* another member went short: give back what is idle */
	LEASE_CLOCKS = 16,  /* nothing grows: the window is days away from Redis' clock */
};

struct lease_answer {
	enum err err;            /* not ERR_OK: nothing is known but that floor is still ours */
	unsigned marks;          /* enum lease_mark, or-ed */
	int64_t granted;         /* may be used here in all: floor; need to want; or, where the
				    lease below it had ended, no more than `used` was */
	int64_t leased;          /* the base and everybody's grants */
	int64_t spent;           /* the base and what everybody had used when they last told */
	int64_t idle;            /* what the other living members were granted and do not use */
	uint64_t calm_in_us;     /* with LEASE_NOT_CALM: how long that lasts */
	uint64_t epoch;          /* another number after Redis lost its memory */
	struct mono good_until;  /* nobody else can be given our slice before */
	struct mono known_until; /* ... unless Redis loses its memory while we are cut off */
};

/* Closes the account's books on members that are gone, and sets its base. */
struct lease_settlement {
	const char *id;
	uint64_t window_us, ends_us;
	bool books_closed; /* this instance's earlier processes are gone, their rows committed */
	void *arg;
};

struct lease_callbacks { /* on the agent's thread */
	void *ctx;

	/* The answer to one request. */
	void (*answer)(void *ctx, void *arg, const struct lease_answer *a);

	/* Now find out what all rows in the ledger spent in the account's window, and call
	 * lease_base() with it, from any thread; rows committed later do not matter. */
	void (*look)(void *ctx, void *arg, uint64_t ticket);

	/* The settlement ended. ERR_AGAIN: members came or went meanwhile; start anew. */
	void (*settled)(void *ctx, void *arg, enum err e);

	/* Every lease_us / 4, and at once when Redis has come back: ask again for whatever has
	 * a slice, holds something, or has used or booked what no answer has confirmed yet.
	 * forgot: Redis lost its memory; ask for all in which anything was used. */
	void (*tick)(void *ctx, bool up, bool forgot);
};

struct lease_options {
	const char *url;      /* redis_url.h says which there are */
	const char *prefix;   /* of all keys; NULL: "weir" */
	const char *instance; /* the state directory's own name, the same after a restart */
	uint64_t lease_us;    /* 0: 4 s; the same for all processes of a deployment */
	uint64_t give_up_us;  /* 0: 2 h */
	uint64_t deadline_us; /* of a command; 0: 20 ms */
};

struct lease_counts {
	struct redis_counts redis;
	uint64_t asked, granted, short_of, failed; /* requests, and how they ended */
	uint64_t epochs; /* times that Redis was seen to have lost memory */
	uint64_t settled;
	int64_t clock_ahead_us; /* our wall clock before Redis', as last seen */
	bool up;                /* connected and served */
};

/* Starts the thread and connects; Redis need not be there yet. On error *why (static text)
 * says what to do; ERR_GARBLED: the URL. */
enum err lease_agent_start(const struct lease_options *o, const struct lease_callbacks *c,
			   struct lease_agent **out, const char **why) MUST_USE;

/* Ends the thread; what was under way is answered with ERR_GONE. Give slices back first. */
void lease_agent_stop(struct lease_agent *a);

/* Asks for n accounts, each with one question under way at most, or the older answer is void.
 * Returns how many were taken: all, but for LEASE_QUEUE_MAX or no memory. */
size_t lease_ask(struct lease_agent *a, const struct lease_request *requests, size_t n) MUST_USE;

/* Begins a settlement. ERR_NOMEM as above: there will be no callback. */
enum err lease_settle(struct lease_agent *a, const struct lease_settlement *s) MUST_USE;

/* Goes on with it: what the ledger's rows spent, or why that cannot be said. ERR_NOMEM: call
 * again. */
enum err lease_base(struct lease_agent *a, uint64_t ticket, enum err e, int64_t spent) MUST_USE;

/* A consistent-enough copy. */
struct lease_counts lease_counts(struct lease_agent *a);

#endif
