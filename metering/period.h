/* period.h - the calendar of budgets: which window of a period an instant lies in.
 *
 * Days, weeks and months are those of a time zone: a day that the clocks make 23 or 25 hours
 * long is one window; a week begins on Monday. Minutes and hours never last longer than that
 * and begin when the clocks show them to; where these are changed, one may be shorter. A budget
 * counts by window, so a new period begins by itself and no job resets anything.
 * Pure.
 */
#ifndef METERING_PERIOD_H
#define METERING_PERIOD_H
#include <stdbool.h>
#include <stdint.h>
#include "base/clk.h"
#include "base/span.h"
#include "base/zone.h"

#define PERIODS(PERIOD)                                                                            \
	PERIOD(minute) PERIOD(hour) PERIOD(day) PERIOD(week) PERIOD(month) PERIOD(total)

enum period {
#define PERIOD(name) PERIOD_##name,
	PERIODS(PERIOD)
#undef PERIOD
	PERIOD_COUNT
};

/* "month" and so on; static text. */
const char *period_name(enum period p);

/* The period of that name; false when there is none. */
bool period_find(struct span name, enum period *out);

#define PERIOD_NEVER UINT64_MAX /* us at which the window of PERIOD_total ends */

struct window {
	struct wall starts; /* names the window among those of its period */
	struct wall ends;   /* belongs to the next one */
};

/* The window of p that `at` lies in. Instants beyond the year 9999 count as its end. */
struct window period_window(enum period p, const struct zone *zone, struct wall at);

#endif
