/* inflight.c - the file is a header page and then the slots, SLOT_BYTES apart.
 *
 * Free slots stand on a stack in ordinary memory: one 64-bit word holds its top (index
 * plus one, 0 for none) and a tag that changes with every operation, so that a slot which
 * went away and came back between a load and its exchange is noticed. Nothing of the
 * stack is in the file: what the file says is only which slots owe a row. */
#include "store/inflight.h"
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/crc32.h"

#define SLOT_BYTES   2048u
#define HEADER_BYTES 4096u
#define SLOTS_MAX    (1u << 20)

_Static_assert(sizeof(struct slot) <= SLOT_BYTES, "a slot does not fit its place");

struct header {
	char magic[8]; /* written last: a file without it was never in use */
	uint32_t layout, slot_bytes, slots;
};
_Static_assert(sizeof(struct header) <= HEADER_BYTES, "the header does not fit its page");

static const char magic[8] = "weirtbl";

struct inflight {
	int fd;
	char *map;
	size_t map_bytes;
	uint32_t slots;
	_Atomic uint32_t used;
	_Atomic uint64_t top;    /* tag << 32 | index + 1 */
	_Atomic uint32_t next[]; /* of each free slot: index + 1 of the one below it */
};

/* Says whether two programs mean the same by a slot's bytes. */
static uint32_t layout(void)
{
	uint32_t crc = crc32_castagnoli(sizeof(struct row), SPAN("slot 1"));

	for (int i = 0; i < ROW_FIELDS; i++) {
		const struct row_field *f = &row_fields[i];
		uint16_t numbers[] = { (uint16_t)f->kind, f->offset, f->room };

		crc = crc32_castagnoli(crc, span_of(f->name));
		crc = crc32_castagnoli(crc, (struct span){ (char *)numbers, sizeof(numbers) });
	}
	for (int q = 0; q < Q_COUNT; q++)
		crc = crc32_castagnoli(crc, span_of(quantity_infos[q].name));
	return crc;
}

static struct slot *slot_at(const struct inflight *t, uint32_t index)
{
	return (struct slot *)(t->map + HEADER_BYTES + (size_t)index * SLOT_BYTES);
}

static size_t file_bytes(uint32_t slots)
{
	return HEADER_BYTES + (size_t)slots * SLOT_BYTES;
}

static void push(struct inflight *t, uint32_t index)
{
	uint64_t top = atomic_load_explicit(&t->top, memory_order_relaxed), mine;

	do {
		atomic_store_explicit(&t->next[index], (uint32_t)top, memory_order_relaxed);
		mine = ((top >> 32) + 1) << 32 | (index + 1);
	} while (!atomic_compare_exchange_weak_explicit(&t->top, &top, mine, memory_order_release,
							memory_order_relaxed));
}

/* The index plus one of a slot that is now the caller's, or 0. */
static uint32_t pop(struct inflight *t)
{
	uint64_t top = atomic_load_explicit(&t->top, memory_order_acquire), below;

	do {
		if ((uint32_t)top == 0)
			return 0;
		below = atomic_load_explicit(&t->next[(uint32_t)top - 1], memory_order_relaxed);
		below |= ((top >> 32) + 1) << 32;
	} while (!atomic_compare_exchange_weak_explicit(&t->top, &top, below, memory_order_acquire,
							memory_order_acquire));
	return (uint32_t)top;
}

/* Is any slot of the file in use? All that is known of its layout is h. */
static enum err find_orphans(int fd, const struct header *h, bool *found)
{
	uint32_t state;

	*found = false;
	for (uint32_t i = 0; i < h->slots && !*found; i++) {
		off_t at = (off_t)(HEADER_BYTES + (uint64_t)i * h->slot_bytes);

		if (pread(fd, &state, sizeof(state), at) != (ssize_t)sizeof(state))
			return ERR_GARBLED;
		*found = state != SLOT_FREE;
	}
	return ERR_OK;
}

/* Gives the file its size, its disk space (so that no later store can find the disk
 * full) and a header. */
static enum err format(int fd, uint32_t slots, bool wipe)
{
	struct header h = { .layout = layout(), .slot_bytes = SLOT_BYTES, .slots = slots };

	if (wipe && ftruncate(fd, 0) != 0)
		return ERR_AWAY;
	if (posix_fallocate(fd, 0, (off_t)file_bytes(slots)) != 0)
		return ERR_AWAY;
	memcpy(h.magic, magic, sizeof(magic));
	if (pwrite(fd, &h, sizeof(h), 0) != (ssize_t)sizeof(h))
		return ERR_AWAY;
	return ERR_OK;
}

/* Makes the file ours: new and empty where it owes nothing, otherwise as it is but
 * never smaller. *slots: asked for in, made out. */
static enum err prepare(int fd, uint32_t *slots, const char **why)
{
	struct header h = { .slots = 0 };
	bool orphans = false;
	enum err e;

	*why = "cannot read the in-flight table";
	if (pread(fd, &h, sizeof(h), 0) < 0)
		return ERR_AWAY;
	if (memcmp(h.magic, (char[8]){ 0 }, sizeof(magic)) != 0) {
		*why = "the in-flight table is not one, or damaged; move it away, and with it "
		       "requests that a crash may have left in it";
		if (memcmp(h.magic, magic, sizeof(magic)) != 0 || h.slots > SLOTS_MAX)
			return ERR_GARBLED;
		e = find_orphans(fd, &h, &orphans);
		if (e != ERR_OK)
			return e;
	}
	if (orphans && (h.layout != layout() || h.slot_bytes != SLOT_BYTES)) {
		*why = "the in-flight table was left by another version with requests in it; "
		       "start and stop that version first";
		return ERR_REFUSED;
	}
	if (orphans && h.slots > *slots)
		*slots = h.slots;
	*why = "no space for the in-flight table on its disk";
	return format(fd, *slots, !orphans);
}

static enum err open_locked(const char *path, int *fd, const char **why)
{
	struct stat st;

	*why = "cannot open the in-flight table: look at its path and its owner";
	*fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (*fd < 0)
		return errno == ENOSPC ? ERR_AWAY : ERR_REFUSED;
	if (fstat(*fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_uid != geteuid() ||
	    (st.st_mode & 077) != 0) {
		*why = "the in-flight table must be a plain file of mode 0600 and our own";
		return ERR_REFUSED;
	}
	if (flock(*fd, LOCK_EX | LOCK_NB) != 0) {
		*why = "the in-flight table is in use by another process";
		return ERR_REFUSED;
	}
	return ERR_OK;
}

static enum err map(int fd, uint32_t slots, struct inflight **out)
{
	struct inflight *t = calloc(1, sizeof(*t) + slots * sizeof(t->next[0]));
	size_t bytes = file_bytes(slots);

	if (!t)
		return ERR_NOMEM;
	t->map = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (t->map == MAP_FAILED) {
		free(t);
		return ERR_NOMEM;
	}
	t->fd = fd;
	t->map_bytes = bytes;
	t->slots = slots;
	for (uint32_t i = slots; i-- > 0;) {
		if (atomic_load_explicit(&slot_at(t, i)->state, memory_order_relaxed) == SLOT_FREE)
			push(t, i);
		else
			t->used++;
	}
	*out = t;
	return ERR_OK;
}

enum err inflight_open(const char *path, uint32_t slots, struct inflight **out, const char **why)
{
	enum err e;
	int fd;

	*out = NULL;
	*why = "an in-flight table has 1 to 1048576 slots";
	if (slots == 0 || slots > SLOTS_MAX)
		return ERR_RANGE;
	e = open_locked(path, &fd, why);
	if (e == ERR_OK)
		e = prepare(fd, &slots, why);
	if (e == ERR_OK) {
		*why = "not enough memory for the in-flight table";
		e = map(fd, slots, out);
	}
	if (e == ERR_OK)
		*why = NULL;
	else if (fd >= 0)
		close(fd);
	return e;
}

void inflight_close(struct inflight *t)
{
	if (!t)
		return;
	munmap(t->map, t->map_bytes);
	close(t->fd);
	free(t);
}

struct slot *inflight_take(struct inflight *t)
{
	uint32_t top = pop(t);
	struct slot *s;

	if (top == 0)
		return NULL;
	s = slot_at(t, top - 1);
	memset(&s->row, 0, sizeof(s->row));
	atomic_fetch_add_explicit(&t->used, 1, memory_order_relaxed);
	return s;
}

void slot_open(struct slot *s)
{
	MUST(atomic_load_explicit(&s->state, memory_order_relaxed) == SLOT_FREE);
	atomic_store_explicit(&s->state, SLOT_OPEN, memory_order_release);
}

void slot_close(struct slot *s)
{
	MUST(atomic_load_explicit(&s->state, memory_order_relaxed) != SLOT_CLOSED);
	atomic_store_explicit(&s->state, SLOT_CLOSED, memory_order_release);
}

void inflight_put(struct inflight *t, struct slot *s)
{
	size_t offset = (size_t)((char *)s - t->map) - HEADER_BYTES;

	MUST((char *)s > t->map && offset < t->map_bytes && offset % SLOT_BYTES == 0);
	atomic_store_explicit(&s->state, SLOT_FREE, memory_order_release);
	atomic_fetch_sub_explicit(&t->used, 1, memory_order_relaxed);
	push(t, (uint32_t)(offset / SLOT_BYTES));
}

uint32_t inflight_used(const struct inflight *t)
{
	return atomic_load_explicit(&t->used, memory_order_relaxed);
}

uint32_t inflight_slots(const struct inflight *t)
{
	return t->slots;
}

void inflight_each_orphan(struct inflight *t, void (*fn)(void *arg, struct slot *s), void *arg)
{
	for (uint32_t i = 0; i < t->slots; i++) {
		struct slot *s = slot_at(t, i);

		if (atomic_load_explicit(&s->state, memory_order_acquire) == SLOT_FREE)
			continue;
		row_clean(&s->row);
		fn(arg, s);
	}
}
