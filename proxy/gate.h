/* gate.h - the ordered list of checks before anything is forwarded.
 *
 * Two gates: one when the head is there, so that a stranger's body is never read, and one when the
 * body is. A refusal is decided here, as the exchange's ending and what the reply will say.
 * After gate_body() said yes the exchange has an open slot and a live hold: from then on it
 * leaves exactly one row.
 * No I/O: everything comes from snapshots in memory. */
#ifndef PROXY_GATE_H
#define PROXY_GATE_H
#include <stdbool.h>

struct exchange;

/* Route, method, credential, key, length and type of the body. False: x->ending is set. */
bool gate_head(struct exchange *x);

enum gate_verdict {
	GATE_ADMITS,
	GATE_DENIES, /* x->ending is set */
	GATE_PARKS   /* nothing is decided: x is parked, and to be judged anew when it is woken */
};

/* Body, model, provider, price, budget. A request that was parked for as long as it may is judged
 * without what nobody answered. */
enum gate_verdict gate_body(struct exchange *x);

#endif
