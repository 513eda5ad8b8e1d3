/* zone.c - TZif files and the rules in their footers. See zone.h.
 *
 * A rule is what POSIX calls TZ: "CET-1CEST,M3.5.0,M10.5.0/3". It makes at most two changes
 * a year, which are computed when they are asked for. */
#include "base/zone.h"
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define HEADER_BYTES 44
#define DAY_S        INT64_C(86400)
#define OFFSET_MAX_S (26 * 3600) /* no place is further from UTC */
#define YEAR_MAX     10000
#define EVENTS       6 /* two changes in each of three years */

struct change {
	int64_t at_s;
	int32_t offset_s; /* from then on */
};

enum day_form {
	DAY_OF_MONTH, /* Mm.w.d: weekday d, the w-th of month m; the 5th is the last */
	DAY_FROM_1,   /* Jn: 29 February is never counted */
	DAY_FROM_0    /* n: it is */
};

struct rule_date {
	enum day_form form;
	int month, week, day;
	int32_t time_s; /* of local time, -167 to 167 hours */
};

struct rule {
	bool changes;
	int32_t offset_s, summer_offset_s;
	struct rule_date summer_starts, summer_ends;
};

struct zone {
	char name[ZONE_NAME_ROOM];
	struct rule rule;
	int32_t first_offset_s; /* before the first change */
	uint32_t count;
	struct change change[]; /* in order of time */
};

static const struct zone utc = { .name = "UTC" };

const struct zone *zone_utc(void)
{
	return &utc;
}

const char *zone_name(const struct zone *z)
{
	return z->name;
}

/* --- the calendar, in years of our own --- */

static bool is_leap(int year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

/* Days from 1970-01-01 to the first of January. */
static int64_t days_before_year(int year)
{
	int64_t past = year - 1;

	return (year - 1970) * INT64_C(365) + past / 4 - past / 100 + past / 400 - 477;
}

/* Good enough for rules: they are for the time after all recorded changes. */
static int year_of(int64_t utc_s)
{
	int64_t days = utc_s / DAY_S;
	int year;

	if (days < 0)
		return 1969;
	if (days >= days_before_year(YEAR_MAX))
		return YEAR_MAX;
	year = (int)(1970 + days / 366);
	while (days_before_year(year + 1) <= days)
		year++;
	return year;
}

static int days_before_month(int year, int month)
{
	static const short before[12] = { 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334 };

	return before[month - 1] + (month > 2 && is_leap(year));
}

static int days_of_month(int year, int month)
{
	return month == 12 ? 31
			   : days_before_month(year, month + 1) - days_before_month(year, month);
}

/* --- rules --- */

static int64_t day_of_rule(const struct rule_date *d, int year)
{
	int64_t new_year = days_before_year(year), first;
	int ahead;

	switch (d->form) {
	case DAY_FROM_1: return new_year + d->day - 1 + (d->day > 59 && is_leap(year));
	case DAY_FROM_0: return new_year + d->day;
	default: break;
	}
	first = new_year + days_before_month(year, d->month);
	ahead = (int)((d->day - (first + 4) % 7 + 7) % 7); /* 1970-01-01 was a Thursday */
	ahead += (d->week - 1) * 7;
	while (ahead >= days_of_month(year, d->month))
		ahead -= 7;
	return first + ahead;
}

/* The two changes of a year, in order. */
static void changes_of(const struct rule *r, int year, struct change out[2])
{
	struct change summer = {
		day_of_rule(&r->summer_starts, year) * DAY_S + r->summer_starts.time_s -
		    r->offset_s,
		r->summer_offset_s,
	};
	struct change winter = {
		day_of_rule(&r->summer_ends, year) * DAY_S + r->summer_ends.time_s -
		    r->summer_offset_s,
		r->offset_s,
	};
	bool summer_first = summer.at_s < winter.at_s;

	out[0] = summer_first ? summer : winter;
	out[1] = summer_first ? winter : summer;
}

/* The stretch of a rule that utc_s lies in, were there nothing before the rule. Two changes at
 * one instant are one: the later rules. */
static struct zone_stretch stretch_of_rule(const struct rule *r, int64_t utc_s)
{
	struct zone_stretch s = { INT64_MIN, INT64_MAX, r->offset_s };
	int year = year_of(utc_s);
	struct change events[EVENTS];

	if (!r->changes)
		return s;
	for (int i = 0; i < EVENTS / 2; i++)
		changes_of(r, year - 1 + i, &events[2 * i]);
	for (int i = 0; i < EVENTS; i++) {
		if (events[i].at_s > utc_s) {
			if (events[i].offset_s == s.offset_s ||
			    (i + 1 < EVENTS && events[i + 1].at_s == events[i].at_s))
				continue;
			s.ends_s = events[i].at_s;
			break;
		}
		if (events[i].offset_s != s.offset_s || s.starts_s == INT64_MIN)
			s.starts_s = events[i].at_s;
		s.offset_s = events[i].offset_s;
	}
	return s;
}

/* --- reading a rule --- */

static bool take_char(struct span *s, char c)
{
	if (s->len == 0 || s->at[0] != c)
		return false;
	*s = span_skip(*s, 1);
	return true;
}

static bool take_number(struct span *s, int most, int *out)
{
	size_t digits = 0;

	*out = 0;
	while (digits < s->len && digits < 4 && s->at[digits] >= '0' && s->at[digits] <= '9')
		*out = *out * 10 + (s->at[digits++] - '0');
	*s = span_skip(*s, digits);
	return digits > 0 && *out <= most;
}

/* [+-]hh[:mm[:ss]] */
static bool take_time(struct span *s, int hours_most, int32_t *out_s)
{
	bool negative = take_char(s, '-');
	int hour, minute = 0, second = 0;

	if (!negative)
		(void)take_char(s, '+');
	if (!take_number(s, hours_most, &hour) ||
	    (take_char(s, ':') &&
	     (!take_number(s, 59, &minute) || (take_char(s, ':') && !take_number(s, 59, &second)))))
		return false;
	*out_s = hour * 3600 + minute * 60 + second;
	if (negative)
		*out_s = -*out_s;
	return true;
}

/* "CET" or "<+03>". */
static bool take_name(struct span *s)
{
	size_t len = 0;

	if (take_char(s, '<')) {
		while (len < s->len && s->at[len] != '>')
			len++;
		*s = span_skip(*s, len);
		return len > 0 && take_char(s, '>');
	}
	while (len < s->len && ((s->at[len] | 0x20) >= 'a' && (s->at[len] | 0x20) <= 'z'))
		len++;
	*s = span_skip(*s, len);
	return len >= 3;
}

/* POSIX counts westward. */
static bool take_offset(struct span *s, int32_t *out_s)
{
	if (!take_time(s, 24, out_s))
		return false;
	*out_s = -*out_s;
	return true;
}

static bool take_day(struct span *s, struct rule_date *d)
{
	if (take_char(s, 'M')) {
		d->form = DAY_OF_MONTH;
		return take_number(s, 12, &d->month) && d->month >= 1 && take_char(s, '.') &&
		       take_number(s, 5, &d->week) && d->week >= 1 && take_char(s, '.') &&
		       take_number(s, 6, &d->day);
	}
	if (take_char(s, 'J')) {
		d->form = DAY_FROM_1;
		return take_number(s, 365, &d->day) && d->day >= 1;
	}
	d->form = DAY_FROM_0;
	return take_number(s, 365, &d->day);
}

static bool take_date(struct span *s, struct rule_date *d)
{
	d->time_s = 2 * 3600;
	return take_char(s, ',') && take_day(s, d) &&
	       (!take_char(s, '/') || take_time(s, 167, &d->time_s));
}

static bool read_rule(struct span s, struct rule *r)
{
	if (!take_name(&s) || !take_offset(&s, &r->offset_s))
		return false;
	if (s.len == 0)
		return true;
	r->changes = true;
	r->summer_offset_s = r->offset_s + 3600;
	if (!take_name(&s))
		return false;
	if (s.len > 0 && s.at[0] != ',' && !take_offset(&s, &r->summer_offset_s))
		return false;
	return take_date(&s, &r->summer_starts) && take_date(&s, &r->summer_ends) && s.len == 0;
}

/* --- reading a file --- */

struct tzif { /* one block of a file */
	char version;
	unsigned time_bytes; /* of an instant */
	uint32_t utc_flags, standard_flags, leaps, times, types, letters;
	const char *at; /* what follows its header */
};

static uint32_t u32_at(const char *at)
{
	const unsigned char *u = (const unsigned char *)at;

	return (uint32_t)u[0] << 24 | (uint32_t)u[1] << 16 | (uint32_t)u[2] << 8 | u[3];
}

static int64_t time_at(const char *at, unsigned bytes)
{
	if (bytes == 4)
		return (int32_t)u32_at(at);
	return (int64_t)((uint64_t)u32_at(at) << 32 | u32_at(at + 4));
}

static size_t block_bytes(const struct tzif *b)
{
	return (size_t)b->times * (b->time_bytes + 1) + (size_t)b->types * 6 + b->letters +
	       (size_t)b->leaps * (b->time_bytes + 4) + b->standard_flags + b->utc_flags;
}

/* Takes a block off the front of s. */
static bool take_block(struct span *s, unsigned time_bytes, struct tzif *b)
{
	const char *at = s->at;

	if (s->len < HEADER_BYTES || memcmp(at, "TZif", 4) != 0)
		return false;
	*b = (struct tzif){
		.version = at[4],
		.time_bytes = time_bytes,
		.utc_flags = u32_at(at + 20),
		.standard_flags = u32_at(at + 24),
		.leaps = u32_at(at + 28),
		.times = u32_at(at + 32),
		.types = u32_at(at + 36),
		.letters = u32_at(at + 40),
		.at = at + HEADER_BYTES,
	};
	if (b->utc_flags > ZONE_FILE_MAX || b->standard_flags > ZONE_FILE_MAX ||
	    b->leaps > ZONE_FILE_MAX || b->times > ZONE_FILE_MAX || b->types > 256 ||
	    b->letters > ZONE_FILE_MAX || s->len - HEADER_BYTES < block_bytes(b))
		return false;
	*s = span_skip(*s, HEADER_BYTES + block_bytes(b));
	return true;
}

/* The offset of a type; false when there is no such type, or none on earth is so far. */
static bool offset_of(const struct tzif *b, unsigned type, int32_t *out_s)
{
	const char *types = b->at + (size_t)b->times * (b->time_bytes + 1);

	if (type >= b->types)
		return false;
	*out_s = (int32_t)u32_at(types + (size_t)type * 6);
	return *out_s > -OFFSET_MAX_S && *out_s < OFFSET_MAX_S;
}

static bool read_changes(const struct tzif *b, struct zone *z)
{
	const char *types = b->at + (size_t)b->times * b->time_bytes;
	int64_t before_s = INT64_MIN;
	int32_t offset_s;

	if (!offset_of(b, 0, &z->first_offset_s))
		return false;
	offset_s = z->first_offset_s;
	for (uint32_t i = 0; i < b->times; i++) {
		struct change c = { time_at(b->at + (size_t)i * b->time_bytes, b->time_bytes), 0 };

		if (!offset_of(b, (unsigned char)types[i], &c.offset_s) || c.at_s <= before_s)
			return false;
		before_s = c.at_s;
		if (c.offset_s == offset_s && i + 1 < b->times)
			continue; /* but the rule holds from the last one on, whatever it is */
		z->change[z->count++] = c;
		offset_s = c.offset_s;
	}
	z->rule = (struct rule){ .offset_s = offset_s };
	return true;
}

/* "\nRULE\n"; an empty rule says that nothing changes any more. */
static bool read_footer(struct span s, struct zone *z)
{
	struct span rule;

	if (!take_char(&s, '\n') || !memchr(s.at, '\n', s.len))
		return false;
	rule = span_take(&s, '\n');
	if (rule.len == 0)
		return true;
	z->rule = (struct rule){ 0 };
	return read_rule(rule, &z->rule);
}

enum err zone_parse(struct span name, struct span file, struct zone **out)
{
	struct tzif b;
	struct zone *z;
	bool ok, has_footer;

	if (file.len > ZONE_FILE_MAX || !take_block(&file, 4, &b))
		return ERR_GARBLED;
	has_footer = b.version >= '2';
	if ((has_footer && !take_block(&file, 8, &b)) || b.leaps > 0)
		return ERR_GARBLED;
	z = calloc(1, sizeof(*z) + b.times * sizeof(z->change[0]));
	if (!z)
		return ERR_NOMEM;
	ok = span_copy(name, z->name, sizeof(z->name)) && read_changes(&b, z) &&
	     (!has_footer || read_footer(file, z));
	if (!ok) {
		zone_free(z);
		return ERR_GARBLED;
	}
	*out = z;
	return ERR_OK;
}

void zone_free(struct zone *z)
{
	free(z);
}

/* --- asking --- */

/* The rule holds from the last recorded change on. */
static struct zone_stretch stretch_after(const struct zone *z, int64_t utc_s)
{
	struct zone_stretch s = stretch_of_rule(&z->rule, utc_s);

	if (z->count > 0 && s.starts_s < z->change[z->count - 1].at_s)
		s.starts_s = z->change[z->count - 1].at_s;
	return s;
}

struct zone_stretch zone_at(const struct zone *z, int64_t utc_s)
{
	uint32_t low = 0, high = z->count; /* of the changes, `low` have been made */

	while (low < high) {
		uint32_t mid = low + (high - low) / 2;

		if (z->change[mid].at_s <= utc_s)
			low = mid + 1;
		else
			high = mid;
	}
	if (low == z->count)
		return stretch_after(z, utc_s);
	return (struct zone_stretch){
		.starts_s = low > 0 ? z->change[low - 1].at_s : INT64_MIN,
		.ends_s = z->change[low].at_s,
		.offset_s = low > 0 ? z->change[low - 1].offset_s : z->first_offset_s,
	};
}

int64_t zone_first_s(const struct zone *z, int64_t local_s)
{
	struct zone_stretch s = zone_at(z, local_s - OFFSET_MAX_S);

	/* No further than the clocks can be behind; so the loop ends. */
	while (s.ends_s <= local_s - s.offset_s)
		s = zone_at(z, s.ends_s);
	return s.starts_s > local_s - s.offset_s ? s.starts_s : local_s - s.offset_s;
}

/* --- the table --- */

struct zones {
	const char *dir;
	unsigned count;
	struct zone *at[ZONES_MAX];
};

struct zones *zones_new(const char *dir)
{
	struct zones *t = calloc(1, sizeof(*t));

	if (t)
		t->dir = dir;
	return t;
}

void zones_free(struct zones *t)
{
	if (!t)
		return;
	for (unsigned i = 0; i < t->count; i++)
		zone_free(t->at[i]);
	free(t);
}

/* "America/Argentina/Buenos_Aires", and nothing that leads out of the directory. */
static bool is_name(const char *name)
{
	size_t len = strlen(name);

	return len > 0 && len < ZONE_NAME_ROOM && name[0] != '/' && !strstr(name, "..") &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
			    "_+-/") == len;
}

static struct zone *load(const char *dir, const char *name)
{
	char path[4096], bytes[ZONE_FILE_MAX + 1];
	struct zone *z = NULL;
	ssize_t got;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return NULL;
	got = read(fd, bytes, sizeof(bytes));
	close(fd);
	if (got < 0 || zone_parse(span_of(name), (struct span){ bytes, (size_t)got }, &z) != ERR_OK)
		return NULL;
	return z;
}

const struct zone *zones_find(struct zones *t, const char *name)
{
	if (name[0] == '\0' || strcmp(name, utc.name) == 0)
		return &utc;
	for (unsigned i = 0; i < t->count; i++)
		if (strcmp(t->at[i]->name, name) == 0)
			return t->at[i];
	if (!is_name(name) || t->count == ZONES_MAX)
		return NULL;
	t->at[t->count] = load(t->dir, name);
	return t->at[t->count] ? t->at[t->count++] : NULL;
}
