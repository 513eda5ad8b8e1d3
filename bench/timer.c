/* timer.c - the usual heap; a timer knows its place, so moving one is cheap. */
#include "bench/timer.h"
#include <stdlib.h>
#include "base/must.h"

static void put(struct timer_heap *h, struct timer *t, size_t place)
{
	h->at[place - 1] = t;
	t->place = place;
}

static void rise(struct timer_heap *h, struct timer *t)
{
	size_t place = t->place;

	for (; place > 1 && h->at[place / 2 - 1]->due_us > t->due_us; place /= 2)
		put(h, h->at[place / 2 - 1], place);
	put(h, t, place);
}

static void sink(struct timer_heap *h, struct timer *t)
{
	size_t place = t->place;

	for (size_t child; (child = 2 * place) <= h->count; place = child) {
		if (child < h->count && h->at[child]->due_us < h->at[child - 1]->due_us)
			child++;
		if (h->at[child - 1]->due_us >= t->due_us)
			break;
		put(h, h->at[child - 1], place);
	}
	put(h, t, place);
}

void timer_set(struct timer_heap *h, struct timer *t, uint64_t due_us)
{
	t->due_us = due_us;
	if (t->place == 0) {
		if (h->count == h->room) {
			h->room = h->room ? 2 * h->room : 64;
			h->at = realloc(h->at, h->room * sizeof(struct timer *));
			MUST(h->at);
		}
		put(h, t, ++h->count);
	}
	rise(h, t);
	sink(h, t);
}

void timer_clear(struct timer_heap *h, struct timer *t)
{
	struct timer *last;

	if (t->place == 0)
		return;
	last = h->at[--h->count];
	if (last != t) {
		put(h, last, t->place);
		rise(h, last);
		sink(h, last);
	}
	t->place = 0;
}

struct timer *timer_take_due(struct timer_heap *h, uint64_t now_us)
{
	struct timer *t = h->count > 0 ? h->at[0] : NULL;

	if (!t || t->due_us > now_us)
		return NULL;
	timer_clear(h, t);
	return t;
}

uint64_t timer_wait_us(const struct timer_heap *h, uint64_t now_us, uint64_t most_us)
{
	uint64_t due_us = h->count > 0 ? h->at[0]->due_us : UINT64_MAX;

	if (due_us <= now_us)
		return 0;
	return due_us - now_us < most_us ? due_us - now_us : most_us;
}

void timer_release(struct timer_heap *h)
{
	free(h->at);
	*h = (struct timer_heap){ 0 };
}
