/* arena.h - memory that dies together.
 *
 * Owner    whoever holds the struct; nothing taken from it outlives arena_release().
 * Limit    cap_bytes over everything taken, chosen at arena_init().
 * Errors   NULL past the ceiling or when there is no memory.
 * Threads  none.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H
#include <stddef.h>
#include "base/must.h"
#include "base/span.h"

struct arena_block;

struct arena {
	struct arena_block *newest;
	size_t taken_bytes, cap_bytes;
};

/* An empty arena; allocates nothing yet. */
void arena_init(struct arena *a, size_t cap_bytes);

/* Frees all that was taken; the arena is empty and usable again. */
void arena_release(struct arena *a);

/* `size` zeroed bytes, aligned for anything. */
void *arena_take(struct arena *a, size_t size) MUST_USE;

/* A copy of s with a NUL behind it. */
char *arena_text(struct arena *a, struct span s) MUST_USE;

#endif
