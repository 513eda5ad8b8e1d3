/* people.h - from the ledger's tenants, keys and quotas to what workers decide by.
 *
 * Every change is written to the ledger first and then published whole, so what workers
 * see is always what the next start will see.
 * Threads  the ops thread.
 */
#ifndef OPS_PEOPLE_H
#define OPS_PEOPLE_H
#include <stddef.h>
#include "base/err.h"
#include "base/must.h"
#include "store/record.h"

struct house;
struct registry;

/* Reads all of them, adds what plans and defaults say (ops/plans.h), seeds budgets that are new (or
 * begin anew) with what the ledger says is spent, and publishes the snapshot. On error what was
 * published before stays, and room bytes at `why` say what is wrong. */
enum err people_publish(struct house *h, char *why, size_t room) MUST_USE;

/* Would that still be possible with this quota, new or changed? Errors as above. */
enum err people_check_quota(struct house *h, const struct quota_row *changed, char *why,
			    size_t room) MUST_USE;

/* The snapshot last published; good until the next people_publish(). */
const struct registry *people_registry(struct house *h);

/* The record of that identity, copied. ERR_MISSING: there is none; of quotas only those that
 * somebody set are records. */
enum err people_tenant(struct house *h, const char *id, struct tenant_row *out) MUST_USE;
enum err people_key(struct house *h, const char *id, struct key_row *out) MUST_USE;
enum err people_quota(struct house *h, const struct quota_row *identity,
		      struct quota_row *out) MUST_USE;

/* What the tenant's plan says of that quota. ERR_MISSING: nothing. */
enum err people_plan_quota(struct house *h, const struct quota_row *identity,
			   struct quota_row *out) MUST_USE;

#endif
