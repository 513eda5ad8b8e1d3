/* access_log.h - one line for each exchange, buffered, never waited for.
 *
 *   2026-11-22T12:04:31.882Z 0193.. CR acme key gpt-4o openai 200 client_gone in=9 out=417
 *   reported usd=0.004179 bytes=1903/88211 gate=1.2 dial=0.1 first=412.0 took=8330.5
 *
 * The two letters: who ended it, and the state it ended in ("CR": client, during relay).
 * Owner   the worker. Limit ACCESS_LOG_BYTES waiting; what does not fit is counted as lost. */
#ifndef PROXY_ACCESS_LOG_H
#define PROXY_ACCESS_LOG_H
#include <stdbool.h>
#include "base/buf.h"
#include "base/err.h"
#include "base/must.h"

#define ACCESS_LOG_BYTES 65536

struct exchange;
struct row;

struct access_log {
	int fd; /* -1: off */
	struct buf lines;
};

/* where: "off", "stderr" or a file to append to. ERR_AWAY when it cannot be opened. */
enum err access_log_open(struct access_log *l, const char *where) MUST_USE;

/* Notes the exchange; row is NULL when it was never admitted. */
void access_log_write(struct access_log *l, const struct exchange *x, const struct row *row);

/* Writes out what waits; once per tick, and when the buffer is half full. */
void access_log_flush(struct access_log *l);

/* Writes out what waits and closes the file. */
void access_log_close(struct access_log *l);

#endif
