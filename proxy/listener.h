/* listener.h - accepts connections for one worker.
 *
 * Each worker has its own socket on the same address (SO_REUSEPORT), so the kernel spreads the
 * connections and no lock is shared. At the limit of clients, or when the process has no
 * descriptor left, a worker stops accepting and keeps no idle connection until listener_resume()
 * finds room. */
#ifndef PROXY_LISTENER_H
#define PROXY_LISTENER_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/clk.h"
#include "base/err.h"
#include "base/must.h"

struct conf_address;
struct event;
struct tls_context;
struct worker;

struct listener {
	struct worker *worker;
	struct event *event;
	struct tls_context *tls; /* borrowed; NULL: plain */
	int fd;
	uint16_t port; /* that it is bound to */
	bool paused;
	struct mono complained; /* when a pause was last logged */
};

/* Binds and listens. port: what to bind where the address says 0; 0: any. ERR_AWAY: why says what
 * failed. */
enum err listener_open(struct listener *l, struct worker *w, const struct conf_address *a,
		       struct tls_context *tls, uint16_t port, char *why, size_t room) MUST_USE;

/* Accepts again if it had stopped and there is room. */
void listener_resume(struct listener *l);

/* Stops listening; connections that were taken stay. */
void listener_close(struct listener *l);

#endif
