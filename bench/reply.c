/* reply.c - makes the bytes of a response, piece by piece. */
#include "bench/reply.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "base/clk.h"
#include "bench/dialect.h"
#include "bench/misbehave.h"

#define BODY_CAP_BYTES (256u << 20)
#define BATCH_BYTES    65536

/* The body */

static bool fixture_load(struct reply *r, const char *folder)
{
	char path[512];
	ssize_t got = 1;
	int fd;

	if (!folder || strstr(r->ask.script.fixture, ".."))
		return false;
	snprintf(path, sizeof(path), "%s/%s", folder, r->ask.script.fixture);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	while (fd >= 0 && got > 0) {
		char *to = buf_reserve(&r->whole, 65536);

		MUST(to);
		got = read(fd, to, 65536);
		r->whole.len += got > 0 ? (size_t)got : 0;
	}
	if (fd >= 0)
		close(fd);
	return fd >= 0 && got == 0;
}

/* Bytes up to and with the first `end` in s, or all of it. */
static size_t len_through(struct span s, struct span end)
{
	const char *found = memmem(s.at, s.len, end.at, end.len);

	return found ? (size_t)(found - s.at) + end.len : s.len;
}

static bool has_suffix(const char *name, const char *suffix)
{
	const char *dot = strrchr(name, '.');

	return dot && strcmp(dot, suffix) == 0;
}

/* Bytes of the event that begins at s, by the suffix of the file's name. */
static size_t fixture_event_len(const char *name, struct span s)
{
	const unsigned char *p = (const unsigned char *)s.at;
	size_t lf = s.len, crlf = s.len;

	if (has_suffix(name, ".eventstream") && s.len > 4) {
		lf = (size_t)p[0] << 24 | (size_t)p[1] << 16 | (size_t)p[2] << 8 | p[3];
	} else if (has_suffix(name, ".ndjson")) {
		lf = len_through(s, SPAN("\n"));
	} else if (has_suffix(name, ".sse")) {
		lf = len_through(s, SPAN("\n\n"));
		crlf = len_through(s, SPAN("\r\n\r\n"));
	}
	if (crlf < lf)
		lf = crlf;
	return lf > 0 && lf < s.len ? lf : s.len;
}

static const char *fixture_type(const char *name)
{
	return has_suffix(name, ".sse")           ? "text/event-stream"
	       : has_suffix(name, ".ndjson")      ? "application/x-ndjson"
	       : has_suffix(name, ".json")        ? "application/json"
	       : has_suffix(name, ".eventstream") ? "application/vnd.amazon.eventstream"
						  : "application/octet-stream";
}

static void refuse_misunderstood(struct reply *r)
{
	r->ask.script.status = 400;
	r->ask.script.kind = FAULT_none;
	say_span(&r->whole, SPAN("{\"error\":{\"message\":\"stand_in: no such option, value or "
				 "fixture\",\"type\":\"stand_in\",\"param\":null,"
				 "\"code\":\"stand_in\"}}\n"));
}

/* Decides where the body comes from; renders it when it is not made event by event. */
static void choose_body(struct reply *r, const struct habits *habits)
{
	struct ask *a = &r->ask;

	if (a->dialect == &dialect_unknown && a->script.status < 400)
		a->script.status = 404;
	if (!a->understood || (a->script.fixture[0] && !fixture_load(r, habits->fixtures)))
		refuse_misunderstood(r);
	else if (a->script.fixture[0])
		return;
	else if (a->script.status >= 400)
		a->dialect->refuse(a, &r->whole);
	else if (a->stream)
		r->by_event = true;
	else
		a->dialect->plain(a, &r->whole);
}

/* Is event `step` one that waits for its turn? */
static bool step_waits(const struct reply *r, uint64_t step)
{
	const struct dialect *d = r->ask.dialect;

	if (!r->by_event)
		return r->whole_used > 0;
	return step > 0 && step >= d->opening && step < d->opening + r->ask.events;
}

static void make_event(struct reply *r, struct buf *to, struct mark *m)
{
	const struct ask *a = &r->ask;
	const struct dialect *d = a->dialect;
	uint64_t k = r->step++;

	if (k < d->opening) {
		d->event(a, PART_OPENING, k, to);
		return;
	}
	k -= d->opening;
	if (a->script.kind == FAULT_error && k >= script_or(a->script.at, a->events / 2)) {
		d->fail(a, to);
		r->step = UINT64_MAX;
	} else if (k < a->events) {
		d->event(a, PART_TEXT, k, to);
		m->ends_text = true;
	} else {
		d->event(a, PART_CLOSING, k - a->events, to);
		m->ends_usage = k - a->events == d->usage_in && !a->script.no_usage;
	}
}

static bool events_left(const struct reply *r)
{
	const struct dialect *d = r->ask.dialect;

	return r->step < d->opening + r->ask.events + d->closing;
}

/* Renders the next piece that is not empty; false when there is none. */
static bool make_piece(struct reply *r, struct buf *to, struct mark *m)
{
	const struct ask *a = &r->ask;

	*m = (struct mark){ .ends_event = true };
	if (!r->by_event) {
		struct span rest = span_skip(buf_span(&r->whole), r->whole_used);

		rest.len = a->script.fixture[0] ? fixture_event_len(a->script.fixture, rest)
						: rest.len;
		say_span(to, rest);
		r->whole_used += rest.len;
		m->ends_usage = a->dialect->reports && a->script.status < 400 &&
				!a->script.no_usage && !a->script.fixture[0];
		return rest.len > 0;
	}
	while (to->len == 0 && events_left(r))
		make_event(r, to, m);
	if (a->script.kind == FAULT_no_last_blank && !events_left(r))
		while (to->len > 0 && strchr("\r\n", to->at[to->len - 1]))
			to->len--;
	return to->len > 0;
}

/* What the whole body will be, for a Content-Length; leaves r as it was. */
static uint64_t measure_body(struct reply *r)
{
	uint64_t step = r->step, total = 0;
	struct mark m;
	struct buf piece;

	if (!r->by_event)
		return r->whole.len;
	buf_init(&piece, BODY_CAP_BYTES);
	while (make_piece(r, &piece, &m)) {
		total += piece.len;
		piece.len = 0;
	}
	buf_release(&piece);
	r->step = step;
	return total;
}

/* Compressing */

static void gzip_begin(struct reply *r)
{
	r->gzip = calloc(1, sizeof(*r->gzip));
	MUST(r->gzip &&
	     deflateInit2(r->gzip, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK);
}

static void gzip_piece(z_stream *z, struct span in, int flush, struct buf *to)
{
	size_t most = deflateBound(z, in.len) + 64;
	char *at = buf_reserve(to, most);

	MUST(at);
	z->next_in = (Bytef *)(uintptr_t)in.at;
	z->avail_in = (uInt)in.len;
	z->next_out = (Bytef *)at;
	z->avail_out = (uInt)most;
	MUST(deflate(z, flush) != Z_STREAM_ERROR && z->avail_in == 0);
	to->len += most - z->avail_out;
}

static void gzip_whole(struct reply *r)
{
	struct buf small;

	buf_init(&small, BODY_CAP_BYTES);
	gzip_piece(r->gzip, buf_span(&r->whole), Z_FINISH, &small);
	buf_release(&r->whole);
	r->whole = small;
	deflateEnd(r->gzip);
	free(r->gzip);
	r->gzip = NULL;
}

/* The head */

static const char *reason_of(uint64_t status)
{
	switch (status) {
	case 200: return "OK";
	case 400: return "Bad Request";
	case 401: return "Unauthorized";
	case 404: return "Not Found";
	case 429: return "Too Many Requests";
	case 500: return "Internal Server Error";
	case 503: return "Service Unavailable";
	default: return "Status";
	}
}

static const char *content_type(const struct reply *r)
{
	if (r->ask.script.fixture[0])
		return fixture_type(r->ask.script.fixture);
	return r->by_event ? r->ask.dialect->stream_type : "application/json";
}

static void say_framing(struct reply *r)
{
	uint64_t length = r->framing == HTTP_LENGTH ? measure_body(r) : 0;

	if (r->framing == HTTP_LENGTH)
		say(&r->out, "Content-Length: %llu\r\n", llu(length));
	if (r->framing == HTTP_CHUNKED)
		say_span(&r->out, SPAN("Transfer-Encoding: chunked\r\n"));
	misbehave_framing(r, length);
	if (r->after == AFTER_CLOSE || r->ask.script.close)
		say_span(&r->out, SPAN("Connection: close\r\n"));
	else
		say_span(&r->out, SPAN("Connection: keep-alive\r\n"));
}

static void make_head(struct reply *r)
{
	const struct ask *a = &r->ask;
	uint64_t status = script_or(a->script.status, 200);
	char date[40];
	struct tm t;

	r->head_made = true;
	if (misbehave_instead(r))
		return;
	gmtime_r(&a->created, &t);
	strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S GMT", &t);
	say(&r->out,
	    "HTTP/1.1 %llu %s\r\nDate: %s\r\nContent-Type: %s\r\n%s: %s\r\n"
	    "Cache-Control: no-cache\r\nServer: stand-in\r\n",
	    llu(status), reason_of(status), date, content_type(r), a->dialect->id_header, a->id);
	say_framing(r);
	if (a->script.header[0])
		say(&r->out, "%s\r\n", a->script.header);
	if (a->script.encoding[0])
		say(&r->out, "Content-Encoding: %s\r\n", a->script.encoding);
	if (status >= 400 && strstr(a->dialect->id_header, "amzn"))
		say(&r->out, "x-amzn-ErrorType: %s\r\n", say_error(a)->aws_type);
	misbehave_head(r);
	say_span(&r->out, SPAN("\r\n"));
}

/* Batches */

static void add_mark(struct reply *r, struct mark m, size_t from, size_t len)
{
	m.from = (uint32_t)from;
	m.len = (uint32_t)len;
	r->mark[r->marks++] = m;
}

/* Wraps one piece for the wire, cut short where the fault says so. */
static void add_piece(struct reply *r, struct span piece, struct mark m)
{
	bool struck;
	size_t len = misbehave_cut(r, piece.len, &struck);
	size_t announced = struck && misbehave_sizes_true(r->ask.script.kind) ? len : piece.len;

	if (r->framing == HTTP_CHUNKED && announced > 0)
		say(&r->out, "%zx\r\n", announced);
	m.ends_event &= len == piece.len;
	m.ends_text &= len == piece.len;
	m.ends_usage &= len == piece.len;
	add_mark(r, m, r->out.len, len);
	say_span(&r->out, (struct span){ piece.at, len });
	r->body_made += len;
	if (r->framing == HTTP_CHUNKED && announced > 0 && len == announced)
		say_span(&r->out, SPAN("\r\n"));
	if (struck)
		misbehave_strike(r);
}

static void finish(struct reply *r)
{
	struct buf tail;

	r->finished = true;
	if (r->gzip) {
		buf_init(&tail, 4096);
		gzip_piece(r->gzip, (struct span){ "", 0 }, Z_FINISH, &tail);
		add_piece(r, buf_span(&tail), (struct mark){ 0 });
		buf_release(&tail);
	}
	misbehave_finish(r);
}

static void add_next(struct reply *r)
{
	struct buf piece, small;
	struct mark m;

	buf_init(&piece, BODY_CAP_BYTES);
	if (!make_piece(r, &piece, &m)) {
		finish(r);
	} else if (r->gzip) {
		buf_init(&small, BODY_CAP_BYTES);
		gzip_piece(r->gzip, buf_span(&piece), Z_SYNC_FLUSH, &small);
		add_piece(r, buf_span(&small), m);
		buf_release(&small);
	} else {
		add_piece(r, buf_span(&piece), m);
	}
	buf_release(&piece);
}

void reply_fill(struct reply *r, uint64_t now_us)
{
	if (r->finished || r->out.len > 0)
		return;
	if (!r->head_made)
		make_head(r);
	while (!r->finished && r->marks + 1 < REPLY_MARKS && r->out.len < BATCH_BYTES) {
		add_next(r);
		if (!r->finished && r->ask.gap_ms > 0 && step_waits(r, r->step)) {
			if (r->due_us == 0)
				r->due_us = now_us;
			r->due_us += r->ask.gap_ms * 1000;
			return;
		}
		if (r->one_by_one)
			return;
	}
}

/* The beginning and the end */

static enum http_framing choose_framing(const struct reply *r)
{
	const char *wish = r->ask.script.framing;

	if (strcmp(wish, "chunked") == 0 || misbehave_wants_chunks(r->ask.script.kind))
		return HTTP_CHUNKED;
	if (strcmp(wish, "close") == 0)
		return HTTP_CLOSE;
	if (strcmp(wish, "length") == 0 && !r->gzip)
		return HTTP_LENGTH;
	return r->by_event || r->gzip ? HTTP_CHUNKED : HTTP_LENGTH;
}

static void choose_writes(struct reply *r)
{
	const char *wish = r->ask.script.write;
	uint64_t most;

	r->write_most = SIZE_MAX;
	r->one_by_one = strcmp(wish, "all") != 0;
	if (strncmp(wish, "bytes:", 6) == 0 && http_number(span_of(wish + 6), 10, &most) &&
	    most > 0)
		r->write_most = most;
	if (r->ask.script.kind == FAULT_drip) {
		r->write_most = 1;
		if (r->ask.gap_ms == 0)
			r->ask.gap_ms = 10;
	}
}

void reply_begin(struct reply *r, const struct truth *truth, const struct http_head *head,
		 struct span body, const struct habits *habits, uint64_t number)
{
	bool old = span_eq(head->word[2], SPAN("HTTP/1.0"));

	r->truth = truth;
	r->how = misbehave_how(r->ask.script.kind);
	buf_init(&r->out, BODY_CAP_BYTES);
	buf_init(&r->whole, BODY_CAP_BYTES);
	sent_begin(&r->sent, truth);
	choose_body(r, habits);
	if (strcmp(r->ask.script.encoding, "gzip") == 0) {
		gzip_begin(r);
		if (!r->by_event && !r->ask.script.fixture[0])
			gzip_whole(r);
	}
	r->framing = choose_framing(r);
	if (old && r->framing == HTTP_CHUNKED)
		r->framing = HTTP_CLOSE;
	if (r->framing == HTTP_CLOSE || r->ask.script.close || old ||
	    http_field_has(head, SPAN("connection"), SPAN("close")))
		r->after = AFTER_CLOSE;
	choose_writes(r);
	truth_begin(truth, &r->ask, head, body, number);
	if (r->ask.script.first_byte_ms > 0)
		r->due_us = clk_mono().us + (uint64_t)r->ask.script.first_byte_ms * 1000;
}

uint64_t reply_wait_until_us(const struct reply *r, uint64_t now_us)
{
	bool held = r->out.len == 0 || r->ask.script.kind == FAULT_drip;

	return held && !r->finished && r->due_us > now_us ? r->due_us : 0;
}

struct span reply_next(const struct reply *r)
{
	struct span next = span_skip(buf_span(&r->out), r->out_sent);

	if (next.len > r->write_most)
		next.len = r->write_most;
	return next;
}

/* Counts the body bytes of [from, to) in out. */
static void count_body(struct reply *r, size_t to)
{
	while (r->marks_done < r->marks) {
		struct mark *m = &r->mark[r->marks_done];
		size_t until = to < m->from + m->len ? to : m->from + m->len;

		if (until > m->from + m->sent) {
			size_t begin = m->from + m->sent;

			sent_add(&r->sent, (struct span){ r->out.at + begin, until - begin });
			m->sent = (uint32_t)(until - m->from);
		}
		if (to < m->from || m->sent < m->len)
			return;
		r->sent.events += m->ends_event;
		r->sent.text_events += m->ends_text;
		r->sent.usage |= m->ends_usage;
		r->marks_done++;
	}
}

void reply_sent(struct reply *r, size_t n, uint64_t now_us)
{
	r->out_sent += n;
	count_body(r, r->out_sent);
	if (r->ask.script.kind == FAULT_drip)
		r->due_us = now_us + r->ask.gap_ms * 1000;
	if (r->out_sent < r->out.len || r->finished)
		return;
	r->out.len = r->out_sent = 0;
	r->marks = r->marks_done = 0;
}

void reply_end(struct reply *r, const char *how)
{
	if (r->ended)
		return;
	r->ended = true;
	truth_end(r->truth, &r->ask, &r->sent, how);
}

void reply_release(struct reply *r)
{
	MUST(r->ended);
	sent_release(&r->sent);
	if (r->gzip) {
		deflateEnd(r->gzip);
		free(r->gzip);
	}
	buf_release(&r->out);
	buf_release(&r->whole);
}
