/* unit.c - the names of units, and amounts of them. See unit.h. */
#include "metering/unit.h"
#include "conf/value.h"

static const char *const names[UNIT_COUNT] = {
#define UNIT(name) #name,
	UNITS(UNIT)
#undef UNIT
};

const char *unit_name(enum unit u)
{
	return names[u];
}

bool unit_find(struct span name, enum unit *out)
{
	for (unsigned i = 0; i < UNIT_COUNT; i++) {
		if (span_eq(name, span_of(names[i]))) {
			*out = (enum unit)i;
			return true;
		}
	}
	return false;
}

static enum err read_count(struct span text, const enum unit *given, enum unit *unit,
			   int64_t *amount)
{
	size_t digits = 0;
	struct span word;
	uint64_t count;
	enum err e;

	text = span_trim(text);
	while (digits < text.len && text.at[digits] >= '0' && text.at[digits] <= '9')
		digits++;
	if (digits == 0)
		return ERR_GARBLED;
	e = value_count((struct span){ text.at, digits }, &count);
	if (e == ERR_OK && count > INT64_MAX)
		e = ERR_RANGE;
	if (e != ERR_OK)
		return e;
	word = span_trim(span_skip(text, digits));
	if (word.len > 0 ? !unit_find(word, unit) : !given)
		return ERR_GARBLED;
	if (word.len == 0)
		*unit = *given;
	*amount = (int64_t)count;
	return *unit == UNIT_usd ? ERR_GARBLED : ERR_OK; /* dollars say so: 5usd */
}

enum err unit_read(struct span text, const enum unit *given, enum unit *unit, int64_t *amount)
{
	enum unit found = UNIT_usd;
	int64_t read;
	enum err e = value_usd(text, &read);

	if (e == ERR_GARBLED)
		e = read_count(text, given, &found, &read);
	if (e != ERR_OK)
		return e;
	if (read < 0 || (given && *given != found))
		return ERR_GARBLED;
	*unit = found;
	*amount = read;
	return ERR_OK;
}
