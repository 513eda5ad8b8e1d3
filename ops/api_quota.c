/* api_quota.c - /admin/v1/quotas: limits in the ledger, and how they stand right now. */
#include <string.h>
#include "base/decimal.h"
#include "conf/conf.h"
#include "conf/value.h"
#include "metering/registry.h"
#include "ops/api.h"
#include "ops/house.h"
#include "ops/people.h"
#include "store/ledger.h"

/* Which part of the limit that is, as "83.25"; all of it where the limit is 0. */
static void percent_text(int64_t part_pusd, int64_t limit_pusd, char *to, size_t room)
{
	u128 limit = (u128)limit_pusd;
	long long share = limit_pusd > 0 ? (long long)((u128)part_pusd * 10000 / limit) : 10000;

	snprintf(to, room, "%lld.%02lld", share / 100, share % 100);
}

/* The names are those of quota_details in a refusal. */
static json_t *quota_json(const struct purse_identity *whose, const struct purse_view *v)
{
	int64_t left = v->limit_pusd - v->spent_pusd - v->held_pusd;
	json_t *o = json_object();
	char percent[32];

	percent_text(v->spent_pusd, v->limit_pusd, percent, sizeof(percent));
	api_put_text(o, "scope", scope_name(whose->scope));
	api_put_text(o, "scope_id", whose->scope_id);
	api_put_text(o, "resource_type", resource_name(whose->resource));
	api_put_text(o, "period", period_name(whose->period));
	api_put_money(o, "limit", v->limit_pusd);
	api_put_money(o, "current_spend", v->spent_pusd);
	api_put_money(o, "held", v->held_pusd);
	api_put_money(o, "remaining", left > 0 ? left : 0);
	api_put_text(o, "utilization_percent", percent);
	json_object_set_new(o, "warn_percent", json_integer(v->warn_pct));
	api_put_time(o, "period_starts_at", v->window.starts.us);
	api_put_time(o, "period_ends_at",
		     v->window.ends.us == PERIOD_NEVER ? 0 : v->window.ends.us);
	return o;
}

/* Is it one of the limits that requests of this tenant fall under? */
static bool concerns(const struct registry *r, const struct purse_identity *whose,
		     const char *tenant)
{
	const struct key_entry *k;

	switch (whose->scope) {
	case SCOPE_platform: return true;
	case SCOPE_tenant: return strcmp(whose->scope_id, tenant) == 0;
	default: k = registry_find_id(r, whose->scope_id); break;
	}
	return k && strcmp(k->tenant, tenant) == 0;
}

enum err api_put_quotas(struct api_call *c, json_t *o, const char *name, const char *tenant)
{
	const struct registry *r = people_registry(c->house);
	struct purse *const *purses;
	size_t n = registry_purses(r, &purses);
	json_t *quotas = json_array();

	for (size_t i = 0; i < n; i++) {
		const struct purse_identity *whose = purse_identity(purses[i]);
		struct purse_view view = purse_view(purses[i], clk_wall());

		if (!tenant || concerns(r, whose, tenant))
			json_array_append_new(quotas, quota_json(whose, &view));
	}
	json_object_set_new(o, name, quotas);
	return ERR_OK;
}

/* Drops the quotas that ?scope and ?id do not mean. */
static void filter(const struct api_call *c, json_t *quotas)
{
	const char *scope = api_value(c, "scope"), *id = api_value(c, "id");

	for (size_t i = json_array_size(quotas); i-- > 0;) {
		json_t *q = json_array_get(quotas, i), *its_id = json_object_get(q, "scope_id");
		const char *text = json_is_string(its_id) ? json_string_value(its_id) : "";

		if ((scope && strcmp(scope, json_string_value(json_object_get(q, "scope"))) != 0) ||
		    (id && strcmp(id, text) != 0))
			json_array_remove(quotas, i);
	}
}

enum err api_quota_list(struct api_call *c)
{
	const char *tenant = api_value(c, "tenant");
	struct tenant_row known;
	enum err e;

	if (tenant && people_tenant(c->house, tenant, &known) == ERR_MISSING)
		return api_refuse(c, ERR_MISSING, "there is no tenant \"%.47s\"", tenant);
	c->answer = json_object();
	e = api_put_quotas(c, c->answer, "quotas", tenant);
	filter(c, json_object_get(c->answer, "quotas"));
	return e;
}

/* Does whom the limit is for exist? */
static enum err check_subject(struct api_call *c, enum scope scope, const char *id)
{
	struct tenant_row tenant;
	struct key_row key;
	enum err e = ERR_OK;

	if (scope == SCOPE_platform && id[0] != '\0')
		return api_refuse(c, ERR_GARBLED, "id: there is one platform only, leave it out");
	if (scope != SCOPE_platform && id[0] == '\0')
		return api_refuse(c, ERR_GARBLED, "id is missing: which %s?", scope_name(scope));
	if (scope == SCOPE_tenant)
		e = people_tenant(c->house, id, &tenant);
	else if (scope == SCOPE_key)
		e = people_key(c->house, id, &key);
	if (e == ERR_MISSING)
		return api_refuse(c, e, "there is no %s \"%s\"", scope_name(scope), id);
	return e;
}

/* Reads scope, id, resource and period. */
static enum err read_identity(struct api_call *c, struct quota_row *q)
{
	struct purse_identity whose;
	enum err e;

	*q = (struct quota_row){ .resource = "all", .period = "month" };
	e = api_name(c, "scope", q->scope, sizeof(q->scope));
	if (e == ERR_OK)
		e = api_name(c, "id", q->scope_id, sizeof(q->scope_id));
	if (e == ERR_OK)
		e = api_name(c, "resource", q->resource, sizeof(q->resource));
	if (e == ERR_OK)
		e = api_name(c, "period", q->period, sizeof(q->period));
	if (e != ERR_OK)
		return e;
	if (!purse_identify(q, &whose))
		return api_refuse(c, ERR_GARBLED,
				  "scope is platform, tenant or key; resource llm, e2b or all; "
				  "period hour, day, week, month or total");
	return check_subject(c, whose.scope, q->scope_id);
}

/* Answers with the quota as it stands after the change. */
static enum err answer_with(struct api_call *c, const struct quota_row *q)
{
	struct purse *const *purses;
	struct purse_identity wanted;
	enum err e = api_publish(c);
	size_t n = e == ERR_OK ? registry_purses(people_registry(c->house), &purses) : 0;

	for (size_t i = 0; i < n && purse_identify(q, &wanted); i++) {
		struct purse_view view = purse_view(purses[i], clk_wall());

		if (purse_identity_order(purse_identity(purses[i]), &wanted) == 0)
			c->answer = quota_json(&wanted, &view);
	}
	return e;
}

static enum err read_limit(struct api_call *c, struct quota_row *q)
{
	const char *limit = api_value(c, "limit"), *warn = api_value(c, "warn");
	uint64_t warn_pct = q->warn_pct;

	if (!limit)
		return api_refuse(c, ERR_GARBLED, "limit is missing: an amount such as 100usd");
	if (value_usd(span_of(limit), &q->limit_pusd) != ERR_OK || q->limit_pusd < 0)
		return api_refuse(c, ERR_GARBLED, "limit \"%.40s\": an amount such as 100usd",
				  limit);
	if (warn && (value_count(span_of(warn), &warn_pct) != ERR_OK || warn_pct > 100))
		return api_refuse(c, ERR_GARBLED, "warn \"%.40s\": percent, 0 to 100", warn);
	q->warn_pct = (uint32_t)warn_pct;
	return ERR_OK;
}

enum err api_quota_set(struct api_call *c)
{
	enum ledger_put how = LEDGER_CHANGE;
	struct quota_row q, old;
	enum err e = read_identity(c, &q);

	if (e != ERR_OK)
		return e;
	q.warn_pct = (uint32_t)c->house->conf->tenant_defaults.warn_percent;
	e = people_quota(c->house, &q, &old);
	if (e == ERR_MISSING)
		how = LEDGER_ADD;
	else if (e != ERR_OK)
		return e;
	else
		q = old;
	e = read_limit(c, &q);
	if (e == ERR_OK)
		e = ledger_quota_put(c->house->ledger, how, &q);
	return e == ERR_OK ? answer_with(c, &q) : e;
}

/* Reads the identity of a quota that must be there. */
static enum err find(struct api_call *c, struct quota_row *out)
{
	struct quota_row q;
	enum err e = read_identity(c, &q);

	if (e == ERR_OK)
		e = people_quota(c->house, &q, out);
	if (e == ERR_MISSING && c->why[0] == '\0')
		return api_refuse(c, e, "there is no %s limit on %s %s %s; see weir quota list",
				  q.period, q.resource, q.scope, q.scope_id);
	return e;
}

enum err api_quota_reset(struct api_call *c)
{
	struct quota_row q;
	enum err e = find(c, &q);

	if (e != ERR_OK)
		return e;
	q.reset_us = clk_wall().us;
	e = ledger_quota_put(c->house->ledger, LEDGER_CHANGE, &q);
	return e == ERR_OK ? answer_with(c, &q) : e;
}

enum err api_quota_remove(struct api_call *c)
{
	struct quota_row q;
	enum err e = find(c, &q);

	if (e == ERR_OK)
		e = ledger_quota_drop(c->house->ledger, &q);
	if (e == ERR_OK)
		e = api_publish(c);
	c->answer = json_object();
	return e;
}
