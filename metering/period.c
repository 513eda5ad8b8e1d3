/* period.c - windows by the calendar of a place, months by counting the days before them. */
#include "metering/period.h"

#define DAY_S  INT64_C(86400)
#define LAST_S (INT64_C(253402300800) - 1) /* of the year 9999 */

static const char *const names[PERIOD_COUNT] = {
#define PERIOD(name) #name,
	PERIODS(PERIOD)
#undef PERIOD
};

const char *period_name(enum period p)
{
	return names[p];
}

bool period_find(struct span name, enum period *out)
{
	for (unsigned i = 0; i < PERIOD_COUNT; i++) {
		if (span_eq(name, span_of(names[i]))) {
			*out = (enum period)i;
			return true;
		}
	}
	return false;
}

/* --- the calendar: days are counted from 1970-01-01 --- */

static int64_t floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

static bool is_leap(int64_t year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static int64_t days_before_year(int64_t year)
{
	int64_t past = year - 1;
	int64_t leaps = past / 4 - past / 100 + past / 400;

	return (year - 1970) * 365 + leaps - (1969 / 4 - 1969 / 100 + 1969 / 400);
}

/* Days before the month that is `months` after January 1970. */
static int64_t days_before_month(int64_t months)
{
	static const short days_before[12] = {
		0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334
	};
	int64_t year = 1970 + floor_div(months, 12);
	int64_t month = months - (year - 1970) * 12;

	return days_before_year(year) + days_before[month] + (month > 1 && is_leap(year));
}

/* The month that day lies in, counted from January 1970. */
static int64_t month_of_day(int64_t day)
{
	int64_t months = floor_div(day, 31); /* never too many, and a few per cent too few */

	while (days_before_month(months + 1) <= day)
		months++;
	return months;
}

/* The first day of the window of p that day lies in. */
static int64_t first_day(enum period p, int64_t day)
{
	switch (p) {
	case PERIOD_week: return floor_div(day - 4, 7) * 7 + 4; /* 1970-01-05 was a Monday */
	case PERIOD_month: return days_before_month(month_of_day(day));
	default: return day;
	}
}

/* The first day of the window that follows the one which begins with `first`. */
static int64_t next_first_day(enum period p, int64_t first)
{
	switch (p) {
	case PERIOD_week: return first + 7;
	case PERIOD_month: return days_before_month(month_of_day(first) + 1);
	default: return first + 1;
	}
}

/* --- windows --- */

static struct window window_of(int64_t starts_s, int64_t ends_s)
{
	return (struct window){
		.starts = { starts_s > 0 ? (uint64_t)starts_s * US_PER_SEC : 0 },
		.ends = { (uint64_t)ends_s * US_PER_SEC },
	};
}

/* A window begins when its first day does, the first time that the clocks show it: so those
 * put back over midnight do not bring the day before back. */
static struct window window_of_days(enum period p, const struct zone *zone, int64_t at_s)
{
	int64_t day = floor_div(at_s + zone_at(zone, at_s).offset_s, DAY_S);
	int64_t first = first_day(p, day);
	int64_t next = next_first_day(p, first);

	while (zone_first_s(zone, next * DAY_S) <= at_s) {
		first = next;
		next = next_first_day(p, first);
	}
	return window_of(zone_first_s(zone, first * DAY_S), zone_first_s(zone, next * DAY_S));
}

static struct window even_window(int64_t length_s, const struct zone *zone, int64_t at_s)
{
	struct zone_stretch s = zone_at(zone, at_s);
	int64_t local_s = at_s + s.offset_s;
	int64_t starts_s = floor_div(local_s, length_s) * length_s - s.offset_s;
	int64_t ends_s = starts_s + length_s;

	return window_of(starts_s > s.starts_s ? starts_s : s.starts_s,
			 ends_s < s.ends_s ? ends_s : s.ends_s);
}

struct window period_window(enum period p, const struct zone *zone, struct wall at)
{
	int64_t at_s = at.us / US_PER_SEC < LAST_S ? (int64_t)(at.us / US_PER_SEC) : LAST_S;

	switch (p) {
	case PERIOD_minute: return even_window(60, zone, at_s);
	case PERIOD_hour: return even_window(3600, zone, at_s);
	case PERIOD_total: return (struct window){ .ends = { PERIOD_NEVER } };
	default: return window_of_days(p, zone, at_s);
	}
}
