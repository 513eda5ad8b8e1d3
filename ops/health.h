/* health.h - what a load balancer and Prometheus ask. The ops thread. */
#ifndef OPS_HEALTH_H
#define OPS_HEALTH_H
#include <stdbool.h>
#include "base/buf.h"
#include "base/must.h"

struct house;

/* Why no new traffic should come here, as one static sentence; NULL: it may. */
const char *health_problem(const struct house *h);

/* Appends all metrics in the Prometheus text format. Budgets of keys are left out, and all
 * beyond HEALTH_QUOTAS_MAX: a label for each would flood whoever collects them. False: no
 * room. */
#define HEALTH_QUOTAS_MAX 1000
bool health_metrics(struct house *h, struct buf *to) MUST_USE;

#endif
