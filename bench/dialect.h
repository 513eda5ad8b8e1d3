/* dialect.h - the shapes in which providers answer.
 *
 * A streamed answer is `opening` events, then the text, one word per event, then
 * `closing` events. An event that does not apply writes nothing and is not counted.
 * Text is the same for every request, each word one token of the usual vocabularies.
 */
#ifndef BENCH_DIALECT_H
#define BENCH_DIALECT_H
#include "base/buf.h"
#include "bench/ask.h"

enum part {
	PART_OPENING,
	PART_TEXT,
	PART_CLOSING
};

typedef void dialect_event(const struct ask *a, enum part part, uint64_t k, struct buf *to);
typedef void dialect_body(const struct ask *a, struct buf *to);

struct dialect {
	const char *name;
	const char *id_prefix;
	const char *id_header; /* where the response carries its request id */
	const char *stream_type;
	bool can_stream;
	unsigned opening, closing;
	unsigned usage_in;           /* which closing event carries the usage */
	bool reports;                /* does a plain answer carry usage? */
	void (*lead)(struct ask *a); /* fills a->lead; NULL: none */
	dialect_event *event;
	dialect_body *plain;
	dialect_body *refuse; /* the body of an error status */
	dialect_body *fail;   /* the in-stream error; NULL: there is none */
};

extern const struct dialect dialect_chat, dialect_completions, dialect_responses,
    dialect_embeddings, dialect_models, dialect_anthropic, dialect_count, dialect_gemini,
    dialect_gemini_array, dialect_gemini_count, dialect_cohere, dialect_ollama, dialect_converse,
    dialect_invoke, dialect_unknown;

/* The dialect a request target speaks. Sets what the path itself says: *model (borrowed,
 * empty if it does not) and *stream (unchanged if it does not). */
const struct dialect *dialect_find(struct span method, struct span target, struct span *model,
				   bool *stream);

/* Appends up to 4 kB of text; aborts past that or the buffer's ceiling, which nothing we
 * write can reach. */
void say(struct buf *to, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Appends s, however long. */
void say_span(struct buf *to, struct span s);

/* For "%llu". */
static inline unsigned long long llu(uint64_t n)
{
	return n;
}

/* Word k of the text, with the space before it. */
struct span say_word(uint64_t k);

/* All words of the answer. */
void say_words(const struct ask *a, struct buf *to);

/* Piece k of the tool call's arguments: together they are one JSON object. Still to be
 * escaped for use inside a JSON string. */
void say_argument(const struct ask *a, uint64_t k, struct buf *to);

/* All pieces, escaped once, for use inside a JSON string. */
void say_arguments(const struct ask *a, struct buf *to);

/* The word of a dialect for an HTTP status: type, code and message of an error. */
struct error_words {
	int status;
	const char *openai_type, *openai_code, *anthropic_type, *google_status, *aws_type;
	const char *message;
};
const struct error_words *say_error(const struct ask *a);

#endif
