/* quota.c - words to terms. See quota.h. */
#include "metering/quota.h"

static const char *const scope_names[SCOPE_COUNT] = {
#define SCOPE(name) #name,
	SCOPES(SCOPE)
#undef SCOPE
};

static const char *const resource_names[RESOURCE_COUNT] = {
#define RESOURCE(name) #name,
	RESOURCES(RESOURCE)
#undef RESOURCE
};

static const char *const outage_names[OUTAGE_COUNT] = {
#define OUTAGE(name) #name,
	OUTAGES(OUTAGE)
#undef OUTAGE
};

const char *scope_name(enum scope s)
{
	return scope_names[s];
}

const char *resource_name(enum resource r)
{
	return resource_names[r];
}

const char *outage_name(enum outage o)
{
	return outage_names[o];
}

bool scope_is_of_tenant(enum scope s)
{
	return s == SCOPE_team || s == SCOPE_user || s == SCOPE_tag;
}

int quota_order(const struct quota_identity *a, const struct quota_identity *b)
{
	int order;

	if (a->scope != b->scope)
		return a->scope > b->scope ? -1 : 1;
	order = strcmp(a->tenant, b->tenant);
	if (order == 0)
		order = strcmp(a->scope_id, b->scope_id);
	if (order == 0)
		order = (int)a->resource - (int)b->resource;
	if (order == 0)
		order = (int)a->unit - (int)b->unit;
	return order != 0 ? order : (int)a->period - (int)b->period;
}

static bool find_name(const char *const *names, unsigned count, const char *name, unsigned *out)
{
	for (*out = 0; *out < count; (*out)++)
		if (strcmp(names[*out], name) == 0)
			return true;
	return false;
}

bool quota_warns_read(struct span list, struct quota_warns *out)
{
	*out = (struct quota_warns){ 0 };
	while (list.len > 0) {
		struct span level = span_trim(span_take(&list, ','));
		unsigned pct = 0;

		if (level.len == 0 || level.len > 4 || out->count == QUOTA_WARNS_MAX)
			return false;
		for (size_t i = 0; i < level.len; i++) {
			if (level.at[i] < '0' || level.at[i] > '9')
				return false;
			pct = pct * 10 + (unsigned)(level.at[i] - '0');
		}
		if (pct == 0 || pct > QUOTA_WARN_MAX ||
		    (out->count > 0 && pct <= out->pct[out->count - 1]))
			return false;
		out->pct[out->count++] = (uint16_t)pct;
	}
	return true;
}

static enum err garbled(const char **problem, const char *what)
{
	*problem = what;
	return ERR_GARBLED;
}

enum err quota_identify(const struct quota_row *row, struct quota_identity *out,
			const char **problem)
{
	unsigned scope, resource;

	if (!find_name(scope_names, SCOPE_COUNT, row->scope, &scope))
		return garbled(problem, "scope is platform, tenant, team, user, key or tag");
	if (!find_name(resource_names, RESOURCE_COUNT, row->resource, &resource))
		return garbled(problem, "resource is llm, e2b or all");
	if (!unit_find(span_of(row->unit), &out->unit))
		return garbled(problem, "unit is usd, tokens, requests or concurrent");
	if (!period_find(span_of(row->period), &out->period))
		return garbled(problem, "period is minute, hour, day, week, month or total");
	if (out->unit == UNIT_concurrent && out->period != PERIOD_total)
		return garbled(problem, "what is concurrent has no period but total");
	out->scope = (enum scope)scope;
	out->resource = (enum resource)resource;
	out->tenant = row->tenant;
	out->scope_id = row->scope_id;
	if (scope == SCOPE_platform ? row->scope_id[0] != '\0' : row->scope_id[0] == '\0')
		return garbled(problem, scope == SCOPE_platform
					    ? "the platform takes no id: there is one only"
					    : "id is missing: which one of that scope?");
	if (scope_is_of_tenant(out->scope) != (row->tenant[0] != '\0'))
		return garbled(problem, scope_is_of_tenant(out->scope)
					    ? "tenant is missing: whose team, user or tag?"
					    : "only a team, user or tag takes a tenant");
	if (scope == SCOPE_platform)
		out->scope_id = scope_names[SCOPE_platform];
	return ERR_OK;
}

static enum err read_terms(const struct quota_row *row, const struct quota_identity *id,
			   struct quota_terms *t, const char **problem)
{
	unsigned on_outage = OUTAGE_local;

	*t = (struct quota_terms){
		.limit = row->limit,
		.raised_limit = row->raised_limit,
		.raised_until = { row->raised_until_us },
		.reset = { row->reset_us },
		.warns_only = strcmp(row->action, "warn") == 0,
		.in_shadow = row->in_shadow != 0,
	};
	if (row->limit < QUOTA_NONE || row->raised_limit < 0)
		return garbled(problem, "limit is 0 or more, or none");
	if (!quota_warns_read(span_of(row->warn), &t->warns))
		return garbled(problem, "warn is up to 8 rising numbers of percent, 1 to 1000");
	if (id->unit == UNIT_concurrent && t->warns.count > 0)
		return garbled(problem, "what is concurrent is not warned of");
	if (!t->warns_only && strcmp(row->action, "block") != 0)
		return garbled(problem, "action is block or warn");
	if (!find_name(outage_names, OUTAGE_COUNT, row->on_outage, &on_outage))
		return garbled(problem, "on_outage is closed, local or open");
	t->on_outage = (enum outage)on_outage;
	return ERR_OK;
}

enum err quota_read(const struct quota_row *row, struct zones *zones, struct quota *out,
		    const char **problem)
{
	enum err e = quota_identify(row, &out->identity, problem);

	if (e == ERR_OK)
		e = read_terms(row, &out->identity, &out->terms, problem);
	if (e != ERR_OK)
		return e;
	out->zone = zones_find(zones, row->zone);
	if (!out->zone)
		return garbled(problem, "zone is the name of a time zone in " ZONES_DIR
					", such as Europe/Berlin");
	return ERR_OK;
}

int64_t quota_limit(const struct quota_terms *t, struct wall now)
{
	return now.us < t->raised_until.us ? t->raised_limit : t->limit;
}
