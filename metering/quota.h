/* quota.h - one limit, from the words of its row to what a purse counts by.
 *
 * Pure; what it says of a time zone is borrowed from the table that was asked.
 */
#ifndef METERING_QUOTA_H
#define METERING_QUOTA_H
#include <stdbool.h>
#include <stdint.h>
#include "base/err.h"
#include "base/must.h"
#include "base/zone.h"
#include "metering/period.h"
#include "metering/unit.h"
#include "store/record.h"

#define SCOPES(SCOPE)       SCOPE(platform) SCOPE(tenant) SCOPE(team) SCOPE(user) SCOPE(key) SCOPE(tag)
#define RESOURCES(RESOURCE) RESOURCE(llm) RESOURCE(e2b) RESOURCE(all)
#define OUTAGES(OUTAGE)     OUTAGE(closed) OUTAGE(local) OUTAGE(open)

enum scope {
#define SCOPE(name) SCOPE_##name,
	SCOPES(SCOPE)
#undef SCOPE
	SCOPE_COUNT
};

enum resource {
#define RESOURCE(name) RESOURCE_##name,
	RESOURCES(RESOURCE)
#undef RESOURCE
	RESOURCE_COUNT
};

enum outage {
#define OUTAGE(name) OUTAGE_##name,
	OUTAGES(OUTAGE)
#undef OUTAGE
	OUTAGE_COUNT
};

/* "tenant", "llm", "local" and so on; static text. */
const char *scope_name(enum scope s);
const char *resource_name(enum resource r);
const char *outage_name(enum outage o);

/* Does a limit of this scope belong to one tenant by name (teams, users and tags do)? */
bool scope_is_of_tenant(enum scope s);

/* What makes a limit this one and no other; the zone is not part of it. */
struct quota_identity {
	enum scope scope;
	enum resource resource;
	enum unit unit;
	enum period period;
	const char *tenant;   /* empty where the scope has none; as long as what was read */
	const char *scope_id; /* of the platform, "platform" */
};

/* < 0 when a comes before b, 0 when they are the same. The busiest limits come last: tags,
 * keys, users, teams, tenants, the platform. */
int quota_order(const struct quota_identity *a, const struct quota_identity *b);

#define QUOTA_WARNS_MAX 8
#define QUOTA_WARN_MAX  1000 /* percent; a limit that only warns can be passed by far */
#define QUOTA_NONE      INT64_C(-1)

/* By what share of the limit people are warned. */
struct quota_warns {
	unsigned count;
	uint16_t pct[QUOTA_WARNS_MAX]; /* ascending, each once */
};

/* Reads "80,90,100"; empty: no level. False: not that, or too many. */
bool quota_warns_read(struct span list, struct quota_warns *out) MUST_USE;

/* What a limit demands. */
struct quota_terms {
	int64_t limit, raised_limit; /* the second before raised_until */
	struct wall raised_until;
	struct wall reset; /* what was spent before does not count */
	struct quota_warns warns;
	bool warns_only; /* people are told, nobody is refused */
	bool in_shadow;  /* as if, until it is enforced */
	enum outage on_outage;
};

struct quota {
	struct quota_identity identity; /* borrows from the row */
	const struct zone *zone;
	struct quota_terms terms;
};

/* Reads a row. ERR_GARBLED: *problem (static text) says what is wrong with it. */
enum err quota_read(const struct quota_row *row, struct zones *zones, struct quota *out,
		    const char **problem) MUST_USE;

/* The identity alone; the terms of the row are not looked at. */
enum err quota_identify(const struct quota_row *row, struct quota_identity *out,
			const char **problem) MUST_USE;

/* How much may be spent at `now`, a raise included; QUOTA_NONE: anything. */
int64_t quota_limit(const struct quota_terms *t, struct wall now);

/* Can it refuse anybody? */
static inline bool quota_blocks(const struct quota_terms *t)
{
	return !t->warns_only && !t->in_shadow;
}

#endif
