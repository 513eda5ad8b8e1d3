/* when.c - see when.h. base/date.h reads dates and whole seconds of UTC; fractions,
 * zones and durations are added here. */
#include "ops/when.h"
#include "base/date.h"
#include "conf/value.h"

#define DURATION_MAX_US (UINT64_C(100) * 366 * 86400 * US_PER_SEC)
#define SECONDS_LEN     19 /* of 2026-11-22T03:04:05 */

/* Takes ".25" off the front of *s, if it is there; digits beyond microseconds say nothing. */
static bool take_fraction(struct span *s, uint64_t *us)
{
	uint64_t worth = US_PER_SEC / 10;
	size_t digits = 0;

	*us = 0;
	if (s->len == 0 || s->at[0] != '.')
		return true;
	*s = span_skip(*s, 1);
	for (; digits < s->len && s->at[digits] >= '0' && s->at[digits] <= '9'; digits++) {
		*us += worth * (uint64_t)(s->at[digits] - '0');
		worth /= 10;
	}
	*s = span_skip(*s, digits);
	return digits > 0;
}

/* Reads two digits and, with no room for doubt, a number up to `most`. */
static bool two_digits(const char *at, uint64_t most, uint64_t *out)
{
	if (at[0] < '0' || at[0] > '9' || at[1] < '0' || at[1] > '9')
		return false;
	*out = (uint64_t)(at[0] - '0') * 10 + (uint64_t)(at[1] - '0');
	return *out <= most;
}

/* Reads Z, +HH:MM or -HH:MM; *east_us is how far ahead of UTC a clock there is. */
static bool read_zone(struct span s, int64_t *east_us)
{
	uint64_t hours, minutes;

	*east_us = 0;
	if (s.len == 1)
		return s.at[0] == 'Z' || s.at[0] == 'z';
	if (s.len != 6 || (s.at[0] != '+' && s.at[0] != '-') || s.at[3] != ':')
		return false;
	if (!two_digits(s.at + 1, 23, &hours) || !two_digits(s.at + 4, 59, &minutes))
		return false;
	*east_us = (int64_t)((hours * 60 + minutes) * 60 * US_PER_SEC);
	if (s.at[0] == '-')
		*east_us = -*east_us;
	return true;
}

static bool read_rfc3339(struct span s, struct wall *out)
{
	char seconds[SECONDS_LEN + 2];
	uint64_t fraction_us;
	int64_t east_us;

	if (s.len <= SECONDS_LEN)
		return false;
	memcpy(seconds, s.at, SECONDS_LEN);
	memcpy(seconds + SECONDS_LEN, "Z", 2);
	s = span_skip(s, SECONDS_LEN);
	if (date_parse(span_of(seconds), out) != ERR_OK || !take_fraction(&s, &fraction_us) ||
	    !read_zone(s, &east_us))
		return false;
	out->us += fraction_us;
	if (east_us > 0 && (uint64_t)east_us > out->us)
		return false;
	out->us -= (uint64_t)east_us;
	return true;
}

bool when_instant(struct span text, struct wall now, enum when_side side, struct wall *out)
{
	uint64_t us;

	if (value_duration(text, &us) != ERR_OK)
		return date_parse(text, out) == ERR_OK || read_rfc3339(text, out);
	if (us > DURATION_MAX_US)
		return false;
	if (side == WHEN_PAST)
		out->us = now.us > us ? now.us - us : 0;
	else
		out->us = now.us + us;
	return true;
}
