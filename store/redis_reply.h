/* redis_reply.h - what the error replies of Redis mean to us; see redis_reply.tbl.h. */
#ifndef STORE_REDIS_REPLY_H
#define STORE_REDIS_REPLY_H
#include <stdbool.h>
#include "base/must.h"
#include "base/span.h"
#include "store/redis_url.h"

enum redis_reply_class {
#define REPLY_CLASS(name, text) REPLY_##name,
#define REPLY(code, class, advice)
#include "store/redis_reply.tbl.h"
	REPLY_CLASSES
};

/* The class of an error's text. Some servers wrap what a script ran into; that is seen
 * through. */
enum redis_reply_class redis_reply_class(struct span error);

/* "moved" and so on; static text. */
const char *redis_reply_name(enum redis_reply_class c);

/* What the operator may do about this error; static text. */
const char *redis_reply_advice(struct span error);

/* Reads the slot and the address out of a MOVED or ASK. An empty name means the host that
 * said so. */
bool redis_reply_redirect(struct span error, unsigned *slot, struct redis_host *to) MUST_USE;

#endif
