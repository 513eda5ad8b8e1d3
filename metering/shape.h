/* shape.h - the tables of shape.tbl.h, made ready: which pointer of an answer means what.
 *
 * Immutable once made, at the first use, for all threads; lives as long as the process.
 */
#ifndef METERING_SHAPE_H
#define METERING_SHAPE_H
#include <stdbool.h>
#include <stdint.h>
#include "base/json_path.h"
#include "metering/counts.h"
#include "metering/dialect.h"

/* KIND(name, "what a value at such a place is") */
#define FACT_KINDS(KIND)                                                                           \
	KIND(document, "the document itself")                                                      \
	KIND(model, "the model that answers")                                                      \
	KIND(id, "the provider's id of the answer")                                                \
	KIND(tier, "the service tier that serves")                                                 \
	KIND(speed, "the same, where a second member says it")                                     \
	KIND(text, "generated text; enum text_of")                                                 \
	KIND(part, "which of several parts the text after it belongs to: a choice, block or call") \
	KIND(arguments, "generated text, or a generated object")                                   \
	KIND(type, "the document's type, a WORD")                                                  \
	KIND(finish, "why the model stopped; null while it has not")                               \
	KIND(finish_or_error, "the same, where an error is one of the reasons")                    \
	KIND(done, "true in the last document")                                                    \
	KIND(choices, "the list of choices; empty in OpenAI's usage chunk")                        \
	KIND(choice, "an element of it, or of the calls in one; enum part_level")                  \
	KIND(usage, "a usage object; the argument is enum usage_how")                              \
	KIND(count, "a number of it; the argument is enum count")                                  \
	KIND(cost, "what the provider charges; the argument is the decimals below the dollar")     \
	KIND(tool_count, "a fee's count outside of the usage object; enum count")                  \
	KIND(aux_model, "the model that a built-in tool uses")                                     \
	KIND(items, "a list that is whole: it replaces what items were counted before")            \
	KIND(iterations, "a list of inner exchanges; it replaces the ones known before")           \
	KIND(item, "an element of a list; enum list")                                              \
	KIND(item_kind, "its kind")                                                                \
	KIND(item_sub, "its subkind")                                                              \
	KIND(item_amount, "how much of it; one where nothing says so")                             \
	KIND(item_model, "its own model")                                                          \
	KIND(item_id, "what makes it the same item again")                                         \
	KIND(item_status, "not counted unless completed")                                          \
	KIND(query, "a search that the provider ran; the same words again are the same search")    \
	KIND(error, "an error, if not null")                                                       \
	KIND(error_text, "an error, if text: some hosts answer with nothing else")                 \
	KIND(error_word, "its short name; the argument is enum error_rank")                        \
	KIND(inner, "another document, in base64")

enum fact_kind {
#define KIND(name, help) FACT_##name,
	FACT_KINDS(KIND)
#undef KIND
};

/* What a usage object does to what was known before. */
enum usage_how {
	USE_replace, /* takes its place, as a whole */
	USE_base, /* takes its place; a second one is another answer, unless its id is the same */
	USE_overlay,   /* each number that is not null takes the place of its like */
	USE_iteration, /* an inner exchange: counted on top if its kind says so */
	USE_fallback,  /* counts only where nothing else did; also ends the answer */
	USE_at_end,    /* its numbers stand in the last document itself */
	USE_aux        /* served by another model, beside the rest */
};

/* Which of several names of an error is kept: the highest. */
enum error_rank {
	RANK_none,
	RANK_flat_type,
	RANK_flat_code,
	RANK_type,
	RANK_code,
	RANK_status
};

enum finish {
	FINISH_may_end, /* a finish reason is the end where the dialect says so */
	FINISH_ends
};

/* What an inner exchange is to the answer. */
enum iteration {
	ITERATION_part,   /* already in its usage */
	ITERATION_on_top, /* to be added */
	ITERATION_serves  /* its model is the one that answers */
};

enum list {
	LIST_none,
	LIST_output,
	LIST_prompt,
	LIST_cache,
	LIST_candidates,
	LIST_ttl
};

/* What a part of an answer is a part of. */
enum part_level {
	PART_choice, /* or block: of the answer */
	PART_call,   /* or item: of that */
	PART_LEVELS
};

/* What other text a piece of text goes on with. */
enum text_of {
	TEXT_choice, /* what its choice said at this place before */
	TEXT_call,   /* what its call said */
	TEXT_whole,  /* none: each string is a text */
	TEXT_name,   /* none, and the next call begins */
	TEXT_twin    /* its choice's; some hosts say it at two places of a document, and it counts
			at the first */
};

enum meaning {
	MEANS_nothing,
	MEANS_end, /* of the answer */
	MEANS_error,
	MEANS_silent, /* what looks like text in it is none */
};

struct shape_action {
	uint8_t kind; /* enum fact_kind */
	uint8_t arg;
	uint8_t how; /* enum usage_how of the usage object around it */
};

struct shape {
	const struct json_paths *paths;
	const struct shape_action *actions; /* by tag */
	struct counting counting;
	bool usage_in_document; /* USE_at_end */
};

/* The shape's tables; NULL only when there was no memory to make them. Any thread. */
const struct shape *shape_get(enum shape_id id);

/* What a document's type or an event's name means to the shape. */
enum meaning shape_meaning(enum shape_id id, struct span word);

/* What an element of a list adds to; COUNT_COUNT: nothing. */
enum count shape_item(enum list list, struct span kind, struct span sub);

/* What an inner exchange of this kind is to its answer. */
enum iteration shape_iteration(struct span kind);

/* The number that a response header holds; COUNT_COUNT: none. */
enum count shape_header(enum shape_id id, struct span name);

/* Our word for a provider's service tier: mostly its own. */
struct span shape_tier(struct span theirs);

#endif
