/* tok_model.h - how a model counts: its vocabulary, what is added to the text, what a
 * picture costs. All of it is data: tok_model.tbl.h.
 *
 * Promise  a name that nobody knows still has an answer, by the provider that serves it;
 *          `exact` is said only where the vocabulary is known to be the model's own.
 * Threads  any; everything pointed to is constant and static.
 */
#ifndef METERING_TOK_MODEL_H
#define METERING_TOK_MODEL_H
#include <stdbool.h>
#include <stdint.h>
#include "metering/dialect.h"
#include "metering/tok.h"

#define TOK_FAMILY_ROOM 32

/* Tokens of the model for 1000 of the vocabulary's, by script. */
struct tok_ratio {
	uint16_t permille[TOK_SCRIPTS];
};

/* What messages add to their text. A call is a tool's, in an assistant's message. */
struct tok_chat {
	int base, message, name, call, parallel;
};

/* What the definitions of tools add to the names, types and descriptions in them. */
struct tok_tools {
	int some, shared, tool, arguments, property, help, list, choice, format;
};

enum tok_picture_kind {
	PICTURE_flat,  /* base each */
	PICTURE_tiles, /* within 2048 x 2048, the short side cut to `side`: base, and `per` for each
			  tile of 512 x 512; little detail: base alone */
	PICTURE_patches, /* of 32 x 32, shrunk to at most `cap` of them */
	PICTURE_blocks,  /* of `per` x `per`, within side x side and at most `cap`; and base */
	PICTURE_crops    /* base, if no side is longer than `side`, else base for each crop of
			    `per` x `per` */
};

struct tok_picture {
	enum tok_picture_kind kind;
	uint32_t base, per, cap, side;
	uint32_t multiplier; /* thousandths, of all but base */
};

struct tok_model {
	const char *family; /* what estimates learn together; under TOK_FAMILY_ROOM bytes */
	enum vocab_id vocab;
	bool exact; /* the vocabulary is the model's own; else the nearest there is */
	const struct tok_ratio *ratio;
	const struct tok_chat *chat;
	const struct tok_tools *tools;
	const struct tok_picture *picture;
};

/* What is known of the model of that name, as written in a request or a price list. d: who
 * serves it; NULL: not known. */
void tok_model_find(const struct dialect *d, struct span name, struct tok_model *out);

/* The tokens that the model has for text of which the vocabulary counted c, rounded up. */
uint64_t tok_model_text(const struct tok_model *m, struct tok_count c);

/* "cl100k_base" or "o200k_base"; static text. */
const char *tok_model_encoding(const struct tok_model *m);

#endif
