/* decimal.c - exact decimal numbers: a scan by JSON's grammar, then one walk over the
 * digits, each with the power of ten it stands for. */
#include "base/decimal.h"
#include <stdbool.h>

#define EXPONENT_MAX 100000000L /* beyond it every number is 0 or out of range */

struct number { /* (-1)^negative x whole.fraction x 10^exponent */
	bool negative;
	struct span whole, fraction;
	long exponent;
};

enum cut { /* what rounding needs to know of the digits below the unit */
	CUT_NOTHING = 0,
	CUT_BELOW_HALF = 1,
	CUT_HALF = 2,
	CUT_ABOVE_HALF = CUT_HALF | CUT_BELOW_HALF, /* a half, and something after it */
};

struct scaled { /* a number in units, and what was cut off */
	u128 units;
	enum cut cut;
};

/* Takes the digits at the front of *s. */
static struct span take_digits(struct span *s)
{
	struct span digits = { s->at, 0 };

	while (digits.len < s->len && s->at[digits.len] >= '0' && s->at[digits.len] <= '9')
		digits.len++;
	*s = span_skip(*s, digits.len);
	return digits;
}

static bool take_char(struct span *s, char c)
{
	if (s->len == 0 || s->at[0] != c)
		return false;
	*s = span_skip(*s, 1);
	return true;
}

/* The exponent behind "e"; saturates, since a hostile one may have a million digits. */
static bool take_exponent(struct span *s, long *exponent)
{
	bool negative = take_char(s, '-');

	if (!negative)
		take_char(s, '+');
	struct span digits = take_digits(s);
	for (size_t i = 0; i < digits.len && *exponent < EXPONENT_MAX; i++)
		*exponent = *exponent * 10 + (digits.at[i] - '0');
	if (negative)
		*exponent = -*exponent;
	return digits.len > 0;
}

static bool scan(struct span s, struct number *n)
{
	*n = (struct number){ .negative = take_char(&s, '-') };
	n->whole = take_digits(&s);
	if (n->whole.len == 0 || (n->whole.len > 1 && n->whole.at[0] == '0'))
		return false;
	if (take_char(&s, '.')) {
		n->fraction = take_digits(&s);
		if (n->fraction.len == 0)
			return false;
	}
	if ((take_char(&s, 'e') || take_char(&s, 'E')) && !take_exponent(&s, &n->exponent))
		return false;
	return s.len == 0;
}

static bool push_digit(u128 *v, unsigned digit)
{
	return !__builtin_mul_overflow(*v, (u128)10, v) && !__builtin_add_overflow(*v, digit, v);
}

/* A digit below the unit; weight -1 is the first place that is cut off. */
static void cut_digit(struct scaled *r, unsigned digit, long weight)
{
	if (digit == 0)
		return;
	if (weight < -1)
		r->cut |= CUT_BELOW_HALF;
	else
		r->cut = digit < 5 ? CUT_BELOW_HALF : digit == 5 ? CUT_HALF : CUT_ABOVE_HALF;
}

/* n in units of 10^-places; ERR_RANGE past 128 bits. */
static enum err scale(const struct number *n, unsigned places, struct scaled *r)
{
	size_t count = n->whole.len + n->fraction.len;
	long weight = (long)n->whole.len - 1 + n->exponent + (long)places;

	*r = (struct scaled){ 0 };
	for (size_t i = 0; i < count; i++, weight--) {
		char c = i < n->whole.len ? n->whole.at[i] : n->fraction.at[i - n->whole.len];
		unsigned digit = (unsigned)(c - '0');

		if (weight < 0)
			cut_digit(r, digit, weight);
		else if (!push_digit(&r->units, digit))
			return ERR_RANGE;
	}
	for (; r->units > 0 && weight >= 0; weight--)
		if (!push_digit(&r->units, 0))
			return ERR_RANGE;
	return ERR_OK;
}

enum err decimal_parse(struct span s, unsigned places, u128 *out)
{
	struct number n;
	struct scaled r;

	MUST(places <= 38);
	if (!scan(s, &n))
		return ERR_GARBLED;
	if (scale(&n, places, &r) != ERR_OK || r.cut != CUT_NOTHING || (n.negative && r.units > 0))
		return ERR_RANGE;
	*out = r.units;
	return ERR_OK;
}

size_t decimal_text(u128 units, unsigned places, char to[DECIMAL_TEXT_ROOM])
{
	char digits[40]; /* 2^128 has 39 digits; the least significant stands first */
	size_t count = 0, len = 0;

	MUST(places <= 38);
	while (places > 0 && units % 10 == 0) {
		units /= 10;
		places--;
	}
	for (; units > 0 || count <= places; units /= 10)
		digits[count++] = (char)('0' + (int)(units % 10));
	while (count > 0) {
		to[len++] = digits[--count];
		if (count > 0 && count == places)
			to[len++] = '.';
	}
	to[len] = '\0';
	return len;
}

u128 decimal_divide(u128 units, u128 divisor)
{
	MUST(divisor > 0);
	u128 quotient = units / divisor, rest = units % divisor;
	u128 to_next = divisor - rest;

	if (rest > to_next || (rest == to_next && quotient % 2 == 1))
		quotient++;
	return quotient;
}

/* One sign and 63 bits; the one amount that has no positive twin is refused too. */
static enum err to_pusd(const struct number *n, u128 units, int64_t *pusd)
{
	if (units > INT64_MAX)
		return ERR_RANGE;
	*pusd = n->negative ? -(int64_t)units : (int64_t)units;
	return ERR_OK;
}

enum err decimal_pusd(struct span usd, int64_t *pusd)
{
	struct number n;
	struct scaled r;

	if (!scan(usd, &n))
		return ERR_GARBLED;
	if (scale(&n, DECIMAL_PLACES_PUSD, &r) != ERR_OK || r.cut != CUT_NOTHING)
		return ERR_RANGE;
	return to_pusd(&n, r.units, pusd);
}

enum err decimal_pusd_near(struct span usd, int64_t *pusd)
{
	struct number n;
	struct scaled r;

	if (!scan(usd, &n))
		return ERR_GARBLED;
	if (scale(&n, DECIMAL_PLACES_PUSD, &r) != ERR_OK || r.units > INT64_MAX)
		return ERR_RANGE;
	if (r.cut == CUT_ABOVE_HALF || (r.cut == CUT_HALF && r.units % 2 == 1))
		r.units++;
	return to_pusd(&n, r.units, pusd);
}

size_t decimal_pusd_text(int64_t pusd, char to[DECIMAL_TEXT_ROOM])
{
	size_t sign = pusd < 0 ? 1 : 0;
	uint64_t units = pusd < 0 ? -(uint64_t)pusd : (uint64_t)pusd;

	to[0] = '-';
	return sign + decimal_text(units, DECIMAL_PLACES_PUSD, to + sign);
}
