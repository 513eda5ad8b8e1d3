#include "metering/eventstream.h"
#include "base/crc32.h"

enum state {
	TOTAL_LEN,
	HEADERS_LEN,
	PRELUDE_CRC,
	HEADER_NAME_LEN,
	HEADER_NAME,
	HEADER_TYPE,
	HEADER_VALUE_LEN,
	HEADER_VALUE,
	PAYLOAD,
	FRAME_CRC,
	BROKEN
};

enum {
	MESSAGE_TYPE,
	EVENT_TYPE,
	ERROR_TYPE,
	NOT_KEPT
};

static const struct {
	struct span name;
	uint8_t kept;
} headers[] = {
	{ { ":message-type", 13 }, MESSAGE_TYPE },
	{ { ":event-type", 11 }, EVENT_TYPE },
	{ { ":exception-type", 15 }, ERROR_TYPE },
	{ { ":error-code", 11 }, ERROR_TYPE },
};

/* Header types by number: the size of the value, or how many bytes say it. */
enum {
	TYPE_BYTES = 6,
	TYPE_STRING = 7,
	TYPE_COUNT = 10
};
static const uint8_t value_size[TYPE_COUNT] = { 0, 0, 1, 2, 4, 8, 0, 0, 8, 16 };

#define PRELUDE_BYTES 12u
#define CRC_BYTES     4u

void eventstream_init(struct eventstream *s)
{
	*s = (struct eventstream){ .state = TOTAL_LEN };
}

bool eventstream_idle(const struct eventstream *s)
{
	return s->state == TOTAL_LEN && s->number_len == 0;
}

static struct span text_of(const struct eventstream_text *t)
{
	return (struct span){ t->at, t->len };
}

static void text_add(struct eventstream_text *t, struct span s)
{
	size_t room = sizeof(t->at) - t->len, len = s.len < room ? s.len : room;

	memcpy(t->at + t->len, s.at, len);
	t->len = (uint8_t)(t->len + len);
}

static void go(struct eventstream *s, enum state next)
{
	s->state = (uint8_t)next;
	s->number = 0;
	s->number_len = 0;
}

/* The headers are over where the prelude said so. */
static void next_header(struct eventstream *s)
{
	s->name.len = 0;
	if (s->headers_left > 0)
		go(s, HEADER_NAME_LEN);
	else
		go(s, s->frame_left > CRC_BYTES ? PAYLOAD : FRAME_CRC);
}

static void begin_frame(struct eventstream *s)
{
	s->crc = 0;
	for (unsigned i = 0; i < NOT_KEPT; i++)
		s->kept[i].len = 0;
}

static bool sizes_fit(const struct eventstream *s)
{
	return s->frame_left >= PRELUDE_BYTES + CRC_BYTES &&
	       s->frame_left <= EVENTSTREAM_FRAME_MAX &&
	       s->headers_left <= s->frame_left - PRELUDE_BYTES - CRC_BYTES;
}

/* The header's name is whole. */
static void keep_header(struct eventstream *s)
{
	s->wanted_header = NOT_KEPT;
	for (size_t i = 0; i < sizeof(headers) / sizeof(*headers); i++)
		if (span_eq(headers[i].name, text_of(&s->name)))
			s->wanted_header = headers[i].kept;
	go(s, HEADER_TYPE);
}

static void begin_value(struct eventstream *s)
{
	if (s->piece_left > s->headers_left)
		go(s, BROKEN);
	else if (s->piece_left == 0)
		next_header(s);
	else
		go(s, HEADER_VALUE);
}

static void begin_typed_value(struct eventstream *s, uint32_t type)
{
	if (type >= TYPE_COUNT) {
		go(s, BROKEN);
		return;
	}
	s->header_type = (uint8_t)type;
	if (type != TYPE_STRING)
		s->wanted_header = NOT_KEPT;
	if (type == TYPE_BYTES || type == TYPE_STRING) {
		go(s, HEADER_VALUE_LEN);
		return;
	}
	s->piece_left = value_size[type];
	begin_value(s);
}

static struct eventstream_frame frame_of(const struct eventstream *s)
{
	return (struct eventstream_frame){ text_of(&s->kept[MESSAGE_TYPE]),
					   text_of(&s->kept[EVENT_TYPE]),
					   text_of(&s->kept[ERROR_TYPE]) };
}

/* A whole number was read. */
static void take_number(struct eventstream *s, const struct eventstream_sink *sink, void *arg)
{
	uint32_t n = s->number;
	struct eventstream_frame f;

	switch (s->state) {
	case TOTAL_LEN:
		s->frame_left = n;
		go(s, HEADERS_LEN);
		break;
	case HEADERS_LEN:
		s->headers_left = n;
		s->prelude_crc = s->crc;
		go(s, sizes_fit(s) ? PRELUDE_CRC : BROKEN);
		break;
	case PRELUDE_CRC:
		s->frame_left -= PRELUDE_BYTES;
		if (n == s->prelude_crc)
			next_header(s);
		else
			go(s, BROKEN);
		break;
	case HEADER_NAME_LEN:
		s->piece_left = n;
		go(s, n > 0 && n <= s->headers_left ? HEADER_NAME : BROKEN);
		break;
	case HEADER_TYPE: begin_typed_value(s, n); break;
	case HEADER_VALUE_LEN:
		s->piece_left = n;
		begin_value(s);
		break;
	default:
		f = frame_of(s);
		go(s, n == s->crc ? TOTAL_LEN : BROKEN);
		if (s->state == TOTAL_LEN)
			sink->on_frame_end(arg, &f);
		break;
	}
}

static unsigned number_size(enum state state)
{
	switch (state) {
	case HEADER_NAME_LEN:
	case HEADER_TYPE: return 1;
	case HEADER_VALUE_LEN: return 2;
	default: return 4;
	}
}

static bool in_headers(const struct eventstream *s)
{
	return s->state >= HEADER_NAME_LEN && s->state <= HEADER_VALUE;
}

/* Takes one byte of a number; false: it does not fit into the headers. */
static void read_number(struct eventstream *s, struct span byte,
			const struct eventstream_sink *sink, void *arg)
{
	if (eventstream_idle(s))
		begin_frame(s);
	if (s->state != FRAME_CRC)
		s->crc = crc32_ieee(s->crc, byte);
	if (in_headers(s)) {
		if (s->headers_left == 0) {
			go(s, BROKEN);
			return;
		}
		s->headers_left--;
		s->frame_left--;
	}
	s->number = s->number << 8 | (unsigned char)*byte.at;
	if (++s->number_len == number_size(s->state))
		take_number(s, sink, arg);
}

/* Takes what it can of a header's name or value, or of the payload. */
static size_t read_bytes(struct eventstream *s, struct span piece,
			 const struct eventstream_sink *sink, void *arg)
{
	size_t left = s->state == PAYLOAD ? s->frame_left - CRC_BYTES : s->piece_left;

	if (piece.len > left)
		piece.len = left;
	s->crc = crc32_ieee(s->crc, piece);
	s->frame_left -= (uint32_t)piece.len;
	if (s->state == PAYLOAD) {
		sink->on_payload(arg, piece);
		if (s->frame_left == CRC_BYTES)
			go(s, FRAME_CRC);
		return piece.len;
	}
	s->headers_left -= (uint32_t)piece.len;
	s->piece_left -= (uint32_t)piece.len;
	if (s->state == HEADER_NAME)
		text_add(&s->name, piece);
	else if (s->wanted_header != NOT_KEPT)
		text_add(&s->kept[s->wanted_header], piece);
	if (s->piece_left == 0 && s->state == HEADER_NAME)
		keep_header(s);
	else if (s->piece_left == 0)
		next_header(s);
	return piece.len;
}

bool eventstream_feed(struct eventstream *s, struct span piece, const struct eventstream_sink *sink,
		      void *arg)
{
	while (piece.len > 0 && s->state != BROKEN) {
		size_t taken = 1;

		if (s->state == HEADER_NAME || s->state == HEADER_VALUE || s->state == PAYLOAD)
			taken = read_bytes(s, piece, sink, arg);
		else
			read_number(s, (struct span){ piece.at, 1 }, sink, arg);
		piece = span_skip(piece, taken);
	}
	return s->state != BROKEN;
}
