/* api_usage.c - /admin/v1/usage: sums over rows. */
#include <string.h>
#include "metering/period.h"
#include "ops/api.h"
#include "ops/house.h"
#include "store/ledger.h"

#define ROWS_MAX    100000
#define US_PER_HOUR (3600 * US_PER_SEC)

/* What --by may name, with the bit that the ledger groups by. */
static const struct {
	const char *name;
	unsigned bit;
} groups[] = {
	{ "tenant", GROUP_TENANT }, { "team", GROUP_TEAM },         { "user", GROUP_USER },
	{ "key", GROUP_KEY },       { "provider", GROUP_PROVIDER }, { "model", GROUP_MODEL },
	{ "hour", GROUP_HOUR },     { "day", GROUP_DAY },
};

#define GROUPS (sizeof(groups) / sizeof(groups[0]))

struct report {
	unsigned by;
	json_t *rows;
	struct usage_row total;
	bool cut;
};

/* Reads a comma separated list of groups. */
static enum err read_groups(struct api_call *c, unsigned *by)
{
	const char *at = api_value(c, "by");

	*by = 0;
	for (at = at ? at : "tenant"; *at; at += *at == ',') {
		struct span name = { at, strcspn(at, ",") };
		size_t i = 0;

		while (i < GROUPS && !span_eq(name, span_of(groups[i].name)))
			i++;
		if (i == GROUPS)
			return api_refuse(c, ERR_GARBLED,
					  "by: of tenant, team, user, key, provider, model, hour, "
					  "day; several are parted by commas");
		*by |= groups[i].bit;
		at += name.len;
	}
	return ERR_OK;
}

/* The members that name the group a row belongs to. */
static void put_group(json_t *o, unsigned by, const struct usage_row *r)
{
	const char *const text[] = { r->tenant, r->team, r->user, r->key, r->provider, r->model };

	for (size_t i = 0; i < GROUPS; i++) {
		char start[CLK_TEXT_ROOM];

		if (!(by & groups[i].bit))
			continue;
		clk_text((struct wall){ r->start_us }, start);
		if (groups[i].bit == GROUP_HOUR)
			start[16] = '\0';
		else if (groups[i].bit == GROUP_DAY)
			start[10] = '\0';
		api_put_text(o, groups[i].name,
			     groups[i].bit & (GROUP_HOUR | GROUP_DAY) ? start : text[i]);
	}
}

static void put_count(json_t *o, const char *name, uint64_t n)
{
	json_object_set_new(o, name, json_integer((json_int_t)n));
}

static void put_sums(json_t *o, const struct usage_row *r)
{
	put_count(o, "requests", r->requests);
	put_count(o, "failed", r->failed);
	put_count(o, "inexact", r->inexact);
	put_count(o, "input_tok", r->input_tok);
	put_count(o, "cached_read_tok", r->cached_read_tok);
	put_count(o, "cache_write_tok", r->cache_write_tok);
	put_count(o, "tool_input_tok", r->tool_input_tok);
	put_count(o, "output_tok", r->output_tok);
	put_count(o, "reasoning_tok", r->reasoning_tok);
	put_count(o, "bytes_in", r->bytes_in);
	put_count(o, "bytes_out", r->bytes_out);
	put_count(o, "mean_took_us", r->requests ? r->took_us / r->requests : 0);
	put_count(o, "mean_first_byte_us", r->answered ? r->first_byte_us / r->answered : 0);
	api_put_money(o, "cost", r->cost_pusd);
}

static void add_up(struct usage_row *sum, const struct usage_row *r)
{
	sum->requests += r->requests;
	sum->failed += r->failed;
	sum->inexact += r->inexact;
	sum->input_tok += r->input_tok;
	sum->cached_read_tok += r->cached_read_tok;
	sum->cache_write_tok += r->cache_write_tok;
	sum->tool_input_tok += r->tool_input_tok;
	sum->output_tok += r->output_tok;
	sum->reasoning_tok += r->reasoning_tok;
	sum->bytes_in += r->bytes_in;
	sum->bytes_out += r->bytes_out;
	sum->took_us += r->took_us;
	sum->answered += r->answered;
	sum->first_byte_us += r->first_byte_us;
	if (__builtin_add_overflow(sum->cost_pusd, r->cost_pusd, &sum->cost_pusd))
		sum->cost_pusd = INT64_MAX;
}

static bool on_row(void *arg, const struct usage_row *r)
{
	struct report *report = arg;
	json_t *o = json_object();

	put_group(o, report->by, r);
	put_sums(o, r);
	json_array_append_new(report->rows, o);
	add_up(&report->total, r);
	report->cut = json_array_size(report->rows) == ROWS_MAX;
	return !report->cut;
}

static enum err read_filter(struct api_call *c, struct ledger_filter *f)
{
	struct wall now = clk_wall();
	enum err e;

	*f = (struct ledger_filter){ .tenant = api_value(c, "tenant"),
				     .team = api_value(c, "team"),
				     .user = api_value(c, "user"),
				     .key = api_value(c, "key"),
				     .provider = api_value(c, "provider"),
				     .model = api_value(c, "model") };
	f->since_us = period_window(PERIOD_month, zone_utc(), now).starts.us;
	f->until_us = now.us;
	e = api_when(c, "since", WHEN_PAST, &f->since_us);
	if (e == ERR_OK)
		e = api_when(c, "until", WHEN_PAST, &f->until_us);
	if (e != ERR_OK)
		return e;
	if (f->since_us >= f->until_us)
		return api_refuse(c, ERR_RANGE, "since: it must lie before until");
	f->since_us -= f->since_us % US_PER_HOUR;
	f->until_us += US_PER_HOUR - 1 - (f->until_us - 1) % US_PER_HOUR;
	return ERR_OK;
}

static json_t *group_names(unsigned by)
{
	json_t *names = json_array();

	for (size_t i = 0; i < GROUPS; i++)
		if (by & groups[i].bit)
			json_array_append_new(names, json_string(groups[i].name));
	return names;
}

enum err api_usage(struct api_call *c)
{
	struct report report = { 0 };
	struct ledger_filter f;
	json_t *total;
	enum err e = read_groups(c, &report.by);

	if (e == ERR_OK)
		e = read_filter(c, &f);
	if (e != ERR_OK)
		return e;
	api_settle(c);
	report.rows = json_array();
	e = ledger_usage_each(c->house->ledger, &f, report.by, on_row, &report);
	total = json_object();
	put_sums(total, &report.total);
	c->answer = json_object();
	api_put_time(c->answer, "since", f.since_us);
	api_put_time(c->answer, "until", f.until_us);
	json_object_set_new(c->answer, "by", group_names(report.by));
	json_object_set_new(c->answer, "usage", report.rows);
	json_object_set_new(c->answer, "total", total);
	if (e == ERR_OK && report.cut)
		return api_refuse(c, ERR_TOO_BIG,
				  "that would be more than %d lines: narrow it down with since, "
				  "until or a coarser --by",
				  ROWS_MAX);
	return e;
}
