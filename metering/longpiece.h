/* longpiece.h - a piece that is too long to be kept until it ends: counted while it passes.
 *
 * Where such a piece ends may be told only by what comes long after:
 *
 *   space   ends after its last line end, if it has one; what follows that is a piece of its own
 *   o200k   upper case behind letters without case is a word of its own, unless lower case follows
 *
 * So there are two counts: of the whole, and of the rest since the last place where the piece may
 * prove to end. No third is needed: the rest does not split again.
 * Limit    its size, about 1 kB; no memory beyond.
 */
#ifndef METERING_LONGPIECE_H
#define METERING_LONGPIECE_H
#include "metering/bpe.h"
#include "metering/pretoken.h"
#include "metering/tok.h"

struct longpiece {
	enum vocab_id vocab;
	enum pretoken_kind kind;
	size_t prefix;  /* bytes that are still to be taken unseen */
	bool late;      /* in its second half: lower case of a word, line ends behind marks */
	bool may_split; /* it may prove to have ended where the rest begins */
	bool ended;     /* where is known: what was taken is final */
	struct tok_count before; /* of the whole, until the rest begins */
	enum tok_script script, rest_script;
	struct bpe_ring whole, rest;
};

/* Begins the piece that text begins with; takes nothing of it yet. Its kind must be plain from
 * text: any but a number, which is never long. */
void longpiece_init(struct longpiece *l, enum vocab_id id, struct span text);

/* Takes what goes on with the piece, and sets l->ended where its end is known. Text that is not
 * taken belongs to what follows, or is undecided until there is more of it; with at_end there is
 * no more. Stops soon after b->work is above limit. text: valid UTF-8; when called first it begins
 * with what longpiece_init() was shown. Returns how many bytes were taken. */
size_t longpiece_take(struct longpiece *l, struct bpe *b, struct span text, bool at_end,
		      uint64_t limit);

/* The tokens of what was taken, if that ends there. */
struct tok_count longpiece_count(const struct longpiece *l);

#endif
