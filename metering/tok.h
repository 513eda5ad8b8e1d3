/* tok.h - counts the tokens of text, exactly as the public tokenizers do.
 *
 * Counted is ordinary text: what looks like a special token is plain text. Bytes that are no
 * UTF-8 count as the replacement character U+FFFD that a lenient reader puts in their place, one
 * for each broken sequence.
 * Owner    a thread owns its struct tok; a struct tok_stream is in its owner's memory.
 * Threads  struct vocabs is shared by all; a struct tok, and the streams pushed through it,
 *          belong to one thread.
 */
#ifndef METERING_TOK_H
#define METERING_TOK_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/span.h"
#include "metering/vocab.h"

/* A piece of text is ASCII throughout, or has a character that is Chinese, Japanese or Korean, or
 * neither: the tokenizers of others differ by script. */
enum tok_script {
	TOK_ASCII,
	TOK_CJK,
	TOK_OTHER,
	TOK_SCRIPTS
};

struct tok_count {
	uint64_t of[TOK_SCRIPTS]; /* tokens of the pieces of a script */
};

static inline uint64_t tok_total(struct tok_count c)
{
	return c.of[TOK_ASCII] + c.of[TOK_CJK] + c.of[TOK_OTHER];
}

static inline void tok_add(struct tok_count *sum, struct tok_count c)
{
	for (int i = 0; i < TOK_SCRIPTS; i++)
		sum->of[i] += c.of[i];
}

struct tok;

/* One thread's counter; v must outlive it. It remembers pieces it has met, in 3 MB that are taken
 * at once. NULL: no memory. */
struct tok *tok_new(const struct vocabs *v);

/* t may be NULL. */
void tok_free(struct tok *t);

/* The tokens of the whole text. Takes about 5 ns a byte, up to 500 for hostile text. */
struct tok_count tok_count(struct tok *t, enum vocab_id id, struct span text);

/* Like tok_count(), but stops when there are more than limit. False: there are more; *count is
 * then some number above limit. */
bool tok_count_limited(struct tok *t, enum vocab_id id, struct span text, uint64_t limit,
		       uint64_t *count);

/* A text that comes in deltas of any size, whole characters or not.
 * Limit    half a kilobyte from the first push on; a good kilobyte more while a piece of the text
 *          is longer than TOK_LONG_BYTES
 * Errors   without memory, what comes counts as a token for every four bytes, and `blind` says so
 */
#define TOK_TAIL_BYTES 512
#define TOK_LONG_BYTES 128

struct tok_stream {
	struct tok_count floor;      /* of the pieces that are counted */
	char *tail;                  /* what is not counted yet; valid UTF-8 */
	struct longpiece *longpiece; /* or NULL; the tail then goes on with it */
	uint16_t tail_len;
	uint8_t vocab;
	uint8_t partial_len; /* the bytes of a character that is not whole yet */
	char partial[3];
	bool blind;
};

/* The empty text; allocates nothing. */
void tok_stream_init(struct tok_stream *s, enum vocab_id id);

/* Frees what it holds; the stream can be initialized again. */
void tok_stream_release(struct tok_stream *s);

/* Takes the next delta. It is only put aside at first, and counted with others when the tail is
 * full. *work is lowered by what was done, in about nanoseconds of a busy machine; once it is used
 * up the push stops, soon after: with TOK_WORK the slowest text keeps no loop for 200 us. Returns
 * how many bytes were taken, one at least; the rest is for another push. */
#define TOK_WORK 50000
size_t tok_stream_push(struct tok *t, struct tok_stream *s, struct span delta, int64_t *work);

/* The tokens if the text ended here; it may go on. Takes at most some 200 us. */
struct tok_count tok_stream_count(struct tok *t, struct tok_stream *s);

/* The same where it does end: releases the stream, and lowers *work by what it took. */
struct tok_count tok_stream_end(struct tok *t, struct tok_stream *s, int64_t *work);

/* The tokens that are counted and final, without further counting, and how many bytes are still
 * waiting. */
struct tok_count tok_stream_floor(const struct tok_stream *s, size_t *pending_bytes);

#endif
