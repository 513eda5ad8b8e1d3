/* api_quota.c - /admin/v1/quotas: limits in the ledger, and how they stand right now.
 *
 * Quotas of plans and defaults are listed like those that were set; setting one of the same
 * identity goes before it, and deleting that brings it back. */
#include <inttypes.h>
#include <string.h>
#include "base/decimal.h"
#include "conf/conf.h"
#include "conf/value.h"
#include "metering/registry.h"
#include "ops/api.h"
#include "ops/house.h"
#include "ops/people.h"
#include "ops/plans.h"
#include "store/ledger.h"

/* ---- showing ---- */

/* Which part of the limit that is, as "83.25"; all of it where the limit is 0. */
static void percent_text(int64_t part, int64_t limit, char *to, size_t room)
{
	u128 share = limit > 0 ? (u128)part * 10000 / (u128)limit : 10000;

	snprintf(to, room, "%llu.%02u", (unsigned long long)(share / 100), (unsigned)(share % 100));
}

/* Money as NAME_pusd and NAME_usd, a count as NAME. */
static void put_amount(json_t *o, enum unit unit, const char *name, int64_t amount)
{
	if (unit == UNIT_usd)
		api_put_money(o, name, amount);
	else
		json_object_set_new(o, name, json_integer(amount));
}

static json_t *warns_json(const struct quota_warns *w)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < w->count; i++)
		json_array_append_new(list, json_integer(w->pct[i]));
	return list;
}

static void put_identity(json_t *o, const struct quota_identity *whose, const struct zone *zone)
{
	api_put_text(o, "scope", scope_name(whose->scope));
	api_put_text(o, "tenant", whose->tenant);
	api_put_text(o, "scope_id", whose->scope_id);
	api_put_text(o, "resource_type", resource_name(whose->resource));
	api_put_text(o, "unit", unit_name(whose->unit));
	api_put_text(o, "period", period_name(whose->period));
	api_put_text(o, "zone", zone_name(zone));
}

static void put_terms(json_t *o, enum unit unit, const struct quota_terms *t, bool is_set)
{
	bool raised = clk_wall().us < t->raised_until.us;

	json_object_set_new(o, "warn_percent", warns_json(&t->warns));
	api_put_text(o, "action", t->warns_only ? "warn" : "block");
	json_object_set_new(o, "enforce", json_boolean(!t->in_shadow));
	api_put_text(o, "on_outage", outage_name(t->on_outage));
	api_put_time(o, "raised_until", raised ? t->raised_until.us : 0);
	if (raised)
		put_amount(o, unit, "usual_limit", t->limit);
	api_put_text(o, "source", is_set ? "set" : "plan");
}

/* The names are those of quota_details in a refusal. */
static json_t *quota_json(struct purse *p, bool is_set)
{
	const struct quota_identity *whose = purse_identity(p);
	struct purse_view v = purse_view(p, clk_wall());
	json_t *o = json_object();
	char percent[DECIMAL_TEXT_ROOM];

	percent_text(whose->unit == UNIT_concurrent ? v.held : v.spent, v.limit, percent,
		     sizeof(percent));
	put_identity(o, whose, purse_zone(p));
	put_amount(o, whose->unit, "limit", v.limit);
	put_amount(o, whose->unit, "current_spend", v.spent);
	put_amount(o, whose->unit, "held", v.held);
	put_amount(o, whose->unit, "remaining", purse_view_left(&v));
	api_put_text(o, "utilization_percent", percent);
	api_put_time(o, "period_starts_at", v.window.starts.us);
	api_put_time(o, "period_ends_at", v.window.ends.us == PERIOD_NEVER ? 0 : v.window.ends.us);
	put_terms(o, whose->unit, &v.terms, is_set);
	return o;
}

/* A row that says that there is no limit: it has no purse. */
static json_t *none_json(const struct quota *q)
{
	json_t *o = json_object();

	put_identity(o, &q->identity, q->zone);
	json_object_set_new(o, "limit", json_null());
	put_terms(o, q->identity.unit, &q->terms, true);
	return o;
}

/* ---- listing ---- */

struct listing {
	struct api_call *call;
	const struct registry *registry;
	const char *tenant; /* those that its requests fall under; NULL: all */
	json_t *to;
	json_t *set; /* the identities of those that are records */
};

/* Is it one of the limits that requests of this tenant fall under? */
static bool concerns(const struct listing *l, const struct quota_identity *whose)
{
	const struct key_entry *k;

	switch (whose->scope) {
	case SCOPE_platform: return true;
	case SCOPE_tenant: return !l->tenant || strcmp(whose->scope_id, l->tenant) == 0;
	case SCOPE_key: break;
	default: return !l->tenant || strcmp(whose->tenant, l->tenant) == 0;
	}
	k = registry_find_id(l->registry, whose->scope_id);
	return !l->tenant || (k && strcmp(k->tenant, l->tenant) == 0);
}

/* A text that no two identities share. */
static void identity_text(const struct quota_identity *id, char *to, size_t room)
{
	snprintf(to, room, "%s %s %s %s %s %s", scope_name(id->scope), id->tenant, id->scope_id,
		 resource_name(id->resource), unit_name(id->unit), period_name(id->period));
}

static bool list_row(void *arg, const struct quota_row *r)
{
	struct listing *l = arg;
	struct quota q;
	const char *problem;
	char text[256];

	if (quota_read(r, l->call->house->zones, &q, &problem) != ERR_OK)
		return true; /* what was published has none such */
	identity_text(&q.identity, text, sizeof(text));
	json_object_set_new(l->set, text, json_true());
	if (q.terms.limit == QUOTA_NONE && concerns(l, &q.identity))
		json_array_append_new(l->to, none_json(&q));
	return true;
}

static void list_purses(struct listing *l)
{
	struct purse *const *purses;
	size_t n = registry_purses(l->registry, &purses);
	char text[256];

	for (size_t i = 0; i < n; i++) {
		identity_text(purse_identity(purses[i]), text, sizeof(text));
		if (concerns(l, purse_identity(purses[i])))
			json_array_append_new(
			    l->to, quota_json(purses[i], json_object_get(l->set, text) != NULL));
	}
}

enum err api_put_quotas(struct api_call *c, json_t *o, const char *name, const char *tenant)
{
	struct listing l = { .call = c,
			     .registry = people_registry(c->house),
			     .tenant = tenant,
			     .to = json_array(),
			     .set = json_object() };
	enum err e = ledger_quota_each(c->house->ledger, list_row, &l);

	if (e == ERR_OK)
		list_purses(&l);
	json_decref(l.set);
	json_object_set_new(o, name, l.to);
	return e;
}

/* Is the member what was asked for, or was nothing? */
static bool is_asked(const struct api_call *c, const json_t *quota, const char *asked,
		     const char *member)
{
	const char *wanted = api_value(c, asked);
	const char *found = json_string_value(json_object_get(quota, member));

	return !wanted || strcmp(wanted, found ? found : "") == 0;
}

/* Drops the quotas that ?scope, ?id and the rest do not mean. */
static void filter(const struct api_call *c, json_t *quotas)
{
	for (size_t i = json_array_size(quotas); i-- > 0;) {
		const json_t *q = json_array_get(quotas, i);

		if (!is_asked(c, q, "scope", "scope") || !is_asked(c, q, "id", "scope_id") ||
		    !is_asked(c, q, "resource", "resource_type") ||
		    !is_asked(c, q, "unit", "unit") || !is_asked(c, q, "period", "period"))
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

/* ---- reading what is asked ---- */

/* Does whom the limit is for exist? Teams, users and tags need no registration. */
static enum err check_subject(struct api_call *c, const struct quota_identity *whose)
{
	const char *tenant_id = whose->scope == SCOPE_tenant ? whose->scope_id : whose->tenant;
	struct tenant_row tenant;
	struct key_row key;
	enum err e = ERR_OK;

	if (tenant_id[0] != '\0')
		e = people_tenant(c->house, tenant_id, &tenant);
	if (e == ERR_MISSING)
		return api_refuse(c, e, "there is no tenant \"%s\"", tenant_id);
	if (e == ERR_OK && whose->scope == SCOPE_key)
		e = people_key(c->house, whose->scope_id, &key);
	if (e == ERR_MISSING)
		return api_refuse(c, e, "there is no key \"%s\"", whose->scope_id);
	return e;
}

/* Reads the limit where there is one, and with it or without it the unit. *limit stays as it is
 * where there is none. */
static enum err read_unit(struct api_call *c, struct quota_row *q, int64_t *limit)
{
	const char *text = api_value(c, "limit"), *name = api_value(c, "unit");
	enum unit unit = UNIT_usd;
	enum err e;

	if (name && !unit_find(span_of(name), &unit))
		return api_refuse(c, ERR_GARBLED,
				  "unit \"%.40s\": usd, tokens, requests or concurrent", name);
	if (text && strcmp(text, "none") == 0) {
		*limit = QUOTA_NONE;
	} else if (text) {
		e = unit_read(span_of(text), name ? &unit : NULL, &unit, limit);
		if (e != ERR_OK)
			return api_refuse(c, ERR_GARBLED,
					  "limit \"%.40s\": an amount such as 100usd, 60requests, "
					  "200000tokens, 4concurrent, or none",
					  text);
	}
	span_copy(span_of(unit_name(unit)), q->unit, sizeof(q->unit));
	if (unit == UNIT_concurrent)
		span_copy(SPAN("total"), q->period, sizeof(q->period));
	return ERR_OK;
}

/* Reads scope, tenant, id, resource, unit and period; and the limit, if there is one. */
static enum err read_identity(struct api_call *c, struct quota_row *q, int64_t *limit)
{
	const char *problem = NULL;
	struct quota_identity whose;
	enum err e;

	*q = (struct quota_row){ .resource = "all", .period = "month" };
	e = read_unit(c, q, limit);
	if (e == ERR_OK)
		e = api_name(c, "scope", q->scope, sizeof(q->scope));
	if (e == ERR_OK)
		e = api_name(c, "tenant", q->tenant, sizeof(q->tenant));
	if (e == ERR_OK)
		e = api_name(c, "id", q->scope_id, sizeof(q->scope_id));
	if (e == ERR_OK)
		e = api_name(c, "resource", q->resource, sizeof(q->resource));
	if (e == ERR_OK)
		e = api_name(c, "period", q->period, sizeof(q->period));
	if (e != ERR_OK)
		return e;
	if (quota_identify(q, &whose, &problem) != ERR_OK)
		return api_refuse(c, ERR_GARBLED, "%s", problem);
	return check_subject(c, &whose);
}

static enum err read_enforce(struct api_call *c, struct quota_row *q)
{
	const char *text = api_value(c, "enforce");
	bool enforce;

	if (!text)
		return ERR_OK;
	if (value_bool(span_of(text), &enforce) != ERR_OK)
		return api_refuse(c, ERR_GARBLED, "enforce \"%.40s\": yes or no", text);
	q->in_shadow = !enforce;
	return ERR_OK;
}

static enum err read_warn(struct api_call *c, struct quota_row *q)
{
	const char *warn = api_value(c, "warn");

	if (!warn || (strcmp(warn, "none") != 0 && strcmp(warn, "0") != 0))
		return api_text(c, "warn", q->warn, sizeof(q->warn));
	q->warn[0] = '\0';
	return ERR_OK;
}

/* Reads how the limit is to be kept. */
static enum err read_terms(struct api_call *c, struct quota_row *q)
{
	enum err e = read_warn(c, q);

	if (e == ERR_OK)
		e = api_text(c, "zone", q->zone, sizeof(q->zone));
	if (e == ERR_OK)
		e = api_name(c, "action", q->action, sizeof(q->action));
	if (e == ERR_OK)
		e = api_name(c, "on_outage", q->on_outage, sizeof(q->on_outage));
	return e == ERR_OK ? read_enforce(c, q) : e;
}

/* ---- changing ---- */

/* Answers with the quota as it stands after the change. */
static enum err answer_with(struct api_call *c, const struct quota_row *row)
{
	struct purse *const *purses;
	const char *problem;
	struct quota q;
	enum err e = api_publish(c);
	size_t n = e == ERR_OK ? registry_purses(people_registry(c->house), &purses) : 0;

	if (e != ERR_OK || quota_read(row, c->house->zones, &q, &problem) != ERR_OK)
		return e;
	if (q.terms.limit == QUOTA_NONE)
		c->answer = none_json(&q);
	for (size_t i = 0; i < n; i++)
		if (quota_order(purse_identity(purses[i]), &q.identity) == 0)
			c->answer = quota_json(purses[i], true);
	return e;
}

/* Stores a quota and publishes it, if everything still goes together with it. */
static enum err keep(struct api_call *c, enum ledger_put how, const struct quota_row *q)
{
	const char *problem = NULL;
	struct quota checked;
	enum err e = quota_read(q, c->house->zones, &checked, &problem);

	if (e != ERR_OK)
		return api_refuse(c, e, "%s", problem);
	e = people_check_quota(c->house, q, c->why, sizeof(c->why));
	if (e != ERR_OK)
		return e;
	c->why[0] = '\0';
	e = ledger_quota_put(c->house->ledger, how, q);
	return e == ERR_OK ? answer_with(c, q) : e;
}

/* Reads the identity of a quota that is in force, and what is known of it. *how: whether it is
 * a record. One of a plan becomes a record of this tenant alone when it is kept. */
static enum err find(struct api_call *c, struct quota_row *out, int64_t *limit,
		     enum ledger_put *how)
{
	struct quota_row asked;
	enum err e = read_identity(c, &asked, limit);

	*out = (struct quota_row){ 0 };
	if (e != ERR_OK)
		return e;
	e = people_quota(c->house, &asked, out);
	*how = e == ERR_OK ? LEDGER_CHANGE : LEDGER_ADD;
	if (e == ERR_MISSING)
		e = people_plan_quota(c->house, &asked, out);
	if (e == ERR_MISSING) {
		*out = asked;
		return api_refuse(c, e,
				  "there is no limit of %s by the %s on %s %s %s; see weir quota "
				  "list",
				  asked.unit, asked.period, asked.resource, asked.scope,
				  asked.scope_id);
	}
	return e;
}

enum err api_quota_set(struct api_call *c)
{
	int64_t limit = QUOTA_NONE;
	enum ledger_put how;
	struct quota_row q;
	enum err e = find(c, &q, &limit, &how);
	bool known = e == ERR_OK;

	if (!known && (e != ERR_MISSING || q.unit[0] == '\0'))
		return e; /* it is something else that is missing */
	c->why[0] = '\0';
	if (!api_value(c, "limit"))
		return api_refuse(c, ERR_GARBLED,
				  "limit is missing: an amount such as 100usd, 60requests, "
				  "200000tokens, 4concurrent, or none");
	e = read_terms(c, &q);
	if (e != ERR_OK)
		return e;
	q.limit = limit;
	q.raised_limit = 0; /* what is set now holds now */
	q.raised_until_us = 0;
	plans_complete(c->house->conf, known || api_value(c, "warn"), &q);
	return keep(c, how, &q);
}

enum err api_quota_raise(struct api_call *c)
{
	uint64_t until_us = 0;
	int64_t limit = QUOTA_NONE;
	enum ledger_put how;
	struct quota_row q;
	enum err e = find(c, &q, &limit, &how);

	if (e == ERR_OK)
		e = api_when(c, "until", WHEN_AHEAD, &until_us);
	if (e != ERR_OK)
		return e;
	if (limit == QUOTA_NONE)
		return api_refuse(c, ERR_GARBLED, "limit: to what is it raised, such as 200usd?");
	if (until_us <= clk_wall().us)
		return api_refuse(c, ERR_GARBLED, "until: an instant still to come, or a duration");
	if (q.limit == QUOTA_NONE || limit <= q.limit)
		return api_refuse(c, ERR_REFUSED, "that is no raise: it has more already");
	q.raised_limit = limit;
	q.raised_until_us = until_us;
	return keep(c, how, &q);
}

enum err api_quota_reset(struct api_call *c)
{
	enum ledger_put how;
	struct quota_row q;
	int64_t ignored;
	enum err e = find(c, &q, &ignored, &how);

	if (e != ERR_OK)
		return e;
	if (strcmp(q.unit, unit_name(UNIT_concurrent)) == 0)
		return api_refuse(c, ERR_REFUSED,
				  "what is concurrent is not added up: there is nothing to reset");
	q.reset_us = clk_wall().us;
	return keep(c, how, &q);
}

enum err api_quota_remove(struct api_call *c)
{
	enum ledger_put how;
	struct quota_row q;
	int64_t ignored;
	enum err e = find(c, &q, &ignored, &how);

	if (e == ERR_OK && how == LEDGER_ADD)
		return api_refuse(
		    c, ERR_REFUSED,
		    "it comes with the tenant's plan; set another limit in its place, "
		    "or none");
	if (e == ERR_OK)
		e = ledger_quota_drop(c->house->ledger, &q);
	if (e == ERR_OK)
		e = api_publish(c);
	c->answer = json_object();
	return e;
}
