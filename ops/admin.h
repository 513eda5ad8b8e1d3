/* admin.h - the HTTP side of the admin API, and of what may be asked without a token.
 *
 *   unix socket  whoever may open the file is admin; mode 0600
 *   TCP address  /healthz, /readyz and /metrics for all; /admin/v1/ with the token
 *
 * Promise  a request that bears Origin (a browser's page) never reaches the API; bodies
 *          and heads are bounded; every change is logged with who made it.
 * Threads  the ops thread; runs inside its event loop.
 */
#ifndef OPS_ADMIN_H
#define OPS_ADMIN_H
#include <stddef.h>
#include "base/err.h"
#include "base/must.h"

#define ADMIN_BODY_MAX     (16u << 20) /* a price list of thousands of models */
#define ADMIN_TCP_BODY_MAX (1u << 20)  /* read before the token is looked at */

struct admin;
struct event_base;
struct house;

/* Listens where house->conf says. house is borrowed until admin_free(). On error room
 * bytes at `why` say what failed. */
enum err admin_new(struct house *house, struct event_base *loop, struct admin **out, char *why,
		   size_t room) MUST_USE;

/* Closes the listeners and removes the socket. NULL is fine. */
void admin_free(struct admin *a);

/* "data/weir.sock and http://127.0.0.1:9090"; lives as long as the admin. */
const char *admin_places(const struct admin *a);

#endif
