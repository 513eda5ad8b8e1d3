/* serve.h - carries traffic until told to stop: `weir serve`.
 *
 *   SIGTERM, SIGINT  drain: no new work, what is under way may end within
 *                    deadlines.drain; a second one ends it now. Exit status 0.
 *   SIGHUP           read the configuration again
 */
#ifndef OPS_SERVE_H
#define OPS_SERVE_H
#include "base/must.h"

/* Serves as the configuration at `path` says. Returns the exit status: 0 after a stop that
 * was asked for, 1 when it could not start; the reason is on stderr. */
int serve(const char *path) MUST_USE;

#endif
