/* estimate.h - tokens where nobody counted: bounds for holds, means for bills. Pure.
 *
 * Bound  every vocabulary in use splits text into pieces of at least one byte, and what
 *        a provider adds around messages and tools is shorter than the JSON that asked
 *        for it; so a body without inline data has fewer tokens than bytes. Pictures
 *        cost at most ESTIMATE_PICTURE_TOK each, sound at most a token for
 *        ESTIMATE_AUDIO_BYTES of base64. What is not in the body at all (files by id,
 *        links, earlier turns kept by the provider) is bounded by the context alone.
 * Mean   four bytes of text to a token. English prose and code lie within about -20 %
 *        and +25 % of that; scripts of three bytes to a character have up to twice as
 *        many tokens. Rows that use it say `estimated`.
 */
#ifndef METERING_ESTIMATE_H
#define METERING_ESTIMATE_H
#include <stdint.h>
#include "metering/peek.h"

#define ESTIMATE_PICTURE_TOK UINT64_C(8192)
#define ESTIMATE_AUDIO_BYTES UINT64_C(16)
#define ESTIMATE_CONTEXT_TOK UINT64_C(1000000) /* where the model's is not known */

/* At most this many prompt tokens can this request have. context_tok: the model's
 * context, 0 when not known. */
uint64_t estimate_input_bound_tok(const struct peek *p, uint64_t body_bytes, uint64_t context_tok);

/* About this many prompt tokens has it; never above the bound. */
uint64_t estimate_input_tok(const struct peek *p, uint64_t body_bytes, uint64_t context_tok);

/* About this many tokens are in text_bytes of generated text; 0 only for 0. */
uint64_t estimate_output_tok(uint64_t text_bytes);

#endif
