/* api_key.c - /admin/v1/keys. A secret is in one answer and nowhere else: neither in the
 * ledger, which has its digest, nor in the log. */
#include <string.h>
#include "conf/value.h"
#include "metering/key.h"
#include "ops/api.h"
#include "ops/house.h"
#include "ops/people.h"
#include "store/ledger.h"

#define GRACE_US (UINT64_C(24) * 3600 * US_PER_SEC)

static const char *state_of(const struct key_row *r)
{
	if (r->revoked_us > 0)
		return "revoked";
	return r->expires_us > 0 && r->expires_us <= clk_wall().us ? "expired" : "active";
}

static json_t *key_json(const struct key_row *r)
{
	json_t *o = json_object();

	api_put_text(o, "id", r->id);
	api_put_text(o, "tenant", r->tenant);
	api_put_text(o, "team", r->team);
	api_put_text(o, "user", r->user);
	api_put_text(o, "label", r->label);
	api_put_text(o, "models", r->models);
	api_put_text(o, "state", state_of(r));
	api_put_time(o, "created_at", r->created_us);
	api_put_time(o, "expires_at", r->expires_us);
	api_put_time(o, "revoked_at", r->revoked_us);
	return o;
}

struct listing {
	json_t *keys;
	const char *tenant; /* NULL: all */
};

static bool list_one(void *arg, const struct key_row *r)
{
	struct listing *l = arg;

	if (!l->tenant || strcmp(l->tenant, r->tenant) == 0)
		json_array_append_new(l->keys, key_json(r));
	return true;
}

enum err api_put_keys(struct api_call *c, json_t *o, const char *name, const char *tenant)
{
	struct listing l = { json_array(), tenant };

	json_object_set_new(o, name, l.keys);
	return ledger_key_each(c->house->ledger, list_one, &l);
}

enum err api_key_list(struct api_call *c)
{
	c->answer = json_object();
	return api_put_keys(c, c->answer, "keys", api_value(c, "tenant"));
}

/* Makes the key, stores its row and answers with its secret. */
static enum err issue(struct api_call *c, struct key_row *r)
{
	char secret[KEY_ROOM];
	struct span whole = { secret, KEY_LEN };
	enum err e;

	key_make(secret);
	key_hash(whole, r->hash);
	span_copy(key_public_id(whole), r->id, sizeof(r->id));
	r->created_us = clk_wall().us;
	e = ledger_key_put(c->house->ledger, LEDGER_ADD, r);
	c->answer = key_json(r);
	json_object_set_new(c->answer, "secret", json_string(secret));
	explicit_bzero(secret, sizeof(secret));
	return e;
}

/* Every pattern names something, and a star stands at the end only. */
static enum err check_models(struct api_call *c, const char *models)
{
	const char *star = strchr(models, '*');

	if (models[0] == '\0')
		return ERR_OK;
	if (models[0] == ',' || models[strlen(models) - 1] == ',' || strstr(models, ",,"))
		return api_refuse(c, ERR_GARBLED, "models: names parted by single commas, please");
	for (; star; star = strchr(star + 1, '*'))
		if (star[1] != '\0' && star[1] != ',')
			return api_refuse(c, ERR_GARBLED,
					  "models: a * may only stand at the end of a name");
	return ERR_OK;
}

static enum err read_key(struct api_call *c, struct key_row *r)
{
	enum err e = api_name(c, "tenant", r->tenant, sizeof(r->tenant));

	if (e == ERR_OK)
		e = api_text(c, "team", r->team, sizeof(r->team));
	if (e == ERR_OK)
		e = api_text(c, "user", r->user, sizeof(r->user));
	if (e == ERR_OK)
		e = api_text(c, "label", r->label, sizeof(r->label));
	if (e == ERR_OK)
		e = api_text(c, "models", r->models, sizeof(r->models));
	if (e == ERR_OK)
		e = check_models(c, r->models);
	if (e == ERR_OK)
		e = api_when(c, "expires", WHEN_AHEAD, &r->expires_us);
	if (e != ERR_OK)
		return e;
	if (r->expires_us > 0 && r->expires_us <= clk_wall().us)
		return api_refuse(c, ERR_RANGE, "expires: that is over already");
	return ERR_OK;
}

enum err api_key_issue(struct api_call *c)
{
	struct key_row r = { 0 };
	struct tenant_row tenant;
	enum err e = read_key(c, &r);

	if (e == ERR_OK)
		e = people_tenant(c->house, r.tenant, &tenant);
	if (e == ERR_MISSING)
		return api_refuse(c, e, "there is no tenant \"%s\"; add it with weir tenant add %s",
				  r.tenant, r.tenant);
	if (e == ERR_OK)
		e = issue(c, &r);
	return e == ERR_OK ? api_publish(c) : e;
}

static enum err find(struct api_call *c, struct key_row *out)
{
	enum err e = people_key(c->house, c->param, out);

	if (e == ERR_MISSING)
		return api_refuse(c, e, "there is no key \"%s\"; see weir key list", c->param);
	return e;
}

enum err api_key_revoke(struct api_call *c)
{
	struct key_row r;
	enum err e = find(c, &r);

	if (e != ERR_OK)
		return e;
	if (r.revoked_us == 0)
		r.revoked_us = clk_wall().us;
	e = ledger_key_put(c->house->ledger, LEDGER_CHANGE, &r);
	c->answer = key_json(&r);
	return e == ERR_OK ? api_publish(c) : e;
}

/* Three resources, by three units of six periods and one without. */
#define HEIR_MAX 57

/* The limits of a key go on for its successor. */
struct heir {
	const char *from;
	struct quota_row quota[HEIR_MAX];
	unsigned count;
};

static bool inherit(void *arg, const struct quota_row *q)
{
	struct heir *heir = arg;

	if (strcmp(q->scope, "key") == 0 && strcmp(q->scope_id, heir->from) == 0 &&
	    heir->count < HEIR_MAX)
		heir->quota[heir->count++] = *q;
	return true;
}

static enum err hand_on_quotas(struct api_call *c, const char *from, const char *to)
{
	struct heir heir = { .from = from };
	enum err e = ledger_quota_each(c->house->ledger, inherit, &heir);

	for (unsigned i = 0; e == ERR_OK && i < heir.count; i++) {
		span_copy(span_of(to), heir.quota[i].scope_id, sizeof(heir.quota[i].scope_id));
		e = ledger_quota_put(c->house->ledger, LEDGER_ADD, &heir.quota[i]);
	}
	return e;
}

enum err api_key_rotate(struct api_call *c)
{
	struct key_row old, new;
	const char *grace = api_value(c, "grace");
	uint64_t grace_us = GRACE_US, end_us;
	enum err e = find(c, &old);

	if (e != ERR_OK)
		return e;
	if (grace && value_duration(span_of(grace), &grace_us) != ERR_OK)
		return api_refuse(c, ERR_GARBLED, "grace \"%.40s\": a duration, such as 24h",
				  grace);
	if (strcmp(state_of(&old), "active") != 0)
		return api_refuse(c, ERR_REFUSED, "key %s is %s; issue a new one", old.id,
				  state_of(&old));
	new = old;
	e = issue(c, &new);
	if (e == ERR_OK)
		e = hand_on_quotas(c, old.id, new.id);
	end_us = clk_wall().us + grace_us;
	if (old.expires_us == 0 || old.expires_us > end_us)
		old.expires_us = end_us;
	if (e == ERR_OK)
		e = ledger_key_put(c->house->ledger, LEDGER_CHANGE, &old);
	if (e == ERR_OK)
		e = api_publish(c);
	json_object_set_new(c->answer, "replaces", key_json(&old));
	return e;
}
