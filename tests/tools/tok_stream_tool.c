/* tok_stream_tool.c - is a stream's count that of the whole text, however it was cut?
 *
 *   tok_stream_tool ENCODING splits        every document in two, at each of its bytes; and
 *                                          counts with a limit that is just and just not met
 *   tok_stream_tool ENCODING bytes         one byte at a time, asking after each character
 *   tok_stream_tool ENCODING random SEED N deltas of 1 to 8 bytes, seldom with little work
 *                                          allowed, sometimes asked for the count; N times over
 *
 * Documents come from stdin (documents.h). Prints what differed and how much was tried. */
#include <inttypes.h>
#include "metering/tok.h"
#include "tests/tools/documents.h"

#define PREFIXES_UPTO 150 /* bytes of a document whose prefixes are all counted, too */
#define SHOWN         10

struct trial {
	struct tok *tok;
	enum vocab_id vocab;
	uint32_t chance;
	uint64_t bytes, documents, faults;
};

static uint32_t draw(struct trial *t, uint32_t below)
{
	t->chance ^= t->chance << 13;
	t->chance ^= t->chance >> 17;
	t->chance ^= t->chance << 5;
	return (uint32_t)((uint64_t)t->chance * below >> 32);
}

static void expect(struct trial *t, const char *what, size_t at, struct tok_count found,
		   struct tok_count expected)
{
	if (memcmp(&found, &expected, sizeof(found)) == 0)
		return;
	if (t->faults++ < SHOWN)
		printf("document %" PRIu64 ", %s %zu: expected %" PRIu64 ", found %" PRIu64 "\n",
		       t->documents, what, at, tok_total(expected), tok_total(found));
}

/* Pushes a delta, with so much work at a time. */
static void push(struct trial *t, struct tok_stream *s, struct span delta, int64_t work)
{
	while (delta.len > 0) {
		int64_t left = work;

		delta = span_skip(delta, tok_stream_push(t->tok, s, delta, &left));
	}
}

static bool is_character_end(struct span text, size_t at)
{
	return at == text.len || ((uint8_t)text.at[at] & 0xc0) != 0x80;
}

static void try_splits(struct trial *t, struct span text, struct tok_count whole)
{
	uint64_t total = tok_total(whole), found;

	for (size_t at = 0; at <= text.len; at++) {
		struct span left = { text.at, at };
		struct tok_stream s;

		tok_stream_init(&s, t->vocab);
		push(t, &s, left, INT64_MAX);
		if (text.len <= PREFIXES_UPTO && is_character_end(text, at))
			expect(t, "before the split at", at, tok_stream_count(t->tok, &s),
			       tok_count(t->tok, t->vocab, left));
		push(t, &s, span_skip(text, at), INT64_MAX);
		expect(t, "split at", at, tok_stream_count(t->tok, &s), whole);
		tok_stream_release(&s);
	}
	if (!tok_count_limited(t->tok, t->vocab, text, total, &found) || found != total ||
	    (total > 0 && tok_count_limited(t->tok, t->vocab, text, total - 1, &found))) {
		printf("document %" PRIu64 ": counted wrong up to a limit\n", t->documents);
		t->faults++;
	}
}

static void try_bytes(struct trial *t, struct span text, struct tok_count whole)
{
	struct tok_stream s;

	tok_stream_init(&s, t->vocab);
	for (size_t at = 0; at < text.len; at++) {
		push(t, &s, (struct span){ text.at + at, 1 }, INT64_MAX);
		if (text.len <= PREFIXES_UPTO && is_character_end(text, at + 1))
			expect(t, "after byte", at, tok_stream_count(t->tok, &s),
			       tok_count(t->tok, t->vocab, (struct span){ text.at, at + 1 }));
	}
	expect(t, "in single bytes", text.len, tok_stream_count(t->tok, &s), whole);
	tok_stream_release(&s);
}

static void try_random(struct trial *t, struct span text, struct tok_count whole)
{
	struct tok_stream s;

	tok_stream_init(&s, t->vocab);
	for (struct span rest = text; rest.len > 0;) {
		size_t len = 1 + draw(t, 8);
		struct span delta = { rest.at, len < rest.len ? len : rest.len };

		push(t, &s, delta, draw(t, 50) == 0 ? 1 + draw(t, 2000) : INT64_MAX);
		if (draw(t, 40) == 0)
			tok_stream_count(t->tok, &s);
		rest = span_skip(rest, delta.len);
	}
	expect(t, "in random deltas of", text.len, tok_stream_count(t->tok, &s), whole);
	tok_stream_release(&s);
}

static void try_all(struct trial *t, const char *mode, unsigned times)
{
	struct document d;

	for (; document_read(&d); t->documents++) {
		struct span text = { d.at, d.len };
		struct tok_count whole = tok_count(t->tok, t->vocab, text);

		if (strcmp(mode, "splits") == 0)
			try_splits(t, text, whole);
		else if (strcmp(mode, "bytes") == 0)
			try_bytes(t, text, whole);
		for (unsigned i = 0; i < times; i++)
			try_random(t, text, whole);
		t->bytes += d.len * (times ? times : 1);
		free(d.at);
	}
}

int main(int argc, char **argv)
{
	bool random = argc == 5 && strcmp(argv[2], "random") == 0;
	struct trial t = { .chance = random ? 1 + (uint32_t)atoi(argv[3]) : 1 };
	struct vocabs *vocabs;

	if (!random && (argc != 3 || (strcmp(argv[2], "splits") && strcmp(argv[2], "bytes")))) {
		fputs("usage: tok_stream_tool ENCODING splits|bytes|random SEED TIMES\n", stderr);
		return 2;
	}
	t.vocab = strcmp(argv[1], "cl100k_base") == 0 ? VOCAB_CL100K : VOCAB_O200K;
	if (vocabs_new(&vocabs) != ERR_OK || !(t.tok = tok_new(vocabs))) {
		fputs("no memory\n", stderr);
		return 2;
	}
	try_all(&t, argv[2], random ? (unsigned)atoi(argv[4]) : 0);
	printf("%" PRIu64 " faults in %" PRIu64 " documents, %" PRIu64 " bytes\n", t.faults,
	       t.documents, t.bytes);
	tok_free(t.tok);
	vocabs_free(vocabs);
	return t.faults > 0;
}
