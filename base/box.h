/* box.h - hands the newest of a counted, immutable snapshot to many readers.
 *
 * A writer publishes; each reader keeps its own pin and looks at one atomic counter to
 * see whether there is news, so reading costs one load.
 * Owner    the box holds one reference, every pin one of its own.
 * Threads  box_publish(): any. A box_pin: its owner only.
 */
#ifndef BASE_BOX_H
#define BASE_BOX_H
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

typedef void box_count(void *snapshot); /* adds or drops one reference; thread-safe */

struct box {
	box_count *ref, *unref;
	_Atomic uint64_t generation; /* 0: nothing published yet */
	pthread_mutex_t lock;        /* guards newest */
	void *newest;
};

struct box_pin {
	uint64_t generation;
	void *snapshot; /* NULL until the first box_see() after something was published */
};

/* An empty box; ref and unref count its snapshots. */
void box_init(struct box *b, box_count *ref, box_count *unref);

/* Drops the box's reference; pins keep theirs. */
void box_release(struct box *b);

/* Makes `snapshot` the newest and takes over the caller's reference. */
void box_publish(struct box *b, void *snapshot);

/* Brings the pin up to date and returns its snapshot, good until the next box_see(). A pin
 * starts zeroed. */
void *box_see(struct box *b, struct box_pin *pin);

/* Drops the pin's reference. */
void box_unpin(struct box *b, struct box_pin *pin);

#endif
