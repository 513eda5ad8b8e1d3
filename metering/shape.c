/* shape.c - shape.tbl.h as C tables, and the pointers of each shape compiled once. */
#include "metering/shape.h"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	WORDS_chat,
	WORDS_responses,
	WORDS_anthropic,
	WORDS_gemini,
	WORDS_interactions,
	WORDS_converse,
	WORDS_nova,
	WORDS_metrics,
	WORDS_cohere,
	WORDS_ollama
};

static const struct {
	const char *name;
	enum error_style style;
	struct counting counting;
} infos[SHAPE_COUNT] = {
#define SHAPE(id, name, style, reasoning, apart)                                                   \
	[SHAPE_##id] = { name, STYLE_##style, { REASONING_##reasoning, apart } },
#include "metering/shape.tbl.h"
};

static const struct fact_row {
	enum shape_id shape;
	const char *pointer;
	uint8_t kind, arg;
} facts[] = {
#define FACT(shape, pointer, kind, arg) { SHAPE_##shape, pointer, FACT_##kind, arg },
#include "metering/shape.tbl.h"
};

static const struct use_row {
	enum shape_id shape;
	const char *pointer;
	uint8_t words, how;
} uses[] = {
#define USE(shape, pointer, words, how) { SHAPE_##shape, pointer, WORDS_##words, USE_##how },
#include "metering/shape.tbl.h"
};

static const struct term_row {
	uint8_t words;
	const char *pointer;
	uint8_t kind, arg;
} terms[] = {
#define TERM(words, pointer, kind, arg) { WORDS_##words, pointer, FACT_##kind, arg },
#include "metering/shape.tbl.h"
};

static const struct {
	enum shape_id shape;
	struct span word;
	enum meaning meaning;
} words[] = {
#define WORD(shape, word, meaning) { SHAPE_##shape, { word, sizeof(word) - 1 }, MEANS_##meaning },
#include "metering/shape.tbl.h"
};

static const struct {
	enum list list;
	struct span kind, sub;
	enum count count;
} items[] = {
#define ITEM(list, kind, sub, count)                                                               \
	{ list, { kind, sizeof(kind) - 1 }, { sub, sizeof(sub) - 1 }, count },
#include "metering/shape.tbl.h"
};

static const struct {
	struct span kind;
	enum iteration verdict;
} iterations[] = {
#define ITERATION(kind, verdict) { { kind, sizeof(kind) - 1 }, ITERATION_##verdict },
#include "metering/shape.tbl.h"
};

static const struct {
	enum shape_id shape;
	struct span name;
	enum count count;
} headers[] = {
#define HEADER(shape, name, count) { SHAPE_##shape, { name, sizeof(name) - 1 }, count },
#include "metering/shape.tbl.h"
};

static const struct {
	struct span theirs, ours;
} tiers[] = {
#define TIER(theirs, ours) { { theirs, sizeof(theirs) - 1 }, { ours, sizeof(ours) - 1 } },
#include "metering/shape.tbl.h"
};

#define COUNT_OF(table) (sizeof(table) / sizeof(*(table)))
#define PATHS_MAX       160

/* A shape while it is being made. */
struct draft {
	struct json_path paths[PATHS_MAX];
	struct shape_action *actions; /* PATHS_MAX + 1, by tag */
	size_t count;
};

static bool draft_has(const struct draft *d, const char *pointer)
{
	for (size_t i = 0; i < d->count; i++)
		if (strcmp(d->paths[i].pointer, pointer) == 0)
			return true;
	return false;
}

static void draft_add(struct draft *d, const char *pointer, struct shape_action action)
{
	bool pieces = action.kind == FACT_text || action.kind == FACT_arguments ||
		      action.kind == FACT_inner;

	MUST(d->count < PATHS_MAX);
	d->actions[d->count + 1] = action;
	d->paths[d->count] = (struct json_path){ pointer, (uint16_t)(d->count + 1), pieces };
	d->count++;
}

/* The usage object itself and the terms in it. Where two vocabularies share a place the
 * second adds only the terms that the first has not. */
static bool draft_use(struct draft *d, const struct use_row *use)
{
	if (use->how != USE_at_end && !draft_has(d, use->pointer))
		draft_add(d, use->pointer, (struct shape_action){ FACT_usage, use->how, use->how });
	for (size_t i = 0; i < COUNT_OF(terms); i++) {
		char *pointer;

		if (terms[i].words != use->words)
			continue;
		if (asprintf(&pointer, "%s%s", use->pointer, terms[i].pointer) < 0)
			return false;
		if (draft_has(d, pointer))
			free(pointer);
		else
			draft_add(d, pointer,
				  (struct shape_action){ terms[i].kind, terms[i].arg, use->how });
	}
	return true;
}

static struct shape shapes[SHAPE_COUNT];
static pthread_once_t shapes_once = PTHREAD_ONCE_INIT;

static bool shape_make(enum shape_id id)
{
	struct draft d = { .actions = calloc(PATHS_MAX + 1, sizeof(*d.actions)) };

	if (!d.actions)
		return false;
	draft_add(&d, "", (struct shape_action){ .kind = FACT_document });
	for (size_t i = 0; i < COUNT_OF(facts); i++)
		if (facts[i].shape == id)
			draft_add(
			    &d, facts[i].pointer,
			    (struct shape_action){ .kind = facts[i].kind, .arg = facts[i].arg });
	for (size_t i = 0; i < COUNT_OF(uses); i++) {
		if (uses[i].shape != id)
			continue;
		shapes[id].usage_in_document |= uses[i].how == USE_at_end;
		if (!draft_use(&d, &uses[i]))
			return false;
	}
	shapes[id].actions = d.actions;
	shapes[id].counting = infos[id].counting;
	shapes[id].paths = json_paths_new(d.paths, d.count);
	return shapes[id].paths != NULL;
}

static void shapes_make(void)
{
	for (unsigned i = 0; i < SHAPE_COUNT; i++)
		if (!shape_make(i))
			return;
}

const struct shape *shape_get(enum shape_id id)
{
	MUST(id < SHAPE_COUNT);
	pthread_once(&shapes_once, shapes_make);
	return shapes[id].paths ? &shapes[id] : NULL;
}

const char *shape_name(enum shape_id id)
{
	MUST(id < SHAPE_COUNT);
	return infos[id].name;
}

enum error_style shape_error_style(enum shape_id id)
{
	MUST(id < SHAPE_COUNT);
	return infos[id].style;
}

enum meaning shape_meaning(enum shape_id id, struct span word)
{
	for (size_t i = 0; i < COUNT_OF(words); i++)
		if (words[i].shape == id && span_eq(words[i].word, word))
			return words[i].meaning;
	return MEANS_nothing;
}

enum count shape_item(enum list list, struct span kind, struct span sub)
{
	for (size_t i = 0; i < COUNT_OF(items); i++)
		if (items[i].list == list && span_eq_nocase(items[i].kind, kind) &&
		    (items[i].sub.len == 0 || span_eq(items[i].sub, sub)))
			return items[i].count;
	return COUNT_COUNT;
}

enum iteration shape_iteration(struct span kind)
{
	for (size_t i = 0; i < COUNT_OF(iterations); i++)
		if (span_eq(iterations[i].kind, kind))
			return iterations[i].verdict;
	return ITERATION_part;
}

enum count shape_header(enum shape_id id, struct span name)
{
	for (size_t i = 0; i < COUNT_OF(headers); i++)
		if (headers[i].shape == id && span_eq_nocase(headers[i].name, name))
			return headers[i].count;
	return COUNT_COUNT;
}

struct span shape_tier(struct span theirs)
{
	for (size_t i = 0; i < COUNT_OF(tiers); i++)
		if (span_eq(tiers[i].theirs, theirs))
			return tiers[i].ours;
	return theirs;
}
