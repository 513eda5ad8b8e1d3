/* meter.h - our own count of one exchange's tokens, for as long as its provider says none.
 *
 *   meter_begin --> meter_prompt, meter_step ... --> meter_input_tok   before and while it runs
 *                   meter_text ...               --> meter_output_tok  while the answer passes
 *                   meter_learn                                        when all is over
 *
 * Prompt    before anything is counted, from its bytes; then from the count of its text, which
 *           is taken in slices so that a long one holds nobody up.
 * Answer    counted as it passes; the fields of an answer are texts of their own.
 * Exact     where the model's vocabulary is public, for what was seen of the text. Elsewhere the
 *           nearest vocabulary's count, weighed by what earlier reports have taught (learn.h).
 * Owner     the exchange; meter_release() frees what it holds. The kit is the worker's.
 * Threads   none; what is learned is shared by all.
 */
#ifndef METERING_METER_H
#define METERING_METER_H
#include <stdbool.h>
#include <stdint.h>
#include "base/span.h"
#include "metering/dialect.h"
#include "metering/learn.h"
#include "metering/peek.h"
#include "metering/prompt.h"
#include "metering/tok_model.h"

struct row;

struct meter_kit { /* what a thread counts with */
	struct tok *tok;
	struct learn *learn;
};

struct meter {
	const struct meter_kit *kit; /* NULL: nothing is counted */
	struct tok_model model;
	struct learn_prior prior;
	struct learn_model *learned; /* NULL: nothing is learned yet */
	struct learn_features bytes; /* of the prompt, before it is counted */
	uint64_t most_tok;           /* more the prompt cannot have (estimate.h) */
	uint64_t plain_tok;          /* what it has where nothing else is known (estimate.h) */
	struct prompt *prompt;       /* being counted */
	struct prompt_count counted;
	bool prompt_counted;
	bool mixed;                /* the answer's texts could not be told apart */
	uint8_t voices;            /* texts that may be going on at the same time */
	struct meter_texts *texts; /* of the answer, under way; allocated with the first */
	struct tok_count said;     /* of its texts that are over */
	uint64_t said_bytes;       /* taken from all of them */
};

struct meter_subject { /* borrowed for the call */
	const struct dialect *dialect;
	struct span provider, model;
	const struct peek *peek;
	struct span body;
	uint64_t context_tok; /* of the model; 0: not known */
};

/* Nothing is counted yet: m knows what the peek saw. kit: NULL where nothing can be counted. */
void meter_begin(struct meter *m, const struct meter_kit *kit, const struct meter_subject *s);

/* Frees what m holds and forgets the exchange. */
void meter_release(struct meter *m);

/* --- the prompt --- */

/* Begins to count the prompt; the body must stay until meter_step() says true, or
 * meter_release(). False: there is no memory, and the bytes remain the measure. */
bool meter_prompt(struct meter *m, enum shape_id shape, struct span body);

/* Counts on for about so many nanoseconds. True: done, or there is nothing to do. */
bool meter_step(struct meter *m, int64_t work_ns);

/* Gives the count up if it is not done: the body is about to go. It can be begun again. */
void meter_prompt_drop(struct meter *m);

/* How many tokens the prompt has, as far as is known now: the mean for bills, and what it has at
 * most in 19 of 20 cases for holds; neither is above the bound. */
struct meter_input {
	uint64_t mean_tok, high_tok;
};
struct meter_input meter_input_tok(const struct meter *m);

/* --- the answer --- */

/* A piece of text, as tap_text says it; arg is the meter. */
void meter_text(void *arg, uint32_t part, struct span piece);

/* How many tokens the answer has, of whose text text_bytes have passed. now: counts what is still
 * put aside, which takes up to some 200 us; otherwise that is estimated. */
uint64_t meter_output_tok(struct meter *m, uint64_t text_bytes, bool now);

/* The same, now, but where it is estimated as few as the answer has in 19 of 20 cases: nobody is
 * cut off for an error of ours. */
uint64_t meter_output_low_tok(struct meter *m, uint64_t text_bytes);

/* --- all of it --- */

/* Is what was counted the provider's own number, short of what nobody can see? */
bool meter_is_exact(const struct meter *m, uint64_t text_bytes);

/* How it was counted, in a word or two for the ledger. */
void meter_method(const struct meter *m, char *to, size_t room);

/* Teaches what r's provider has reported, where the prompt or the answer was counted. */
void meter_learn(struct meter *m, const struct row *r, uint64_t text_bytes);

#endif
