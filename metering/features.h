/* features.h - what estimates are made from: our own counts, in the form that metering/learn.h
 * learns from. Pure.
 *
 * Promise  the prior estimate for a counted prompt is what prompt_tok() says of it.
 */
#ifndef METERING_FEATURES_H
#define METERING_FEATURES_H
#include <stdbool.h>
#include "metering/learn.h"
#include "metering/peek.h"
#include "metering/prompt.h"

/* What is assumed of a model; borrows the family's name, which is static. */
struct learn_prior features_prior(const struct tok_model *m);

/* A prompt that was counted, for LEARN_prompt. */
struct learn_features features_prompt(const struct prompt_count *c, const struct tok_model *m);

/* Was all of the prompt counted, so that there is something to learn from it? */
bool features_are_whole(const struct prompt_count *c);

/* An answer, for LEARN_completion. frame_tok: what our rules add to its text. */
struct learn_features features_answer(struct tok_count text, uint64_t frame_tok);

/* A request body of which nothing was counted, for LEARN_prompt_bytes; reads it once, some
 * gigabytes a second. p: what peek_body() found in it. */
struct learn_features features_body(const struct peek *p, struct span body);

#endif
