#include "proxy/request.h"
#include <stdlib.h>

static void move_span(struct span *s, const char *from, const char *to)
{
	if (s->at)
		s->at = to + (s->at - from);
}

/* What is in use of a head: most of the struct is room for fields that did not come. */
static size_t used_bytes(const struct http1_request *head)
{
	return offsetof(struct http1_request, fields.at) +
	       head->fields.count * sizeof(head->fields.at[0]);
}

/* Copies the head and turns its spans from the old bytes to the new ones. */
static void keep_head(struct http1_request *head, const struct http1_request *parsed,
		      const char *from, const char *to)
{
	memcpy(head, parsed, used_bytes(parsed));
	move_span(&head->path, from, to);
	move_span(&head->query, from, to);
	move_span(&head->host, from, to);
	for (size_t i = 0; i < head->fields.count; i++) {
		move_span(&head->fields.at[i].name, from, to);
		move_span(&head->fields.at[i].value, from, to);
	}
}

struct request *request_keep(const struct http1_request *parsed, const char *from,
			     size_t body_cap_bytes)
{
	size_t own_bytes = offsetof(struct request, head) + used_bytes(parsed);
	struct request *r = malloc(own_bytes + parsed->head_bytes);
	char *bytes = (char *)r + own_bytes;

	if (!r)
		return NULL;
	memcpy(bytes, from, parsed->head_bytes);
	keep_head(&r->head, parsed, from, bytes);
	buf_init(&r->body, body_cap_bytes);
	r->added_at = r->added_bytes = 0;
	framing_init(&r->framing,
		     parsed->chunked      ? BODY_CHUNKED
		     : parsed->has_length ? BODY_LENGTH
					  : BODY_NONE,
		     parsed->length);
	return r;
}

void request_free(struct request *r)
{
	if (!r)
		return;
	buf_release(&r->body);
	free(r);
}

enum err request_take(struct request *r, char *bytes, size_t len, size_t *taken)
{
	size_t payload = 0;
	enum err e = framing_decode(&r->framing, bytes, len, &payload, taken);

	if (e != ERR_OK)
		return e;
	return buf_add(&r->body, (struct span){ bytes, payload }) ? ERR_OK : ERR_TOO_BIG;
}

void request_take_back(struct request *r)
{
	char *ours = r->body.at + r->added_at;
	size_t behind = r->body.len - r->added_at - r->added_bytes;

	memmove(ours, ours + r->added_bytes, behind);
	r->body.len -= r->added_bytes;
	r->added_bytes = 0;
}
