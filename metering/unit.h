/* unit.h - what a budget counts: money, tokens, requests, requests under way at once.
 * Pure. */
#ifndef METERING_UNIT_H
#define METERING_UNIT_H
#include <stdbool.h>
#include <stdint.h>
#include "base/err.h"
#include "base/must.h"
#include "base/span.h"

#define UNITS(UNIT) UNIT(usd) UNIT(tokens) UNIT(requests) UNIT(concurrent)

enum unit {
#define UNIT(name) UNIT_##name,
	UNITS(UNIT)
#undef UNIT
	UNIT_COUNT
};

/* How much of each unit: usd in 1e-12 USD. */
struct amounts {
	int64_t of[UNIT_COUNT];
};

/* "tokens" and so on; static text. */
const char *unit_name(enum unit u);

/* The unit of that name; false when there is none. */
bool unit_find(struct span name, enum unit *out);

/* Reads an amount as people write it: "100usd", "$100", "200000 tokens", "60requests". given:
 * the unit where it is known, so that "60" will do for a count; else NULL. ERR_GARBLED: not
 * that, or of another unit; ERR_RANGE: too large. Then nothing is written. */
enum err unit_read(struct span text, const enum unit *given, enum unit *unit,
		   int64_t *amount) MUST_USE;

#endif
