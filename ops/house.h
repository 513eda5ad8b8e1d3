/* house.h - everything that `weir serve` runs, in one place; handed to whoever needs it.
 *
 * Owner    serve.c. The ops thread alone reads and writes the struct; what is in it says
 *          itself which threads may use it.
 */
#ifndef OPS_HOUSE_H
#define OPS_HOUSE_H
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include "base/box.h"
#include "base/clk.h"
#include "base/err.h"
#include "base/must.h"
#include "proxy/worker.h"

struct books;
struct conf;
struct event_base;
struct inflight;
struct learn;
struct ledger;
struct lessor;
struct owners;
struct purses;
struct tok;
struct vocabs;
struct zones;

struct house {
	struct conf *conf;           /* the newest that was read; one reference */
	struct conf *traffic_conf;   /* what the workers were started with; one reference */
	struct ledger *books_ledger; /* the books thread's own */
	struct ledger *ledger;       /* the ops thread's own */
	struct inflight *inflight;
	struct books *books;
	struct learn *learn; /* metering/learn.h */
	struct vocabs *vocabs;
	pthread_t vocabs_thread; /* makes them while the rest is opened */
	bool vocabs_begun;
	struct tok *tok; /* the ops thread's own */
	struct zones *zones;
	struct purses *purses;
	struct lessor *lessor; /* NULL: limits are this process's own */
	struct owners *owners;
	struct box registry, prices;           /* what workers look at */
	struct box_pin registry_pin, book_pin; /* the ops thread's view of the same */
	struct worker_shared shared;           /* what workers were given */
	struct workers *workers;               /* NULL until traffic is carried */
	struct mono started;
	bool draining;
};

/* Reads the configuration, with the dialects that Weir knows. What is wrong with it or
 * odd about it is printed on stderr, a line each. */
enum err house_read_conf(const char *path, struct conf **out) MUST_USE;

/* Opens the state directory with all that is in it, closes what a crash left open, and
 * publishes prices and people; after it traffic could be carried. Takes conf over. On
 * error room bytes at `why` say what failed; then house_close() still applies. */
enum err house_open(struct house *h, struct conf *conf, char *why, size_t room) MUST_USE;

/* Starts the workers. */
enum err house_carry(struct house *h, char *why, size_t room) MUST_USE;

/* Takes over what can be changed while traffic is carried: prices, and the budgets of new
 * tenants. On error everything stays as it was. */
enum err house_reload(struct house *h, const char *path, char *why, size_t room) MUST_USE;

/* Stops the workers, then the books, and gives everything back. */
void house_close(struct house *h);

#endif
