/* tap.c - takes the documents out of an answer's framing and shows them to facts.c; and
 * takes the one event out again that Weir asked for and the client did not. */
#include "metering/tap.h"
#include <stdlib.h>
#include "base/buf.h"
#include "metering/eventstream.h"
#include "metering/facts.h"
#include "metering/sse.h"

#define HEAD_MAX 8 /* bytes of an event's data that are kept, to know "[DONE]" */

/* Whether the bytes held are the usage event. */
struct filter {
	bool on;
	bool drop;       /* the event that has just ended is to be dropped */
	bool dropped;    /* the line before was the end of a dropped event */
	bool took_out;   /* an event was dropped */
	bool passing;    /* the event being read is not the one; its rest follows its beginning */
	struct buf held; /* what pieces before this one began of an event that may be it */
};

struct tap {
	struct facts facts;
	enum tap_framing framing;
	uint64_t events;
	uint64_t data_bytes; /* of the event being read */
	char head[HEAD_MAX];
	bool broken; /* the frames stopped making sense */
	struct sse sse;
	struct eventstream eventstream;
	struct filter filter;
	struct inner *inner;  /* these two lie behind the struct where a shape needs them */
	struct known *before; /* what was known before the frame being read */
};

/* --- what kind of framing --- */

static bool ends_in_json(struct span type)
{
	return type.len >= 5 && span_eq_nocase(span_skip(type, type.len - 5), SPAN("+json"));
}

enum tap_framing tap_framing_of(struct span content_type)
{
	static const struct {
		struct span type;
		enum tap_framing framing;
	} types[] = {
		{ { "text/event-stream", 17 }, TAP_SSE },
		{ { "application/json", 16 }, TAP_JSON },
		{ { "application/x-ndjson", 20 }, TAP_NDJSON },
		{ { "application/ndjson", 18 }, TAP_NDJSON },
		{ { "application/jsonl", 17 }, TAP_NDJSON },
		{ { "application/vnd.amazon.eventstream", 34 }, TAP_EVENTSTREAM },
	};
	const char *semicolon = content_type.len > 0
				    ? memchr(content_type.at, ';', content_type.len)
				    : NULL;

	if (semicolon)
		content_type.len = (size_t)(semicolon - content_type.at);
	content_type = span_trim(content_type);
	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++)
		if (span_eq_nocase(types[i].type, content_type))
			return types[i].framing;
	return ends_in_json(content_type) ? TAP_JSON : TAP_OPAQUE;
}

/* --- server-sent events --- */

static void on_data(void *arg, struct span piece)
{
	struct tap *t = arg;

	if (t->data_bytes == 0 && t->sse.name_len > 0)
		facts_begin(&t->facts, (struct span){ t->sse.name, t->sse.name_len });
	for (size_t i = 0; i < piece.len && t->data_bytes + i < HEAD_MAX; i++)
		t->head[t->data_bytes + i] = piece.at[i];
	t->data_bytes += piece.len;
	facts_feed(&t->facts, piece);
}

static bool is_done_mark(const struct tap *t)
{
	return t->data_bytes <= HEAD_MAX &&
	       span_eq(span_trim((struct span){ t->head, t->data_bytes }), SPAN("[DONE]"));
}

static void on_event(void *arg, struct span name)
{
	struct tap *t = arg;

	t->events++;
	t->filter.drop = facts_is_usage_event(&t->facts);
	if (is_done_mark(t)) {
		facts_forget(&t->facts);
		facts_ended(&t->facts);
	} else {
		facts_end(&t->facts, name);
	}
	t->data_bytes = 0;
}

static void on_bare(void *arg, struct span piece)
{
	struct tap *t = arg;

	facts_feed(&t->facts, piece);
}

static bool on_bare_line(void *arg)
{
	struct tap *t = arg;

	if (!json_done(&t->facts.json) && !json_error(&t->facts.json))
		return true;
	facts_end(&t->facts, SPAN(""));
	return false;
}

static void on_bare_cut(void *arg)
{
	struct tap *t = arg;

	facts_end(&t->facts, SPAN(""));
}

static const struct sse_sink sse_sink = { on_data, on_event, on_bare, on_bare_line, on_bare_cut };

static void show_sse(struct tap *t, struct span piece)
{
	while (piece.len > 0)
		piece = span_skip(piece, sse_step(&t->sse, piece, &sse_sink, t));
}

/* --- lines, frames and bodies --- */

static void end_line(struct tap *t)
{
	t->events += json_begun(&t->facts.json);
	facts_end(&t->facts, SPAN(""));
}

static void show_lines(struct tap *t, struct span piece)
{
	while (piece.len > 0) {
		const char *lf = memchr(piece.at, '\n', piece.len);
		size_t len = lf ? (size_t)(lf - piece.at) : piece.len;

		facts_feed(&t->facts, (struct span){ piece.at, len });
		if (lf)
			end_line(t);
		piece = span_skip(piece, lf ? len + 1 : len);
	}
}

static void on_payload(void *arg, struct span piece)
{
	struct tap *t = arg;

	facts_feed(&t->facts, piece);
}

static void on_frame_end(void *arg, const struct eventstream_frame *frame)
{
	struct tap *t = arg;

	t->events++;
	if (span_eq(frame->message_type, SPAN("exception")) ||
	    span_eq(frame->message_type, SPAN("error")))
		facts_error(&t->facts,
			    frame->error_type.len > 0 ? frame->error_type : SPAN("error"));
	facts_end(&t->facts, frame->event_type);
	*t->before = t->facts.known;
}

static const struct eventstream_sink eventstream_sink = { on_payload, on_frame_end };

/* A frame whose checksum does not fit has said nothing, and nothing after it is read. */
static void show_frames(struct tap *t, struct span piece)
{
	if (t->broken || eventstream_feed(&t->eventstream, piece, &eventstream_sink, t))
		return;
	t->before->revision = t->facts.known.revision + 1;
	t->facts.known = *t->before;
	t->facts.known.blind = t->broken = true;
}

/* --- from the first piece to the last --- */

struct tap *tap_new(const struct dialect *d, enum shape_id s, enum tap_framing f)
{
	bool frames = f == TAP_EVENTSTREAM, inner = s == SHAPE_bedrock_invoke && frames;
	struct tap *t = calloc(1, sizeof(*t) + (frames ? sizeof(*t->before) : 0) +
				      (inner ? sizeof(*t->inner) : 0));

	if (!t)
		return NULL;
	t->framing = f;
	if (frames)
		t->before = (struct known *)(t + 1);
	if (inner)
		t->inner = (struct inner *)(t->before + 1);
	if (!facts_init(&t->facts, d, s, t->inner, f == TAP_JSON)) {
		free(t);
		return NULL;
	}
	if (frames)
		*t->before = t->facts.known;
	sse_init(&t->sse);
	eventstream_init(&t->eventstream);
	buf_init(&t->filter.held, TAP_HELD_MAX);
	return t;
}

void tap_free(struct tap *t)
{
	if (!t)
		return;
	buf_release(&t->filter.held);
	free(t);
}

void tap_set_text(struct tap *t, tap_text *on_text, void *arg)
{
	t->facts.on_text = on_text;
	t->facts.text_arg = arg;
}

void tap_header(struct tap *t, struct span name, struct span value)
{
	enum count count = shape_header(t->facts.shape_id, name);

	if (count != COUNT_COUNT)
		facts_fallback(&t->facts, count, span_trim(value));
}

void tap_show(struct tap *t, struct span piece)
{
	switch (t->framing) {
	case TAP_SSE: show_sse(t, piece); break;
	case TAP_NDJSON: show_lines(t, piece); break;
	case TAP_EVENTSTREAM: show_frames(t, piece); break;
	case TAP_JSON: facts_feed(&t->facts, piece); break;
	case TAP_OPAQUE: t->facts.known.blind |= piece.len > 0; break;
	}
}

void tap_end(struct tap *t)
{
	switch (t->framing) {
	case TAP_SSE: sse_end(&t->sse, &sse_sink, t); break;
	case TAP_NDJSON: end_line(t); break;
	case TAP_EVENTSTREAM: t->facts.known.blind |= !eventstream_idle(&t->eventstream); break;
	case TAP_JSON:
		if (json_begun(&t->facts.json) && json_end(&t->facts.json))
			facts_ended(&t->facts);
		facts_end(&t->facts, SPAN(""));
		break;
	case TAP_OPAQUE: break;
	}
}

void tap_result(const struct tap *t, struct tap_result *out)
{
	facts_result(&t->facts, out);
	out->events = t->events;
	out->usage_dropped = t->filter.took_out;
}

unsigned tap_revision(const struct tap *t)
{
	return t->facts.known.revision;
}

bool tap_mixed(const struct tap *t)
{
	return t->facts.known.mixed;
}

uint64_t tap_text_bytes(const struct tap *t)
{
	return t->facts.text_bytes;
}

/* --- taking the usage event out --- */

/* The bytes of one piece on their way: those before `from` were handed out or dropped,
 * those from `hold` on are held because their event may be the usage event. */
struct passage {
	const char *from, *hold, *end; /* hold NULL: nothing is held */
	void (*out)(void *arg, struct span s);
	void *arg;
};

void tap_drop_usage_event(struct tap *t)
{
	t->filter.on = t->framing == TAP_SSE && (t->facts.shape_id == SHAPE_openai_chat ||
						 t->facts.shape_id == SHAPE_openai_completions);
}

static void hand_out(struct passage *way, const char *to)
{
	if (to > way->from)
		way->out(way->arg, (struct span){ way->from, (size_t)(to - way->from) });
	way->from = to;
}

/* What was held is no usage event. */
static void release(struct tap *t, struct passage *way)
{
	struct buf *held = &t->filter.held;

	if (held->len > 0)
		way->out(way->arg, buf_span(held));
	buf_release(held);
	way->hold = NULL;
}

/* The usage event ends before p. */
static void drop(struct tap *t, struct passage *way, const char *p)
{
	hand_out(way, way->hold);
	buf_release(&t->filter.held);
	t->filter.took_out = true;
	way->hold = NULL;
	way->from = p;
}

/* The line from p to `to`, or the part of it that this piece has, was read. */
static void judge_line(struct tap *t, struct passage *way, const char *p, const char *to)
{
	const struct sse *s = &t->sse;
	struct filter *f = &t->filter;
	bool in_event = s->pending || (s->line_open && !s->comment_open);

	if (s->late_lf) {
		if (f->dropped) /* it belongs to the blank line that was dropped */
			way->from = to;
		f->dropped = false;
		return;
	}
	f->dropped = s->dispatched && f->drop && way->hold;
	f->passing = in_event && (f->passing || !facts_may_be_usage_event(&t->facts));
	if (f->dropped)
		drop(t, way, to);
	else if (!in_event || f->passing)
		release(t, way);
	else if (!way->hold)
		way->hold = p;
}

/* The piece is over; what is held of it has to be kept elsewhere. */
static void hold_rest(struct tap *t, struct passage *way)
{
	if (way->hold && way->from < way->hold)
		hand_out(way, way->hold);
	if (way->hold &&
	    buf_add(&t->filter.held, (struct span){ way->hold, (size_t)(way->end - way->hold) }))
		return;
	t->filter.passing |= way->hold != NULL;
	release(t, way);
	hand_out(way, way->end);
}

void tap_filter(struct tap *t, struct span piece, void (*out)(void *arg, struct span s), void *arg)
{
	struct passage way = { piece.at, NULL, piece.at + piece.len, out, arg };

	if (!t->filter.on) {
		tap_show(t, piece);
		hand_out(&way, way.end);
		return;
	}
	if (t->filter.held.len > 0)
		way.hold = piece.at;
	while (piece.len > 0) {
		size_t len = sse_step(&t->sse, piece, &sse_sink, t);

		judge_line(t, &way, piece.at, piece.at + len);
		piece = span_skip(piece, len);
	}
	hold_rest(t, &way);
}

void tap_filter_end(struct tap *t, void (*out)(void *arg, struct span s), void *arg)
{
	struct passage way = { .out = out, .arg = arg };

	release(t, &way);
}
