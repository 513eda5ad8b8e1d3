/* fuzz_sse.c - any bytes as a stream, lines or body of any shape. The first three bytes pick
 * shape and framing, dialect, and cuts. */
#include "tests/fuzz/metering/fuzz_tap.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const enum tap_framing framings[] = { TAP_SSE, TAP_SSE, TAP_NDJSON, TAP_JSON };

	if (size < 3)
		return 0;
	fuzz_answer((enum shape_id)(data[0] % SHAPE_COUNT), data[1], framings[data[0] >> 6],
		    (struct span){ (const char *)data + 3, size - 3 }, data[2]);
	return 0;
}
