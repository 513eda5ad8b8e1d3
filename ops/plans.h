/* plans.h - the limits that tenants have without anybody having set them: those of their plan,
 * or else the defaults of the configuration.
 *
 * They are never stored: when the configuration changes, so do they, and what was set for a
 * tenant goes before them. So a tenant without any limit is one whose configuration says `none`.
 * Threads  the ops thread.
 */
#ifndef OPS_PLANS_H
#define OPS_PLANS_H
#include <stdbool.h>
#include <stddef.h>
#include "base/buf.h"
#include "base/err.h"
#include "base/must.h"
#include "base/zone.h"
#include "store/record.h"

#define PLAN_QUOTAS_MAX 16 /* of one plan: as many as can apply to one tenant */

struct conf;
struct plans;

/* The quotas that one plan gives: rows for a tenant that is to be filled in. */
struct plan {
	struct quota_row quota[PLAN_QUOTAS_MAX];
	size_t quotas;
};

/* Reads the plans of a configuration. On error a line for each thing that is wrong is appended
 * to `errors`. */
enum err plans_new(const struct conf *c, struct zones *zones, struct plans **out,
		   struct buf *errors) MUST_USE;

void plans_free(struct plans *p); /* NULL is fine */

/* The plan of that name, or for "" the defaults; NULL: there is none. */
const struct plan *plans_find(const struct plans *p, const char *name);

/* plans_new() for the sake of its complaints. */
enum err plans_check(const struct conf *c, struct buf *errors) MUST_USE;

/* Fills in what was not said of a new quota: it blocks, and in an outage is treated as the
 * configuration says; where no warning was spoken of, that is the configuration's, too, but
 * rates and what is concurrent are reached every day and not warned of. */
void plans_complete(const struct conf *c, bool warn_said, struct quota_row *q);

#endif
