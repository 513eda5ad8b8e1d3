/* head.h - heads that we send: written from what was parsed, never copied.
 *
 * Promise    a field leaves only if head.tbl.h lets it pass in that direction; what the
 *            peer's connection field names is taken away before ours is added (threat T12),
 *            so nothing a client sends can remove or shadow the provider's credential.
 *            The tenant's credential never goes up; account ids, cookies and transport
 *            policy never come down (T25, T30).
 * Owner      the caller owns the buf; spans are borrowed for the call.
 * Errors     false: the buf reached its ceiling; it then holds part of a head. Send nothing.
 * Threads    none.
 */
#ifndef PROXY_HEAD_H
#define PROXY_HEAD_H
#include <stdbool.h>
#include <stdint.h>
#include "base/buf.h"
#include "base/clk.h"
#include "base/err.h"
#include "base/must.h"
#include "proxy/http1.h"

/* What a request becomes on its way to the provider. */
struct head_up {
	const struct http1_request *request;
	struct span base;  /* path of the provider's base_url: "/v1" or empty; no '/' at its end */
	struct span mount; /* what the provider's dialect puts between the two; mostly empty */
	struct span path;  /* what follows it; begins with '/' */
	struct span host;  /* the origin's authority */
	struct span auth_name;  /* the provider's credential: "authorization"; empty: none */
	struct span auth_value; /* "Bearer ..." */
	uint64_t body_bytes;    /* of the body that we will send */
};

/* Appends the whole head. The body is always announced by content-length, a body of 0 bytes
 * only for methods that usually have one. accept-encoding is always identity. The client's
 * user-agent passes (providers key deprecation notices and support on it); where there is
 * none, ours is sent. The query goes up as it came but for parameters that would carry a
 * credential or overrule a header (see head_query). */
bool head_request(struct buf *to, const struct head_up *up) MUST_USE;

/* Appends "?query" without credential parameters (key, api_key, access_token, ..., also when
 * written with percent escapes) and without $-parameters, by which Google's front end lets a
 * URL overrule headers. Appends nothing when nothing is left. Also for the log. */
bool head_query(struct buf *to, struct span query) MUST_USE;

enum head_end {
	HEAD_END_NONE,
	HEAD_END_LENGTH,
	HEAD_END_CHUNKED,
	HEAD_END_CLOSE
};

/* What a client is answered: a provider's response, or our own. */
struct head_down {
	uint16_t status;                   /* 100 to 599 */
	const struct http1_fields *fields; /* the provider's; NULL for our own answer */
	struct span extra;                 /* further lines, each ended by CRLF; may be empty */
	struct span request_id;            /* sent as x-weir-request-id; empty: none */
	struct span date;                  /* from head_date(); empty: none */
	enum head_end end;                 /* NONE: no framing field (HEAD, 204, 304) */
	uint64_t length;                   /* for HEAD_END_LENGTH */
	bool own_rates;  /* `extra` tells limits of ours: the provider's stay away */
	bool keep_alive; /* false adds "connection: close"; END_CLOSE implies it */
	uint8_t minor;   /* the client's HTTP/1.minor */
};

/* Appends the whole head. The status line always says HTTP/1.1 (RFC 9110 6.2); a 1.0 client
 * whose connection is kept is told "connection: keep-alive". */
bool head_response(struct buf *to, const struct head_down *down) MUST_USE;

/* "Too Many Requests"; "Unknown" for codes that have no name; static text. */
struct span head_reason(uint16_t status);

#define HEAD_DATE_ROOM 30

/* Writes w as an HTTP date, "Sun, 22 Nov 2026 03:04:05 GMT", 29 letters and a NUL. */
void head_date(struct wall w, char to[HEAD_DATE_ROOM]);

/* Finds the one credential of a request: authorization: Bearer, x-api-key, api-key,
 * x-goog-api-key, or ?key=. *key borrows from the request.
 * ERR_MISSING   there is none (401)
 * ERR_EXISTS    there is more than one, equal or not (400, threat T22)
 * ERR_GARBLED   authorization is not "Bearer <token>", or a credential is empty (401) */
enum err head_credential(const struct http1_request *request, struct span *key) MUST_USE;

#endif
