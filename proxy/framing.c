/* framing.c - where a message body ends.
 *
 * Chunked is a machine over single bytes everywhere but inside chunk data, which moves by
 * memmove; so a piece may end anywhere. What is between two chunks is a dozen bytes, and
 * there is nothing to gain there.
 */
#include "proxy/framing.h"
#include "proxy/octet.h"

#define SIZE_DIGITS_MAX 15 /* hex digits: no size overflows 64 bits */

enum state {
	AT_SIZE,            /* the first digit of a chunk size */
	IN_SIZE,            /* further digits, ';' or CR */
	AT_EXTENSION,       /* after ';' */
	IN_EXTENSION,       /* in an extension's name */
	AT_EXTENSION_VALUE, /* after '=' */
	IN_EXTENSION_VALUE,
	IN_QUOTED,      /* in an extension's "value" */
	IN_QUOTED_PAIR, /* after a backslash in there */
	AFTER_QUOTED,
	AT_SIZE_LF, /* after the CR that ends the size line */
	IN_DATA,
	AT_DATA_CR,
	AT_DATA_LF,
	AT_TRAILER, /* at the begin of a trailer line, or the last CRLF */
	IN_TRAILER_NAME,
	IN_TRAILER_VALUE,
	AT_TRAILER_LF,
	AT_LAST_LF
};

void framing_init(struct framing *f, enum http1_body kind, uint64_t length)
{
	*f = (struct framing){ .kind = (uint8_t)kind, .state = AT_SIZE };
	if (kind == BODY_LENGTH)
		f->left = length;
	f->over = kind == BODY_NONE || (kind == BODY_LENGTH && length == 0);
}

static enum err go(struct framing *f, enum state next)
{
	f->state = (uint8_t)next;
	return ERR_OK;
}

/* The byte must be `want`. */
static enum err need(struct framing *f, char c, char want, enum state next)
{
	return c == want ? go(f, next) : ERR_GARBLED;
}

/* Counts a byte of something that we drop. */
static enum err spend(struct framing *f, unsigned max)
{
	return ++f->extra > max ? ERR_GARBLED : ERR_OK;
}

static enum err step_size(struct framing *f, char c)
{
	int digit = octet_hex(c);

	if (f->state == AT_SIZE) {
		f->left = 0;
		f->extra = 0;
	} else if (c == '\r') {
		return go(f, AT_SIZE_LF);
	} else if (c == ';') {
		f->extra = 0;
		return go(f, AT_EXTENSION);
	}
	if (digit < 0 || ++f->extra > SIZE_DIGITS_MAX)
		return ERR_GARBLED;
	f->left = f->left << 4 | (unsigned)digit;
	return go(f, IN_SIZE);
}

static enum err step_quoted(struct framing *f, char c)
{
	char bad;

	if (!octet_is_value((struct span){ &c, 1 }, &bad))
		return ERR_GARBLED;
	if (f->state == IN_QUOTED_PAIR)
		return go(f, IN_QUOTED);
	return go(f, c == '"' ? AFTER_QUOTED : c == '\\' ? IN_QUOTED_PAIR : IN_QUOTED);
}

/* In a name or a value: more of the token, or what may follow it. */
static enum err step_extension(struct framing *f, char c)
{
	if (f->state != AFTER_QUOTED && octet_is(c, OCTET_TOKEN)) {
		if (f->state == AT_EXTENSION)
			return go(f, IN_EXTENSION);
		return f->state == AT_EXTENSION_VALUE ? go(f, IN_EXTENSION_VALUE) : ERR_OK;
	}
	switch (f->state) {
	case AT_EXTENSION: return ERR_GARBLED;
	case AT_EXTENSION_VALUE: return need(f, c, '"', IN_QUOTED);
	case IN_EXTENSION:
		if (c == '=')
			return go(f, AT_EXTENSION_VALUE);
		break;
	default: break;
	}
	return c == ';' ? go(f, AT_EXTENSION) : need(f, c, '\r', AT_SIZE_LF);
}

static enum err end_size(struct framing *f, char c)
{
	f->extra = 0;
	return need(f, c, '\n', f->left > 0 ? IN_DATA : AT_TRAILER);
}

static enum err step_trailer(struct framing *f, char c)
{
	char bad;

	if (spend(f, FRAMING_TRAILER_MAX) != ERR_OK)
		return ERR_GARBLED;
	switch (f->state) {
	case AT_TRAILER:
		if (c == '\r')
			return go(f, AT_LAST_LF);
		return octet_is(c, OCTET_TOKEN) ? go(f, IN_TRAILER_NAME) : ERR_GARBLED;
	case IN_TRAILER_NAME:
		return octet_is(c, OCTET_TOKEN) ? ERR_OK : need(f, c, ':', IN_TRAILER_VALUE);
	case IN_TRAILER_VALUE:
		if (c == '\r')
			return go(f, AT_TRAILER_LF);
		return octet_is_value((struct span){ &c, 1 }, &bad) ? ERR_OK : ERR_GARBLED;
	default: return need(f, c, '\n', AT_TRAILER);
	}
}

static enum err end_body(struct framing *f, char c)
{
	f->over = c == '\n';
	return f->over ? ERR_OK : ERR_GARBLED;
}

/* One byte that is not chunk data. */
static enum err step(struct framing *f, char c)
{
	switch ((enum state)f->state) {
	case AT_SIZE:
	case IN_SIZE: return step_size(f, c);
	case IN_QUOTED:
	case IN_QUOTED_PAIR:
		return spend(f, FRAMING_EXTENSION_MAX) == ERR_OK ? step_quoted(f, c) : ERR_GARBLED;
	case AT_EXTENSION:
	case IN_EXTENSION:
	case AT_EXTENSION_VALUE:
	case IN_EXTENSION_VALUE:
	case AFTER_QUOTED:
		return spend(f, FRAMING_EXTENSION_MAX) == ERR_OK ? step_extension(f, c)
								 : ERR_GARBLED;
	case AT_SIZE_LF: return end_size(f, c);
	case AT_DATA_CR: return need(f, c, '\r', AT_DATA_LF);
	case AT_DATA_LF: return need(f, c, '\n', AT_SIZE);
	case AT_LAST_LF: return end_body(f, c);
	default: return step_trailer(f, c);
	}
}

/* Takes up to len bytes of data; how many. */
static size_t take(struct framing *f, size_t len)
{
	size_t n = f->left < len ? (size_t)f->left : len;

	f->left -= n;
	return n;
}

static enum err decode_chunked(struct framing *f, char *bytes, size_t len, size_t *payload_len,
			       size_t *consumed)
{
	enum err e = ERR_OK;
	size_t at = 0, paid = 0;

	while (at < len && !f->over && e == ERR_OK) {
		size_t n;

		if (f->state != IN_DATA) {
			e = step(f, bytes[at++]);
			continue;
		}
		n = take(f, len - at);
		if (paid != at)
			memmove(bytes + paid, bytes + at, n);
		paid += n;
		at += n;
		if (f->left == 0)
			go(f, AT_DATA_CR);
	}
	*payload_len = paid;
	*consumed = at;
	return e;
}

enum err framing_decode(struct framing *f, char *bytes, size_t len, size_t *payload_len,
			size_t *consumed)
{
	*payload_len = 0;
	*consumed = 0;
	if (f->over)
		return ERR_OK;
	if (f->kind == BODY_CHUNKED)
		return decode_chunked(f, bytes, len, payload_len, consumed);
	*payload_len = f->kind == BODY_LENGTH ? take(f, len) : len;
	*consumed = *payload_len;
	f->over = f->kind == BODY_LENGTH && f->left == 0;
	return ERR_OK;
}

enum err framing_end(struct framing *f)
{
	if (f->kind == BODY_UNTIL_CLOSE)
		f->over = true;
	return f->over ? ERR_OK : ERR_GONE;
}

size_t framing_chunk_head(size_t payload, char to[FRAMING_HEAD_ROOM])
{
	static const char digits[] = "0123456789abcdef";
	size_t len = 1;

	MUST(payload > 0);
	for (size_t rest = payload >> 4; rest > 0; rest >>= 4)
		len++;
	for (size_t i = len; i > 0; i--, payload >>= 4)
		to[i - 1] = digits[payload & 15];
	to[len] = '\r';
	to[len + 1] = '\n';
	return len + 2;
}
