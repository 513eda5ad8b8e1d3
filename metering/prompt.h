/* prompt.h - the tokens of a request's prompt: text, tools, pictures.
 *
 * Walks the body once (where the prompt stands in it: peek.tbl.h, prompt_key.tbl.h) and
 * counts the text of every message, the definitions of tools and what else a model reads,
 * each as a text of its own. Pictures count by their size; base64 is never tokenised.
 *
 * Promise  the same counts whatever the steps' budgets. A step goes on beyond its budget by
 *          what PROMPT_CHUNK bytes of body take: a microsecond or two, for hostile text a
 *          few hundred.
 * Exact    is the count of each text, where the model's vocabulary is exact. What a
 *          provider puts around texts is known for plain messages and near for tools.
 * Owner    prompt_new()'s caller; the body and the tok stay the caller's.
 * Threads  none.
 */
#ifndef METERING_PROMPT_H
#define METERING_PROMPT_H
#include <stdbool.h>
#include <stdint.h>
#include "base/must.h"
#include "base/span.h"
#include "metering/dialect.h"
#include "metering/tok_model.h"

#define PROMPT_CHUNK 256 /* bytes of body that are read at once */

struct prompt_count {
	struct tok_count text;  /* messages, instructions, calls of tools and their results */
	struct tok_count tools; /* definitions of tools, and of the answer's form */
	uint64_t picture_tok;   /* by the model's rule */
	uint32_t messages, names;
	uint32_t calls, parallel;            /* of tools; of these, beside others in a message */
	uint32_t tool_count, with_arguments; /* tools, and those that take arguments */
	uint32_t properties, lists, choices; /* in their definitions */
	uint32_t helps;                      /* descriptions; a full stop ends a line for nothing */
	uint32_t formats;                    /* of the answer */
	uint32_t pictures;
	uint32_t unseen; /* pictures whose size is not known: each counts as PICTURE_UNSEEN_PX */
	uint32_t unread; /* sound and files: they count as nothing */
	bool system;     /* there is a system's or developer's message */
	bool remote;     /* a part of the prompt is not in the body */
	bool damaged;    /* the body is no JSON; what came before still counts */
};

struct prompt;

/* Begins to count the prompt in a body of that shape; SHAPE_free has none. The body must
 * stay until prompt_free(). NULL: no memory. */
struct prompt *prompt_new(enum shape_id shape, const struct tok_model *m,
			  struct span body) MUST_USE;

/* NULL is fine. */
void prompt_free(struct prompt *p);

/* Counts on for about so many nanoseconds. True: done. */
bool prompt_step(struct prompt *p, struct tok *t, int64_t work_ns);

/* What was counted so far; all of it once a step said so. */
const struct prompt_count *prompt_counted(const struct prompt *p);

/* The tokens that the provider will see in a prompt with these counts, by the model's
 * rules: its own text, and what is added around it. */
uint64_t prompt_tok(const struct prompt_count *c, const struct tok_model *m);

/* The part of it that tools have. */
uint64_t prompt_tool_tok(const struct prompt_count *c, const struct tok_model *m);

#endif
