/* inflate.h - decompresses a copy of a body for the tap, within bounds.
 *
 * Weir asks for identity; a provider that compresses all the same is relayed as it is, and this
 * shows the tap what is inside. Limit: INFLATE_RATIO_MAX times the input (and at least
 * INFLATE_FREE_BYTES); past it, or when the bytes are broken, it goes blind (threat T65). */
#ifndef PROXY_INFLATE_H
#define PROXY_INFLATE_H
#include <stdbool.h>
#include "base/must.h"
#include "base/span.h"

#define INFLATE_RATIO_MAX  100
#define INFLATE_FREE_BYTES (1u << 20)

struct inflate;

/* For this Content-Encoding (gzip, x-gzip, deflate). NULL: unknown coding or out of memory. */
struct inflate *inflate_new(struct span coding) MUST_USE;
void inflate_free(struct inflate *z); /* NULL is fine */

/* Feeds a piece; out(arg, span) gets what comes out. False once it is blind. */
bool inflate_show(struct inflate *z, struct span piece, void (*out)(void *arg, struct span s),
		  void *arg);

#endif
