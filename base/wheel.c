#include "base/wheel.h"
#include <stddef.h>
#include "base/must.h"

void wheel_init(struct wheel *w, struct mono now)
{
	*w = (struct wheel){ .tick = now.us / WHEEL_TICK_US };
}

void deadline_init(struct deadline *d, void (*reached)(struct deadline *d))
{
	*d = (struct deadline){ .reached = reached };
}

static void unhook(struct deadline *d)
{
	if (!d->link)
		return;
	*d->link = d->next;
	if (d->next)
		d->next->link = d->link;
	d->next = NULL;
	d->link = NULL;
}

/* A deadline beyond one round hangs in the last slot of the round and is looked at again
 * then. */
static void hook(struct wheel *w, struct deadline *d)
{
	uint64_t tick = d->at.us / WHEEL_TICK_US + 1;

	if (tick <= w->tick)
		tick = w->tick + 1;
	if (tick >= w->tick + WHEEL_SLOTS)
		tick = w->tick + WHEEL_SLOTS - 1;
	struct deadline **slot = &w->slots[tick % WHEEL_SLOTS];

	d->tick = tick;
	d->next = *slot;
	d->link = slot;
	if (d->next)
		d->next->link = &d->next;
	*slot = d;
}

void deadline_set(struct wheel *w, struct deadline *d, struct mono at)
{
	MUST(at.us > 0);
	d->at = at;
	if (d->link && at.us / WHEEL_TICK_US + 1 >= d->tick)
		return;
	unhook(d);
	hook(w, d);
}

void deadline_clear(struct deadline *d)
{
	d->at.us = 0;
	unhook(d);
}

static void look_at(struct wheel *w, struct deadline *d, struct mono now)
{
	if (d->at.us > now.us) {
		hook(w, d);
		return;
	}
	d->at.us = 0;
	d->reached(d);
}

void wheel_turn(struct wheel *w, struct mono now)
{
	uint64_t until = now.us / WHEEL_TICK_US;

	while (w->tick < until) {
		uint64_t tick = ++w->tick;
		struct deadline **slot = &w->slots[tick % WHEEL_SLOTS];

		while (*slot && (*slot)->tick == tick) {
			struct deadline *d = *slot;

			unhook(d);
			look_at(w, d, now);
		}
	}
}
