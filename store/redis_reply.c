/* redis_reply.c - looks error replies up by their first word. */
#include "store/redis_reply.h"
#include "store/redis_slot.h"

static const struct {
	struct span code;
	enum redis_reply_class class;
	const char *advice;
} replies[] = {
#define REPLY_CLASS(name, text)
#define REPLY(code, class, advice) { SPAN(#code), REPLY_##class, advice },
#include "store/redis_reply.tbl.h"
};

static const char *const names[REPLY_CLASSES] = {
#define REPLY_CLASS(name, text) #name,
#define REPLY(code, class, advice)
#include "store/redis_reply.tbl.h"
};

#define REPLIES (sizeof(replies) / sizeof(replies[0]))

static size_t find_code(struct span code)
{
	size_t i = 0;

	while (i < REPLIES && !span_eq(replies[i].code, code))
		i++;
	return i;
}

/* Servers before 7 wrap: "ERR Error running script (call to f_1): @user_script:1: -READONLY ..." */
static size_t find(struct span error)
{
	size_t i = find_code(span_take(&error, ' '));

	while (i == REPLIES && error.len > 0) {
		struct span word = span_take(&error, ' ');

		if (span_starts(word, SPAN("-")))
			i = find_code(span_skip(word, 1));
	}
	return i;
}

enum redis_reply_class redis_reply_class(struct span error)
{
	size_t i = find(error);

	return i < REPLIES ? replies[i].class : REPLY_other;
}

const char *redis_reply_name(enum redis_reply_class c)
{
	return names[c];
}

const char *redis_reply_advice(struct span error)
{
	size_t i = find(error);

	return i < REPLIES ? replies[i].advice : "see what it says";
}

bool redis_reply_redirect(struct span error, unsigned *slot, struct redis_host *to)
{
	struct span port;
	unsigned number;
	size_t colon;

	span_take(&error, ' ');
	if (!redis_number(span_take(&error, ' '), REDIS_SLOTS - 1, slot))
		return false;
	error = span_take(&error, ' ');
	colon = error.len;
	while (colon > 0 && error.at[colon - 1] != ':') /* an IPv6 address has colons of its own */
		colon--;
	if (colon == 0)
		return false;
	port = span_skip(error, colon);
	if (!redis_number(port, UINT16_MAX, &number) || number == 0)
		return false;
	to->port = (uint16_t)number;
	return span_copy((struct span){ error.at, colon - 1 }, to->name, sizeof(to->name));
}
