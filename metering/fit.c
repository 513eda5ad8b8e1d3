/* fit.c - see fit.h.
 *
 * Learning  recursive least squares in information form. A sample is divided by the size of
 *           its request, so that relative errors count and none weighs more than another.
 *           `info`, what all samples say about the coefficients, fades by FORGET a sample but
 *           never below one reference request: it stays positive definite, and a coefficient
 *           that nothing speaks of stays where it is.
 * Outliers  an error far beyond the usual is cut to CLIP_DEVIATIONS times that. When errors
 *           agree in sign for a while (Trigg's tracking signal) it is the provider that has
 *           changed, or the prior that was wrong: then it forgets fast.
 * Bounds    from a fading histogram of errors, each made before its sample was learned. It
 *           begins with HISTORY samples, spread as the prior says.
 */
#include "metering/fit.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include "metering/usage.h"

#define PRIOR_REQUESTS  20.0  /* reference requests that a prior counts for */
#define FORGET          0.995 /* what a sample leaves of those before it */
#define FORGET_FAST     0.8   /* the same when there was a change */
#define RECENT          0.1   /* weight of the newest error in `recent` and `deviation` */
#define SIGNAL          0.5   /* recent to deviation: from here on errors agree */
#define SIGNAL_LEAST    0.015 /* a smaller mean error is nothing to hurry for */
#define CLIP_DEVIATIONS 4.0
#define CLIP_LEAST      0.14 /* x RECENT < SIGNAL_LEAST: one error is no change */
#define SLACK_TOK       8.0  /* added to both sides before they are compared */
#define HISTORY         20.0
#define HISTORY_FORGET  0.985
#define TAIL            0.045 /* of the histogram, beyond each bound; 0.05 is promised */
#define BEYOND          8.0   /* the bound where the last edge is too low */
#define LONG_RUN        0.02  /* weight of the newest error in `bias` and `error` */
#define FAR             0.25  /* errors beyond count as this there */
#define WARM_UP         20    /* the first errors say more about the prior */
#define DRIFT_SAMPLES   50
#define DRIFT           0.03
#define DRIFT_OVER      0.02

static const struct {
	const char *name;
	double least, most, reference;
} coefficients[FIT_N] = {
#define COEFFICIENT(name, least, most, reference, help)                                            \
	{ #name, least / 1000.0, most / 1000.0, reference / 1000.0 },
	LEARN_COEFFICIENTS(COEFFICIENT)
#undef COEFFICIENT
};

static double bounded(double v, double least, double most)
{
	return v < least ? least : v > most ? most : v;
}

static double size_of(double v)
{
	return v < 0 ? -v : v;
}

/* ---- the estimate ---- */

static double mean_of(const struct fit *f, const uint64_t x[FIT_N])
{
	double mean = 0;

	for (unsigned i = 0; i < FIT_N; i++)
		mean += f->weight[i] * (double)x[i];
	return mean > 1 ? mean : 1;
}

static uint64_t whole(double tok)
{
	return tok > 0 ? (uint64_t)tok : 0;
}

void fit_estimate(const struct fit *f, const uint64_t x[FIT_N], struct learn_estimate *out)
{
	double mean = mean_of(f, x);

	out->samples = f->samples;
	out->mean_tok = whole(mean + 0.5);
	out->low_tok = whole((mean + SLACK_TOK) * f->low - SLACK_TOK);
	out->high_tok = whole((mean + SLACK_TOK) * f->high - SLACK_TOK) + 1;
	if (out->low_tok > out->mean_tok)
		out->low_tok = out->mean_tok;
	if (out->high_tok < out->mean_tok)
		out->high_tok = out->mean_tok;
}

/* ---- errors ---- */

static unsigned bucket_of(double ratio)
{
	unsigned i = 0;

	while (i < LEARN_BUCKETS - 1 && ratio * 1000 > learn_edge_permil[i])
		i++;
	return i;
}

/* The edges beyond which lies at most TAIL of the history. */
static void find_bounds(struct fit *f)
{
	double total = 0, below = 0, above = 0;
	unsigned low = 0, high = LEARN_BUCKETS - 1;

	for (unsigned i = 0; i < LEARN_BUCKETS; i++)
		total += f->history[i];
	while (low < LEARN_BUCKETS / 2 && below + f->history[low] <= TAIL * total)
		below += f->history[low++];
	while (high > LEARN_BUCKETS / 2 && above + f->history[high] <= TAIL * total)
		above += f->history[high--];
	f->low = low > 0 ? learn_edge_permil[low - 1] / 1000.0 : 0;
	f->high = high < LEARN_BUCKETS - 1 ? learn_edge_permil[high] / 1000.0 : BEYOND;
}

static void count_error(struct fit *f, double ratio)
{
	unsigned at = bucket_of(ratio);

	f->seen++;
	f->bucket[at]++;
	f->ratio_sum_permil += whole(bounded(ratio, 0, 1000) * 1000 + 0.5);
	if (f->frozen)
		return;
	for (unsigned i = 0; i < LEARN_BUCKETS; i++)
		f->history[i] *= HISTORY_FORGET;
	f->history[at] += 1;
	find_bounds(f);
}

static void watch_drift(struct fit *f, double error)
{
	if (f->seen <= WARM_UP)
		return;
	error = bounded(error, -FAR, FAR);
	f->bias += LONG_RUN * (error - f->bias);
	f->error += LONG_RUN * (size_of(error) - f->error);
	if (f->seen > DRIFT_SAMPLES && size_of(f->bias) > DRIFT)
		f->drift = 1;
	else if (size_of(f->bias) < DRIFT_OVER)
		f->drift = 0;
}

/* ---- learning ---- */

/* Where it is in the packed triangle; column <= row. */
static unsigned at(unsigned row, unsigned column)
{
	return row * (row + 1) / 2 + column;
}

/* What `requests` reference requests say about a coefficient. */
static double info_of(unsigned i, double requests)
{
	return requests * coefficients[i].reference * coefficients[i].reference;
}

static void begin_info(struct fit *f)
{
	for (unsigned i = 0; i < FIT_PACKED; i++)
		f->info[i] = 0;
	for (unsigned i = 0; i < FIT_N; i++)
		f->info[at(i, i)] = info_of(i, PRIOR_REQUESTS);
}

static void renew_info(struct fit *f, double forget, const double x[FIT_N])
{
	for (unsigned i = 0; i < FIT_N; i++) {
		for (unsigned j = 0; j <= i; j++)
			f->info[at(i, j)] = forget * f->info[at(i, j)] + x[i] * x[j];
		f->info[at(i, i)] += info_of(i, 1 - forget);
	}
}

/* Solves info * out = x by L D L'. False: info is not positive definite. */
static bool solve(const double info[FIT_PACKED], const double x[FIT_N], double out[FIT_N])
{
	double l[FIT_N][FIT_N], d[FIT_N];

	for (unsigned i = 0; i < FIT_N; i++) {
		for (unsigned j = 0; j <= i; j++) {
			double sum = info[at(i, j)];

			for (unsigned k = 0; k < j; k++)
				sum -= l[i][k] * d[k] * l[j][k];
			if (j < i)
				l[i][j] = sum / d[j];
			else
				d[i] = sum;
		}
		if (!(d[i] > 1e-12))
			return false;
	}
	for (unsigned i = 0; i < FIT_N; i++) {
		out[i] = x[i];
		for (unsigned j = 0; j < i; j++)
			out[i] -= l[i][j] * out[j];
	}
	for (unsigned i = FIT_N; i-- > 0;) {
		out[i] /= d[i];
		for (unsigned j = i + 1; j < FIT_N; j++)
			out[i] -= l[j][i] * out[j];
	}
	return true;
}

/* Cuts an error that is far from the usual, and follows what is usual; *changed: the errors
 * of late agree. */
static double judge(struct fit *f, double error, bool *changed)
{
	double limit = CLIP_DEVIATIONS * f->deviation;

	limit = limit > CLIP_LEAST ? limit : CLIP_LEAST;
	error = bounded(error, -limit, limit);
	f->recent += RECENT * (error - f->recent);
	f->deviation += RECENT * (size_of(error) - f->deviation);
	*changed = size_of(f->recent) > SIGNAL_LEAST && size_of(f->recent) > SIGNAL * f->deviation;
	return error;
}

/* How large the request is. Coefficients may be negative, so it is bounded from below by all
 * that is there, too: what is divided by it is never large. */
static double request_size(const uint64_t x[FIT_N], double mean)
{
	double size = 0;

	for (unsigned i = 0; i < LEARN_COEFFICIENT_base; i++)
		size += (double)x[i] / 2;
	return (mean > size ? mean : size) + SLACK_TOK;
}

static void step(struct fit *f, const double x[FIT_N], double error)
{
	double gain[FIT_N];
	bool changed;

	error = judge(f, error, &changed);
	renew_info(f, changed ? FORGET_FAST : FORGET, x);
	if (!solve(f->info, x, gain)) {
		begin_info(f);
		return;
	}
	for (unsigned i = 0; i < FIT_N; i++)
		f->weight[i] = bounded(f->weight[i] + gain[i] * error, coefficients[i].least,
				       coefficients[i].most);
}

void fit_teach(struct fit *f, const uint64_t x[FIT_N], uint64_t tok)
{
	double mean = mean_of(f, x), size = request_size(x, mean), scaled[FIT_N];
	double error = (double)tok - mean;

	count_error(f, ((double)tok + SLACK_TOK) / (mean + SLACK_TOK));
	watch_drift(f, error / (mean + SLACK_TOK));
	if (f->frozen)
		return;
	for (unsigned i = 0; i < FIT_N; i++)
		scaled[i] = f->learned >> i & 1 ? (double)x[i] / size : 0;
	step(f, scaled, error / size);
	f->samples++;
}

void fit_begin(struct fit *f, unsigned learned, const int32_t permil[FIT_N], int32_t spread_permil)
{
	double spread = spread_permil / 1000.0;

	*f = (struct fit){ .learned = learned, .deviation = spread / 2 };
	for (unsigned i = 0; i < FIT_N; i++)
		f->weight[i] = bounded(permil[i] / 1000.0, coefficients[i].least,
				       coefficients[i].most);
	begin_info(f);
	f->history[bucket_of(1 + spread)] = HISTORY / 10;
	f->history[bucket_of(1 / (1 + spread))] = HISTORY / 10;
	f->history[LEARN_BUCKETS / 2] = HISTORY - HISTORY / 5;
	find_bounds(f);
}

/* ---- for people ---- */

static int64_t scaled_by(double v, double by)
{
	return (int64_t)(v * by + (v < 0 ? -0.5 : 0.5));
}

void fit_view(const struct fit *f, struct learn_view *v)
{
	v->exact = !(f->learned >> LEARN_COEFFICIENT_ascii & 1);
	v->samples = f->samples;
	v->seen = f->seen;
	v->frozen = f->frozen;
	v->drift = f->drift;
	v->bias_permil = (int32_t)scaled_by(f->bias, 1000);
	v->error_permil = (uint32_t)scaled_by(f->error, 1000);
	v->low_permil = (uint32_t)scaled_by(f->low, 1000);
	v->high_permil = (uint32_t)scaled_by(f->high, 1000);
	v->ratio_sum_permil = f->ratio_sum_permil;
	for (unsigned i = 0; i < FIT_N; i++)
		v->coefficient_permil[i] = scaled_by(f->weight[i], 1000);
	memcpy(v->bucket, f->bucket, sizeof(v->bucket));
}

/* ---- text ---- */

/* FIELD(KIND, name): what is written, in this order; every number is 8 bytes. */
#define FIELDS(FIELD)                                                                              \
	FIELD(WHOLE, learned)                                                                      \
	FIELD(WHOLE, samples)                                                                      \
	FIELD(WHOLE, seen)                                                                         \
	FIELD(WHOLE, frozen)                                                                       \
	FIELD(WHOLE, drift)                                                                        \
	FIELD(REAL, bias)                                                                          \
	FIELD(REAL, error)                                                                         \
	FIELD(REAL, recent)                                                                        \
	FIELD(REAL, deviation)                                                                     \
	FIELD(REAL, weight)                                                                        \
	FIELD(REAL, info)                                                                          \
	FIELD(REAL, history)                                                                       \
	FIELD(WHOLE, bucket)                                                                       \
	FIELD(WHOLE, ratio_sum_permil)

static const struct field {
	const char *name;
	enum {
		WHOLE,
		REAL
	} kind;
	size_t offset, count;
} fields[] = {
#define FIELD(kind, name)                                                                          \
	{ #name, kind, offsetof(struct fit, name), sizeof(((struct fit *)0)->name) / 8 },
	FIELDS(FIELD)
#undef FIELD
};
enum {
	FIELD_COUNT = sizeof(fields) / sizeof(fields[0])
};

static bool write_number(const struct field *field, const char *from, struct buf *to)
{
	uint64_t number;
	double real;

	memcpy(&number, from, sizeof(number));
	memcpy(&real, from, sizeof(real));
	return field->kind == WHOLE ? buf_addf(to, "%" PRIu64, number)
				    : buf_addf(to, "%.17g", real);
}

bool fit_write(const struct fit *f, struct buf *to)
{
	bool ok = true;

	for (unsigned i = 0; ok && i < FIELD_COUNT; i++) {
		ok = buf_addf(to, "%s%s=", i > 0 ? " " : "", fields[i].name);
		for (size_t n = 0; ok && n < fields[i].count; n++)
			ok = (n == 0 || buf_add(to, SPAN(","))) &&
			     write_number(&fields[i], (const char *)f + fields[i].offset + 8 * n,
					  to);
	}
	return ok;
}

struct reading {
	struct fit fit;
	char *why;
	size_t room;
};

/* Says what is wrong, and with what. */
static enum err refuse(struct reading *r, enum err e, const char *what, struct span with)
{
	if (with.len > 40)
		with.len = 40;
	snprintf(r->why, r->room, "%s: \"%.*s\"", what, SPAN_ARG(with));
	return e;
}

static enum err read_number(struct reading *r, const struct field *field, struct span text,
			    char *to)
{
	uint64_t number;
	char digits[40], *end;
	double real;

	if (text.len == 0 || !span_copy(text, digits, sizeof(digits)) ||
	    digits[strspn(digits, "0123456789.e+-")])
		return refuse(r, ERR_GARBLED, "that is no number", text);
	real = strtod(digits, &end);
	if (*end)
		return refuse(r, ERR_GARBLED, "that is no number", text);
	if (!(real >= -1e9 && real <= 9e15))
		return refuse(r, ERR_RANGE, "that number is out of its range", text);
	if (field->kind == REAL) {
		memcpy(to, &real, sizeof(real));
		return ERR_OK;
	}
	if (digits[strspn(digits, "0123456789")])
		return refuse(r, ERR_RANGE, "that is no whole number", text);
	number = (uint64_t)real;
	memcpy(to, &number, sizeof(number));
	return ERR_OK;
}

static enum err read_field(struct reading *r, const struct field *field, struct span text)
{
	struct span name = span_take(&text, '=');
	char *to = (char *)&r->fit + field->offset;
	size_t n = 0;

	if (!span_eq(name, span_of(field->name)))
		return refuse(r, ERR_GARBLED, "this field is missing", span_of(field->name));
	for (; text.len > 0 && n < field->count; n++) {
		enum err e = read_number(r, field, span_take(&text, ','), to + 8 * n);

		if (e != ERR_OK)
			return e;
	}
	if (n != field->count || text.len > 0)
		return refuse(r, ERR_GARBLED, "not as many numbers as there must be", name);
	return ERR_OK;
}

static bool is_history(const struct fit *f)
{
	double total = 0;
	uint64_t seen = 0;

	for (unsigned i = 0; i < LEARN_BUCKETS; i++) {
		if (!(f->history[i] >= 0 && f->history[i] < 1e6))
			return false;
		total += f->history[i];
		seen += f->bucket[i];
	}
	return total > 0 && seen == f->seen && f->samples <= f->seen;
}

static bool is_info(const struct fit *f)
{
	static const double any[FIT_N];
	double out[FIT_N];

	for (unsigned i = 0; i < FIT_PACKED; i++)
		if (!(size_of(f->info[i]) < 1e6))
			return false;
	return solve(f->info, any, out);
}

/* Could these numbers have been learned? */
static enum err check(struct reading *r)
{
	const struct fit *f = &r->fit;

	for (unsigned i = 0; i < FIT_N; i++)
		if (!(f->weight[i] >= coefficients[i].least &&
		      f->weight[i] <= coefficients[i].most))
			return refuse(r, ERR_RANGE, "this coefficient is out of its range",
				      span_of(coefficients[i].name));
	if (!is_info(f))
		return refuse(r, ERR_RANGE, "this matrix is not positive definite", SPAN("info"));
	if (!is_history(f))
		return refuse(r, ERR_RANGE, "this histogram does not add up", SPAN("history"));
	if (f->frozen > 1 || f->drift > 1)
		return refuse(r, ERR_RANGE, "these are 0 or 1", SPAN("frozen, drift"));
	if (f->learned == 0 || f->learned >> FIT_N)
		return refuse(r, ERR_RANGE, "that is no set of coefficients", SPAN("learned"));
	if (!(size_of(f->bias) <= 1 && f->error >= 0 && f->error <= 1 && f->deviation >= 0))
		return refuse(r, ERR_RANGE, "these errors cannot be", SPAN("bias, error"));
	return ERR_OK;
}

enum err fit_read(struct fit *f, struct span text, char *why, size_t room)
{
	struct reading r = { .why = why, .room = room };
	enum err e = ERR_OK;

	for (unsigned i = 0; e == ERR_OK && i < FIELD_COUNT; i++)
		e = read_field(&r, &fields[i], span_take(&text, ' '));
	if (e == ERR_OK && text.len > 0)
		e = refuse(&r, ERR_GARBLED, "something follows the last field", text);
	if (e == ERR_OK)
		e = check(&r);
	if (e != ERR_OK)
		return e;
	find_bounds(&r.fit);
	*f = r.fit;
	return ERR_OK;
}
