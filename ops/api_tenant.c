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
	api_put_text(o, "plan", r->plan);
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

/* Reads the plan; "default" is none. */
static enum err read_plan(struct api_call *c, struct tenant_row *r)
{
	const char *plan = api_value(c, "plan");

	if (!plan || strcmp(plan, "default") == 0) {
		r->plan[0] = '\0';
		return ERR_OK;
	}
	if (!conf_find_plan(c->house->conf, span_of(plan)))
		return api_refuse(c, ERR_MISSING,
				  "there is no plan \"%.47s\" in the configuration (plans: ...)",
				  plan);
	return api_name(c, "plan", r->plan, sizeof(r->plan));
}

enum err api_tenant_add(struct api_call *c)
{
	struct tenant_row r = { .created_us = clk_wall().us };
	enum err e = api_name(c, "id", r.id, sizeof(r.id));

	if (e == ERR_OK)
		e = api_text(c, "name", r.name, sizeof(r.name));
	if (e == ERR_OK)
		e = read_plan(c, &r);
	if (e != ERR_OK)
		return e;
	if (r.id[0] == '\0')
		return api_refuse(c, ERR_GARBLED, "id is missing");
	e = ledger_tenant_put(c->house->ledger, LEDGER_ADD, &r);
	if (e == ERR_EXISTS)
		return api_refuse(c, e, "there is a tenant \"%s\" already", r.id);
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

/* What was set for the tenant itself must still go together with the new plan. */
enum err api_tenant_plan(struct api_call *c)
{
	struct tenant_row r, old;
	enum err e = find(c, &r);

	old = r;
	if (e == ERR_OK)
		e = read_plan(c, &r);
	if (e == ERR_OK)
		e = ledger_tenant_put(c->house->ledger, LEDGER_CHANGE, &r);
	if (e != ERR_OK)
		return e;
	e = api_publish(c);
	if (e != ERR_OK && ledger_tenant_put(c->house->ledger, LEDGER_CHANGE, &old) != ERR_OK)
		return api_refuse(c, ERR_AWAY, "the ledger has the new plan, but cannot use it");
	c->answer = tenant_json(e == ERR_OK ? &r : &old);
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
