/* tok_stream.c - the streaming form of tok.h.
 *
 * A delta is put behind the tail. When that is full, its pieces are counted up to the first that
 * may still go on. If that one is long, a longpiece takes it over and what comes next with it.
 */
#include <stdlib.h>
#include "base/utf8.h"
#include "metering/longpiece.h"
#include "metering/lossy.h"
#include "metering/tok_pieces.h"

#define CHAR_BYTES 4 /* of the longest character */
#define COST_PUSH  10
/* a whole character may stand out of a full tail, and what stands for a partial one behind it */
#define TAIL_ROOM (TOK_TAIL_BYTES + 2 * CHAR_BYTES)

void tok_stream_init(struct tok_stream *s, enum vocab_id id)
{
	*s = (struct tok_stream){ .vocab = (uint8_t)id };
}

void tok_stream_release(struct tok_stream *s)
{
	free(s->tail);
	free(s->longpiece);
	s->tail = NULL;
	s->longpiece = NULL;
}

/* From here on without memory: a token for every four bytes, the remainder in tail_len. */
static void go_blind(struct tok_stream *s)
{
	size_t pending;

	tok_stream_floor(s, &pending);
	tok_stream_release(s);
	s->floor.of[TOK_OTHER] += pending / 4;
	s->tail_len = pending % 4;
	s->partial_len = 0;
	s->blind = true;
}

static size_t push_blind(struct tok_stream *s, size_t len)
{
	s->floor.of[TOK_OTHER] += (s->tail_len + len) / 4;
	s->tail_len = (uint16_t)((s->tail_len + len) % 4);
	return len;
}

static void put(struct tok_stream *s, struct span text)
{
	memcpy(s->tail + s->tail_len, text.at, text.len);
	s->tail_len = (uint16_t)(s->tail_len + text.len);
}

/* The partial character goes on with this byte, or is broken. Was the byte taken? */
static bool complete(struct tok_stream *s, char byte)
{
	char text[CHAR_BYTES];
	struct span whole = { text, s->partial_len + 1u };

	memcpy(text, s->partial, s->partial_len);
	text[s->partial_len] = byte;
	if (utf8_len(whole) > 0) {
		put(s, whole);
		s->partial_len = 0;
	} else if (lossy_broken(whole) > 0) {
		put(s, LOSSY_REPLACEMENT);
		s->partial_len = 0;
		return false;
	} else {
		s->partial[s->partial_len++] = byte;
	}
	return true;
}

/* Text begins with no whole character. Returns how many bytes of it were taken. */
static size_t take_broken(struct tok_stream *s, struct span text)
{
	size_t len = lossy_broken(text);

	if (len > 0) {
		put(s, LOSSY_REPLACEMENT);
		return len;
	}
	memcpy(s->partial, text.at, text.len);
	s->partial_len = (uint8_t)text.len;
	return text.len;
}

/* Puts the delta behind the tail until that is full; the last character may stand out. */
static size_t fill(struct tok_stream *s, struct span delta)
{
	size_t at = 0;

	while (at < delta.len && s->tail_len < TOK_TAIL_BYTES) {
		size_t room = TOK_TAIL_BYTES - s->tail_len;
		struct span rest = span_skip(delta, at);

		if (s->partial_len > 0) {
			at += complete(s, *rest.at);
			continue;
		}
		struct span valid = { rest.at, rest.len < room ? rest.len : room };

		valid.len = lossy_valid(valid);
		if (valid.len == 0)
			valid.len = utf8_len(rest);
		if (valid.len > 0)
			put(s, valid);
		else
			valid.len = take_broken(s, rest);
		at += valid.len;
	}
	return at;
}

static void drop(struct tok_stream *s, size_t len)
{
	s->tail_len = (uint16_t)(s->tail_len - len);
	memmove(s->tail, s->tail + len, s->tail_len);
}

/* The tail goes on with the long piece. Is there more to do? */
static bool count_longpiece(struct tok *t, struct tok_stream *s, uint64_t limit)
{
	struct span tail = { s->tail, s->tail_len };
	size_t taken = longpiece_take(s->longpiece, tok_bpe(t, s->vocab), tail, false, limit);

	drop(s, taken);
	if (!s->longpiece->ended)
		return taken > 0;
	tok_add(&s->floor, longpiece_count(s->longpiece));
	free(s->longpiece);
	s->longpiece = NULL;
	return true;
}

static void begin_longpiece(struct tok_stream *s)
{
	s->longpiece = malloc(sizeof(*s->longpiece));
	if (s->longpiece)
		longpiece_init(s->longpiece, s->vocab, (struct span){ s->tail, s->tail_len });
	else
		go_blind(s);
}

/* The tail begins with a piece. Is there more to do? */
static bool count_pieces(struct tok *t, struct tok_stream *s, uint64_t limit)
{
	const struct tok_bounds bounds = { .piece_bytes = TOK_LONG_BYTES,
					   .tokens = UINT64_MAX,
					   .work = limit };

	size_t counted = tok_count_pieces(t, s->vocab, (struct span){ s->tail, s->tail_len },
					  &bounds, &s->floor);

	drop(s, counted);
	/* A full tail of which nothing could be counted must go on, however little work is left. */
	if ((counted > 0 && tok_bpe(t, s->vocab)->work > limit) || s->tail_len <= TOK_LONG_BYTES)
		return false;
	begin_longpiece(s);
	return !s->blind;
}

/* Counts what is certain of the tail, until the work is above limit. */
static void advance(struct tok *t, struct tok_stream *s, uint64_t limit)
{
	const struct bpe *b = tok_bpe(t, s->vocab);
	bool more = true;

	while (more && s->tail_len > 0 && b->work <= limit)
		more = s->longpiece ? count_longpiece(t, s, limit) : count_pieces(t, s, limit);
}

static bool has_tail(struct tok_stream *s)
{
	if (!s->tail && !s->blind)
		s->tail = malloc(TAIL_ROOM);
	if (!s->tail && !s->blind)
		go_blind(s);
	return !s->blind;
}

size_t tok_stream_push(struct tok *t, struct tok_stream *s, struct span delta, int64_t *work)
{
	const struct bpe *b = tok_bpe(t, s->vocab);
	const uint64_t begun = b->work, limit = begun + (*work > 0 ? (uint64_t)*work : 0);
	size_t taken = 0;

	while (has_tail(s)) {
		taken += fill(s, span_skip(delta, taken));
		if (taken == delta.len || (taken > 0 && b->work > limit))
			break;
		advance(t, s, b->work > limit ? b->work : limit);
	}
	if (s->blind)
		taken += push_blind(s, delta.len - taken);
	*work -= (int64_t)(b->work - begun) + COST_PUSH + (int64_t)(taken / 16);
	return taken;
}

struct tok_count tok_stream_floor(const struct tok_stream *s, size_t *pending_bytes)
{
	*pending_bytes = s->tail_len + s->partial_len;
	if (s->longpiece)
		*pending_bytes += s->longpiece->whole.bytes;
	return s->floor;
}

struct tok_count tok_stream_count(struct tok *t, struct tok_stream *s)
{
	const struct tok_bounds bounds = {
		.ended = true, .piece_bytes = SIZE_MAX, .tokens = UINT64_MAX, .work = UINT64_MAX
	};
	struct tok_count count;

	if (s->tail)
		advance(t, s, UINT64_MAX);
	if (!s->tail)
		return s->floor;
	count = s->floor;

	struct span rest = { s->tail, s->tail_len };

	if (s->partial_len > 0) {
		memcpy(s->tail + s->tail_len, LOSSY_REPLACEMENT.at, LOSSY_REPLACEMENT.len);
		rest.len += LOSSY_REPLACEMENT.len;
	}
	if (s->longpiece) {
		struct longpiece l = *s->longpiece;

		rest = span_skip(rest,
				 longpiece_take(&l, tok_bpe(t, s->vocab), rest, true, UINT64_MAX));
		tok_add(&count, longpiece_count(&l));
	}
	tok_count_pieces(t, s->vocab, rest, &bounds, &count);
	return count;
}

struct tok_count tok_stream_end(struct tok *t, struct tok_stream *s, int64_t *work)
{
	const struct bpe *b = tok_bpe(t, s->vocab);
	const uint64_t begun = b->work;
	struct tok_count count = tok_stream_count(t, s);

	*work -= (int64_t)(b->work - begun) + COST_PUSH;
	tok_stream_release(s);
	return count;
}
