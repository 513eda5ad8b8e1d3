/* misbehave.h - what each fault of fault.tbl.h does to a reply, gathered in one place. */
#ifndef BENCH_MISBEHAVE_H
#define BENCH_MISBEHAVE_H
#include "bench/reply.h"

/* What the account says of a reply with this fault whose bytes all went out. */
const char *misbehave_how(enum fault kind);

/* Writes what goes out in place of a head, or in front of it. True: in place of it, and
 * there is no body either. */
bool misbehave_instead(struct reply *r);

/* Further framing headers. length: of the body. */
void misbehave_framing(struct reply *r, uint64_t length);

/* Further headers at the end of the head. */
void misbehave_head(struct reply *r);

/* Does this fault only make sense in a chunked body? */
bool misbehave_wants_chunks(enum fault kind);

/* How many of the next piece's len bytes to send. *struck: the fault strikes behind them. */
size_t misbehave_cut(const struct reply *r, size_t len, bool *struck);

/* Does the size of a chunk still tell the truth where the fault cuts it short? */
bool misbehave_sizes_true(enum fault kind);

/* Finishes the reply with the fault. */
void misbehave_strike(struct reply *r);

/* Ends the body: the last chunk, or what stands in its place. */
void misbehave_finish(struct reply *r);

#endif
