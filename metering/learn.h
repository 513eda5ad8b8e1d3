/* learn.h - estimates of tokens that learn from what providers report.
 *
 *   m = learn_find(l, provider, family)                   once for an exchange
 *   learn_estimate(m, &prior, kind, &features, &e)        before, during and after it
 *   learn_sample(l, provider, &prior, kind, &features, n) when the provider has said n
 *
 * What      for each (provider, model family) and kind a linear model of what the provider
 *           will count: so many tokens for each of ours by script, for what stands around
 *           messages, for tools and pictures, and a rest; by recursive least squares on
 *           relative errors. It begins with what our own count says of the model. Where the
 *           vocabulary is public the weight of text stays 1 and only the rest is learned.
 * Estimate  the mean is for bills, the high bound (p95) for holds, the low one (p5) for cuts:
 *           from the errors seen, and wide while few were seen. An estimate is no money:
 *           how it is made is in floating point (fit.h), what is said is whole tokens.
 * Limit     LEARN_MODELS_MAX models, never forgotten; what comes later has its prior, which
 *           does not learn. Features and reports above USAGE_TOK_MAX are not believed.
 * Threads   any, at the same time; a lock for each model and kind, held for a microsecond.
 *           Nothing is allocated after learn_new().
 */
#ifndef METERING_LEARN_H
#define METERING_LEARN_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/buf.h"
#include "base/err.h"
#include "base/must.h"
#include "base/span.h"

#define LEARN_MODELS_MAX    256
#define LEARN_PROVIDER_ROOM 32
#define LEARN_FAMILY_ROOM   64
#define LEARN_LINE_MAX      8192 /* bytes of one model's kind as text */

/* KIND(name, "what is estimated, from what") */
#define LEARN_KINDS(KIND)                                                                          \
	KIND(prompt, "tokens of a prompt, from our count of its text")                             \
	KIND(completion, "tokens of an answer, from our count of its text")                        \
	KIND(prompt_bytes, "tokens of a prompt whose text is not counted, from its bytes")

enum learn_kind {
#define KIND(name, help) LEARN_##name,
	LEARN_KINDS(KIND)
#undef KIND
	LEARN_KIND_COUNT
};

struct learn_features {
	uint64_t ascii_tok, cjk_tok, other_tok; /* our count of the text, by script of the piece */
	uint64_t frame_tok;                     /* what our rules add around messages and calls */
	uint64_t messages;                      /* where these rules may be wrong */
	uint64_t tool_tok;                      /* definitions of tools, by our rules */
	uint64_t picture_tok;                   /* pictures, by our rules */
};

/* The text part of LEARN_prompt_bytes: a nominal token for each four bytes. */
static inline struct learn_features learn_bytes(uint64_t ascii_bytes, uint64_t other_bytes)
{
	return (struct learn_features){ .ascii_tok = ascii_bytes / 4 + (ascii_bytes % 4 > 0),
					.other_tok = other_bytes / 4 + (other_bytes % 4 > 0) };
}

/* What is assumed of a family of which nothing was reported yet. */
struct learn_prior {
	const char *family;
	bool exact; /* our count is by the model's own vocabulary: text weighs 1 */
	uint16_t ascii_permil, cjk_permil, other_permil; /* the model's tokens for 1,000 of ours */
};

/* COEFFICIENT(name, least, most, reference, "what it multiplies"): least and most in
 * thousandths. reference: of a typical request of 1,000 tokens; a prior counts as much as
 * twenty of these. */
#define LEARN_COEFFICIENTS(COEFFICIENT)                                                            \
	COEFFICIENT(ascii, 500, 4000, 600, "tokens of pieces that are all ASCII")                  \
	COEFFICIENT(cjk, 500, 4000, 200, "tokens of Chinese, Japanese and Korean pieces")          \
	COEFFICIENT(other, 500, 4000, 200, "tokens of other pieces")                               \
	COEFFICIENT(frame, 1000, 1000, 20, "tokens around messages; is not learned")               \
	COEFFICIENT(message, -8000, 100000, 4, "messages")                                         \
	COEFFICIENT(tools, -1000000, 4000000, 1, "1 when there are tools")                         \
	COEFFICIENT(tool_tok, 0, 4000, 200, "tokens of tool definitions")                          \
	COEFFICIENT(picture_tok, 0, 8000, 200, "tokens of pictures")                               \
	COEFFICIENT(base, -100000, 4000000, 1, "1")

enum learn_coefficient {
#define COEFFICIENT(name, least, most, reference, help) LEARN_COEFFICIENT_##name,
	LEARN_COEFFICIENTS(COEFFICIENT)
#undef COEFFICIENT
	LEARN_COEFFICIENT_COUNT
};

/* Buckets of the error histogram, by (reported + 8) / (estimated + 8): a token more or less of
 * a few says little. The last one has no upper edge. */
#define LEARN_BUCKETS 39
extern const uint32_t learn_edge_permil[LEARN_BUCKETS - 1]; /* the upper edges */

/* Every model there is. */
struct learn;

/* What was learned of one (provider, family); lives as long as its struct learn. */
struct learn_model;

/* NULL: no memory (about 1 MB, touched as it is used). */
struct learn *learn_new(void);

void learn_free(struct learn *l); /* NULL is fine */

/* What was learned of that family at that provider; NULL: nothing yet. In names (cut to their
 * rooms) letters are lower case, and what is no letter, digit or . _ - becomes '_'. */
struct learn_model *learn_find(struct learn *l, struct span provider, struct span family);

struct learn_estimate {
	uint64_t low_tok, mean_tok, high_tok; /* low <= mean <= high; all 0 for no features */
	uint64_t samples;                     /* what it is learned from; 0: it is the prior */
};

/* What the provider will report. m: NULL where nothing is learned. */
void learn_estimate(struct learn_model *m, const struct learn_prior *p, enum learn_kind kind,
		    const struct learn_features *f, struct learn_estimate *out);

/* Learns that for these features the provider reported so many tokens. For prompts the
 * caller gives all input, cached or not; for answers the output without reasoning. False:
 * not believed (0, or beyond USAGE_TOK_MAX), or no room for another model. */
bool learn_sample(struct learn *l, struct span provider, const struct learn_prior *p,
		  enum learn_kind kind, const struct learn_features *f, uint64_t reported_tok);

/* ---- for people ---- */

struct learn_view {                    /* a copy of one model's kind */
	const char *provider, *family; /* live as long as the struct learn */
	enum learn_kind kind;
	uint64_t samples;      /* learned from */
	uint64_t seen;         /* these, and those that came while it was frozen */
	bool exact;            /* the vocabulary is public: text weighs 1 */
	bool frozen;           /* errors are watched, nothing is learned */
	bool drift;            /* the bias has left +-3 %, or not come back to 2 % */
	int32_t bias_permil;   /* reported / estimated - 1: the fading mean of the error */
	uint32_t error_permil; /* the same of its size */
	uint32_t low_permil, high_permil; /* the bounds, of the mean */
	int64_t coefficient_permil[LEARN_COEFFICIENT_COUNT];
	uint64_t bucket[LEARN_BUCKETS]; /* all that were seen, by their error */
	uint64_t ratio_sum_permil;      /* the sum of what they were sorted by */
};

/* Shows everything that was ever learned, until `each` returns false. */
void learn_each(struct learn *l, bool (*each)(void *arg, const struct learn_view *v), void *arg);

/* Shows what has begun or ceased to drift since it was last shown here. */
void learn_each_news(struct learn *l, void (*each)(void *arg, const struct learn_view *v),
		     void *arg);

/* Freezes, or lets learn again, what was learned of all that match: an empty provider or
 * family is any. Returns how many kinds of models that were. */
unsigned learn_freeze(struct learn *l, struct span provider, struct span family, bool frozen);

/* "prompt" and so on; static text. */
const char *learn_kind_name(enum learn_kind kind);

/* "ascii" and so on; static text. */
const char *learn_coefficient_name(enum learn_coefficient c);

/* ---- text: one line for each model's kind, which reads back to the last bit ---- */

/* Shows the lines (without a newline, NUL after them) of all, or of those that changed since they
 * were last shown as changed. name: "provider family kind". False from `each` ends it. */
void learn_each_line(struct learn *l, bool changed,
		     bool (*each)(void *arg, const char *name, struct span line), void *arg);

/* Is it such a line? ERR_GARBLED, ERR_RANGE: room bytes at `why` tell people what is wrong. */
enum err learn_check(struct span line, char *why, size_t room) MUST_USE;

/* Takes a line over in place of what was known; errors as above, or ERR_NOMEM: no room for
 * another model. Nothing changes on error. */
enum err learn_read(struct learn *l, struct span line, char *why, size_t room) MUST_USE;

/* All lines count as changed: what was shown could not be kept. */
void learn_unkept(struct learn *l);

#endif
