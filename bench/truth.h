/* truth.h - the provider's own account of what it did: JSON lines, appended.
 *
 * The checks of Weir's books compare against this file, so it says what happened
 * and nothing else: bytes are those the kernel took, events those whose last byte
 * it took, text events (one output token each) likewise.
 * Threads  any; a line is one write() to a file opened with O_APPEND.
 * Errors   a line that cannot be written ends the process: a gap would be a lie.
 */
#ifndef BENCH_TRUTH_H
#define BENCH_TRUTH_H
#include <openssl/types.h>
#include "bench/ask.h"

struct truth {
	int fd;        /* -1: keep no account */
	bool requests; /* also what came in: headers, and a digest of the body */
};

/* What went out for one request. */
struct sent {
	uint64_t body_bytes, events, text_events;
	bool usage;
	EVP_MD_CTX *digest; /* NULL when no account is kept */
};

/* Nothing yet; digests only when t keeps an account. */
void sent_begin(struct sent *s, const struct truth *t);

/* The kernel took these bytes of the body. */
void sent_add(struct sent *s, struct span body_bytes);

/* Frees the digest. */
void sent_release(struct sent *s);

/* Before the first byte of the response. */
void truth_begin(const struct truth *t, const struct ask *a, const struct http_head *head,
		 struct span body, uint64_t number);

/* Once for each begun request. how: complete, cut, client_gone, fault or stopped. */
void truth_end(const struct truth *t, const struct ask *a, const struct sent *s, const char *how);

#endif
