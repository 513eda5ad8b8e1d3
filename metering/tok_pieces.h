/* tok_pieces.h - counting piece by piece: what counting a whole text and counting a stream share.
 */
#ifndef METERING_TOK_PIECES_H
#define METERING_TOK_PIECES_H
#include "metering/tok.h"

/* Where to stop. */
struct tok_bounds {
	bool ended;         /* is text all there is? Else no piece is counted that may go on */
	size_t piece_bytes; /* before the first piece that is longer */
	uint64_t tokens;    /* soon after there are more */
	uint64_t work;      /* soon after it took as much */
};

/* Adds the pieces that text begins with to *sum and what they took to *work. Returns how many
 * bytes they have. text: valid UTF-8. */
size_t tok_count_pieces(struct tok *t, enum vocab_id id, struct span text,
			const struct tok_bounds *bounds, struct tok_count *sum, uint64_t *work);

/* Which script has the piece? */
enum tok_script tok_script_of(struct span piece);

/* The vocabulary t counts with. */
const struct vocab *tok_vocab(const struct tok *t, enum vocab_id id);

#endif
