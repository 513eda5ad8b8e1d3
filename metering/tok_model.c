/* tok_model.c - see tok_model.h. */
#include "metering/tok_model.h"

#define TOK_RATIO(name, ascii, cjk, other)                                                         \
	static const struct tok_ratio ratio_##name = {                                             \
		{ [TOK_ASCII] = (ascii), [TOK_CJK] = (cjk), [TOK_OTHER] = (other) }                \
	};
#define TOK_CHAT(name, ...)  static const struct tok_chat chat_##name = { __VA_ARGS__ };
#define TOK_TOOLS(name, ...) static const struct tok_tools tools_##name = { __VA_ARGS__ };
#define TOK_PICTURE(name, kind, base, per, cap, side, multiplier)                                  \
	static const struct tok_picture picture_##name = { PICTURE_##kind, base,      per, cap,    \
							   side,           multiplier };
#include "metering/tok_model.tbl.h"

struct row {
	struct span pattern; /* or a dialect's name */
	struct tok_model model;
};

#define VOCAB_cl100k VOCAB_CL100K
#define VOCAB_o200k  VOCAB_O200K
#define MODEL(name, vocab, ratio, chat, tools, picture)                                            \
	{                                                                                          \
		name, VOCAB_##vocab, &ratio_##ratio == &ratio_exact, &ratio_##ratio, &chat_##chat, \
		    &tools_##tools, &picture_##picture                                             \
	}

static const struct row rows[] = {
#define TOK_MODEL(pattern, vocab, ratio, family, chat, tools, picture)                             \
	{ { pattern, sizeof(pattern) - 1 }, MODEL(family, vocab, ratio, chat, tools, picture) },
#include "metering/tok_model.tbl.h"
};

static const struct row hosts[] = {
#define TOK_HOST(dialect, vocab, ratio, chat, tools, picture)                                      \
	{ { dialect, sizeof(dialect) - 1 }, MODEL(dialect, vocab, ratio, chat, tools, picture) },
#include "metering/tok_model.tbl.h"
};

static const struct span strips[] = {
#define TOK_STRIP(prefix) { prefix, sizeof(prefix) - 1 },
#include "metering/tok_model.tbl.h"
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static bool starts_nocase(struct span s, struct span prefix)
{
	return s.len >= prefix.len && span_eq_nocase((struct span){ s.at, prefix.len }, prefix);
}

/* The name without what clouds and resellers put before it. */
static struct span bare(struct span name)
{
	bool again = true;

	for (size_t i = name.len; i > 0; i--)
		if (name.at[i - 1] == '/') {
			name = span_skip(name, i);
			break;
		}
	while (again) {
		again = false;
		for (size_t i = 0; i < COUNT(strips); i++)
			if (starts_nocase(name, strips[i])) {
				name = span_skip(name, strips[i].len);
				again = true;
			}
	}
	return name;
}

/* How well a row fits the name: 0 not at all; a longer pattern better; a whole name best. */
static size_t fit(const struct row *row, struct span name)
{
	struct span pattern = row->pattern;

	if (pattern.at[pattern.len - 1] != '*')
		return span_eq_nocase(name, pattern) ? SIZE_MAX : 0;
	pattern.len--;
	return starts_nocase(name, pattern) ? pattern.len : 0;
}

static const struct row *best_row(struct span name)
{
	const struct row *best = NULL;
	size_t best_fit = 0;

	for (size_t i = 0; i < COUNT(rows); i++) {
		size_t this_fit = fit(&rows[i], name);

		if (this_fit <= best_fit)
			continue;
		best = &rows[i];
		best_fit = this_fit;
	}
	return best;
}

/* The row of whoever serves the model; the last one is everybody's. */
static const struct row *host_row(const struct dialect *d)
{
	size_t i = 0;

	while (i + 1 < COUNT(hosts) && (!d || !span_eq(span_of(d->name), hosts[i].pattern)))
		i++;
	return &hosts[i];
}

void tok_model_find(const struct dialect *d, struct span name, struct tok_model *out)
{
	const struct row *row = best_row(bare(name));

	*out = row ? row->model : host_row(d)->model;
	if (!row)
		out->family = d ? d->name : "unknown";
}

uint64_t tok_model_text(const struct tok_model *m, struct tok_count c)
{
	uint64_t milli_tok = 0;

	for (unsigned s = 0; s < TOK_SCRIPTS; s++)
		milli_tok += c.of[s] * m->ratio->permille[s];
	return milli_tok / 1000 + (milli_tok % 1000 != 0);
}

const char *tok_model_encoding(const struct tok_model *m)
{
	return m->vocab == VOCAB_CL100K ? "cl100k_base" : "o200k_base";
}
