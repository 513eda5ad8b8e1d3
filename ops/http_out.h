/* http_out.h - HTTP calls that Weir makes for people, not for traffic: the command line
 * to the admin API, and notifications. The only door to libcurl.
 *
 * Promise  no redirects are followed, no proxy variables of the environment are obeyed,
 *          certificates are checked.
 * Threads  any; a call blocks its thread until it ends or its deadline passes.
 */
#ifndef OPS_HTTP_OUT_H
#define OPS_HTTP_OUT_H
#include <stdint.h>
#include "base/buf.h"
#include "base/err.h"
#include "base/must.h"
#include "base/span.h"

struct http_out {
	const char *method;  /* "GET", "POST" ... */
	const char *url;     /* http:// or https:// */
	const char *socket;  /* path of a unix socket to connect to instead of the host; or NULL */
	const char *bearer;  /* sent as Authorization: Bearer; or NULL */
	struct span body;    /* sent as application/json; empty: none */
	uint64_t timeout_us; /* for the whole call */
};

/* Makes the call. The answer's body is appended to *answer within its ceiling; *status is
 * the HTTP status. On error `why` (room bytes) says what failed: ERR_AWAY no connection,
 * ERR_SLOW the deadline, ERR_TOO_BIG the ceiling, ERR_GARBLED no HTTP. */
enum err http_out(const struct http_out *call, int *status, struct buf *answer, char *why,
		  size_t room) MUST_USE;

#endif
