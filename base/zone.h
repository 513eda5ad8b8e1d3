/* zone.h - time zones: what the clocks of a place show at an instant, and when they show it.
 *
 * Reads TZif (RFC 9636), the format of /usr/share/zoneinfo: the changes that were recorded,
 * and behind them the rule for those to come. Instants are seconds since 1970 UTC, "local"
 * times the same count read off the clocks of the place; nothing here knows leap seconds.
 *
 * Owner    struct zones owns every zone it has found: they live until zones_free().
 * Limit    ZONE_FILE_MAX bytes of a file, ZONES_MAX zones of a table.
 * Threads  a zone never changes: any. A struct zones belongs to one thread.
 */
#ifndef BASE_ZONE_H
#define BASE_ZONE_H
#include <stdint.h>
#include "base/err.h"
#include "base/must.h"
#include "base/span.h"

#define ZONE_NAME_ROOM 48
#define ZONE_FILE_MAX  32768
#define ZONES_MAX      1024
#define ZONES_DIR      "/usr/share/zoneinfo"

struct zone;
struct zones;

/* Clocks that always show UTC; needs no file. */
const struct zone *zone_utc(void);

/* Makes a zone of a whole file. ERR_GARBLED: it is not one, or counts leap seconds;
 * ERR_NOMEM. */
enum err zone_parse(struct span name, struct span file, struct zone **out) MUST_USE;

void zone_free(struct zone *z); /* NULL is fine; not for what a table has found */

/* "Europe/Berlin". */
const char *zone_name(const struct zone *z);

/* A stretch of time in which the clocks are not changed. */
struct zone_stretch {
	int64_t starts_s, ends_s; /* ends_s belongs to the next one */
	int32_t offset_s;         /* what local time is ahead of UTC */
};

/* The one that utc_s lies in. */
struct zone_stretch zone_at(const struct zone *z, int64_t utc_s);

/* The first instant at which the clocks show local_s or later: where they are put forward
 * over it, the moment of that; where they show it twice, the first time. */
int64_t zone_first_s(const struct zone *z, int64_t local_s);

/* A table that looks for files in `dir`, which must outlive it. NULL when out of memory. */
struct zones *zones_new(const char *dir) MUST_USE;

void zones_free(struct zones *t); /* NULL is fine */

/* The zone of that name, "" being UTC; NULL: the name is none, or its file is not there or
 * not readable as a zone. */
const struct zone *zones_find(struct zones *t, const char *name);

#endif
