/* arena.c - blocks in a list; the newest one serves what still fits into it. */
#include "base/arena.h"
#include <stdlib.h>

#define BLOCK_BYTES 16384

struct arena_block {
	struct arena_block *older;
	size_t used, room;
	_Alignas(max_align_t) char bytes[];
};

void arena_init(struct arena *a, size_t cap_bytes)
{
	*a = (struct arena){ .cap_bytes = cap_bytes };
}

void arena_release(struct arena *a)
{
	for (struct arena_block *b = a->newest, *older; b; b = older) {
		older = b->older;
		free(b);
	}
	arena_init(a, a->cap_bytes);
}

static struct arena_block *add_block(struct arena *a, size_t size)
{
	size_t room = size > BLOCK_BYTES ? size : BLOCK_BYTES;
	struct arena_block *b = calloc(1, sizeof(*b) + room);

	if (!b)
		return NULL;
	b->room = room;
	b->older = a->newest;
	a->newest = b;
	return b;
}

void *arena_take(struct arena *a, size_t size)
{
	struct arena_block *b = a->newest;
	size_t align = _Alignof(max_align_t);
	void *at;

	if (size > a->cap_bytes - a->taken_bytes)
		return NULL;
	a->taken_bytes += size;
	size = (size + align - 1) / align * align;
	if (!b || b->room - b->used < size)
		b = add_block(a, size);
	if (!b)
		return NULL;
	at = b->bytes + b->used;
	b->used += size;
	return at;
}

char *arena_text(struct arena *a, struct span s)
{
	char *at = arena_take(a, s.len + 1);

	if (at && s.len > 0)
		memcpy(at, s.at, s.len);
	return at;
}
