/* tokens.h - counts tokens for people: weir tokens, and the admin API's route of that name.
 *
 * Threads  as the struct tok.
 */
#ifndef OPS_TOKENS_H
#define OPS_TOKENS_H
#include <jansson.h>
#include "base/err.h"
#include "base/must.h"
#include "metering/prompt.h"

enum tokens_as {
	TOKENS_TEXT,
	TOKENS_BODY,
	TOKENS_EITHER /* a body where it looks like one */
};

/* What was counted. */
struct tokens {
	struct tok_model model;
	bool is_body;
	enum shape_id shape;       /* of the body */
	struct prompt_count count; /* of a text: count.text alone */
};

/* Counts what the model of that name makes of it. ERR_GARBLED, ERR_MISSING: it is not the
 * request body that it should be. ERR_NOMEM. */
enum err tokens_count(struct tok *t, const char *model, struct span text, enum tokens_as as,
		      struct tokens *out) MUST_USE;

/* A new object that says all of it. `exact`: the vocabulary is the model's own. `method`: a
 * text alone is then counted to the token; a body by the formula of what is put around its
 * texts; otherwise all is a prior, the nearest vocabulary times a usual ratio. */
json_t *tokens_json(const char *model, const struct tokens *t) MUST_USE;

/* What an error of tokens_count() means; static text. */
const char *tokens_problem(enum err e);

#endif
