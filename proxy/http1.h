/* http1.h - strict HTTP/1.1 heads: bytes in, structures out.
 *
 * Promise    whatever two parsers could read differently is a fault, never a guess
 *            (threats T01-T12, T63): see http1_fault.tbl.h for the closed set. The same
 *            bytes give the same result however they were cut into pieces.
 * Owner      the caller owns the bytes and the structs; every span points into the bytes
 *            and lives as long as they stay where they are.
 * Limit      struct http1_limits; nothing is allocated, nothing is sized by the peer.
 * Errors     ERR_AGAIN  the head is not complete yet; call again with more bytes
 *            ERR_GARBLED or ERR_TOO_BIG, with the fault: answer it and close.
 * Threads    none; no state but the caller's.
 * Cost       the search for the end of the head resumes where it stopped, so that a head
 *            that arrives byte by byte costs no more than one that arrives whole. The
 *            parse itself is one pass, once, when the head is complete.
 */
#ifndef PROXY_HTTP1_H
#define PROXY_HTTP1_H
#include <stdbool.h>
#include <stdint.h>
#include "base/err.h"
#include "base/must.h"
#include "base/span.h"

/* The fields we know: HF_HOST, HF_CONTENT_TYPE, ... */
enum http1_name {
	HF_OTHER, /* none of the table */
#define FIELD(id, name, up, down) HF_##id,
#include "proxy/head.tbl.h"
	HF_COUNT
};

enum http1_fault {
#define FAULT(name, status, text) FAULT_##name,
#include "proxy/http1_fault.tbl.h"
	FAULT_COUNT
};

/* The HTTP status with which a client's request with fault f is answered. */
int http1_fault_status(enum http1_fault f);

/* "there are two host fields"; static text, fit for the peer's eyes and the log. */
const char *http1_fault_text(enum http1_fault f);

/* "HOST_TWICE"; static text, stable, for metrics and tests. */
const char *http1_fault_name(enum http1_fault f);

enum http1_method {
	METHOD_GET,
	METHOD_HEAD,
	METHOD_POST,
	METHOD_PUT,
	METHOD_DELETE,
	METHOD_PATCH,
	METHOD_OPTIONS,
	METHOD_COUNT
};

/* "GET"; static text. */
struct span http1_method_text(enum http1_method m);

#define HTTP1_FIELDS_MAX 100

struct http1_limits {
	uint32_t line_bytes; /* the request line, else 414 */
	uint32_t head_bytes; /* the whole head, else 431; at most 1 MiB */
	uint32_t fields;     /* at most HTTP1_FIELDS_MAX, else 431 */
};

/* 8 KiB, 32 KiB, 100: what there is to choose when the operator chose nothing. */
extern const struct http1_limits http1_limits_usual;

struct http1_field {
	enum http1_name id;
	struct span name, value; /* value without spaces and tabs around it */
};

struct http1_fields {
	uint8_t count;
	uint8_t first[HF_COUNT]; /* 1 + index of the first field with that id; 0: none */
	struct http1_field at[HTTP1_FIELDS_MAX];
};

/* The value of the first field with that id; .at is NULL where there is none. */
static inline struct span http1_value(const struct http1_fields *f, enum http1_name id)
{
	return f->first[id] ? f->at[f->first[id] - 1].value : (struct span){ NULL, 0 };
}

/* Is `token` among the values of all fields with that id, read as lists separated by
 * commas, without regard to case? */
bool http1_lists(const struct http1_fields *f, enum http1_name id, struct span token);

/* How far the search for the end of a head has come; zeroed before each message. Offsets,
 * not pointers: the bytes may move between calls. */
struct http1_scan {
	uint32_t head_at; /* where the head begins (after one empty line, or interim heads) */
	uint32_t line_at; /* where the line begins in which the search stopped */
	uint32_t seen;    /* bytes looked at */
	uint8_t interims; /* 1xx heads skipped */
	bool ended;       /* the head is complete: it is [head_at, seen) */
};

struct http1_request { /* about 4 kB: keep one per worker, or in the exchange until it is sent */
	size_t head_bytes; /* consumed: the body begins here */
	enum http1_method method;
	uint8_t minor;     /* HTTP/1.minor: 0 or 1 */
	bool has_length;   /* there was a content-length */
	bool chunked;      /* the body is chunked; never together with has_length */
	bool keep_alive;   /* the client wants to send another request */
	bool expect_100;   /* the client waits for 100 Continue (and announced a body) */
	uint64_t length;   /* of the body; 0 when neither has_length nor chunked */
	struct span path;  /* begins with '/'; as it came: safe to compare, never decoded; an
			      escaped slash only in a segment that is an Amazon resource name */
	struct span query; /* without '?'; empty if none */
	struct span host;  /* as it came; for the log only: it never takes part in a decision */
	struct http1_fields fields;
};

/* Reads a request head. bytes: everything received since the message began; the same and
 * more at each further call with the same scan. On ERR_OK *out is filled; a further call
 * parses again, for when the bytes have moved. On ERR_GARBLED or ERR_TOO_BIG *why says what
 * is wrong, and *out is not to be read. */
enum err http1_request(struct span bytes, const struct http1_limits *limits,
		       struct http1_scan *scan, struct http1_request *out,
		       enum http1_fault *why) MUST_USE;

enum http1_body {
	BODY_NONE,
	BODY_LENGTH,
	BODY_CHUNKED,
	BODY_UNTIL_CLOSE
};

struct http1_response {    /* about 4 kB, as the request */
	size_t head_bytes; /* consumed, with the interim heads skipped before it */
	uint16_t status;   /* 200 to 599 */
	uint8_t minor;
	bool keep_alive;      /* the connection may be used again once the body has ended */
	bool has_length;      /* content-length was given: also where no body follows (HEAD, 304) */
	enum http1_body body; /* how the body that follows ends, given the request's method */
	uint64_t length;      /* the content-length */
	struct http1_fields fields;
};

/* Interim responses (1xx) skipped before the final one; one more is a fault. */
#define HTTP1_INTERIMS_MAX 8

/* Reads a response head, after skipping interim ones. method: of the request it answers.
 * Otherwise as http1_request(); limits->line_bytes holds for the status line. */
enum err http1_response(struct span bytes, const struct http1_limits *limits,
			struct http1_scan *scan, enum http1_method method,
			struct http1_response *out, enum http1_fault *why) MUST_USE;

#endif
