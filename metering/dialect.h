/* dialect.h - the closed sets of wire shapes and providers, as tables.
 *
 * A SHAPE is how bytes look on a route (openai-chat, anthropic, gemini ...): where the
 * request names its model and caps, where the answer reports usage, how it ends, how
 * errors are phrased. A DIALECT is a provider: the paths it answers on, each with its
 * shape, and how it deviates from them. Adding a provider is adding rows to shape.tbl.h
 * and dialect.tbl.h, not code.
 */
#ifndef METERING_DIALECT_H
#define METERING_DIALECT_H
#include <stdbool.h>
#include <stdint.h>
#include "base/must.h"
#include "base/span.h"

enum shape_id {
#define SHAPE(id, name, style, reasoning, apart) SHAPE_##id,
#include "metering/shape.tbl.h"
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

/* How the tenant's credential is replaced by the provider's on the way up; where the
 * config has no key for a provider nothing is sent. */
enum auth_style {
	AUTH_bearer,
	AUTH_x_api_key,
	AUTH_api_key,
	AUTH_x_goog_api_key,
	AUTH_none
};

/* Where a provider counts reasoning tokens. */
enum reasoning_place {
	REASONING_inside, /* in the output count */
	REASONING_on_top, /* beside it */
	REASONING_hidden  /* nowhere: what the total has more than input and output */
};

struct dialect {
	const char *name; /* "openai", "groq", ... as in the config */
	enum auth_style auth;
	enum reasoning_place reasoning; /* in chat completions; other shapes have their own */
	bool inject_usage; /* put stream_options.include_usage in where it is missing */
	bool finish_ends;  /* a chat stream has no [DONE]: its finish reason ends it */
	bool request_fee;  /* each request is charged beside its tokens */
};

/* The dialect of that name, or NULL. */
const struct dialect *dialect_find(struct span name);

/* The i-th dialect of the table, NULL past its end; for listings and error messages. */
const struct dialect *dialect_at(unsigned i);

/* What a request path says, before any body is read. */
struct path_match {
	enum shape_id shape;
	enum error_style style; /* also of free routes, whose shape does not say */
	struct span model;      /* part of the path that names the model (Gemini, Azure, Bedrock),
				   as written; empty if none */
	struct span object;     /* part of it that names an answer the provider keeps */
	int stream;             /* 1 yes, 0 no, -1 the body says */
	bool get_only;          /* a free GET route */
	struct span upstream_prefix; /* the request goes to base_url, then this (mostly empty), */
	struct span upstream_path;   /* then this part of the path */
};

/* Finds what `path` (no query, starting with '/') means to dialect d, by an exact table:
 * no normalising, no guessing. False: no such route. */
bool dialect_match_path(const struct dialect *d, struct span method, struct span path,
			struct path_match *out);

/* The same on the client port where no provider is named: /v1/chat/completions,
 * /v1/messages, /v1beta/models/... Once the model has named a provider, its own
 * dialect_match_path() says where the request goes. */
bool dialect_match_public(struct span method, struct span path, struct path_match *out);

#define DIALECT_MODEL_ROOM 256

/* Writes the model of a path for looking it up: "%3A" becomes ':', and of an Amazon resource
 * name only what stands behind its last "%2F" is taken, which is the name of a model or of a
 * profile. False: longer than the room. */
bool dialect_model_text(struct span model, char *to, size_t room) MUST_USE;

#endif
