/* sharing.h - limits that several weirs share through Redis (metering/lessor.h): the start, the
 * bell of the workers, and what Prometheus and a load balancer are told. The ops thread. */
#ifndef OPS_SHARING_H
#define OPS_SHARING_H
#include <stdbool.h>
#include "base/buf.h"
#include "base/err.h"
#include "base/must.h"

struct house;
struct registry;

/* With quota.backend: redis, begins to lease, under the name in state_dir/instance, which is made
 * at the first start. Redis need not be there yet. On error room bytes at `why` say what failed. */
enum err sharing_open(struct house *h, char *why, size_t room) MUST_USE;

/* Leases for the quotas of r that are new. */
void sharing_meet(struct house *h, const struct registry *r);

/* From now on the workers are woken when there may be more of a limit; or no longer. */
void sharing_ring(struct house *h);
void sharing_hush(struct house *h);

/* How it stands with what is shared, as one static line; empty where nothing is. */
const char *sharing_state(const struct house *h);

/* Appends its metrics in the Prometheus text format, where something is shared. False: no room. */
bool sharing_metrics(const struct house *h, struct buf *to) MUST_USE;

#endif
