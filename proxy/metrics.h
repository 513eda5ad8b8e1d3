/* metrics.h - what a worker counts: one struct per worker, one writer, no locks.
 *
 * Cells are relaxed atomics: the worker alone adds, anybody may read. */
#ifndef PROXY_METRICS_H
#define PROXY_METRICS_H
#include <stdatomic.h>
#include <stdint.h>
#include "base/buf.h"
#include "proxy/exchange.h"

struct metrics {
#define METRIC(kind, name, unit, help) _Atomic int64_t name##_##unit;
#include "proxy/metrics.tbl.h"
	_Atomic int64_t ended[END_COUNT];
	_Atomic int64_t edges[XS_COUNT][XS_COUNT];
};

/* Adds n to a cell that only this thread writes: a plain load and store. */
static inline void metric_add(_Atomic int64_t *cell, int64_t n)
{
	atomic_store_explicit(cell, atomic_load_explicit(cell, memory_order_relaxed) + n,
			      memory_order_relaxed);
}

/* Adds every cell of `from` to `sum`. */
void metrics_sum(struct metrics *sum, const struct metrics *from);

/* Appends the Prometheus text of m. */
bool metrics_text(const struct metrics *m, struct buf *to) MUST_USE;

/* Appends {"states":[...],"edges":[{"from","to","why","taken"}...]} of m. */
bool metrics_states(const struct metrics *m, struct buf *to) MUST_USE;

#endif
