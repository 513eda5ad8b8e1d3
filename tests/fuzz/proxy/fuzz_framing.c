/* fuzz_framing.c - any bytes as a chunked body, whole and in two pieces.
 *
 * The first byte says where the cut is; the rest is the body. What the decoder accepts
 * must be what a second, plain reader of the same grammar says it is.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include "base/must.h"
#include "base/span.h"
#include "proxy/framing.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct result {
	enum err e;
	bool over;
	char *payload;
	size_t payload_len, consumed;
};

/* Decodes bytes in pieces [0, cut) and [cut, len), each a copy of exactly its size. */
static struct result decode(struct span bytes, size_t cut)
{
	struct result r = { .e = ERR_OK, .payload = malloc(bytes.len + 1) };
	struct framing f;

	MUST(r.payload);
	framing_init(&f, BODY_CHUNKED, 0);
	for (int half = 0; half < 2 && r.e == ERR_OK && !f.over; half++) {
		struct span piece = half ? span_skip(bytes, cut) : (struct span){ bytes.at, cut };
		char *copy = malloc(piece.len + 1);
		size_t paid, used;

		MUST(copy);
		if (piece.len > 0)
			memcpy(copy, piece.at, piece.len);
		r.e = framing_decode(&f, copy, piece.len, &paid, &used);
		MUST(paid <= used && used <= piece.len);
		MUST(r.e != ERR_OK || f.over || used == piece.len);
		memcpy(r.payload + r.payload_len, copy, paid);
		r.payload_len += paid;
		r.consumed += used;
		free(copy);
	}
	r.over = f.over;
	return r;
}

/* The size that s begins with, as strtoull reads it; only called for accepted bodies. */
static size_t chunk_size(struct span s)
{
	char digits[17] = { 0 };

	memcpy(digits, s.at, s.len < 16 ? s.len : 16);
	return (size_t)strtoull(digits, NULL, 16);
}

/* Reads an accepted body again, chunk by chunk, by looking for CRLF. */
static void check_by_hand(struct span bytes, const struct result *r)
{
	size_t at = 0, paid = 0;

	for (;;) {
		size_t size = chunk_size(span_skip(bytes, at));
		const char *crlf = memmem(bytes.at + at, bytes.len - at, "\r\n", 2);

		MUST(crlf);
		at = (size_t)(crlf - bytes.at) + 2;
		if (size == 0)
			break;
		MUST(size <= bytes.len - at && paid + size <= r->payload_len);
		MUST(memcmp(bytes.at + at, r->payload + paid, size) == 0);
		paid += size;
		at += size + 2;
	}
	MUST(paid == r->payload_len && at < r->consumed);
	MUST(memcmp(bytes.at + r->consumed - 2, "\r\n", 2) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span bytes = { (const char *)data + 1, size > 0 ? size - 1 : 0 };
	struct result whole, cut;

	if (size == 0)
		return 0;
	whole = decode(bytes, bytes.len);
	cut = decode(bytes, bytes.len > 0 ? data[0] % bytes.len : 0);
	MUST(whole.e == cut.e && whole.over == cut.over && whole.consumed == cut.consumed);
	MUST(whole.payload_len == cut.payload_len);
	MUST(memcmp(whole.payload, cut.payload, whole.payload_len) == 0);
	if (whole.over)
		check_by_hand(bytes, &whole);
	free(whole.payload);
	free(cut.payload);
	return 0;
}
