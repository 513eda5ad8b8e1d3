/* date.h - instants as people write them: 2026-08-21, or 2026-08-21T09:30:00Z, always UTC.
 *
 * Pure. Years 1970 to 9999.
 */
#ifndef BASE_DATE_H
#define BASE_DATE_H
#include "base/clk.h"
#include "base/err.h"
#include "base/must.h"
#include "base/span.h"

#define DATE_TEXT_ROOM 24

/* Reads either form; a date is its first instant. ERR_GARBLED: neither; ERR_RANGE: no such
 * day or time, or before 1970. */
enum err date_parse(struct span s, struct wall *out) MUST_USE;

/* Writes the shorter form when w is the first instant of a day; fractions of a second are
 * cut off. w must lie before the year 10000. */
void date_text(struct wall w, char to[DATE_TEXT_ROOM]);

#endif
