/* api_tenant.c - /admin/v1/tenants. */
#include <string.h>
#include "conf/conf.h"
#include "ops/api.h"
#include "ops/house.h"
#include "ops/people.h"
#include "store/ledger.h"

static json_t *tenant_json(const struct tenant_row *r)
{
	json_t *o = json_object();

	api_put_text(o, "id", r->id);
	api_put_text(o, "name", r->name);
	api_put_time(o, "created_at", r->created_us);
	api_put_time(o, "disabled_at", r->disabled_us);
	return o;
}

static bool list_one(void *arg, const struct tenant_row *r)
{
	json_t *o = tenant_json(r);

	json_object_set_new(o, "keys", json_integer(0));
	return json_object_set_new(arg, r->id, o) == 0;
}

/* Counts keys into the tenants, which are members of an object. */
static bool count_key(void *arg, const struct key_row *r)
{
	json_t *keys = json_object_get(json_object_get(arg, r->tenant), "keys");

	if (r->revoked_us == 0)
		json_integer_set(keys, json_integer_value(keys) + 1);
	return true;
}

enum err api_tenant_list(struct api_call *c)
{
	json_t *by_id = json_object(), *tenants = json_array(), *o;
	enum err e = ledger_tenant_each(c->house->ledger, list_one, by_id);
	const char *id;

	if (e == ERR_OK)
		e = ledger_key_each(c->house->ledger, count_key, by_id);
	json_object_foreach(by_id, id, o) json_array_append(tenants, o);
	json_decref(by_id);
	c->answer = json_pack("{s:o}", "tenants", tenants);
	return e;
}

/* The budgets that every new tenant begins with. */
static enum err add_default_quotas(struct api_call *c, const char *tenant)
{
	const struct conf *conf = c->house->conf;
	const struct {
		const char *resource;
		int64_t limit_pusd;
	} defaults[] = { { "llm", conf->tenant_defaults.llm_pusd },
			 { "e2b", conf->tenant_defaults.e2b_pusd },
			 { "all", conf->tenant_defaults.all_pusd } };
	struct quota_row q = { .scope = "tenant" };
	enum err e = ERR_OK;

	q.warn_pct = (uint32_t)conf->tenant_defaults.warn_percent;
	span_copy(span_of(tenant), q.scope_id, sizeof(q.scope_id));
	span_copy(span_of(conf_choice_word(conf->tenant_defaults.period)), q.period,
		  sizeof(q.period));
	for (size_t i = 0; e == ERR_OK && i < sizeof(defaults) / sizeof(defaults[0]); i++) {
		if (defaults[i].limit_pusd == CONF_NONE)
			continue;
		q.limit_pusd = defaults[i].limit_pusd;
		span_copy(span_of(defaults[i].resource), q.resource, sizeof(q.resource));
		e = ledger_quota_put(c->house->ledger, LEDGER_ADD, &q);
		if (e == ERR_EXISTS)
			e = ERR_OK; /* set before, for a tenant of that name */
	}
	return e;
}

/* A tenant is added disabled and enabled when its quotas stand: killed in between, it is
 * shut and not without limits. */
enum err api_tenant_add(struct api_call *c)
{
	struct ledger *l = c->house->ledger;
	struct tenant_row r = { .created_us = clk_wall().us, .disabled_us = clk_wall().us };
	enum err e = api_name(c, "id", r.id, sizeof(r.id));

	if (e == ERR_OK)
		e = api_text(c, "name", r.name, sizeof(r.name));
	if (e != ERR_OK)
		return e;
	if (r.id[0] == '\0')
		return api_refuse(c, ERR_GARBLED, "id is missing");
	e = ledger_tenant_put(l, LEDGER_ADD, &r);
	if (e == ERR_EXISTS)
		return api_refuse(c, e, "there is a tenant \"%s\" already", r.id);
	if (e == ERR_OK)
		e = add_default_quotas(c, r.id);
	r.disabled_us = 0;
	if (e == ERR_OK)
		e = ledger_tenant_put(l, LEDGER_CHANGE, &r);
	if (e == ERR_OK)
		e = api_publish(c);
	c->answer = tenant_json(&r);
	return e;
}

static enum err find(struct api_call *c, struct tenant_row *out)
{
	enum err e = people_tenant(c->house, c->param, out);

	if (e == ERR_MISSING)
		return api_refuse(c, e, "there is no tenant \"%s\"", c->param);
	return e;
}

enum err api_tenant_show(struct api_call *c)
{
	struct tenant_row r;
	enum err e = find(c, &r);

	if (e != ERR_OK)
		return e;
	c->answer = tenant_json(&r);
	e = api_put_quotas(c, c->answer, "quotas", r.id);
	return e == ERR_OK ? api_put_keys(c, c->answer, "tenant_keys", r.id) : e;
}

static enum err change(struct api_call *c, uint64_t disabled_us)
{
	struct tenant_row r;
	enum err e = find(c, &r);

	if (e != ERR_OK)
		return e;
	if (disabled_us == 0 || r.disabled_us == 0)
		r.disabled_us = disabled_us;
	e = ledger_tenant_put(c->house->ledger, LEDGER_CHANGE, &r);
	if (e == ERR_OK)
		e = api_publish(c);
	c->answer = tenant_json(&r);
	return e;
}

enum err api_tenant_disable(struct api_call *c)
{
	return change(c, clk_wall().us);
}

enum err api_tenant_enable(struct api_call *c)
{
	return change(c, 0);
}
