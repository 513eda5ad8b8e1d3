/* bpe.h - the tokens of one piece.
 *
 * Three ways to the same end, for joining the earliest pair first can be had without joining:
 *
 *   merging        what the definition says, in an array: quadratic, best for a few bytes
 *   backtracking   the longest tokens from the left, taken back where the definition would have
 *                  joined across their border: linear, best for text without spaces
 *   the ring       the last token of every beginning of the piece, kept for as many beginnings
 *                  as the longest token has bytes: linear, for pieces of any length that come
 *                  byte by byte, and right after each
 *
 * All say the same for every piece (tests/unit/metering/test_bpe.c, tests/tokens).
 * Threads  pure but for what the caller owns.
 */
#ifndef METERING_BPE_H
#define METERING_BPE_H
#include <stddef.h>
#include <stdint.h>
#include "base/span.h"
#include "metering/vocab.h"

#define BPE_MERGE_BYTES     32  /* the longest piece that is merged */
#define BPE_BACKTRACK_BYTES 512 /* the longest that is backtracked */

/* What all need. The memo is borrowed: BPE_MEMO words, zeros at first, used with one vocabulary
 * only; NULL: none, which only takes longer. */
struct bpe {
	const struct vocab *vocab;
	uint64_t *memo; /* pairs that were looked at, and what came out */
	uint64_t work;  /* all that was done, in about nanoseconds */
};

#define BPE_MEMO (1u << 15)

/* How many tokens the piece has. piece.len at least 1; of any length. */
uint64_t bpe_count(struct bpe *b, struct span piece);

/* The same by one way each, with the ids where ids is not NULL (room for piece.len). Returns how
 * many. piece.len at most BPE_MERGE_BYTES and BPE_BACKTRACK_BYTES. */
size_t bpe_merge(struct bpe *b, struct span piece, uint32_t *ids);
size_t bpe_backtrack(struct bpe *b, struct span piece, uint32_t *ids);

/* A piece that comes byte by byte. Of each of the last beginnings it keeps the last token, and
 * how many there are, modulo 2^14: no two of them are further apart. */
struct bpe_ring {
	uint32_t at[VOCAB_TOKEN_BYTES];
	uint32_t node;  /* of the automaton */
	uint64_t bytes; /* taken */
	uint64_t count; /* of tokens, if the piece ended here */
};

/* An empty piece. */
void bpe_ring_init(struct bpe_ring *r);

/* Takes more bytes; r->count is right after it. Always with the same vocabulary. */
void bpe_ring_take(struct bpe_ring *r, struct bpe *b, struct span bytes);

#endif
