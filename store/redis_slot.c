/* redis_slot.c - the CRC-16 (polynomial 0x1021, from zero) that Redis Cluster divides keys by. */
#include "store/redis_slot.h"
#include <stdint.h>

static unsigned crc16(struct span s)
{
	uint16_t crc = 0;

	for (size_t i = 0; i < s.len; i++) {
		crc = (uint16_t)(crc ^ ((unsigned char)s.at[i] << 8));
		for (int bit = 0; bit < 8; bit++)
			crc = (uint16_t)(crc & 0x8000 ? crc << 1 ^ 0x1021 : crc << 1);
	}
	return crc;
}

unsigned redis_slot(struct span key)
{
	struct span rest = key, tag;

	span_take(&rest, '{');
	if (rest.len > 0 && memchr(rest.at, '}', rest.len)) {
		tag = span_take(&rest, '}');
		if (tag.len > 0)
			key = tag;
	}
	return crc16(key) % REDIS_SLOTS;
}
