/* tok_tool.c - counts tokens, document by document, so that a test in another language can
 * compare.
 *
 *   tok_tool ENCODING MODE     cl100k_base or o200k_base
 *
 *   ids           the tokens' numbers, with spaces between
 *   count         the counter as it is used
 *   scalar        no blocks, nothing remembered
 *   backtrack     each piece by backtracking
 *   ring          each piece by the ring
 *   stream:SEED   in deltas of 1 to 8 bytes, and asked now and then
 *
 * Documents come from stdin (documents.h); the answer to each is a line. */
#include <inttypes.h>
#include "metering/bpe.h"
#include "metering/lossy.h"
#include "metering/pretoken.h"
#include "metering/tok.h"
#include "tests/tools/documents.h"

#define WORK_PER_PUSH 20000 /* about nanoseconds: few enough that some pushes stop early */

struct asked {
	struct vocabs *vocabs;
	struct tok *tok;
	struct bpe bpe; /* of the encoding; without a memo */
	enum vocab_id id;
	uint64_t random;
};

typedef uint64_t counter(struct asked *a, struct span text);

static void die(const char *what)
{
	fprintf(stderr, "tok_tool: %s\n", what);
	exit(2);
}

static void *allocate(size_t bytes)
{
	void *at = malloc(bytes > 0 ? bytes : 1);

	if (!at)
		die("no memory");
	return at;
}

/* The tokens of a piece of any length, from the last backwards. */
static size_t ring_ids(struct bpe *b, struct span piece, uint32_t *ids)
{
	uint32_t *last = allocate(piece.len * sizeof(*last));
	struct bpe_ring ring;

	bpe_ring_init(&ring);
	for (size_t i = 0; i < piece.len; i++) {
		bpe_ring_take(&ring, b, (struct span){ piece.at + i, 1 });
		last[i] = ring.at[i % VOCAB_TOKEN_BYTES] & VOCAB_NONE;
	}
	for (size_t end = piece.len, n = ring.count; end > 0; end -= b->vocab->tokens[ids[n]].len)
		ids[--n] = last[end - 1];
	free(last);
	return ring.count;
}

static size_t piece_ids(struct bpe *b, struct span piece, uint32_t *ids)
{
	if (piece.len <= BPE_MERGE_BYTES)
		return bpe_merge(b, piece, ids);
	return piece.len <= BPE_BACKTRACK_BYTES ? bpe_backtrack(b, piece, ids)
						: ring_ids(b, piece, ids);
}

static struct span next_piece(struct asked *a, struct span *text)
{
	struct span piece = { text->at, pretoken_first(a->id, *text).len };

	*text = span_skip(*text, piece.len);
	return piece;
}

static void print_ids(struct asked *a, struct span text)
{
	uint32_t *ids = allocate(text.len * sizeof(*ids));
	size_t n = 0;

	while (text.len > 0)
		n += piece_ids(&a->bpe, next_piece(a, &text), ids + n);
	for (size_t i = 0; i < n; i++)
		printf("%s%" PRIu32, i > 0 ? " " : "", ids[i]);
	putchar('\n');
	free(ids);
}

static uint64_t count_text(struct asked *a, struct span text)
{
	return tok_total(tok_count(a->tok, a->id, text));
}

static uint64_t count_scalar(struct asked *a, struct span text)
{
	uint64_t count = 0;

	while (text.len > 0)
		count += bpe_count(&a->bpe, next_piece(a, &text));
	return count;
}

static uint64_t count_backtrack(struct asked *a, struct span text)
{
	uint64_t count = 0;

	while (text.len > 0) {
		struct span piece = next_piece(a, &text);

		count += piece.len <= BPE_BACKTRACK_BYTES ? bpe_backtrack(&a->bpe, piece, NULL)
							  : bpe_count(&a->bpe, piece);
	}
	return count;
}

static uint64_t count_ring(struct asked *a, struct span text)
{
	uint64_t count = 0;

	while (text.len > 0) {
		struct bpe_ring ring;

		bpe_ring_init(&ring);
		bpe_ring_take(&ring, &a->bpe, next_piece(a, &text));
		count += ring.count;
	}
	return count;
}

static uint64_t next_random(struct asked *a)
{
	a->random ^= a->random << 13;
	a->random ^= a->random >> 7;
	a->random ^= a->random << 17;
	return a->random >> 11;
}

static uint64_t count_stream(struct asked *a, struct span text)
{
	struct tok_stream s;
	uint64_t count;

	tok_stream_init(&s, a->id);
	while (text.len > 0) {
		struct span delta = { text.at, 1 + next_random(a) % 8 };
		int64_t work = WORK_PER_PUSH;

		if (delta.len > text.len)
			delta.len = text.len;
		text = span_skip(text, tok_stream_push(a->tok, &s, delta, &work));
		if (next_random(a) % 64 == 0)
			tok_stream_count(a->tok, &s);
	}
	count = tok_total(tok_stream_count(a->tok, &s));
	tok_stream_release(&s);
	return count;
}

/* The counter a mode names; NULL for ids. */
static counter *find_mode(struct asked *a, const char *mode)
{
	static const struct {
		const char *name;
		counter *count;
	} modes[] = { { "ids", NULL },
		      { "count", count_text },
		      { "scalar", count_scalar },
		      { "backtrack", count_backtrack },
		      { "ring", count_ring } };

	for (size_t i = 0; i < sizeof(modes) / sizeof(*modes); i++)
		if (strcmp(modes[i].name, mode) == 0)
			return modes[i].count;
	if (strncmp(mode, "stream:", 7) != 0)
		die("no such mode");
	a->random = strtoull(mode + 7, NULL, 10) * 2 + 1;
	return count_stream;
}

int main(int argc, char **argv)
{
	struct asked a = { 0 };
	struct document d;

	if (argc != 3)
		die("ENCODING MODE");
	if (strcmp(argv[1], "cl100k_base") != 0 && strcmp(argv[1], "o200k_base") != 0)
		die("no such encoding");
	a.id = argv[1][0] == 'c' ? VOCAB_CL100K : VOCAB_O200K;
	counter *count = find_mode(&a, argv[2]);

	if (vocabs_new(&a.vocabs) != ERR_OK)
		die("no memory");
	a.bpe.vocab = &a.vocabs->of[a.id];
	a.tok = tok_new(a.vocabs);
	if (!a.tok)
		die("no memory");
	while (document_read(&d)) {
		struct span text = { d.at, d.len };

		if (count != count_text && count != count_stream && lossy_valid(text) < text.len)
			die("a document is not UTF-8, which only count and stream take");
		if (count)
			printf("%" PRIu64 "\n", count(&a, text));
		else
			print_ids(&a, text);
		free(d.at);
	}
	tok_free(a.tok);
	vocabs_free(a.vocabs);
	return 0;
}
