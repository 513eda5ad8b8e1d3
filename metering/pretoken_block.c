/* pretoken_block.c - the split of pretoken.h for 64 bytes of ASCII at once.
 *
 * Every class of bytes is a word of bits, and "next to" is a shift by one, so where pieces begin
 * comes out of a few dozen operations without a branch. What the block cannot know, because it
 * depends on what comes after, is cut off at its end; the caller goes on from the last piece
 * that surely begins in it. */
#include "metering/pretoken.h"
#include "base/block.h"

/* The classes of a block's bytes before the first that is not ASCII. */
struct classes {
	uint64_t all, letters, upper, digits;
	uint64_t marks, space, blanks, lines;  /* blanks are all space but line ends */
	uint64_t apostrophes, slashes, spaces; /* of space: U+0020 */
};

static uint64_t below(unsigned bit)
{
	return bit < 64 ? (UINT64_C(1) << bit) - 1 : ~UINT64_C(0);
}

static struct classes classify(const char *p)
{
	struct block b = block_load(p), lower = block_lower(&b);
	uint64_t high = block_high(&b);
	struct classes c = { .all = high ? below((unsigned)__builtin_ctzll(high)) : ~UINT64_C(0) };

	c.letters = block_in(&lower, 'a', 'z') & c.all;
	c.upper = block_in(&b, 'A', 'Z') & c.all;
	c.digits = block_in(&b, '0', '9') & c.all;
	c.spaces = block_is(&b, ' ') & c.all;
	c.lines = (block_is(&b, '\n') | block_is(&b, '\r')) & c.all;
	c.space = (block_in(&b, '\t', '\r') & c.all) | c.spaces;
	c.marks = c.all & ~(c.letters | c.digits | c.space);
	c.apostrophes = block_is(&b, '\'') & c.all;
	c.slashes = block_is(&b, '/') & c.all;
	return c;
}

/* Line ends behind marks (and slashes behind these) belong to the marks. A sum carries from each
 * line end that follows a mark through all that may follow it. */
static uint64_t line_tails(const struct classes *c, bool with_slashes)
{
	uint64_t seeds = c->lines & c->marks << 1;
	uint64_t may = with_slashes ? c->lines | c->slashes : c->lines;

	return (may & ~(may + seeds)) | seeds;
}

/* What follows the last line end of white space begins a piece: its first blank, unless a line
 * end comes after the blanks. */
static uint64_t after_lines(const struct classes *c)
{
	uint64_t starts = c->blanks & c->lines << 1;
	uint64_t more = (c->blanks + starts) & ~c->blanks & c->lines;

	for (; more != 0; more &= more - 1) {
		uint64_t earlier = starts & below((unsigned)__builtin_ctzll(more));

		starts &= ~(UINT64_C(1) << (63 - __builtin_clzll(earlier)));
	}
	return starts;
}

/* Every third digit of a run. */
static uint64_t digit_starts(uint64_t digits)
{
	uint64_t next = digits & ~(digits << 1), starts = next;
	uint64_t third = digits & digits << 1 & digits << 2;

	while (next != 0) {
		next = next << 3 & third;
		starts |= next;
	}
	return starts;
}

/* Where pieces begin, contractions aside. Takes the tails of marks out of the classes. */
static uint64_t plain_starts(struct classes *c, const struct pretoken_rules *r)
{
	uint64_t tails = line_tails(c, r->takes_slashes);

	c->marks &= ~tails;
	c->space &= ~tails;
	c->lines &= ~tails;
	c->blanks = c->space & ~c->lines;

	uint64_t marks = c->marks & ~(c->marks << 1) & ~(c->spaces << 1);
	uint64_t words = c->letters & ~(c->letters << 1) & ~(c->blanks << 1) & ~(marks << 1);
	uint64_t starts = marks | words | digit_starts(c->digits);

	starts |= c->space & ~(c->space << 1);  /* white space */
	starts |= c->blanks & ~(c->space >> 1); /* its last, which goes with what follows */
	starts |= after_lines(c);
	starts |= tails << 1 & ~tails;
	if (r->has_cases)
		starts |= c->upper & (c->letters & ~c->upper) << 1;
	return starts;
}

/* A contraction is a piece where one begins with it, and the end of a word where one ends in
 * front of it; a letter behind begins a word. */
static uint64_t mend_contractions(const char *p, const struct classes *c, uint64_t starts,
				  const struct pretoken_rules *r, unsigned cut)
{
	uint64_t behind_letter = r->own_contraction ? ~UINT64_C(0) : c->letters << 1;
	uint64_t at = c->apostrophes & (starts | 1) & behind_letter & below(cut);
	unsigned last_end = 0;

	for (; at != 0; at &= at - 1) {
		unsigned i = (unsigned)__builtin_ctzll(at);
		bool open = false;
		size_t len = pretoken_contraction((struct span){ p + i, 64 - i }, &open);

		if (len == 0 || (!r->own_contraction && i == last_end && i > 0))
			continue;
		last_end = i + (unsigned)len;
		starts &= ~(below(last_end) & ~below(i + r->own_contraction));
		starts |= c->letters & ~below(last_end) & below(last_end + 1);
	}
	return starts;
}

uint64_t pretoken_block(enum vocab_id id, const char *p)
{
	const struct pretoken_rules *r = pretoken_rules(id);
	struct classes c = classify(p);
	uint64_t starts = plain_starts(&c, r);
	uint64_t certain = c.all & ~c.space;
	unsigned cut = certain ? 64 - (unsigned)__builtin_clzll(certain) : 0;
	uint64_t late = c.apostrophes & ~below(cut > 3 ? cut - 3 : 0);

	if (late)
		cut = (unsigned)__builtin_ctzll(late);
	if (c.apostrophes)
		starts = mend_contractions(p, &c, starts, r, cut);
	return starts & below(cut) & ~UINT64_C(1);
}
