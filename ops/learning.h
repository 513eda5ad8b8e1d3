/* learning.h - what estimates have learned (metering/learn.h), between restarts and for
 * Prometheus. The ops thread. */
#ifndef OPS_LEARNING_H
#define OPS_LEARNING_H
#include <stdbool.h>
#include "base/buf.h"
#include "base/err.h"
#include "base/must.h"

struct house;

/* Begins with what the ledger has kept. A line that does not read is logged and left out.
 * On error room bytes at `why` say what failed. */
enum err learning_open(struct house *h, char *why, size_t room) MUST_USE;

/* Saves what has changed since the last time, all of it or nothing; logs which estimates
 * have begun or ceased to drift. For once a minute, after a change by hand, and for the end.
 * A failure is logged, too; then all is saved the next time. */
#define LEARNING_EVERY_S 60
enum err learning_keep(struct house *h);

/* Appends the metrics of the first LEARNING_SHOWN_MAX models and kinds, in the Prometheus text
 * format. False: no room. */
#define LEARNING_SHOWN_MAX 200
bool learning_metrics(struct house *h, struct buf *to) MUST_USE;

#endif
