/* test_framing.c - bodies end where they end, however they were cut. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include "proxy/framing.h"

_Static_assert(sizeof(struct framing) <= 40, "there is one for every connection");

struct result {
	enum err e;
	char payload[20000];
	size_t payload_len, consumed;
	bool over;
};

/* Decodes a piece from memory of exactly its size. */
static void decode_piece(struct framing *f, struct span piece, struct result *r)
{
	char *copy = malloc(piece.len > 0 ? piece.len : 1);
	size_t paid, used;

	assert_non_null(copy);
	memcpy(copy, piece.at, piece.len);
	r->e = framing_decode(f, copy, piece.len, &paid, &used);
	assert_true(paid <= used && used <= piece.len);
	assert_true(r->e != ERR_OK || f->over || used == piece.len);
	assert_true(r->payload_len + paid <= sizeof(r->payload));
	memcpy(r->payload + r->payload_len, copy, paid);
	r->payload_len += paid;
	r->consumed += used;
	free(copy);
}

/* Decodes bytes in pieces that end at the cuts (a list that ends with bytes.len). */
static void decode(struct span bytes, enum http1_body kind, uint64_t length, const size_t *cuts,
		   struct result *r)
{
	struct framing f;
	size_t from = 0;

	framing_init(&f, kind, length);
	r->e = ERR_OK;
	r->payload_len = r->consumed = 0;
	for (size_t i = 0; r->e == ERR_OK && !f.over; i++) {
		decode_piece(&f, (struct span){ bytes.at + from, cuts[i] - from }, r);
		from = cuts[i];
		if (from == bytes.len)
			break;
	}
	r->over = f.over;
}

static void assert_same(const struct result *a, const struct result *b)
{
	assert_int_equal(a->e, b->e);
	assert_int_equal(a->over, b->over);
	assert_int_equal(a->consumed, b->consumed);
	assert_int_equal(a->payload_len, b->payload_len);
	assert_memory_equal(a->payload, b->payload, a->payload_len);
}

/* The result for the whole, after every two pieces and single bytes gave the same. */
static const struct result *decode_every_cut(struct span bytes, enum http1_body kind,
					     uint64_t length)
{
	static struct result whole, cut;
	size_t *cuts = calloc(bytes.len + 1, sizeof(*cuts));

	assert_non_null(cuts);
	cuts[0] = bytes.len;
	decode(bytes, kind, length, cuts, &whole);
	for (size_t at = 1; at < bytes.len; at++) {
		cuts[0] = at;
		cuts[1] = bytes.len;
		decode(bytes, kind, length, cuts, &cut);
		assert_same(&cut, &whole);
	}
	for (size_t i = 0; i < bytes.len; i++)
		cuts[i] = i + 1;
	decode(bytes, kind, length, cuts, &cut);
	assert_same(&cut, &whole);
	free(cuts);
	return &whole;
}

static void assert_payload(const struct result *r, const char *text)
{
	assert_int_equal(r->payload_len, strlen(text));
	assert_memory_equal(r->payload, text, r->payload_len);
}

static void a_length_takes_its_bytes_and_no_more(void **state)
{
	const struct result *r = decode_every_cut(SPAN("helloGET /"), BODY_LENGTH, 5);

	(void)state;
	assert_int_equal(r->e, ERR_OK);
	assert_true(r->over);
	assert_payload(r, "hello");
	assert_int_equal(r->consumed, 5);
	r = decode_every_cut(SPAN("hel"), BODY_LENGTH, 5);
	assert_false(r->over);
}

static void a_body_until_close_takes_everything(void **state)
{
	struct framing f;

	(void)state;
	assert_payload(decode_every_cut(SPAN("hello\r\n0\r\n\r\n"), BODY_UNTIL_CLOSE, 0),
		       "hello\r\n0\r\n\r\n");
	framing_init(&f, BODY_UNTIL_CLOSE, 0);
	assert_false(f.over);
	assert_int_equal(framing_end(&f), ERR_OK);
	assert_true(f.over);
}

static void a_close_inside_a_body_is_a_cut(void **state)
{
	struct framing f;

	(void)state;
	framing_init(&f, BODY_LENGTH, 1);
	assert_int_equal(framing_end(&f), ERR_GONE);
	framing_init(&f, BODY_CHUNKED, 0);
	assert_int_equal(framing_end(&f), ERR_GONE);
	framing_init(&f, BODY_LENGTH, 0);
	assert_true(f.over);
	assert_int_equal(framing_end(&f), ERR_OK);
	framing_init(&f, BODY_NONE, 0);
	assert_true(f.over);
}

struct good {
	const char *bytes, *payload;
};

static const struct good good[] = {
	{ "0\r\n\r\n", "" },
	{ "000\r\n\r\n", "" },
	{ "5\r\nhello\r\n0\r\n\r\n", "hello" },
	{ "5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n", "hello world" },
	{ "000000000000005\r\nhello\r\n0\r\n\r\n", "hello" },
	{ "a\r\n0123456789\r\nA\r\n0123456789\r\n0\r\n\r\n", "01234567890123456789" },
	{ "5\r\n\r\n0\r\n\r\n0\r\n\r\n", "\r\n0\r\n" },
	{ "5;a\r\nhello\r\n0;b=c;d=\"e \\\" ;\\\\\"\r\n\r\n", "hello" },
	{ "5;a=\"\"\r\nhello\r\n0;b=c\r\n\r\n", "hello" },
	/* T05: trailers are read and dropped */
	{ "5\r\nhello\r\n0\r\nAuthorization: Bearer x\r\nContent-Length: 7\r\n\r\n", "hello" },
	{ "0\r\nX:\r\nY: \ta\r\n\r\n", "" },
};

static void chunks_are_joined_and_trailers_dropped(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		char bytes[256];
		const struct result *r;

		/* Behind it a pipelined request, which must stay. */
		snprintf(bytes, sizeof(bytes), "%sGET / HTTP/1.1\r\n", good[i].bytes);
		r = decode_every_cut(span_of(bytes), BODY_CHUNKED, 0);
		assert_int_equal(r->e, ERR_OK);
		assert_true(r->over);
		assert_int_equal(r->consumed, strlen(good[i].bytes));
		assert_payload(r, good[i].payload);
	}
}

#define BYTES(text)                                                                                \
	{                                                                                          \
		text, sizeof(text) - 1                                                             \
	}

/* T04: what a lenient parser takes for a chunk size. */
static const struct span bad[] = {
	BYTES("0x5\r\nhello\r\n0\r\n\r\n"),
	BYTES("+5\r\nhello\r\n0\r\n\r\n"),
	BYTES("-5\r\nhello\r\n0\r\n\r\n"),
	BYTES(" 5\r\nhello\r\n0\r\n\r\n"),
	BYTES("5 \r\nhello\r\n0\r\n\r\n"),
	BYTES("5\t\r\nhello\r\n0\r\n\r\n"),
	BYTES("5_0\r\nhello\r\n0\r\n\r\n"),
	BYTES("5\0\r\nhello\r\n0\r\n\r\n"),
	BYTES("g\r\nhello\r\n0\r\n\r\n"),
	BYTES("\r\nhello\r\n0\r\n\r\n"),
	BYTES("10000000000000000\r\nhello"),
	BYTES("ffffffffffffffff\r\nhello"),
	BYTES("0000000000000005\r\nhello\r\n0\r\n\r\n"),
	BYTES("5\nhello\r\n0\r\n\r\n"),
	BYTES("5\rhello\r\n0\r\n\r\n"),
	BYTES("5\r\rhello\r\n0\r\n\r\n"),
	BYTES("5;\r\nhello\r\n0\r\n\r\n"),
	BYTES("5;a;\r\nhello\r\n0\r\n\r\n"),
	BYTES("5; a\r\nhello\r\n0\r\n\r\n"),
	BYTES("5;a=\r\nhello\r\n0\r\n\r\n"),
	BYTES("5;a=b c\r\nhello\r\n0\r\n\r\n"),
	BYTES("5;a\nhello\r\n0\r\n\r\n"),
	BYTES("5;a\rb\r\nhello\r\n0\r\n\r\n"),
	BYTES("5;a=\"b\nc\"\r\nhello\r\n0\r\n\r\n"),
	BYTES("5;a=\"b\\\n\"\r\nhello\r\n0\r\n\r\n"),
	BYTES("5;a=\"b\"c\r\nhello\r\n0\r\n\r\n"),
	BYTES("5\r\nhelloX\r\n0\r\n\r\n"),
	BYTES("5\r\nhello0\r\n\r\n"),
	BYTES("5\r\nhello\n0\r\n\r\n"),
	BYTES("5\r\nhello\r0\r\n\r\n"),
	BYTES("0\r\n\n"),
	BYTES("0\r\n\rX"),
	BYTES("0\r\n X: y\r\n\r\n"),
	BYTES("0\r\nX: y\r\n z\r\n\r\n"),
	BYTES("0\r\nX : y\r\n\r\n"),
	BYTES("0\r\nX\r\n\r\n"),
	BYTES("0\r\n: y\r\n\r\n"),
	BYTES("0\r\nX: y\n\r\n"),
	BYTES("0\r\nX: y\rZ\r\n\r\n"),
	BYTES("0\r\nX: \0\r\n\r\n"),
};

static void odd_chunks_break_the_body(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		const struct result *r = decode_every_cut(bad[i], BODY_CHUNKED, 0);

		if (r->e != ERR_GARBLED)
			fail_msg("T04 %zu was taken: %.*s", i, SPAN_ARG(bad[i]));
	}
}

/* "before", then n times "a", then "after", decoded. */
static enum err decode_long(const char *before, size_t n, const char *after)
{
	static char bytes[20000];
	static struct result r;
	size_t len = strlen(before), all = len + n + strlen(after);

	assert_true(all < sizeof(bytes));
	memcpy(bytes, before, len);
	memset(bytes + len, 'a', n);
	memcpy(bytes + len + n, after, all - len - n);
	decode((struct span){ bytes, all }, BODY_CHUNKED, 0, &all, &r);
	return r.e;
}

static void what_is_dropped_is_bounded(void **state) /* T05 */
{
	(void)state;
	assert_int_equal(decode_long("5;", 250, "\r\nhello\r\n0\r\n\r\n"), ERR_OK);
	assert_int_equal(decode_long("5;", 257, "\r\nhello\r\n0\r\n\r\n"), ERR_GARBLED);
	assert_int_equal(decode_long("5;a=\"", 257, "\"\r\nhello\r\n0\r\n\r\n"), ERR_GARBLED);
	assert_int_equal(decode_long("0\r\nX:", 8180, "\r\n\r\n"), ERR_OK);
	assert_int_equal(decode_long("0\r\nX:", 8192, "\r\n\r\n"), ERR_GARBLED);
	assert_int_equal(decode_long("0\r\n", 8192, ":\r\n\r\n"), ERR_GARBLED);
}

static void the_payload_before_a_broken_place_is_delivered(void **state)
{
	const struct result *r = decode_every_cut(SPAN("5\r\nhello\r\n5\r\nworldX"), BODY_CHUNKED,
						  0);

	(void)state;
	assert_int_equal(r->e, ERR_GARBLED);
	assert_payload(r, "helloworld");
}

static void chunk_heads_are_what_the_decoder_reads(void **state)
{
	static const size_t sizes[] = { 1, 9, 10, 15, 16, 255, 256, 4096, 16384, 65535, SIZE_MAX };

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		char head[FRAMING_HEAD_ROOM + 1], expected[32];
		size_t len = framing_chunk_head(sizes[i], head);

		head[len] = '\0';
		snprintf(expected, sizeof(expected), "%zx\r\n", sizes[i]);
		assert_string_equal(head, expected);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_length_takes_its_bytes_and_no_more),
		cmocka_unit_test(a_body_until_close_takes_everything),
		cmocka_unit_test(a_close_inside_a_body_is_a_cut),
		cmocka_unit_test(chunks_are_joined_and_trailers_dropped),
		cmocka_unit_test(odd_chunks_break_the_body),
		cmocka_unit_test(what_is_dropped_is_bounded),
		cmocka_unit_test(the_payload_before_a_broken_place_is_delivered),
		cmocka_unit_test(chunk_heads_are_what_the_decoder_reads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
