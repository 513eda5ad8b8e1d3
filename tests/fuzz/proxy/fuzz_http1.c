/* fuzz_http1.c - any bytes as a request and as a response.
 *
 * Beyond not crashing: the answer is the same byte by byte; what is accepted stays inside
 * the bytes; and what we send on is, read by our own strict parser, the same request again
 * with no way to be read as two.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include "base/must.h"
#include "proxy/head.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct http1_limits limits = { 256, 2048, 20 };

static bool inside(struct span part, struct span whole)
{
	return part.len == 0 || (part.at >= whole.at && part.at + part.len <= whole.at + whole.len);
}

static void check_fields(const struct http1_fields *f, struct span bytes)
{
	MUST(f->count <= limits.fields);
	for (unsigned i = 0; i < f->count; i++) {
		MUST(f->at[i].name.len > 0 && inside(f->at[i].name, bytes));
		MUST(inside(f->at[i].value, bytes));
		MUST(f->at[i].id < HF_COUNT);
	}
	for (unsigned id = 1; id < HF_COUNT; id++)
		MUST(f->first[id] <= f->count);
}

/* Writes the head as it would go up, and reads it again. */
static void check_goes_up_as_one(const struct http1_request *r)
{
	static struct http1_request again;
	struct head_up up = { .request = r,
			      .path = r->path,
			      .host = SPAN("origin.example"),
			      .auth_name = SPAN("authorization"),
			      .auth_value = SPAN("Bearer secret"),
			      .body_bytes = r->length };
	struct http1_limits wide = http1_limits_usual;
	struct http1_scan scan = { 0 };
	enum http1_fault why;
	struct span key;
	struct buf head;

	buf_init(&head, 8192);
	MUST(head_request(&head, &up));
	MUST(http1_request(buf_span(&head), &wide, &scan, &again, &why) == ERR_OK);
	MUST(again.head_bytes == head.len && again.method == r->method);
	MUST(span_eq(again.path, r->path) && again.length == r->length && !again.chunked);
	MUST(head_credential(&again, &key) == ERR_OK && span_eq(key, SPAN("secret")));
	buf_release(&head);
}

static void check_request(struct span bytes)
{
	static struct http1_request whole, piece;
	struct http1_scan scan = { 0 };
	enum http1_fault why = FAULT_NONE, why_piece = FAULT_NONE;
	enum err e = http1_request(bytes, &limits, &scan, &whole, &why), e_piece = ERR_AGAIN;

	MUST(e != ERR_OK || scan.ended);
	scan = (struct http1_scan){ 0 };
	for (size_t len = 0; len <= bytes.len && e_piece == ERR_AGAIN; len++)
		e_piece = http1_request((struct span){ bytes.at, len }, &limits, &scan, &piece,
					&why_piece);
	MUST(e == e_piece && why == why_piece);
	if (e != ERR_OK)
		return;
	MUST(whole.head_bytes == piece.head_bytes && whole.head_bytes <= bytes.len);
	MUST(whole.path.len > 0 && whole.path.at[0] == '/' && inside(whole.query, bytes));
	MUST(!(whole.chunked && whole.has_length));
	check_fields(&whole.fields, bytes);
	check_goes_up_as_one(&whole);
}

static void check_response(struct span bytes)
{
	static struct http1_response whole, piece;
	struct http1_scan scan = { 0 };
	enum http1_fault why = FAULT_NONE, why_piece = FAULT_NONE;
	enum err e = http1_response(bytes, &limits, &scan, METHOD_POST, &whole, &why);
	enum err e_piece = ERR_AGAIN;

	scan = (struct http1_scan){ 0 };
	for (size_t len = 0; len <= bytes.len && e_piece == ERR_AGAIN; len++)
		e_piece = http1_response((struct span){ bytes.at, len }, &limits, &scan,
					 METHOD_POST, &piece, &why_piece);
	MUST(e == e_piece && why == why_piece);
	if (e != ERR_OK)
		return;
	MUST(whole.status >= 200 && whole.status < 600 && whole.head_bytes <= bytes.len);
	check_fields(&whole.fields, bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *copy = malloc(size > 0 ? size : 1);

	MUST(copy);
	if (size > 0)
		memcpy(copy, data, size);
	check_request((struct span){ copy, size });
	check_response((struct span){ copy, size });
	free(copy);
	return 0;
}
