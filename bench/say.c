/* say.c - the words, the errors, and which path speaks which dialect. */
#include <stdarg.h>
#include <stdio.h>
#include "bench/dialect.h"

void say(struct buf *to, const char *fmt, ...)
{
	char text[4096];
	va_list args;
	int len;

	va_start(args, fmt);
	len = vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	MUST(len >= 0 && (size_t)len < sizeof(text));
	say_span(to, (struct span){ text, (size_t)len });
}

void say_span(struct buf *to, struct span s)
{
	MUST(buf_add(to, s));
}

struct span say_word(uint64_t k)
{
	static const struct span words[] = {
		SPAN(" water"), SPAN(" runs"),   SPAN(" over"),  SPAN(" the"),  SPAN(" wall"),
		SPAN(" and"),   SPAN(" down"),   SPAN(" to"),    SPAN(" a"),    SPAN(" river"),
		SPAN(" where"), SPAN(" people"), SPAN(" stand"), SPAN(" on"),   SPAN(" stone"),
		SPAN(" in"),    SPAN(" cold"),   SPAN(" light"), SPAN(" of"),   SPAN(" morning"),
		SPAN(" with"),  SPAN(" their"),  SPAN(" hands"), SPAN(" full"), SPAN(" of"),
		SPAN(" bread"), SPAN(" for"),    SPAN(" birds"), SPAN(" that"), SPAN(" come"),
		SPAN(" when"),  SPAN(" it"),
	};

	return words[k % (sizeof(words) / sizeof(words[0]))];
}

void say_words(const struct ask *a, struct buf *to)
{
	for (uint64_t k = 0; k < a->events; k++)
		say_span(to, say_word(k));
}

void say_argument(const struct ask *a, uint64_t k, struct buf *to)
{
	if (k == 0)
		say_span(to, SPAN("{\\\"query\\\":\\\""));
	say_span(to, say_word(k));
	if (k + 1 == a->events)
		say_span(to, SPAN("\\\"}"));
}

void say_arguments(const struct ask *a, struct buf *to)
{
	for (uint64_t k = 0; k < a->events; k++)
		say_argument(a, k, to);
}

const struct error_words *say_error(const struct ask *a)
{
	static const struct error_words known[] = {
		{ 400, "invalid_request_error", "invalid_value", "invalid_request_error",
		  "INVALID_ARGUMENT", "ValidationException", "The request is not valid." },
		{ 401, "invalid_request_error", "invalid_api_key", "authentication_error",
		  "UNAUTHENTICATED", "UnrecognizedClientException", "Incorrect API key provided." },
		{ 403, "invalid_request_error", "permission_denied", "permission_error",
		  "PERMISSION_DENIED", "AccessDeniedException", "Not allowed for this key." },
		{ 404, "invalid_request_error", "model_not_found", "not_found_error", "NOT_FOUND",
		  "ResourceNotFoundException", "The model does not exist." },
		{ 429, "tokens", "rate_limit_exceeded", "rate_limit_error", "RESOURCE_EXHAUSTED",
		  "ThrottlingException", "Rate limit reached." },
		{ 500, "server_error", "internal_error", "api_error", "INTERNAL",
		  "InternalServerException", "The server had an error." },
		{ 503, "server_error", "service_unavailable", "api_error", "UNAVAILABLE",
		  "ServiceUnavailableException", "The server is overloaded." },
		{ 529, "server_error", "overloaded", "overloaded_error", "UNAVAILABLE",
		  "ServiceUnavailableException", "Overloaded" },
	};
	static const struct error_words other = { 0,
						  "server_error",
						  "error",
						  "api_error",
						  "UNKNOWN",
						  "InternalServerException",
						  "Something went wrong." };
	int64_t status = a->script.kind == FAULT_error ? 503 : a->script.status;

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (known[i].status == status)
			return &known[i];
	return &other;
}

static bool ends(struct span s, struct span suffix)
{
	return s.len >= suffix.len && memcmp(s.at + s.len - suffix.len, suffix.at, suffix.len) == 0;
}

/* What stands in target between `before` and the last `after`. */
static struct span between(struct span target, const char *before, char after)
{
	const char *from = memmem(target.at, target.len, before, strlen(before));
	const char *to = memrchr(target.at, after, target.len);

	if (!from || !to || to < from + strlen(before))
		return (struct span){ "", 0 };
	from += strlen(before);
	return (struct span){ from, (size_t)(to - from) };
}

/* Google puts model and verb into the path: .../models/M:verb. */
static const struct dialect *find_google(struct span path, struct span query, struct span *model,
					 bool *stream)
{
	*model = between(path, "models/", ':');
	if (model->len == 0)
		return NULL;
	if (ends(path, SPAN(":rawPredict")) || ends(path, SPAN(":streamRawPredict")))
		return &dialect_anthropic;
	if (ends(path, SPAN(":countTokens")))
		return &dialect_gemini_count;
	*stream = ends(path, SPAN(":streamGenerateContent"));
	if (*stream && !memmem(query.at, query.len, "alt=sse", 7))
		return &dialect_gemini_array;
	return *stream || ends(path, SPAN(":generateContent")) ? &dialect_gemini : NULL;
}

static const struct dialect *find_bedrock(struct span path, struct span *model, bool *stream)
{
	*model = between(path, "/model/", '/');
	if (model->len == 0)
		return NULL;
	*stream = ends(path, SPAN("-stream"));
	if (ends(path, SPAN("/converse")) || ends(path, SPAN("/converse-stream")))
		return &dialect_converse;
	return &dialect_invoke;
}

const struct dialect *dialect_find(struct span method, struct span target, struct span *model,
				   bool *stream)
{
	static const struct {
		struct span end;
		const struct dialect *dialect;
	} paths[] = {
		{ SPAN("/chat/completions"), &dialect_chat },
		{ SPAN("/completions"), &dialect_completions },
		{ SPAN("/responses"), &dialect_responses },
		{ SPAN("/embeddings"), &dialect_embeddings },
		{ SPAN("/messages/count_tokens"), &dialect_count },
		{ SPAN("/messages"), &dialect_anthropic },
		{ SPAN("/v2/chat"), &dialect_cohere },
		{ SPAN("/api/chat"), &dialect_ollama },
		{ SPAN("/interactions"), &dialect_gemini }, /* for recordings of it */
	};
	const char *mark = memchr(target.at, '?', target.len);
	struct span path = { target.at, mark ? (size_t)(mark - target.at) : target.len };
	struct span query = span_skip(target, path.len);
	const struct dialect *found;

	*model = (struct span){ "", 0 };
	if (span_eq(method, SPAN("GET")))
		return ends(path, SPAN("/models"))                    ? &dialect_models
		       : memmem(path.at, path.len, "/responses/", 11) ? &dialect_responses
								      : &dialect_unknown;
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		if (ends(path, paths[i].end)) {
			if (paths[i].dialect == &dialect_ollama)
				*stream = true; /* unless the body says otherwise */
			return paths[i].dialect;
		}
	found = find_google(path, query, model, stream);
	if (!found)
		found = find_bedrock(path, model, stream);
	return found ? found : &dialect_unknown;
}
