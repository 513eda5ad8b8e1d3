/* inflight.h - the table of exchanges under way, in a mapped file.
 *
 * Each exchange owns one slot: its row in the making, written with plain stores.
 * The kernel keeps the pages when the process is killed, so the next start finds
 * every exchange that was under way, with its counts up to the last piece. A power cut
 * loses them: nobody syncs this file.
 *
 *   FREE --take--> OPEN --close--> CLOSED --(row in the journal) put--> FREE
 *
 * Owner    a worker from take to close, the books thread from close to put.
 * Limit    a fixed number of slots; inflight_take() returns NULL when all are used,
 *          and then nothing may be forwarded.
 * Threads  take and put: any. A slot's row: its owner only.
 * Errors   opening only. A file of another layout or already locked is refused.
 */
#ifndef STORE_INFLIGHT_H
#define STORE_INFLIGHT_H
#include <stdatomic.h>
#include "base/err.h"
#include "base/must.h"
#include "store/row.h"

enum slot_state {
	SLOT_FREE,
	SLOT_OPEN,
	SLOT_CLOSED
};

struct slot {
	_Atomic uint32_t state; /* enum slot_state; written last, with release order */
	uint32_t reserved;
	struct row row;
};

struct inflight;

/* Opens or creates the file with room for `slots` (1 to 1048576) and reserves its disk space;
 * locks it. Where orphans stand in a larger file it stays as large. On error *why (static
 * text) says what to do. */
enum err inflight_open(const char *path, uint32_t slots, struct inflight **out,
		       const char **why) MUST_USE;

/* Unmaps and closes; the file stays. NULL is fine. */
void inflight_close(struct inflight *t);

/* A free slot with its row zeroed, still FREE in the file: nothing is promised until
 * slot_open(). NULL when every slot is in use. */
struct slot *inflight_take(struct inflight *t) MUST_USE;

/* From now on a crash leaves a row. Call after the row says who, what and how much was held. */
void slot_open(struct slot *s);

/* The row is whole; hand the slot to the books next. */
void slot_close(struct slot *s);

/* Back to the free list. */
void inflight_put(struct inflight *t, struct slot *s);

/* Slots in use now; all slots. */
uint32_t inflight_used(const struct inflight *t);
uint32_t inflight_slots(const struct inflight *t);

/* Calls fn for every slot that is OPEN or CLOSED, its texts clean; only before workers
 * start. fn completes and closes an OPEN one, then hands either to the books (who drop
 * what is in the ledger already), or puts it. */
void inflight_each_orphan(struct inflight *t, void (*fn)(void *arg, struct slot *s), void *arg);

#endif
