/* vocab.h - the two public vocabularies of byte-pair encoding, as tables made for counting.
 *
 * A vocabulary is given as its merges: tokens 0 to 255 are the bytes in some order, every later
 * token is two earlier ones joined, and a lower number means joined earlier. From that, made once
 * at start, in memory that is read-only afterwards:
 *
 *   words    every token of at most 15 bytes, whole: is this piece a token?
 *   pairs    two tokens -> the token they join to
 *   nodes    all tokens as a trie, which is also an automaton of Aho and Corasick: the longest
 *            token that text begins with, and all tokens that end at a byte
 *
 * In both vocabularies a piece that is a token is encoded as that token alone (checked by
 * tests/tokens), and no token is longer than VOCAB_TOKEN_BYTES.
 *
 * Owner    vocabs_new() makes both; the tables point into memory of their own.
 * Threads  immutable once made: shared by all.
 */
#ifndef METERING_VOCAB_H
#define METERING_VOCAB_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/err.h"
#include "base/must.h"
#include "base/span.h"

#define VOCAB_TOKEN_BYTES 128
#define VOCAB_ID_BITS     18
#define VOCAB_NONE        ((UINT32_C(1) << VOCAB_ID_BITS) - 1) /* no token; later than any */

enum vocab_id {
	VOCAB_CL100K,
	VOCAB_O200K,
	VOCAB_COUNT
};

/* At most WORD_BYTES bytes in two registers: little-endian, padded with zeros, the length in the
 * upper four bits of the last byte. What else is known of a piece goes in the lower four. */
#define WORD_BYTES 15
struct word {
	uint64_t low, high;
};

#define WORD_NOTE_SHIFT 56
#define WORD_NOTE       (UINT64_C(15) << WORD_NOTE_SHIFT)

struct vocab_token {
	uint64_t left : VOCAB_ID_BITS, right : VOCAB_ID_BITS; /* itself twice, if it is a byte */
	uint64_t prefix : VOCAB_ID_BITS; /* the longest token that this one begins with, or NONE */
	uint64_t len : 8;
};

/* A node of the trie is named by its place in the table; the root is 0, its children follow in
 * the order of their bytes, all others lie where the hash of parent and byte leads. From the
 * lowest bit up, a node says:
 *
 *   20 bits   its parent
 *    8        its byte
 *   16        has it children whose byte's lower half is 0, 1, 2...?
 *    2        is it a token?
 *   18        the longest token that its bytes end with: itself, if it is one
 *
 * No node but children of the root has the parent 0, so a free place is 0. */
#define VOCAB_NODE_BITS       20
#define VOCAB_NODE_KEY        ((UINT64_C(1) << (VOCAB_NODE_BITS + 8)) - 1)
#define VOCAB_NODE_KIDS_SHIFT (VOCAB_NODE_BITS + 8)
#define VOCAB_NODE_TOKEN      (UINT64_C(1) << (VOCAB_NODE_KIDS_SHIFT + 16))
#define VOCAB_NODE_LAST_SHIFT (64 - VOCAB_ID_BITS)
#define VOCAB_HASHED          257 /* the first node that is found by its hash */

/* Most pairs do not join. A table of bits by hash, which a nearer cache can hold, says so of nine
 * in ten that do not. */
#define VOCAB_FILTER_BITS 21

struct vocab_bucket {
	struct word words[4];
};

struct vocab {
	uint32_t count;                                /* of tokens */
	uint32_t bucket_count, pair_count, node_count; /* where hashes lead, per table */
	const struct vocab_token *tokens;
	const struct vocab_bucket *buckets; /* of words; a full one runs over into the next */
	const uint64_t *pairs;              /* left, right, joined; 0: none */
	const uint64_t *pair_filter;        /* a bit that is 0: surely no pair */
	const uint64_t *nodes;
	const uint32_t *fails;  /* per node: that of its longest proper suffix */
	const uint32_t *homes;  /* per token: its node */
	const uint32_t *suffix; /* per token: the longest other token that it ends with, or NONE */
	const uint32_t *first;  /* per two bytes: the token they join to, or NONE */
	const uint32_t *second; /* per two bytes: their node, or 0 */
	uint32_t bytes[256];    /* the token of a byte */
	void *memory;
	size_t memory_bytes;
};

struct vocabs {
	struct vocab of[VOCAB_COUNT];
};

/* Makes both, each in a thread of its own; about a tenth of a second. ERR_NOMEM. */
enum err vocabs_new(struct vocabs **out) MUST_USE;

/* v may be NULL. No thread may be counting. */
void vocabs_free(struct vocabs *v);

/* The upper bits are well mixed. Whoever sends keys that collide costs time, nothing else. */
static inline uint64_t vocab_hash(uint64_t key)
{
	return key * UINT64_C(0x9e3779b97f4a7c15);
}

/* Where a key leads in a table of `count` places. */
static inline uint32_t vocab_place(uint64_t key, uint32_t count)
{
	return (uint32_t)((vocab_hash(key) >> 32) * count >> 32);
}

/* Which bit of the filter is for a pair. */
static inline uint32_t vocab_filter_bit(uint64_t key)
{
	return (uint32_t)(vocab_hash(key) >> (64 - VOCAB_FILTER_BITS));
}

/* The token that left and right join to, or VOCAB_NONE. */
static inline uint32_t vocab_join(const struct vocab *v, uint32_t left, uint32_t right)
{
	uint64_t key = left | (uint64_t)right << VOCAB_ID_BITS;
	const uint64_t *at;

	if (!(v->pair_filter[vocab_filter_bit(key) / 64] >> vocab_filter_bit(key) % 64 & 1))
		return VOCAB_NONE;
	at = v->pairs + vocab_place(key, v->pair_count);
	for (; *at != 0; at++)
		if (((*at ^ key) << (64 - 2 * VOCAB_ID_BITS)) == 0)
			return (uint32_t)(*at >> 2 * VOCAB_ID_BITS);
	return VOCAB_NONE;
}

/* The child of a node, or 0. */
static inline uint32_t vocab_child(const struct vocab *v, uint32_t node, uint8_t byte)
{
	uint64_t key = node | (uint64_t)byte << VOCAB_NODE_BITS;
	uint32_t at;

	if (node == 0)
		return 1u + byte;
	if (!(v->nodes[node] >> VOCAB_NODE_KIDS_SHIFT >> byte % 16 & 1))
		return 0;
	for (at = VOCAB_HASHED + vocab_place(key, v->node_count); v->nodes[at]; at++)
		if ((v->nodes[at] & VOCAB_NODE_KEY) == key)
			return at;
	return 0;
}

/* Where the automaton goes from a node. */
static inline uint32_t vocab_step(const struct vocab *v, uint32_t node, uint8_t byte)
{
	uint32_t child = vocab_child(v, node, byte);

	while (child == 0) {
		node = v->fails[node];
		child = vocab_child(v, node, byte);
	}
	return child;
}

/* The longest token that the node's bytes end with; the root has none. */
static inline uint32_t vocab_node_last(const struct vocab *v, uint32_t node)
{
	return (uint32_t)(v->nodes[node] >> VOCAB_NODE_LAST_SHIFT);
}

/* The token that the node's bytes are, or VOCAB_NONE. */
static inline uint32_t vocab_node_token(const struct vocab *v, uint32_t node)
{
	return v->nodes[node] & VOCAB_NODE_TOKEN ? vocab_node_last(v, node) : VOCAB_NONE;
}

/* text.len at most WORD_BYTES. Reads no byte outside text. */
static inline struct word word_of(struct span text)
{
	struct word w = { 0, (uint64_t)text.len << 60 };
	unsigned char padded[16] = { 0 };

	memcpy(padded, text.at, text.len);
	for (unsigned i = 0; i < 8; i++) {
		w.low |= (uint64_t)padded[i] << 8 * i;
		w.high |= (uint64_t)padded[8 + i] << 8 * i;
	}
	return w;
}

/* A word as the key of a table. */
static inline uint64_t word_key(struct word w)
{
	return w.low ^ (w.high << 7 | w.high >> 57);
}

/* Is the piece a token? */
static inline bool vocab_has(const struct vocab *v, struct word w)
{
	const struct vocab_bucket *b = v->buckets + vocab_place(word_key(w), v->bucket_count);

	for (;; b++)
		for (int i = 0; i < 4; i++) {
			if (b->words[i].low == w.low && b->words[i].high == w.high)
				return true;
			if (b->words[i].high == 0)
				return false;
		}
}

#endif
