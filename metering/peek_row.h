/* peek_row.h - the rows of peek.tbl.h, for the two that read request bodies: peek.c, which
 * looks before anything is forwarded, and prompt.c, which counts the prompt's tokens.
 */
#ifndef METERING_PEEK_ROW_H
#define METERING_PEEK_ROW_H
#include <stdbool.h>
#include "metering/dialect.h"

/* Shapes as a set; the table's own words for them. */
enum {
	CHAT = 1 << SHAPE_openai_chat,
	COMPLETIONS = 1 << SHAPE_openai_completions,
	RESPONSES = 1 << SHAPE_openai_responses,
	EMBEDDINGS = 1 << SHAPE_openai_embeddings,
	ANTHROPIC = 1 << SHAPE_anthropic,
	GEMINI = 1 << SHAPE_gemini,
	INTERACTIONS = 1 << SHAPE_gemini_interactions,
	CONVERSE = 1 << SHAPE_bedrock_converse,
	INVOKE = 1 << SHAPE_bedrock_invoke,
	COHERE = 1 << SHAPE_cohere,
	OLLAMA = 1 << SHAPE_ollama,
	EVERY = ~(1 << SHAPE_free)
};

enum peek_role {
#define PEEK_ROLE(name, help)  ROLE_##name,
#define COUNT_ROLE(name, help) ROLE_##name,
#include "metering/peek_role.tbl.h"
};

struct peek_row {
	int shapes;
	const char *pointer;
	enum peek_role role;
	bool counted_only; /* peek_body() does not look there */
};

/* Ends with a NULL pointer. */
extern const struct peek_row peek_rows[];

#endif
