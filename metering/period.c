/* period.c - hours, days and weeks by division, months by counting the days before them. */
#include "metering/period.h"

#define US_PER_HOUR (3600 * US_PER_SEC)
#define US_PER_DAY  (24 * US_PER_HOUR)
#define LAST_US     (UINT64_C(253402300800) * US_PER_SEC - 1) /* of the year 9999 */

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

static bool is_leap(unsigned year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

/* Days from 1970-01-01 to the first of January of year. */
static unsigned days_before_year(unsigned year)
{
	unsigned past = year - 1;
	unsigned leaps = past / 4 - past / 100 + past / 400;

	return (year - 1970) * 365 + leaps - (1969 / 4 - 1969 / 100 + 1969 / 400);
}

/* Days from 1970-01-01 to the first of the month that is `months` after January 1970. */
static unsigned days_before_month(unsigned months)
{
	static const unsigned short days_before[12] = { 0,   31,  59,  90,  120, 151,
							181, 212, 243, 273, 304, 334 };
	unsigned year = 1970 + months / 12;
	unsigned month = months % 12;

	return days_before_year(year) + days_before[month] + (month > 1 && is_leap(year));
}

/* The month that day lies in, counted from January 1970. */
static unsigned month_of_day(unsigned day)
{
	unsigned months = day / 31; /* never too many, and at most a few per cent too few */

	while (days_before_month(months + 1) <= day)
		months++;
	return months;
}

static struct window month_window(uint64_t us)
{
	unsigned month = month_of_day((unsigned)(us / US_PER_DAY));

	return (struct window){
		.starts = { days_before_month(month) * US_PER_DAY },
		.ends = { days_before_month(month + 1) * US_PER_DAY },
	};
}

/* The window of a period of fixed length, one of which starts at first_us. */
static struct window even_window(uint64_t us, uint64_t length_us, uint64_t first_us)
{
	uint64_t ends_us = (us + length_us - first_us) / length_us * length_us + first_us;

	return (struct window){
		.starts = { ends_us > length_us ? ends_us - length_us : 0 },
		.ends = { ends_us },
	};
}

struct window period_window(enum period p, struct wall at)
{
	uint64_t us = at.us < LAST_US ? at.us : LAST_US;

	switch (p) {
	case PERIOD_hour: return even_window(us, US_PER_HOUR, 0);
	case PERIOD_day: return even_window(us, US_PER_DAY, 0);
	case PERIOD_week: return even_window(us, 7 * US_PER_DAY, 4 * US_PER_DAY); /* Mon 5 Jan */
	case PERIOD_month: return month_window(us);
	default: return (struct window){ .ends = { PERIOD_NEVER } };
	}
}
