/* fuzz_tok.c - any bytes: counted at once, in deltas cut anywhere, and piece by piece without
 * blocks or memory, the tokens are as many. The first byte picks the vocabulary and the cuts. */
#include <stdlib.h>
#include "metering/bpe.h"
#include "metering/lossy.h"
#include "metering/pretoken.h"
#include "metering/tok.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct counter {
	struct vocabs *vocabs;
	struct tok *tok;
};

/* Made once; what it remembers must never change a count. */
static const struct counter *counter(void)
{
	static struct counter c;

	if (!c.tok) {
		MUST(vocabs_new(&c.vocabs) == ERR_OK);
		c.tok = tok_new(c.vocabs);
		MUST(c.tok);
	}
	return &c;
}

/* The text in UTF-8, in memory of exactly its size. */
static struct span mend(struct span text)
{
	char *mended = malloc(3 * text.len + 1);
	size_t len = 0;

	MUST(mended);
	while (text.len > 0) {
		struct span next = { text.at, lossy_valid(text) };

		if (next.len > 0) {
			memcpy(mended + len, next.at, next.len);
			len += next.len;
		} else {
			memcpy(mended + len, LOSSY_REPLACEMENT.at, LOSSY_REPLACEMENT.len);
			len += LOSSY_REPLACEMENT.len;
			next.len = lossy_broken(text) > 0 ? lossy_broken(text) : text.len;
		}
		text = span_skip(text, next.len);
	}
	char *exact = realloc(mended, len > 0 ? len : 1);

	MUST(exact);
	return (struct span){ exact, len };
}

static uint64_t count_pieces(enum vocab_id id, struct span text)
{
	struct bpe b = { .vocab = &counter()->vocabs->of[id] };
	uint64_t count = 0;

	while (text.len > 0) {
		struct span piece = { text.at, pretoken_first(id, text).len };

		MUST(piece.len > 0 && piece.len <= text.len);
		count += bpe_count(&b, piece);
		text = span_skip(text, piece.len);
	}
	return count;
}

static struct tok_count count_stream(enum vocab_id id, struct span text, unsigned cut)
{
	struct tok_stream s;
	struct tok_count count;
	size_t pending;

	tok_stream_init(&s, id);
	for (unsigned n = cut; text.len > 0; n = n * 5 + 1) {
		struct span delta = { text.at, 1 + n % 64 % (cut + 2) };
		int64_t work = 1 + n % 4096;

		if (delta.len > text.len)
			delta.len = text.len;
		text = span_skip(text, tok_stream_push(counter()->tok, &s, delta, &work));
		if (n % 8 == 0)
			tok_stream_count(counter()->tok, &s);
	}
	count = tok_stream_count(counter()->tok, &s);
	MUST(tok_total(tok_stream_floor(&s, &pending)) <= tok_total(count));
	tok_stream_release(&s);
	return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 1)
		return 0;
	enum vocab_id id = data[0] % VOCAB_COUNT;
	struct span text = { (const char *)data + 1, size - 1 }, mended = mend(text);
	struct tok_count all = tok_count(counter()->tok, id, text);
	struct tok_count cut = count_stream(id, text, data[0] / VOCAB_COUNT);

	MUST(tok_total(all) == count_pieces(id, mended));
	MUST(memcmp(&all, &cut, sizeof(all)) == 0);
	free((void *)mended.at);
	return 0;
}
