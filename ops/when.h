/* when.h - instants as people type them.
 *
 *   2026-11-22   2026-11-22T03:04:05Z   2026-11-22T03:04:05.25+01:00
 *   24h  7d      a duration (conf/value.h), counted from now
 * Threads  any; no state.
 */
#ifndef OPS_WHEN_H
#define OPS_WHEN_H
#include <stdbool.h>
#include <stdint.h>
#include "base/clk.h"
#include "base/span.h"

/* Where a bare duration points: "--since 24h" is past, "--expires 30d" ahead. */
enum when_side {
	WHEN_PAST,
	WHEN_AHEAD
};

/* What when_instant() accepts; for error messages. */
#define WHEN_HELP "a duration (24h, 7d), a date (2026-11-22) or RFC 3339"

/* Reads an instant between 1970 and 9999; a date alone is its midnight in UTC. Durations
 * go up to 100 years. */
bool when_instant(struct span text, struct wall now, enum when_side side, struct wall *out);

#endif
