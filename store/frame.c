#include "store/frame.h"
#include <endian.h>
#include <errno.h>
#include <unistd.h>
#include "base/crc32.h"

static const char magic[4] = { 'W', 'J', 'f', '1' };

enum {
	AT_CRC = 4,
	AT_LENGTH = 8,
	AT_SEQUENCE = 12
};

#define DISK_BLOCK_BYTES 4096 /* what is given up at once when it cannot be read */

static uint32_t checksum(uint32_t salt, struct span covered)
{
	uint32_t le = htole32(salt);

	return crc32_castagnoli(crc32_castagnoli(0, (struct span){ (char *)&le, sizeof(le) }),
				covered);
}

static void put_u32(char *to, uint32_t value)
{
	value = htole32(value);
	memcpy(to, &value, sizeof(value));
}

static uint32_t get_u32(const char *from)
{
	uint32_t value;

	memcpy(&value, from, sizeof(value));
	return le32toh(value);
}

bool frame_add(struct buf *to, uint32_t salt, uint64_t sequence, const struct row *r)
{
	size_t begin = to->len;
	struct span covered;
	char *head;

	if (!buf_reserve(to, FRAME_MAX))
		return false;
	to->len += FRAME_HEAD_BYTES;
	MUST(row_encode(r, to));
	head = to->at + begin;
	covered = (struct span){ head + AT_LENGTH, to->len - begin - AT_LENGTH };
	memcpy(head, magic, sizeof(magic));
	put_u32(head + AT_LENGTH, (uint32_t)(to->len - begin - FRAME_HEAD_BYTES));
	put_u32(head + AT_SEQUENCE, (uint32_t)sequence);
	put_u32(head + AT_SEQUENCE + 4, (uint32_t)(sequence >> 32));
	put_u32(head + AT_CRC, checksum(salt, covered));
	return true;
}

void frame_scan_init(struct frame_scan *s, int fd, uint32_t salt)
{
	s->fd = fd;
	s->salt = salt;
	s->at = s->skipped = s->loaded_at = 0;
	s->loaded = 0;
}

static void skip(struct frame_scan *s, uint64_t bytes)
{
	s->at += bytes;
	s->skipped += bytes;
}

/* The bytes from s->at on: as many as a frame can have, or all before `end`, or, in front
 * of damage, what can be read. Steps over blocks that cannot. Empty at `end` only. */
static struct span load(struct frame_scan *s, uint64_t end)
{
	while (s->at < end) {
		uint64_t left = end - s->at, loaded_end = s->loaded_at + s->loaded;
		uint64_t wanted = left < FRAME_MAX ? left : FRAME_MAX;
		ssize_t len;

		if (s->at >= s->loaded_at && s->at + wanted <= loaded_end)
			return (struct span){ s->bytes + (s->at - s->loaded_at),
					      (size_t)(loaded_end - s->at) };
		wanted = left < sizeof(s->bytes) ? left : sizeof(s->bytes);
		len = pread(s->fd, s->bytes, (size_t)wanted, (off_t)s->at);
		s->loaded_at = s->at;
		s->loaded = len > 0 ? (size_t)len : 0;
		if (len > 0)
			return (struct span){ s->bytes, s->loaded };
		wanted = DISK_BLOCK_BYTES - s->at % DISK_BLOCK_BYTES;
		if (len == 0 || errno != EINTR)
			skip(s, wanted < left ? wanted : left);
	}
	return (struct span){ s->bytes, 0 };
}

/* The length of the valid frame that `from` begins with, or 0. */
static size_t check(uint32_t salt, struct span from)
{
	struct span covered = { from.at + AT_LENGTH, 0 };
	uint32_t length;

	if (from.len < FRAME_HEAD_BYTES || memcmp(from.at, magic, sizeof(magic)) != 0)
		return 0;
	length = get_u32(from.at + AT_LENGTH);
	if (length > ROW_FRAME_MAX || length > from.len - FRAME_HEAD_BYTES)
		return 0;
	covered.len = FRAME_HEAD_BYTES - AT_LENGTH + length;
	if (get_u32(from.at + AT_CRC) != checksum(salt, covered))
		return 0;
	return FRAME_HEAD_BYTES + length;
}

/* How far the next place is that might begin a frame: at least 1. */
static size_t distance(struct span from)
{
	const char *next;

	if (from.len <= sizeof(magic))
		return from.len;
	next = memmem(from.at + 1, from.len - 1, magic, sizeof(magic));
	return next ? (size_t)(next - from.at) : from.len - (sizeof(magic) - 1);
}

bool frame_scan_next(struct frame_scan *s, uint64_t end, uint64_t *sequence, struct span *payload)
{
	for (;;) {
		struct span from = load(s, end);
		size_t len = check(s->salt, from);

		if (from.len == 0)
			return false;
		if (len == 0) {
			skip(s, distance(from));
			continue;
		}
		*sequence = (uint64_t)get_u32(from.at + AT_SEQUENCE + 4) << 32 |
			    get_u32(from.at + AT_SEQUENCE);
		*payload = (struct span){ from.at + FRAME_HEAD_BYTES, len - FRAME_HEAD_BYTES };
		s->at += len;
		return true;
	}
}
