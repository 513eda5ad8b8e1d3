/* dialect.h - the closed sets of wire shapes and providers, as tables.
 *
 * A SHAPE is how bytes look on a route (openai-chat, anthropic, gemini ...): where the
 * request names its model and caps, where the answer reports usage, how it ends, how
 * errors are phrased. A DIALECT is a provider's set of shapes plus its deviations
 * (reasoning on top, include_usage accepted or not ...). Adding a provider is adding
 * rows to shape tables and dialect.tbl.h, not code.
 */
#ifndef METERING_DIALECT_H
#define METERING_DIALECT_H
#include <stdbool.h>
#include <stdint.h>
#include "base/span.h"

enum shape_id {
	SHAPE_openai_chat,
	SHAPE_openai_completions,
	SHAPE_openai_responses,
	SHAPE_openai_embeddings,
	SHAPE_anthropic,
	SHAPE_gemini,
	SHAPE_gemini_interactions,
	SHAPE_bedrock_converse,
	SHAPE_bedrock_invoke,
	SHAPE_cohere,
	SHAPE_ollama,
	SHAPE_free, /* known routes that cost nothing (model lists, token counting) */
	SHAPE_COUNT
};

/* "openai-chat" and so on; static text. */
const char *shape_name(enum shape_id id);

/* How our own errors are worded on a shape. */
enum error_style {
	STYLE_openai,
	STYLE_anthropic,
	STYLE_gemini,
	STYLE_bedrock,
	STYLE_cohere,
	STYLE_ollama,
	STYLE_COUNT
};
enum error_style shape_error_style(enum shape_id id);

/* How the tenant's credential is replaced by the provider's on the way up. */
enum auth_style { AUTH_bearer, AUTH_x_api_key, AUTH_api_key, AUTH_x_goog_api_key, AUTH_none };

struct dialect {
	const char *name;      /* "openai", "groq", ... as in the config */
	enum auth_style auth;
	bool reasoning_on_top; /* reasoning tokens are not inside the completion count (xAI chat) */
	bool inject_usage;     /* put stream_options.include_usage in where it is missing */
	bool hidden_reasoning; /* total - prompt - completion is reasoning (Gemini's OpenAI face) */
};

/* The dialect of that name, or NULL. */
const struct dialect *dialect_find(struct span name);

/* The i-th dialect of the table, NULL past its end; for listings and error messages. */
const struct dialect *dialect_at(unsigned i);

/* What a request path says, before any body is read. */
struct path_match {
	enum shape_id shape;
	struct span model;   /* part of the path that names the model (Gemini, Azure, Bedrock); empty if none */
	int stream;          /* 1 yes, 0 no, -1 the body says */
	bool get_only;       /* a free GET route */
	struct span upstream_path; /* what is appended to the provider's base_url */
};

/* Finds what `path` (no query, starting with '/') means to dialect d, by an exact table:
 * no normalising, no guessing. False: no such route. */
bool dialect_match_path(const struct dialect *d, struct span method, struct span path,
			struct path_match *out);

/* The same on the client port where no provider is named: which dialect FAMILY (openai,
 * anthropic, gemini, ...) a path like /v1/chat/completions belongs to. */
bool dialect_match_public(struct span method, struct span path, struct path_match *out);

#endif
