/* estimate.c - see estimate.h for what is assumed and how far it can be off. */
#include "metering/estimate.h"

#define BYTES_PER_TOK 4

static uint64_t at_most(uint64_t value, uint64_t most)
{
	return value < most ? value : most;
}

/* What pictures and sound in the body cost at most. */
static uint64_t media_tok(const struct peek *p)
{
	uint64_t audio_tok = p->audio_parts > 0 ? p->data_bytes / ESTIMATE_AUDIO_BYTES : 0;

	return p->image_parts * ESTIMATE_PICTURE_TOK + audio_tok;
}

uint64_t estimate_input_bound_tok(const struct peek *p, uint64_t body_bytes, uint64_t context_tok)
{
	uint64_t most_tok = context_tok > 0 ? context_tok : ESTIMATE_CONTEXT_TOK;
	uint64_t text_bytes = body_bytes > p->data_bytes ? body_bytes - p->data_bytes : 0;

	if (p->remote_input || p->file_parts > 0)
		return most_tok;
	/* Cut before it is added: no sum can overflow. */
	return at_most(at_most(text_bytes, most_tok) + at_most(media_tok(p), most_tok), most_tok);
}

uint64_t estimate_input_tok(const struct peek *p, uint64_t body_bytes, uint64_t context_tok)
{
	uint64_t mean_tok = p->text_bytes / BYTES_PER_TOK + media_tok(p) / 4 + 1;

	return at_most(mean_tok, estimate_input_bound_tok(p, body_bytes, context_tok));
}

uint64_t estimate_output_tok(uint64_t text_bytes)
{
	return text_bytes / BYTES_PER_TOK + (text_bytes % BYTES_PER_TOK != 0);
}
