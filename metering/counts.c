#include "metering/counts.h"
#include "base/decimal.h"

/* Which quantity a fee is; the tokens have no such twin. */
static const struct {
	enum count count;
	enum quantity quantity;
} fees[] = {
#define FEE(name, help) { COUNT_##name, Q_##name },
#include "metering/counts.tbl.h"
};

void counts_clear(struct counts *c)
{
	*c = (struct counts){ .cost_pusd = -1 };
}

void counts_set(struct counts *c, enum count which, struct span number)
{
	u128 n;

	if (decimal_parse(number, 0, &n) != ERR_OK || n > USAGE_TOK_MAX) {
		c->inconsistent = true;
		return;
	}
	c->n[which] = (uint32_t)n;
	c->known |= UINT32_C(1) << which;
}

void counts_add(struct counts *c, enum count which, uint32_t n)
{
	uint32_t room = (uint32_t)USAGE_TOK_MAX - c->n[which];

	c->inconsistent |= n > room;
	c->n[which] += n < room ? n : room;
	c->known |= UINT32_C(1) << which;
}

void counts_set_cost(struct counts *c, struct span number, unsigned decimals)
{
	enum err e;
	u128 ticks;

	if (decimals == 0) {
		e = decimal_pusd_near(number, &c->cost_pusd);
	} else {
		e = decimal_parse(number, DECIMAL_PLACES_PUSD - decimals, &ticks);
		if (e == ERR_OK && ticks > INT64_MAX)
			e = ERR_RANGE;
		if (e == ERR_OK)
			c->cost_pusd = (int64_t)ticks;
	}
	c->inconsistent |= e != ERR_OK;
}

void counts_overlay(struct counts *c, const struct counts *news)
{
	for (unsigned i = 0; i < COUNT_COUNT; i++)
		if (counts_has(news, i))
			c->n[i] = news->n[i];
	c->known |= news->known;
	c->inconsistent |= news->inconsistent;
	if (news->cost_pusd >= 0)
		c->cost_pusd = news->cost_pusd;
}

void counts_sum(struct counts *c, const struct counts *more)
{
	for (unsigned i = 0; i < COUNT_COUNT; i++)
		if (counts_has(more, i))
			counts_add(c, i, more->n[i]);
	c->inconsistent |= more->inconsistent;
}

/* Takes up to `part` out of *whole and returns what it took. */
static uint64_t take(uint64_t *whole, uint64_t part)
{
	uint64_t taken = part < *whole ? part : *whole;

	*whole -= taken;
	return taken;
}

/* As take(), where the provider says that the part is inside the whole. */
static uint64_t take_inside(uint64_t *whole, uint64_t part, struct usage *u)
{
	u->inconsistent |= part > *whole;
	return take(whole, part);
}

static uint64_t written(const struct counts *c)
{
	return counts_has(c, COUNT_written)
		   ? c->n[COUNT_written]
		   : (uint64_t)c->n[COUNT_written_5m] + c->n[COUNT_written_1h];
}

/* The `left` written tokens by their time to live. What the provider did not split goes
 * where the split ones went, and to the dearer place when they went to both. */
static void spread_writes(const struct counts *c, uint64_t left, uint64_t *quantity,
			  struct usage *u)
{
	uint64_t hour, five;

	u->inconsistent |= (uint64_t)c->n[COUNT_written_5m] + c->n[COUNT_written_1h] > left;
	hour = take(&left, c->n[COUNT_written_1h]);
	five = take(&left, c->n[COUNT_written_5m]);
	quantity[Q_cache_write_1h] += hour + (hour > 0 ? left : 0);
	quantity[Q_cache_write_5m] += five + (hour > 0 ? 0 : left);
}

/* Returns all prompt tokens. Sound and pictures come out of what was not cached; how many
 * of the cached ones they were is known only where the provider says so. */
static uint64_t spread_input(const struct counts *c, struct counting how, uint64_t *quantity,
			     struct usage *u)
{
	uint64_t all = c->n[COUNT_input] + (how.caches_apart ? c->n[COUNT_cached] + written(c) : 0);
	uint64_t audio = c->n[COUNT_input_audio], image = c->n[COUNT_input_image];
	uint64_t fresh = all, cached = take_inside(&fresh, c->n[COUNT_cached], u);

	spread_writes(c, take_inside(&fresh, written(c), u), quantity, u);
	u->inconsistent |= audio > all || image > all;
	quantity[Q_cache_read_audio] += take(&cached, take(&audio, c->n[COUNT_cached_audio]));
	quantity[Q_cache_read] += cached;
	take(&image, c->n[COUNT_cached_image]);
	quantity[Q_input_audio] += take(&fresh, audio);
	quantity[Q_input_image] += take(&fresh, image);
	quantity[Q_input] += fresh;
	return all;
}

/* Returns all generated tokens; input: all prompt tokens. */
static uint64_t spread_output(const struct counts *c, struct counting how, uint64_t input,
			      uint64_t *quantity, struct usage *u)
{
	uint64_t all = c->n[COUNT_output], reasoning = c->n[COUNT_reasoning], left, taken;

	if (how.reasoning == REASONING_hidden && c->n[COUNT_total] > input + all)
		reasoning = c->n[COUNT_total] - input - all;
	if (how.reasoning != REASONING_inside)
		all += reasoning;
	left = all;
	taken = take_inside(&left, reasoning, u);
	u->reasoning_over_tok += reasoning - taken;
	quantity[Q_reasoning] += taken;
	quantity[Q_output_audio] += take(&left, c->n[COUNT_output_audio]);
	quantity[Q_output_image] += take(&left, c->n[COUNT_output_image]);
	quantity[Q_output] += left;
	return all;
}

void counts_spread(const struct counts *c, struct counting how, uint64_t *quantity, struct usage *u)
{
	uint64_t input = spread_input(c, how, quantity, u), output, tool = c->n[COUNT_tool_input];

	output = spread_output(c, how, input, quantity, u);
	quantity[Q_tool_input] += tool;
	for (size_t i = 0; i < sizeof(fees) / sizeof(*fees); i++)
		quantity[fees[i].quantity] += c->n[fees[i].count];
	u->inconsistent |= c->inconsistent;
	if (counts_has(c, COUNT_total))
		u->inconsistent |= c->n[COUNT_total] != input + tool + output;
}
