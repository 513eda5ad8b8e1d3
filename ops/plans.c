/* plans.c - see plans.h. A quota of a plan is one line of words:
 * "20 requests minute", "5usd llm month Europe/Berlin warn=50,100 action=warn". */
#include "ops/plans.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "conf/conf.h"
#include "metering/registry.h"

struct plans {
	const struct conf *conf; /* for the names; outlives what is built with them */
	struct plan defaults;
	struct plan at[];
};

struct reader {
	const struct conf *conf;
	struct zones *zones;
	struct buf *errors;
	bool wrong;
};

static void complain(struct reader *r, int line, const char *what, const char *text,
		     const char *problem)
{
	r->wrong = true;
	if (!buf_addf(r->errors, "%s:%d: %s: '%.100s': %s\n", r->conf->path, line, what, text,
		      problem))
		return; /* the buffer is full of earlier ones */
}

/* --- the words of a quota --- */

static bool is_word(struct span word, const char *name)
{
	return span_eq(word, span_of(name));
}

#define SET(field, value) span_copy(value, field, sizeof(field))

/* name=value */
static bool take_setting(struct span name, struct span value, bool *warn_said, struct quota_row *q)
{
	if (is_word(name, "warn")) {
		*warn_said = true;
		return SET(q->warn, is_word(value, "none") ? SPAN("") : value);
	}
	if (is_word(name, "action"))
		return SET(q->action, value);
	if (is_word(name, "on_outage"))
		return SET(q->on_outage, value);
	if (!is_word(name, "enforce") || (!is_word(value, "yes") && !is_word(value, "no")))
		return false;
	q->in_shadow = is_word(value, "no");
	return true;
}

static bool take_word(struct span word, bool *warn_said, struct quota_row *q)
{
	struct span value = word, name = span_take(&value, '=');
	enum period period;

	if (name.len < word.len)
		return take_setting(name, value, warn_said, q);
	for (unsigned i = 0; i < RESOURCE_COUNT; i++)
		if (is_word(word, resource_name((enum resource)i)))
			return SET(q->resource, word);
	if (period_find(word, &period))
		return SET(q->period, word);
	if (memchr(word.at, '/', word.len) || is_word(word, "UTC"))
		return SET(q->zone, word);
	return false;
}

static struct span next_word(struct span *text)
{
	*text = span_trim(*text);
	return span_take(text, ' ');
}

/* "5usd" or "20 requests". */
static bool take_limit(struct span *text, struct quota_row *q)
{
	struct span amount = next_word(text), rest = *text;
	enum unit unit;

	if (unit_read(amount, NULL, &unit, &q->limit) != ERR_OK) {
		struct span word = next_word(&rest);

		amount.len = word.len > 0 ? (size_t)(word.at + word.len - amount.at) : amount.len;
		if (unit_read(amount, NULL, &unit, &q->limit) != ERR_OK)
			return false;
		*text = rest;
	}
	if (unit == UNIT_concurrent)
		(void)SET(q->period, SPAN("total"));
	return SET(q->unit, span_of(unit_name(unit)));
}

/* NULL, or what is wrong with it. */
static const char *read_quota(struct reader *r, struct span text, struct quota_row *q)
{
	const char *problem = NULL;
	struct quota checked;
	bool warn_said = false;

	*q = (struct quota_row){
		.scope = "tenant", .scope_id = "?", .resource = "all", .period = "month"
	};
	if (!take_limit(&text, q))
		return "it begins with an amount: 5usd, 20 requests, 100000 tokens, 2 concurrent";
	while (span_trim(text).len > 0)
		if (!take_word(next_word(&text), &warn_said, q))
			return "a word of it is no resource, period, zone or setting";
	plans_complete(r->conf, warn_said, q);
	return quota_read(q, r->zones, &checked, &problem) == ERR_OK ? NULL : problem;
}

/* --- plans --- */

static bool is_none(const struct conf_texts *t)
{
	return t->count == 1 && strcmp(t->at[0], "none") == 0;
}

static void read_plan(struct reader *r, const struct conf_plan *from, struct plan *to)
{
	int line = conf_line(from->lines, "plans[]", "quotas");

	if (is_none(&from->quotas))
		return;
	for (unsigned i = 0; i < from->quotas.count; i++) {
		const char *text = from->quotas.at[i], *problem;

		if (to->quotas == PLAN_QUOTAS_MAX) {
			complain(r, line, "plans", from->name, "too many quotas");
			return;
		}
		problem = read_quota(r, span_of(text), &to->quota[to->quotas]);
		if (problem)
			complain(r, line, "plans: quota", text, problem);
		to->quotas++;
	}
}

static void add_default(struct reader *r, struct plan *to, const char *resource, int64_t limit_pusd)
{
	const struct conf *c = r->conf;
	struct quota_row *q = &to->quota[to->quotas];
	const char *problem = NULL;
	struct quota checked;

	if (limit_pusd == CONF_NONE)
		return;
	*q = (struct quota_row){
		.scope = "tenant", .scope_id = "?", .unit = "usd", .limit = limit_pusd
	};
	(void)SET(q->resource, span_of(resource));
	(void)SET(q->period, span_of(conf_choice_word(c->tenant_defaults.period)));
	(void)SET(q->zone, span_of(c->tenant_defaults.zone));
	plans_complete(c, false, q);
	if (quota_read(q, r->zones, &checked, &problem) != ERR_OK)
		complain(r, conf_line(c->lines, "tenant_defaults", resource), "tenant_defaults",
			 resource, problem);
	to->quotas++;
}

static void read_all(struct reader *r, struct plans *p)
{
	const struct conf *c = r->conf;

	add_default(r, &p->defaults, "llm", c->tenant_defaults.llm_pusd);
	add_default(r, &p->defaults, "e2b", c->tenant_defaults.e2b_pusd);
	add_default(r, &p->defaults, "all", c->tenant_defaults.all_pusd);
	for (unsigned i = 0; i < c->plans.count; i++)
		read_plan(r, &c->plans.at[i], &p->at[i]);
}

void plans_complete(const struct conf *c, bool warn_said, struct quota_row *q)
{
	bool passes = strcmp(q->period, period_name(PERIOD_minute)) == 0 ||
		      strcmp(q->unit, unit_name(UNIT_concurrent)) == 0;

	if (q->action[0] == '\0')
		(void)SET(q->action, SPAN("block"));
	if (q->on_outage[0] == '\0')
		(void)SET(q->on_outage, span_of(conf_choice_word(c->quota.on_outage)));
	if (!warn_said && !passes && strcmp(c->tenant_defaults.warn_percent, "none") != 0)
		(void)SET(q->warn, span_of(c->tenant_defaults.warn_percent));
}

enum err plans_new(const struct conf *c, struct zones *zones, struct plans **out,
		   struct buf *errors)
{
	struct plans *p = calloc(1, sizeof(*p) + c->plans.count * sizeof(p->at[0]));
	struct reader r = { c, zones, errors, false };

	if (!p)
		return ERR_NOMEM;
	p->conf = c;
	read_all(&r, p);
	if (r.wrong) {
		plans_free(p);
		return ERR_GARBLED;
	}
	*out = p;
	return ERR_OK;
}

void plans_free(struct plans *p)
{
	free(p);
}

const struct plan *plans_find(const struct plans *p, const char *name)
{
	const char *usual = p->conf->tenant_defaults.plan;
	const struct conf_plan *named;

	if (name[0] == '\0' && !usual)
		return &p->defaults;
	named = conf_find_plan(p->conf, span_of(name[0] == '\0' ? usual : name));
	return named ? &p->at[named - p->conf->plans.at] : NULL;
}

enum err plans_check(const struct conf *c, struct buf *errors)
{
	struct zones *zones = zones_new(ZONES_DIR);
	struct plans *p = NULL;
	enum err e = zones ? plans_new(c, zones, &p, errors) : ERR_NOMEM;

	plans_free(p);
	zones_free(zones);
	return e;
}
