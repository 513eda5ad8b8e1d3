/* value.c - a decimal number, then a unit from a table. */
#include "conf/value.h"
#include <inttypes.h>
#include <stdio.h>
#include "base/decimal.h"

#define PLACES     9 /* decimal places that a number with a unit may have */
#define PLACES_ONE UINT64_C(1000000000)

struct unit {
	const char *name; /* as value_show_*() writes it */
	const char *also; /* one more spelling, or NULL */
	uint64_t times;
};

/* The last unit of each table divides everything. */
static const struct unit byte_units[] = {
	{ "t", "tb", UINT64_C(1) << 40 },
	{ "g", "gb", UINT64_C(1) << 30 },
	{ "m", "mb", UINT64_C(1) << 20 },
	{ "k", "kb", UINT64_C(1) << 10 },
	{ "", "b", 1 },
	{ NULL, NULL, 0 },
};

static const struct unit duration_units[] = {
	{ "d", NULL, UINT64_C(86400000000) },
	{ "h", NULL, UINT64_C(3600000000) },
	{ "m", "min", UINT64_C(60000000) },
	{ "s", "sec", UINT64_C(1000000) },
	{ "ms", NULL, UINT64_C(1000) },
	{ "us", NULL, UINT64_C(1) },
	{ NULL, NULL, 0 },
};

/* Cuts "64 k" into the number and its unit. */
static void split(struct span s, struct span *number, struct span *unit)
{
	size_t n = 0;

	s = span_trim(s);
	while (n < s.len && (s.at[n] == '.' || (s.at[n] >= '0' && s.at[n] <= '9')))
		n++;
	*number = (struct span){ s.at, n };
	*unit = span_trim(span_skip(s, n));
}

static const struct unit *find_unit(const struct unit *units, struct span name)
{
	for (const struct unit *u = units; u->name; u++)
		if (span_eq_nocase(name, span_of(u->name)) ||
		    (u->also && span_eq_nocase(name, span_of(u->also))))
			return u;
	return NULL;
}

static enum err read_scaled(struct span s, const struct unit *units, uint64_t *out)
{
	struct span number, name;
	const struct unit *u;
	u128 v;
	enum err e;

	split(s, &number, &name);
	u = find_unit(units, name);
	e = decimal_parse(number, PLACES, &v);
	if (e != ERR_OK)
		return e;
	if (!u && name.len == 0 && v == 0)
		u = units; /* zero of whatever */
	if (!u)
		return ERR_GARBLED;
	if (v > (u128)UINT64_MAX * PLACES_ONE / u->times || v * u->times % PLACES_ONE != 0)
		return ERR_RANGE;
	*out = (uint64_t)(v * u->times / PLACES_ONE);
	return ERR_OK;
}

static void show_scaled(uint64_t v, const struct unit *units, char to[VALUE_TEXT_ROOM])
{
	for (const struct unit *u = units; v > 0 && u->name; u++)
		if (v % u->times == 0) {
			snprintf(to, VALUE_TEXT_ROOM, "%" PRIu64 "%s", v / u->times, u->name);
			return;
		}
	snprintf(to, VALUE_TEXT_ROOM, "0");
}

enum err value_bytes(struct span s, uint64_t *out)
{
	return read_scaled(s, byte_units, out);
}

enum err value_duration(struct span s, uint64_t *out_us)
{
	return read_scaled(s, duration_units, out_us);
}

enum err value_usd(struct span s, int64_t *out_pusd)
{
	struct span number, unit;

	s = span_trim(s);
	if (s.len > 0 && s.at[0] == '$') {
		number = span_skip(s, 1);
	} else {
		split(s, &number, &unit);
		if (!span_eq_nocase(unit, SPAN("usd")))
			return ERR_GARBLED;
	}
	if (number.len == 0 || number.at[0] == '-')
		return ERR_GARBLED;
	return decimal_pusd(number, out_pusd);
}

enum err value_count(struct span s, uint64_t *out)
{
	u128 v;
	enum err e;

	s = span_trim(s);
	for (size_t i = 0; i < s.len; i++)
		if (s.at[i] < '0' || s.at[i] > '9')
			return ERR_GARBLED;
	e = decimal_parse(s, 0, &v);
	if (e != ERR_OK)
		return e;
	if (v > UINT64_MAX)
		return ERR_RANGE;
	*out = (uint64_t)v;
	return ERR_OK;
}

enum err value_bool(struct span s, bool *out)
{
	static const char *const words[][2] = { { "no", "yes" },
						{ "off", "on" },
						{ "false", "true" } };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		for (int on = 0; on < 2; on++)
			if (span_eq_nocase(s, span_of(words[i][on]))) {
				*out = on == 1;
				return ERR_OK;
			}
	return ERR_GARBLED;
}

void value_show_bytes(uint64_t bytes, char to[VALUE_TEXT_ROOM])
{
	show_scaled(bytes, byte_units, to);
}

void value_show_duration(uint64_t us, char to[VALUE_TEXT_ROOM])
{
	show_scaled(us, duration_units, to);
}

void value_show_usd(int64_t pusd, char to[VALUE_TEXT_ROOM])
{
	char number[DECIMAL_TEXT_ROOM];

	decimal_pusd_text(pusd, number);
	snprintf(to, VALUE_TEXT_ROOM, "%susd", number);
}
