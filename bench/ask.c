/* ask.c - from a head and a body to what is wanted. */
#include "bench/ask.h"
#include <stdio.h>
#include "base/clk.h"
#include "base/digest.h"
#include "bench/dialect.h"
#include "bench/json_scan.h"

struct reading {
	struct ask *ask;
	size_t prompt_bytes;
	uint64_t cap_tok; /* 0: none */
	bool stream_set;
};

static bool key_is(const struct json_at *at, size_t level, struct span name)
{
	return at->depth > level && span_eq(at->key[level], name);
}

/* Members whose text counts as prompt, at any depth. */
static bool is_prompt(struct span key)
{
	static const struct span names[] = {
		SPAN("content"), SPAN("text"),         SPAN("input"),
		SPAN("prompt"),  SPAN("instructions"), SPAN("system")
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (span_eq(key, names[i]))
			return true;
	return false;
}

static bool is_cap(struct span key)
{
	static const struct span names[] = {
		SPAN("max_tokens"),        SPAN("max_completion_tokens"),
		SPAN("max_output_tokens"), SPAN("maxOutputTokens"),
		SPAN("maxTokens"),         SPAN("num_predict")
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (span_eq(key, names[i]))
			return true;
	return false;
}

/* The nearest key that is not an array's: "input": ["a", "b"] is input twice. */
static struct span nearest_key(const struct json_at *at)
{
	for (size_t i = at->depth; i > 0; i--)
		if (at->key[i - 1].len > 0)
			return at->key[i - 1];
	return (struct span){ "", 0 };
}

static void see_string(struct reading *r, const struct json_at *at)
{
	struct ask *a = r->ask;

	if (at->depth == 1 && key_is(at, 0, SPAN("model")) && a->model[0] == '\0')
		span_copy(at->text, a->model, sizeof(a->model));
	else if (key_is(at, 0, SPAN("tools")) && span_eq(at->key[at->depth - 1], SPAN("name")) &&
		 a->tool[0] == '\0')
		span_copy(at->text, a->tool, sizeof(a->tool));
	else if (is_prompt(nearest_key(at)))
		r->prompt_bytes += at->text.len;
}

static void see(void *arg, const struct json_at *at)
{
	struct reading *r = arg;
	struct ask *a = r->ask;

	if (key_is(at, 0, SPAN("stand_in"))) {
		if (at->depth == 2)
			a->understood &= script_set(&a->script, at->key[1], at->text);
	} else if (at->type == '"') {
		see_string(r, at);
	} else if (at->depth == 1 && key_is(at, 0, SPAN("stream"))) {
		a->stream = at->type == 't';
	} else if (at->depth == 2 && key_is(at, 0, SPAN("stream_options")) &&
		   key_is(at, 1, SPAN("include_usage"))) {
		a->include_usage = at->type == 't';
	} else if (at->type == '0' && at->depth <= 2 && is_cap(nearest_key(at))) {
		if (!http_number(at->text, 10, &r->cap_tok))
			r->cap_tok = 0;
	}
}

static void make_id(struct ask *a, uint64_t number)
{
	uint8_t random[8];
	char hex[2 * sizeof(random) + 1];

	digest_random(random, sizeof(random));
	digest_hex(random, sizeof(random), hex);
	snprintf(a->id, sizeof(a->id), "%ssi-%llu-%s", a->dialect->id_prefix,
		 (unsigned long long)number, hex);
}

/* The model's name may carry a script behind its first semicolon. */
static void split_model(struct ask *a)
{
	char *list = strchr(a->model, ';');

	if (list) {
		*list = '\0';
		a->understood &= script_set_all(&a->script, span_of(list + 1));
	}
	if (a->script.model[0])
		memcpy(a->model, a->script.model, sizeof(a->model));
	if (!a->model[0])
		memcpy(a->model, "stand-in", sizeof("stand-in"));
}

static void count_tokens(struct ask *a, const struct reading *r, const struct habits *habits)
{
	const struct script *s = &a->script;
	uint64_t cap = s->ignore_cap || r->cap_tok == 0 ? UINT64_MAX : r->cap_tok;

	a->events = script_or(s->events, habits->events);
	a->gap_ms = script_or(s->gap_ms, habits->gap_ms);
	a->capped = cap < a->events;
	if (a->capped)
		a->events = cap;
	a->input_tok = script_or(s->input, r->prompt_bytes / 4 > 0 ? r->prompt_bytes / 4 : 1);
	a->output_tok = script_or(s->output, a->events);
	if (a->output_tok > cap)
		a->output_tok = cap;
}

void ask_read(struct ask *a, const struct http_head *head, struct span body,
	      const struct habits *habits, uint64_t number)
{
	struct reading r = { .ask = a };
	struct span model;

	*a = (struct ask){ .understood = true };
	script_init(&a->script);
	a->created = (time_t)(clk_wall().us / US_PER_SEC);
	a->dialect = dialect_find(head->word[0], head->word[1], &model, &a->stream);
	span_copy(model, a->model, sizeof(a->model));
	a->understood &= script_set_all(&a->script, http_field_find(head, SPAN("x-stand-in")));
	if (body.len > 0)
		json_scan(body, see, &r);
	a->stream = a->stream && a->dialect->can_stream;
	split_model(a);
	count_tokens(a, &r, habits);
	make_id(a, number);
	if (a->dialect->lead)
		a->dialect->lead(a);
}

struct span ask_credential(const struct http_head *head)
{
	static const struct span names[] = { SPAN("authorization"), SPAN("x-api-key"),
					     SPAN("api-key"), SPAN("x-goog-api-key") };
	struct span found, target = head->word[1];
	const char *key;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		found = http_field_find(head, names[i]);
		if (found.len > 7 && strncasecmp(found.at, "bearer ", 7) == 0)
			return span_skip(found, 7);
		if (found.len > 0)
			return found;
	}
	key = memmem(target.at, target.len, "key=", 4);
	if (!key || (key[-1] != '?' && key[-1] != '&'))
		return (struct span){ "", 0 };
	found = span_skip(target, (size_t)(key - target.at) + 4);
	key = memchr(found.at, '&', found.len);
	return key ? (struct span){ found.at, (size_t)(key - found.at) } : found;
}
