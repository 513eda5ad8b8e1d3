/* fuzz_zone.c - any bytes as a file of a time zone: what it says of an instant is consistent,
 * and every local time is found. */
#include <stdint.h>
#include "base/must.h"
#include "base/zone.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void ask(const struct zone *z, int64_t at_s)
{
	struct zone_stretch s = zone_at(z, at_s), next;
	int64_t first_s = zone_first_s(z, at_s);

	MUST(s.starts_s <= at_s && at_s < s.ends_s);
	MUST(first_s + zone_at(z, first_s).offset_s >= at_s);
	if (s.ends_s == INT64_MAX)
		return;
	next = zone_at(z, s.ends_s);
	MUST(next.starts_s <= s.ends_s && s.ends_s < next.ends_s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct zone *z;

	if (zone_parse(SPAN("Any/Where"), (struct span){ (const char *)data, size }, &z) != ERR_OK)
		return 0;
	for (int64_t at_s = -86400; at_s < INT64_C(253402300800); at_s = at_s * 3 / 2 + 86399)
		ask(z, at_s);
	for (int64_t day = 20000; day < 20800; day++)
		ask(z, day * 86400 + 3600);
	zone_free(z);
	return 0;
}
