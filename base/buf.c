#include "base/buf.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/utf8.h"

void buf_init(struct buf *b, size_t cap_bytes)
{
	*b = (struct buf){ .cap_bytes = cap_bytes };
}

void buf_release(struct buf *b)
{
	free(b->at);
	buf_init(b, b->cap_bytes);
}

char *buf_reserve(struct buf *b, size_t more)
{
	size_t room = b->room > 0 ? b->room : 256;
	char *at;

	if (more > b->cap_bytes || b->len > b->cap_bytes - more)
		return NULL;
	if (b->at && b->len + more <= b->room)
		return b->at + b->len;
	while (room < b->len + more)
		room *= 2;
	if (room > b->cap_bytes)
		room = b->cap_bytes;
	at = realloc(b->at, room > 0 ? room : 1);
	if (!at)
		return NULL;
	b->at = at;
	b->room = room;
	return b->at + b->len;
}

bool buf_add(struct buf *b, struct span s)
{
	char *to = buf_reserve(b, s.len);

	if (!to)
		return false;
	if (s.len > 0)
		memcpy(to, s.at, s.len);
	b->len += s.len;
	return true;
}

bool buf_addf(struct buf *b, const char *fmt, ...)
{
	char small[512];
	va_list args, again;
	int len;
	char *to;

	va_start(args, fmt);
	va_copy(again, args);
	len = vsnprintf(small, sizeof(small), fmt, args);
	va_end(args);
	to = len < 0 ? NULL : buf_reserve(b, (size_t)len + 1);
	if (to) {
		vsnprintf(to, (size_t)len + 1, fmt, again);
		b->len += (size_t)len;
	}
	va_end(again);
	return to != NULL;
}

static bool add_json_escape(struct buf *b, unsigned char c)
{
	switch (c) {
	case '"': return buf_add(b, SPAN("\\\""));
	case '\\': return buf_add(b, SPAN("\\\\"));
	case '\n': return buf_add(b, SPAN("\\n"));
	case '\r': return buf_add(b, SPAN("\\r"));
	case '\t': return buf_add(b, SPAN("\\t"));
	default: return buf_addf(b, "\\u%04x", c);
	}
}

bool buf_add_json(struct buf *b, struct span s)
{
	while (s.len > 0) {
		unsigned char c = (unsigned char)s.at[0];
		size_t len = utf8_len(s);
		bool ok;

		if (len == 0)
			ok = buf_add(b, SPAN("\xef\xbf\xbd"));
		else if (len == 1 && (c < 0x20 || c == '"' || c == '\\' || c == 0x7f))
			ok = add_json_escape(b, c);
		else
			ok = buf_add(b, (struct span){ s.at, len });
		if (!ok)
			return false;
		s = span_skip(s, len > 0 ? len : 1);
	}
	return true;
}

void buf_drop(struct buf *b, size_t n)
{
	MUST(n <= b->len);
	b->len -= n;
	if (b->len > 0 && n > 0)
		memmove(b->at, b->at + n, b->len);
}
