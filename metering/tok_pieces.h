/* tok_pieces.h - counting piece by piece: what counting a whole text and counting a stream share.
 */
#ifndef METERING_TOK_PIECES_H
#define METERING_TOK_PIECES_H
#include "metering/bpe.h"
#include "metering/tok.h"

/* Where to stop. */
struct tok_bounds {
	bool ended;         /* is text all there is? Else no piece is counted that may go on */
	size_t piece_bytes; /* before the first piece that is longer */
	uint64_t tokens;    /* soon after there are more */
	uint64_t work;      /* soon after tok_bpe()->work is above */
};

/* Adds the pieces that text begins with to *sum. Returns how many bytes they have. text: valid
 * UTF-8. */
size_t tok_count_pieces(struct tok *t, enum vocab_id id, struct span text,
			const struct tok_bounds *bounds, struct tok_count *sum);

/* Which script has the piece? */
enum tok_script tok_script_of(struct span piece);

/* What t encodes pieces of a vocabulary with; its work only grows. */
struct bpe *tok_bpe(struct tok *t, enum vocab_id id);

#endif
