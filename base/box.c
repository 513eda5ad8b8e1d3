#include "base/box.h"
#include <stddef.h>

void box_init(struct box *b, box_count *ref, box_count *unref)
{
	*b = (struct box){ .ref = ref, .unref = unref };
	pthread_mutex_init(&b->lock, NULL);
}

void box_release(struct box *b)
{
	if (b->newest)
		b->unref(b->newest);
	b->newest = NULL;
	pthread_mutex_destroy(&b->lock);
}

void box_publish(struct box *b, void *snapshot)
{
	void *old;

	pthread_mutex_lock(&b->lock);
	old = b->newest;
	b->newest = snapshot;
	atomic_fetch_add_explicit(&b->generation, 1, memory_order_release);
	pthread_mutex_unlock(&b->lock);
	if (old)
		b->unref(old);
}

void *box_see(struct box *b, struct box_pin *pin)
{
	void *old = pin->snapshot;

	if (atomic_load_explicit(&b->generation, memory_order_acquire) == pin->generation)
		return pin->snapshot;
	pthread_mutex_lock(&b->lock);
	pin->generation = atomic_load_explicit(&b->generation, memory_order_relaxed);
	pin->snapshot = b->newest;
	b->ref(pin->snapshot);
	pthread_mutex_unlock(&b->lock);
	if (old)
		b->unref(old);
	return pin->snapshot;
}

void box_unpin(struct box *b, struct box_pin *pin)
{
	if (pin->snapshot)
		b->unref(pin->snapshot);
	*pin = (struct box_pin){ 0 };
}
