/* test_eventstream.c - AWS frames: every cut, every flipped bit, sizes that lie. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include "base/buf.h"
#include "base/crc32.h"
#include "metering/eventstream.h"

struct heard {
	struct buf text;
};

static void on_payload(void *arg, struct span piece)
{
	struct heard *h = arg;

	assert_true(piece.len > 0 && buf_add(&h->text, piece));
}

static void on_frame_end(void *arg, const struct eventstream_frame *f)
{
	struct heard *h = arg;

	assert_true(buf_addf(&h->text, "<%.*s|%.*s|%.*s>", SPAN_ARG(f->message_type),
			     SPAN_ARG(f->event_type), SPAN_ARG(f->error_type)));
}

static const struct eventstream_sink sink = { on_payload, on_frame_end };

static void add_u32(struct buf *b, uint32_t n)
{
	char bytes[4] = { (char)(n >> 24), (char)(n >> 16), (char)(n >> 8), (char)n };

	assert_true(buf_add(b, (struct span){ bytes, 4 }));
}

static void add_header(struct buf *b, const char *name, char type, struct span value)
{
	char len[2] = { (char)(value.len >> 8), (char)value.len };
	char name_len = (char)strlen(name);

	assert_true(buf_add(b, (struct span){ &name_len, 1 }) && buf_add(b, span_of(name)) &&
		    buf_add(b, (struct span){ &type, 1 }));
	if (type == 6 || type == 7)
		assert_true(buf_add(b, (struct span){ len, 2 }));
	assert_true(buf_add(b, value));
}

static void add_frame_sized(struct buf *b, struct span headers, struct span payload, uint32_t total,
			    uint32_t headers_len)
{
	size_t start = b->len;

	add_u32(b, total);
	add_u32(b, headers_len);
	add_u32(b, crc32_ieee(0, (struct span){ b->at + start, 8 }));
	assert_true(buf_add(b, headers) && buf_add(b, payload));
	add_u32(b, crc32_ieee(0, (struct span){ b->at + start, b->len - start }));
}

static void add_frame(struct buf *b, struct span headers, struct span payload)
{
	add_frame_sized(b, headers, payload, (uint32_t)(16 + headers.len + payload.len),
			(uint32_t)headers.len);
}

/* Feeds bytes cut at a and b; what was heard is the caller's. */
static bool feed(struct span bytes, size_t a, size_t b, struct heard *h, bool *idle)
{
	struct eventstream s;
	size_t ends[] = { a, b, bytes.len }, at = 0;
	bool fine = true;

	buf_init(&h->text, 1 << 16);
	eventstream_init(&s);
	for (unsigned i = 0; i < 3; at = ends[i++]) {
		char *piece = malloc(ends[i] - at + 1);

		if (ends[i] > at)
			memcpy(piece, bytes.at + at, ends[i] - at);
		fine = eventstream_feed(&s, (struct span){ piece, ends[i] - at }, &sink, h);
		free(piece);
	}
	*idle = eventstream_idle(&s);
	return fine;
}

static void expect(struct span bytes, const char *want)
{
	for (size_t a = 0; a <= bytes.len; a++) {
		for (size_t b = a; b <= bytes.len; b += 3) {
			struct heard h;
			bool idle;

			assert_true(feed(bytes, a, b, &h, &idle));
			assert_true(idle);
			assert_true(buf_add(&h.text, (struct span){ "", 1 }));
			assert_string_equal(h.text.at, want);
			buf_release(&h.text);
		}
	}
}

static void make_stream(struct buf *b)
{
	struct buf headers;

	buf_init(b, 1 << 16);
	buf_init(&headers, 4096);
	add_header(&headers, ":event-type", 7, SPAN("chunk"));
	add_header(&headers, "flag", 0, SPAN(""));
	add_header(&headers, "byte", 2, SPAN("x"));
	add_header(&headers, "long", 5, SPAN("12345678"));
	add_header(&headers, "bytes", 6, SPAN("abc"));
	add_header(&headers, "empty", 7, SPAN(""));
	add_header(&headers, "uuid", 9, SPAN("0123456789abcdef"));
	add_header(&headers, ":message-type", 7, SPAN("event"));
	add_frame(b, buf_span(&headers), SPAN("payload"));
	add_frame(b, SPAN(""), SPAN(""));
	buf_release(&headers);
	add_header(&headers, ":exception-type", 7, SPAN("throttlingException"));
	add_header(&headers, ":message-type", 7, SPAN("exception"));
	add_frame(b, buf_span(&headers), SPAN("{}"));
	buf_release(&headers);
}

static void reads_frames_however_cut(void **state)
{
	struct buf b;

	(void)state;
	make_stream(&b);
	expect(buf_span(&b), "payload<event|chunk|><||>{}<exception||throttlingException>");
	buf_release(&b);
}

static void every_flipped_bit_is_noticed(void **state)
{
	struct buf b;

	(void)state;
	make_stream(&b);
	for (size_t bit = 0; bit < 8 * b.len; bit++) {
		struct heard h;
		bool idle, fine;

		b.at[bit / 8] ^= (char)(1 << bit % 8);
		fine = feed(buf_span(&b), 0, 0, &h, &idle);
		assert_false(fine && idle);
		assert_false(h.text.len > 0 && memmem(h.text.at, h.text.len, "<exception", 10));
		buf_release(&h.text);
		b.at[bit / 8] ^= (char)(1 << bit % 8);
	}
	buf_release(&b);
}

static void sizes_that_lie_end_the_reading(void **state)
{
	static const struct {
		uint32_t total, headers;
	} lies[] = {
		{ 0, 0 },
		{ 15, 0 },
		{ 12, 0 },
		{ 20, 5 },
		{ 16, 1 },
		{ 30, 0xffffffff },
		{ EVENTSTREAM_FRAME_MAX + 1, 0 },
		{ 0xffffffff, 0xffffffff },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(lies) / sizeof(*lies); i++) {
		struct heard h;
		struct buf b;
		bool idle;

		buf_init(&b, 4096);
		add_frame_sized(&b, SPAN(""), SPAN("payload"), lies[i].total, lies[i].headers);
		assert_false(feed(buf_span(&b), 3, 9, &h, &idle));
		assert_int_equal(h.text.len, 0);
		buf_release(&h.text);
		buf_release(&b);
	}
}

static void headers_that_lie_end_the_reading(void **state)
{
	static const char *const bad[] = {
		"\x09name\x07",         "\x04name\x0a", "\x04name\x07\x01", "\x04name\x09short",
		"\x04name\x06\xff\xff", "\x01",         "\x04name",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct heard h;
		struct buf b;
		bool idle;

		buf_init(&b, 4096);
		add_frame(&b, span_of(bad[i]), SPAN("payload"));
		assert_false(feed(buf_span(&b), 1, 20, &h, &idle));
		assert_int_equal(h.text.len, 0);
		buf_release(&h.text);
		buf_release(&b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_frames_however_cut),
		cmocka_unit_test(every_flipped_bit_is_noticed),
		cmocka_unit_test(sizes_that_lie_end_the_reading),
		cmocka_unit_test(headers_that_lie_end_the_reading),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
