/* tok.c - counts the pieces of a text: remembered ones, tokens, and what must be encoded. */
#include "metering/tok.h"
#include <sys/mman.h>
#include "base/scan.h"
#include "metering/bpe.h"
#include "metering/lossy.h"
#include "metering/pretoken.h"
#include "metering/tok_pieces.h"

/* What was met before, and how many tokens it has. Pieces are kept whole, so no two can be taken
 * for each other. A set holds two: what is new comes second, what was asked for again first.
 * Longer pieces have places of their own: what repeats among them is mostly indentation. */
#define SETS        (1u << 15)
#define LONG_PLACES (1u << 12)
#define LONG_BYTES  30 /* the longest piece that is remembered */

/* About nanoseconds. */
#define COST_BLOCK 30
#define COST_PIECE 5
#define COST_LOOK  80 /* in the vocabulary */
#define COST_CHAR  5  /* a byte that no block was asked about */

struct set {
	struct word words[2]; /* the count stands in the note */
};

/* Zeros between the piece and its length. */
struct long_word {
	char bytes[LONG_BYTES];
	uint8_t len, count;
};

struct cache {
	struct set sets[SETS];
	struct long_word longs[LONG_PLACES];
	uint64_t memo[BPE_MEMO];
};

/* A vocabulary and what it takes to count with it. */
struct counter {
	struct bpe bpe;
	struct cache cache;
};

struct tok {
	struct counter of[VOCAB_COUNT];
};

/* All pages are there from the beginning: made when first touched, as they would be with the
 * first texts, they would keep a loop for half a millisecond. */
struct tok *tok_new(const struct vocabs *v)
{
	struct tok *t = mmap(NULL, sizeof(*t), PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	if (t == MAP_FAILED)
		return NULL;
	for (int id = 0; id < VOCAB_COUNT; id++)
		t->of[id].bpe = (struct bpe){ .vocab = &v->of[id], .memo = t->of[id].cache.memo };
	return t;
}

void tok_free(struct tok *t)
{
	if (t)
		munmap(t, sizeof(*t));
}

struct bpe *tok_bpe(struct tok *t, enum vocab_id id)
{
	return &t->of[id].bpe;
}

enum tok_script tok_script_of(struct span piece)
{
	enum tok_script script = TOK_ASCII;
	size_t i = 0;

	while (i < piece.len) {
		if ((signed char)piece.at[i] >= 0) {
			i++;
			continue;
		}
		struct pretoken_char c = pretoken_char(span_skip(piece, i));

		if (unicode_is_cjk(c.code))
			return TOK_CJK;
		script = TOK_OTHER;
		i += c.len;
	}
	return script;
}

/* Like word_of(), but reads sixteen bytes at once where there are as many. */
static inline struct word word_at(const char *p, size_t len, const char *end)
{
	if (end - p < 16)
		return word_of((struct span){ p, len });

	uint64_t low = scan_load(p), high = scan_load(p + 8);
	uint64_t cut = ~UINT64_C(0) >> (64 - len % 8 * 8) % 64;

	if (len % 8 == 0)
		cut = 0;
	return len < 8 ? (struct word){ low & cut, (uint64_t)len << 60 }
		       : (struct word){ low, (high & cut) | (uint64_t)len << 60 };
}

/* What ends outside ASCII is backtracked. The first look there tells a token, too; and much of
 * it is text without spaces, in which few pieces are tokens, or come again if they are long. */
static bool ends_in_ascii(const char *p, size_t len)
{
	return (signed char)p[len - 1] >= 0;
}

static uint64_t count_unknown(struct counter *c, struct word w, const char *p, size_t len)
{
	c->bpe.work += COST_LOOK;
	if (ends_in_ascii(p, len) && vocab_has(c->bpe.vocab, w))
		return 1;
	return bpe_count(&c->bpe, (struct span){ p, len });
}

static uint64_t count_short(struct counter *c, const char *p, size_t len, const char *end)
{
	struct word w = word_at(p, len, end);
	struct word *words = c->cache.sets[vocab_place(word_key(w), SETS)].words;
	uint64_t count;

	if (words[0].low == w.low && (words[0].high & ~WORD_NOTE) == w.high)
		return words[0].high >> WORD_NOTE_SHIFT & 15;
	if (words[1].low == w.low && (words[1].high & ~WORD_NOTE) == w.high) {
		struct word again = words[1];

		words[1] = words[0];
		words[0] = again;
		return again.high >> WORD_NOTE_SHIFT & 15;
	}
	count = count_unknown(c, w, p, len);
	words[1] = (struct word){ w.low, w.high | count << WORD_NOTE_SHIFT };
	return count;
}

static uint64_t count_long(struct counter *c, const char *p, size_t len)
{
	struct long_word w = { .len = (uint8_t)len }, *known;
	struct word halves[2];

	if (len > LONG_BYTES || !ends_in_ascii(p, len))
		return bpe_count(&c->bpe, (struct span){ p, len });
	memcpy(w.bytes, p, len);
	memcpy(halves, &w, sizeof(halves));
	halves[0].low ^= halves[1].low * 3;
	halves[0].high ^= halves[1].high * 5;
	known = &c->cache.longs[vocab_place(word_key(halves[0]), LONG_PLACES)];
	if (memcmp(known, &w, offsetof(struct long_word, count)) != 0) {
		w.count = (uint8_t)bpe_count(&c->bpe, (struct span){ p, len });
		*known = w;
	}
	return known->count;
}

/* end: of what may be read. */
static inline uint64_t count_piece(struct counter *c, const char *p, size_t len, const char *end)
{
	c->bpe.work += COST_PIECE;
	if (len == 1)
		return 1;
	return len <= WORD_BYTES ? count_short(c, p, len, end) : count_long(c, p, len);
}

/* Counts the pieces that begin before the last of the starts; returns that. */
static const char *count_block(struct counter *c, const char *p, uint64_t starts, const char *end,
			       uint64_t *count)
{
	const char *block = p;

	for (; starts != 0; starts &= starts - 1) {
		const char *next = block + __builtin_ctzll(starts);

		*count += count_piece(c, p, (size_t)(next - p), end);
		p = next;
	}
	return p;
}

size_t tok_count_pieces(struct tok *t, enum vocab_id id, struct span text,
			const struct tok_bounds *bounds, struct tok_count *sum)
{
	struct counter *c = &t->of[id];
	const char *p = text.at, *end = text.at + text.len;

	while (p < end && c->bpe.work <= bounds->work && tok_total(*sum) <= bounds->tokens) {
		struct span rest = { p, (size_t)(end - p) };
		uint64_t starts = 0;

		if (rest.len >= PRETOKEN_BLOCK && !(scan_load(p) & SCAN_EACH(0x80))) {
			c->bpe.work += COST_BLOCK;
			starts = pretoken_block(id, p);
		}
		if (starts != 0) {
			p = count_block(c, p, starts, end, &sum->of[TOK_ASCII]);
			continue;
		}
		struct pretoken piece = pretoken_first(id, rest);

		if ((piece.open && !bounds->ended) || piece.len > bounds->piece_bytes)
			break;
		rest.len = piece.len;
		c->bpe.work += COST_CHAR * piece.len;
		sum->of[tok_script_of(rest)] += count_piece(c, p, piece.len, end);
		p += piece.len;
	}
	return (size_t)(p - text.at);
}

/* Text that is not UTF-8: by way of a stream, which mends it. */
static struct tok_count count_broken(struct tok *t, enum vocab_id id, struct span text,
				     uint64_t limit)
{
	struct tok_stream s;
	struct tok_count count;
	size_t pending;

	tok_stream_init(&s, id);
	while (text.len > 0 && tok_total(tok_stream_floor(&s, &pending)) <= limit) {
		struct span part = { text.at,
				     text.len < TOK_TAIL_BYTES ? text.len : TOK_TAIL_BYTES };
		int64_t work = INT64_MAX;

		text = span_skip(text, tok_stream_push(t, &s, part, &work));
	}
	count = tok_stream_count(t, &s);
	tok_stream_release(&s);
	return count;
}

static struct tok_count count_up_to(struct tok *t, enum vocab_id id, struct span text,
				    uint64_t limit)
{
	const struct tok_bounds bounds = {
		.ended = true, .piece_bytes = SIZE_MAX, .tokens = limit, .work = UINT64_MAX
	};
	struct tok_count sum = { 0 };

	if (lossy_valid(text) < text.len)
		return count_broken(t, id, text, limit);
	tok_count_pieces(t, id, text, &bounds, &sum);
	return sum;
}

struct tok_count tok_count(struct tok *t, enum vocab_id id, struct span text)
{
	return count_up_to(t, id, text, UINT64_MAX);
}

bool tok_count_limited(struct tok *t, enum vocab_id id, struct span text, uint64_t limit,
		       uint64_t *count)
{
	*count = text.len / VOCAB_TOKEN_BYTES; /* at least as many */
	if (*count <= limit)
		*count = tok_total(count_up_to(t, id, text, limit));
	return *count <= limit;
}
