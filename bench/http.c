/* http.c - heads and bodies, strict about what it reads. */
#include "bench/http.h"

bool http_number(struct span s, int base, uint64_t *out)
{
	*out = 0;
	for (size_t i = 0; i < s.len; i++) {
		char c = s.at[i];
		int digit = c >= '0' && c <= '9'   ? c - '0'
			    : c >= 'a' && c <= 'f' ? c - 'a' + 10
			    : c >= 'A' && c <= 'F' ? c - 'A' + 10
						   : 99;

		if (digit >= base || *out > UINT64_C(1000000000000000))
			return false;
		*out = *out * (uint64_t)base + (uint64_t)digit;
	}
	return s.len > 0;
}

/* Cuts the line at the front of *rest off; lines end in CR LF. */
static bool take_line(struct span *rest, struct span *line)
{
	const char *end = memmem(rest->at, rest->len, "\r\n", 2);

	if (!end)
		return false;
	*line = (struct span){ rest->at, (size_t)(end - rest->at) };
	*rest = span_skip(*rest, line->len + 2);
	return true;
}

/* No space in a name (so no folded lines either), no control character in a value. */
static bool field_is_clean(const struct http_field *f)
{
	for (size_t i = 0; i < f->name.len; i++)
		if (f->name.at[i] <= ' ' || f->name.at[i] >= 0x7f)
			return false;
	for (size_t i = 0; i < f->value.len; i++)
		if ((unsigned char)f->value.at[i] < ' ' && f->value.at[i] != '\t')
			return false;
	return true;
}

static bool split_first_line(struct span line, struct http_head *h)
{
	for (size_t i = 0; i < 2; i++) {
		const char *space = memchr(line.at, ' ', line.len);

		if (!space)
			return false;
		h->word[i] = (struct span){ line.at, (size_t)(space - line.at) };
		line = span_skip(line, h->word[i].len + 1);
	}
	h->word[2] = line;
	return h->word[0].len > 0 && h->word[1].len > 0;
}

enum http_got http_head_read(struct span in, struct http_head *h, size_t *used)
{
	const char *end = memmem(in.at, in.len, "\r\n\r\n", 4);
	struct span line;

	if (!end)
		return in.len > 1 << 18 ? HTTP_BAD : HTTP_MORE;
	*used = (size_t)(end - in.at) + 4;
	in.len = *used - 2;
	h->fields = 0;
	if (!take_line(&in, &line) || !split_first_line(line, h))
		return HTTP_BAD;
	while (in.len > 0 && take_line(&in, &line)) {
		const char *colon = memchr(line.at, ':', line.len);
		struct http_field *f = &h->field[h->fields];

		if (!colon || colon == line.at || h->fields == HTTP_FIELDS_MAX)
			return HTTP_BAD;
		f->name = (struct span){ line.at, (size_t)(colon - line.at) };
		f->value = span_trim(span_skip(line, f->name.len + 1));
		if (!field_is_clean(f))
			return HTTP_BAD;
		h->fields++;
	}
	return HTTP_DONE;
}

struct span http_field_find(const struct http_head *h, struct span name)
{
	for (size_t i = 0; i < h->fields; i++)
		if (span_eq_nocase(h->field[i].name, name))
			return h->field[i].value;
	return (struct span){ "", 0 };
}

bool http_field_has(const struct http_head *h, struct span name, struct span word)
{
	struct span value = http_field_find(h, name);

	while (value.len > 0) {
		const char *comma = memchr(value.at, ',', value.len);
		size_t len = comma ? (size_t)(comma - value.at) : value.len;

		if (span_eq_nocase(span_trim((struct span){ value.at, len }), word))
			return true;
		value = span_skip(value, comma ? len + 1 : len);
	}
	return false;
}

bool http_body_begin(struct http_body *b, const struct http_head *h, bool response)
{
	struct span length = http_field_find(h, SPAN("content-length"));
	struct span coding = http_field_find(h, SPAN("transfer-encoding"));
	struct span status = h->word[1];

	*b = (struct http_body){ .framing = response ? HTTP_CLOSE : HTTP_EMPTY };
	if (response &&
	    (status.at[0] == '1' || span_eq(status, SPAN("204")) || span_eq(status, SPAN("304"))))
		b->framing = HTTP_EMPTY;
	else if (coding.len > 0)
		b->framing = HTTP_CHUNKED;
	else if (length.len > 0)
		b->framing = HTTP_LENGTH;
	if (coding.len > 0 && (length.len > 0 || !span_eq_nocase(coding, SPAN("chunked"))))
		return false;
	if (b->framing == HTTP_LENGTH && !http_number(length, 10, &b->left))
		return false;
	b->done = b->framing == HTTP_EMPTY || (b->framing == HTTP_LENGTH && b->left == 0);
	return true;
}

/* A line of the chunked coding: a size, the empty line after a chunk, or a trailer. */
static enum http_got take_chunk_line(struct http_body *b, struct span in, size_t *used)
{
	struct span line, rest = in;

	if (!take_line(&rest, &line))
		return in.len > 4096 ? HTTP_BAD : HTTP_MORE;
	*used = in.len - rest.len;
	if (b->in_trailer) {
		b->done = line.len == 0;
		return HTTP_DONE;
	}
	if (b->in_chunk) {
		b->in_chunk = false;
		return line.len == 0 ? HTTP_DONE : HTTP_BAD;
	}
	if (!http_number(line, 16, &b->left))
		return HTTP_BAD;
	b->in_chunk = b->left > 0;
	b->in_trailer = b->left == 0;
	return HTTP_DONE;
}

enum http_got http_body_take(struct http_body *b, struct span in, struct span *payload,
			     size_t *used)
{
	*payload = (struct span){ in.at, 0 };
	*used = 0;
	if (in.len == 0)
		return HTTP_MORE;
	if (b->framing == HTTP_CLOSE) {
		*payload = in;
		*used = in.len;
		return HTTP_DONE;
	}
	if (b->framing == HTTP_CHUNKED && b->left == 0)
		return take_chunk_line(b, in, used);
	payload->len = in.len < b->left ? in.len : (size_t)b->left;
	*used = payload->len;
	b->left -= payload->len;
	b->done = b->framing == HTTP_LENGTH && b->left == 0;
	return HTTP_DONE;
}
