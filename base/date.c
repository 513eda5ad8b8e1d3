/* date.c - dates and instants as text.
 *
 * The calendar is the proleptic Gregorian one, in years that begin in March, so that the
 * leap day comes last. */
#include "base/date.h"
#include <stdbool.h>
#include <stdio.h>

#define DAYS_PER_ERA    146097 /* 400 years */
#define DAYS_TO_1970    719468 /* from 0000-03-01 */
#define SECONDS_PER_DAY 86400
#define LAST_US         (UINT64_C(253402300800) * US_PER_SEC - 1) /* of the year 9999 */

struct civil {
	unsigned year, month, day;
};

static unsigned days_from(struct civil c)
{
	unsigned year = c.month > 2 ? c.year : c.year - 1;
	unsigned era = year / 400, year_of_era = year % 400;
	unsigned day_of_year = (153 * ((c.month + 9) % 12) + 2) / 5 + c.day - 1;
	unsigned day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;

	return era * DAYS_PER_ERA + day_of_era - DAYS_TO_1970;
}

static struct civil civil_from(unsigned days)
{
	unsigned since = days + DAYS_TO_1970;
	unsigned era = since / DAYS_PER_ERA, day_of_era = since % DAYS_PER_ERA;
	unsigned year_of_era =
	    (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
	unsigned day_of_year = day_of_era -
			       (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	unsigned march_month = (5 * day_of_year + 2) / 153;
	unsigned month = march_month < 10 ? march_month + 3 : march_month - 9;

	return (struct civil){
		.year = era * 400 + year_of_era + (month <= 2),
		.month = month,
		.day = day_of_year - (153 * march_month + 2) / 5 + 1,
	};
}

/* The number that `digits` digits at s.at[at] stand for; false when one is none. */
static bool number_at(struct span s, size_t at, size_t digits, unsigned *out)
{
	*out = 0;
	for (size_t i = at; i < at + digits; i++) {
		if (s.at[i] < '0' || s.at[i] > '9')
			return false;
		*out = *out * 10 + (unsigned)(s.at[i] - '0');
	}
	return true;
}

static enum err parse_day(struct span s, unsigned *days)
{
	struct civil c;

	if (s.len != 10 || s.at[4] != '-' || s.at[7] != '-' || !number_at(s, 0, 4, &c.year) ||
	    !number_at(s, 5, 2, &c.month) || !number_at(s, 8, 2, &c.day))
		return ERR_GARBLED;
	if (c.year < 1970 || c.month < 1 || c.month > 12 || c.day < 1 || c.day > 31)
		return ERR_RANGE;
	*days = days_from(c);
	return civil_from(*days).day == c.day ? ERR_OK : ERR_RANGE; /* no 31st of April */
}

static enum err parse_time(struct span s, unsigned *seconds)
{
	unsigned hour, minute, second;

	if (s.len != 10 || s.at[0] != 'T' || s.at[3] != ':' || s.at[6] != ':' || s.at[9] != 'Z' ||
	    !number_at(s, 1, 2, &hour) || !number_at(s, 4, 2, &minute) ||
	    !number_at(s, 7, 2, &second))
		return ERR_GARBLED;
	if (hour > 23 || minute > 59 || second > 59)
		return ERR_RANGE;
	*seconds = (hour * 60 + minute) * 60 + second;
	return ERR_OK;
}

enum err date_parse(struct span s, struct wall *out)
{
	unsigned days, seconds = 0;

	if (s.len < 10)
		return ERR_GARBLED;
	enum err e = parse_day((struct span){ s.at, 10 }, &days);
	if (e == ERR_OK && s.len > 10)
		e = parse_time(span_skip(s, 10), &seconds);
	if (e == ERR_OK)
		out->us = ((uint64_t)days * SECONDS_PER_DAY + seconds) * US_PER_SEC;
	return e;
}

void date_text(struct wall w, char to[DATE_TEXT_ROOM])
{
	uint64_t seconds = w.us / US_PER_SEC;
	unsigned of_day = (unsigned)(seconds % SECONDS_PER_DAY);
	struct civil c;

	MUST(w.us <= LAST_US);
	c = civil_from((unsigned)(seconds / SECONDS_PER_DAY));
	/* The remainders tell the compiler how many digits there can be. */
	int len = snprintf(to, DATE_TEXT_ROOM, "%04u-%02u-%02u", c.year % 10000, c.month % 100,
			   c.day % 100);
	if (of_day > 0)
		snprintf(to + len, DATE_TEXT_ROOM - (size_t)len, "T%02u:%02u:%02uZ",
			 of_day / 3600 % 24, of_day / 60 % 60, of_day % 60);
}
