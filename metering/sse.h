/* sse.h - cuts a byte stream into server-sent events, wherever it is split. Pure.
 *
 * The WHATWG grammar: LF, CRLF or CR, comments, fields in any order, several data lines,
 * a byte order mark at the very beginning. Payload is shown as it comes, never kept; only
 * an event's name is (its first SSE_NAME_MAX bytes). Beyond the grammar, since providers
 * do it: a bare JSON value between events is shown as such, an "error:" field is data of
 * an event of that name, and an event that the end of the stream cuts off still counts.
 * Owner    the struct is the caller's memory.
 */
#ifndef METERING_SSE_H
#define METERING_SSE_H
#include <stdbool.h>
#include <stdint.h>
#include "base/span.h"

#define SSE_NAME_MAX 48

struct sse {
	uint8_t state;
	uint8_t field_len, name_len;
	bool beyond_first; /* the first line is over: no byte order mark any more */
	bool after_cr;     /* a LF that comes now belongs to the line before */
	bool bare_open;    /* inside a bare JSON value */
	/* for the caller, after each sse_step(): */
	bool line_open;    /* the step ended inside a line */
	bool comment_open; /* and that line is a comment */
	bool pending;      /* an event has begun and is not over */
	bool has_data;     /* it has data */
	bool dispatched;   /* the step ended an event */
	bool late_lf;      /* the step was only the LF of a CRLF that was cut in two */
	char field[12];
	char name[SSE_NAME_MAX]; /* the event's name, name_len bytes */
};

struct sse_sink {
	/* A part of the event's data; its lines are joined by "\n". */
	void (*on_data)(void *arg, struct span piece);
	/* The event is over. */
	void (*on_event)(void *arg, struct span name);
	/* A part of a bare JSON value; its lines end in "\n". */
	void (*on_bare)(void *arg, struct span piece);
	/* After each of its lines: does the value go on? */
	bool (*on_bare_line)(void *arg);
	/* Something else begins, or the stream ends, while it should have gone on. */
	void (*on_bare_cut)(void *arg);
};

/* At the beginning of a stream. */
void sse_init(struct sse *s);

/* Reads up to the end of one line (or of the piece, which must not be empty), calls the
 * sink, and returns how many bytes that took: at least 1. */
size_t sse_step(struct sse *s, struct span piece, const struct sse_sink *sink, void *arg);

/* The stream is over: an event that has begun is dispatched. */
void sse_end(struct sse *s, const struct sse_sink *sink, void *arg);

#endif
