#include "metering/sse.h"
#include "base/scan.h"

enum state {
	LINE,  /* at the beginning of a line */
	FIELD, /* inside a field's name */
	SPACE, /* after the colon: one space is not part of the value */
	DATA,  /* inside values of these */
	NAME,
	IGNORED,
	BARE /* inside a line of bare JSON */
};

#define BYTE_ORDER_MARK SPAN("\xef\xbb\xbf")

void sse_init(struct sse *s)
{
	*s = (struct sse){ .state = LINE };
}

static struct span field_of(const struct sse *s)
{
	struct span field = { s->field, s->field_len };

	if (!s->beyond_first && span_starts(field, BYTE_ORDER_MARK))
		field = span_skip(field, BYTE_ORDER_MARK.len);
	return field;
}

static void begin_data(struct sse *s, const struct sse_sink *sink, void *arg)
{
	if (s->has_data)
		sink->on_data(arg, SPAN("\n"));
	s->pending = s->has_data = true;
}

static void set_name(struct sse *s, struct span name)
{
	s->name_len = 0;
	s->pending = true;
	while (s->name_len < name.len && s->name_len < SSE_NAME_MAX) {
		s->name[s->name_len] = name.at[s->name_len];
		s->name_len++;
	}
}

/* What the value of the field is good for. */
static enum state begin_value(struct sse *s, const struct sse_sink *sink, void *arg)
{
	struct span field = field_of(s);

	if (span_eq(field, SPAN("data"))) {
		begin_data(s, sink, arg);
		return DATA;
	}
	if (span_eq(field, SPAN("event"))) {
		set_name(s, (struct span){ 0 });
		return NAME;
	}
	if (span_eq(field, SPAN("error"))) {
		set_name(s, field);
		begin_data(s, sink, arg);
		return DATA;
	}
	return IGNORED;
}

static void dispatch(struct sse *s, const struct sse_sink *sink, void *arg)
{
	if (s->pending)
		sink->on_event(arg, (struct span){ s->name, s->name_len });
	s->dispatched = s->pending;
	s->pending = s->has_data = false;
	s->name_len = 0;
}

static void end_line(struct sse *s, const struct sse_sink *sink, void *arg)
{
	if (s->state == FIELD) {
		if (field_of(s).len == 0)
			dispatch(s, sink, arg); /* a blank line but for a byte order mark */
		else
			begin_value(s, sink, arg);
	} else if (s->state == LINE) {
		dispatch(s, sink, arg);
	}
	s->state = LINE;
	s->field_len = 0;
	s->beyond_first = true;
	s->comment_open = false;
}

static void close_bare(struct sse *s, const struct sse_sink *sink, void *arg)
{
	if (s->bare_open)
		sink->on_bare_cut(arg);
	s->bare_open = false;
}

static const char *begin_line(struct sse *s, const char *p, const char *end,
			      const struct sse_sink *sink, void *arg)
{
	struct span line = { p, (size_t)(end - p) };

	/* no line of JSON begins like a field or a comment, and none of these like JSON */
	if (s->bare_open ? memchr(" \t{}[]\",-0123456789tfn", *p, 22) != NULL
			 : (*p == '{' || *p == '[') && !s->pending) {
		s->bare_open = true;
		s->state = BARE;
		return p;
	}
	close_bare(s, sink, arg);
	s->state = FIELD;
	if (!span_starts(line, SPAN("data: ")))
		return p;
	begin_data(s, sink, arg);
	s->state = DATA;
	return p + 6;
}

static void read_field(struct sse *s, char c)
{
	if (c == ':') {
		s->state = SPACE;
		s->comment_open = field_of(s).len == 0;
	} else if (s->field_len < sizeof(s->field)) {
		s->field[s->field_len++] = c; /* what is longer is no field we know */
	}
}

static void read_value(struct sse *s, struct span value, const struct sse_sink *sink, void *arg)
{
	size_t room = SSE_NAME_MAX - s->name_len, len = value.len < room ? value.len : room;

	if (value.len == 0)
		return;
	if (s->state == DATA)
		sink->on_data(arg, value);
	if (s->state == BARE)
		sink->on_bare(arg, value);
	if (s->state == NAME) {
		memcpy(s->name + s->name_len, value.at, len);
		s->name_len = (uint8_t)(s->name_len + len);
	}
}

/* Reads inside a line; stops before its end. */
static const char *read_line(struct sse *s, const char *p, const char *end,
			     const struct sse_sink *sink, void *arg)
{
	const char *stop;

	if (s->state == LINE && *p != '\r' && *p != '\n')
		p = begin_line(s, p, end, sink, arg);
	while (p < end && s->state == FIELD && *p != '\r' && *p != '\n')
		read_field(s, *p++);
	if (p < end && s->state == SPACE) {
		s->state = begin_value(s, sink, arg);
		if (*p == ' ')
			p++;
	}
	if (s->state <= SPACE)
		return p;
	stop = scan_line(p, end);
	read_value(s, (struct span){ p, (size_t)(stop - p) }, sink, arg);
	return stop;
}

size_t sse_step(struct sse *s, struct span piece, const struct sse_sink *sink, void *arg)
{
	const char *p = piece.at, *end = piece.at + piece.len;

	s->dispatched = s->late_lf = false;
	if (s->after_cr && *p == '\n') {
		s->after_cr = false;
		s->late_lf = true;
		return 1;
	}
	s->after_cr = false;
	p = read_line(s, p, end, sink, arg);
	s->line_open = p == end;
	if (p == end)
		return piece.len;
	if (s->state == BARE) {
		sink->on_bare(arg, SPAN("\n"));
		s->bare_open = sink->on_bare_line(arg);
	}
	end_line(s, sink, arg);
	s->after_cr = *p == '\r';
	p++;
	if (s->after_cr && p < end && *p == '\n') {
		s->after_cr = false;
		p++;
	}
	return (size_t)(p - piece.at);
}

void sse_end(struct sse *s, const struct sse_sink *sink, void *arg)
{
	s->dispatched = false;
	close_bare(s, sink, arg);
	if (s->state == SPACE)
		begin_value(s, sink, arg);
	if (s->state != LINE)
		end_line(s, sink, arg);
	dispatch(s, sink, arg);
}
