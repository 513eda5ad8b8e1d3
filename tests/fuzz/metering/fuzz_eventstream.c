/* fuzz_eventstream.c - any bytes as AWS frames. The first byte picks the shape and whether
 * the checksums are put right first, so that what lies behind them is reached too. */
#include <stdlib.h>
#include "base/crc32.h"
#include "tests/fuzz/metering/fuzz_tap.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint32_t get_u32(const char *p)
{
	const unsigned char *b = (const unsigned char *)p;

	return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

static void put_u32(char *p, uint32_t n)
{
	for (unsigned i = 0; i < 4; i++)
		p[i] = (char)(n >> (24 - 8 * i));
}

static void put_checksums_right(char *p, size_t size)
{
	while (size >= 16) {
		uint32_t total = get_u32(p);

		if (total < 16 || total > size)
			return;
		put_u32(p + 8, crc32_ieee(0, (struct span){ p, 8 }));
		put_u32(p + total - 4, crc32_ieee(0, (struct span){ p, total - 4 }));
		p += total;
		size -= total;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *copy;

	if (size < 3)
		return 0;
	copy = malloc(size);
	memcpy(copy, data, size);
	if (data[0] & 2)
		put_checksums_right(copy + 2, size - 2);
	fuzz_answer(data[0] & 1 ? SHAPE_bedrock_invoke : SHAPE_bedrock_converse, 12,
		    TAP_EVENTSTREAM, (struct span){ copy + 2, size - 2 }, data[1]);
	free(copy);
	return 0;
}
