/* test_tap.c - every recording and every hand-written answer, cut everywhere.
 *
 * What to expect stands in the corpus' expect.json and, where WEIR_FIXTURES names a folder
 * of recordings, in its manifest.json: the same form for both. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/buf.h"
#include "base/decimal.h"
#include "base/json.h"
#include "metering/tap.h"

/* --- expectations --- */

/* WANT(member of `expected`, what of the result it is) */
#define WANTED_NUMBERS(WANT)                                                                       \
	WANT(input, totals.input_tok)                                                              \
	WANT(output, totals.output_tok)                                                            \
	WANT(cached_read, totals.cached_read_tok)                                                  \
	WANT(cache_write, totals.cache_write_tok)                                                  \
	WANT(reasoning, totals.reasoning_tok)                                                      \
	WANT(tool_input, totals.tool_input_tok)

#define WANTED_QUANTITIES(WANT)                                                                    \
	WANT(fees, web_search)                                                                     \
	WANT(fees, web_fetch)                                                                      \
	WANT(fees, file_search)                                                                    \
	WANT(fees, code_session)                                                                   \
	WANT(fees, x_search)                                                                       \
	WANT(fees, search_unit)                                                                    \
	WANT(fees, grounded_prompt)                                                                \
	WANT(fees, image)                                                                          \
	WANT(fees, request)                                                                        \
	WANT(detail, cache_write_1h)                                                               \
	WANT(detail, input_audio)                                                                  \
	WANT(detail, input_image)                                                                  \
	WANT(detail, output_audio)                                                                 \
	WANT(detail, output_image)

enum {
	W_CASE = 1,
	W_FILE,
	W_DIALECT,
	W_API,
	W_TYPE,
	W_EVENTS,
	W_MODEL,
	W_ID,
	W_COST,
	W_ERROR,
	W_FINAL,
	W_TEXT,
	W_TIER,
	W_BLIND,
	W_INCONSISTENT,
	W_BY_MODEL,
	W_BY_INPUT,
	W_BY_OUTPUT,
	W_BY,
	W_NUMBER,
	W_QUANTITY = W_NUMBER + 6,
	W_LAST = W_QUANTITY + 14
};

static const struct json_path want_paths[] = {
	{ "/*", W_CASE, false },
	{ "/*/file", W_FILE, false },
	{ "/*/dialect", W_DIALECT, false },
	{ "/*/api", W_API, false },
	{ "/*/content_type", W_TYPE, false },
	{ "/*/events", W_EVENTS, false },
	{ "/*/expected/model", W_MODEL, false },
	{ "/*/expected/response_id", W_ID, false },
	{ "/*/expected/provider_cost", W_COST, false },
	{ "/*/expected/error", W_ERROR, false },
	{ "/*/expected/final", W_FINAL, false },
	{ "/*/expected/text", W_TEXT, false },
	{ "/*/expected/tier", W_TIER, false },
	{ "/*/expected/blind", W_BLIND, false },
	{ "/*/expected/inconsistent", W_INCONSISTENT, false },
	{ "/*/expected/by_model/*", W_BY, false },
	{ "/*/expected/by_model/*/model", W_BY_MODEL, false },
	{ "/*/expected/by_model/*/input", W_BY_INPUT, false },
	{ "/*/expected/by_model/*/output", W_BY_OUTPUT, false },
#define WANT(name, what) { "/*/expected/" #name, W_NUMBER, false },
	WANTED_NUMBERS(WANT)
#undef WANT
#define WANT(group, name) { "/*/expected/" #group "/" #name, W_QUANTITY, false },
	    WANTED_QUANTITIES(WANT)
#undef WANT
};

enum {
	WANT_PATHS = sizeof(want_paths) / sizeof(*want_paths)
};

struct by_model {
	char model[96];
	uint64_t input, output;
};

struct want {
	char file[128], dialect[32], api[32], type[64];
	char model[96], id[128], error[48], cost[48], text[256], tier[16];
	bool final, has_usage, has_text, blind, inconsistent, may_be_inconsistent;
	uint64_t events;
	uint64_t number[6], quantity[14];
	struct by_model by[2];
	unsigned by_count;
};

struct wants {
	struct want *at;
	unsigned count;
	bool recorded;
};

static uint64_t number_of(const struct json_event *e)
{
	u128 n;

	assert_int_equal(e->kind, JSON_NUMBER);
	assert_int_equal(decimal_parse(e->text, 0, &n), ERR_OK);
	return (uint64_t)n;
}

static bool read_text(struct want *w, const struct json_event *e)
{
	const struct {
		uint16_t tag;
		char *to;
		size_t room;
	} texts[] = {
		{ W_FILE, w->file, sizeof(w->file) },
		{ W_DIALECT, w->dialect, sizeof(w->dialect) },
		{ W_API, w->api, sizeof(w->api) },
		{ W_TYPE, w->type, sizeof(w->type) },
		{ W_MODEL, w->model, sizeof(w->model) },
		{ W_ID, w->id, sizeof(w->id) },
		{ W_ERROR, w->error, sizeof(w->error) },
		{ W_COST, w->cost, sizeof(w->cost) },
		{ W_TIER, w->tier, sizeof(w->tier) },
		{ W_TEXT, w->text, sizeof(w->text) },
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		if (texts[i].tag != e->tag)
			continue;
		if (e->kind == JSON_STRING)
			assert_true(span_copy(e->text, texts[i].to, texts[i].room));
		w->has_text |= e->tag == W_TEXT;
		return true;
	}
	return false;
}

static void read_want(void *arg, const struct json_event *e)
{
	struct wants *all = arg;
	struct want *w = &all->at[all->count];

	assert_false(e->cut);
	if (read_text(w, e))
		return;
	if (e->tag == W_CASE && e->kind == JSON_OBJECT)
		w->may_be_inconsistent = all->recorded;
	else if (e->tag == W_CASE)
		all->count++;
	else if (e->tag == W_FINAL)
		w->final = e->kind == JSON_TRUE;
	else if (e->tag == W_BLIND)
		w->blind = e->kind == JSON_TRUE;
	else if (e->tag == W_INCONSISTENT)
		w->inconsistent = e->kind == JSON_TRUE;
	else if (e->tag == W_EVENTS)
		w->events = number_of(e);
	else if (e->tag == W_BY)
		w->by_count += e->kind == JSON_OBJECT_END;
	else if (e->tag == W_BY_MODEL)
		assert_true(span_copy(e->text, w->by[w->by_count].model, 96));
	else if (e->tag == W_BY_INPUT)
		w->by[w->by_count].input = number_of(e);
	else if (e->tag == W_BY_OUTPUT)
		w->by[w->by_count].output = number_of(e);
	else if (e->tag >= W_QUANTITY && e->kind == JSON_NUMBER)
		w->quantity[e->tag - W_QUANTITY] = number_of(e);
	else if (e->tag >= W_NUMBER && e->tag < W_QUANTITY && e->kind == JSON_NUMBER) {
		w->number[e->tag - W_NUMBER] = number_of(e);
		w->has_usage = true;
	}
}

static char *read_file(const char *folder, const char *name, size_t *len)
{
	char path[512];
	FILE *file;
	long size;
	char *bytes;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	file = fopen(path, "rb");
	if (!file)
		fail_msg("no %s", path);
	assert_int_equal(fseek(file, 0, SEEK_END), 0);
	size = ftell(file);
	assert_true(size >= 0);
	rewind(file);
	bytes = malloc((size_t)size + 1);
	assert_int_equal(fread(bytes, 1, (size_t)size, file), (size_t)size);
	fclose(file);
	*len = (size_t)size;
	return bytes;
}

static struct wants read_wants(const char *folder, const char *name, bool recorded)
{
	struct wants all = { .at = calloc(256, sizeof(*all.at)), .recorded = recorded };
	struct json_path numbered[WANT_PATHS];
	struct json_paths *paths;
	struct json j;
	size_t len;
	char *text = read_file(folder, name, &len);
	uint16_t numbers = 0, quantities = 0;

	memcpy(numbered, want_paths, sizeof(numbered));
	for (unsigned i = 0; i < WANT_PATHS; i++) {
		if (numbered[i].tag == W_NUMBER)
			numbered[i].tag = (uint16_t)(W_NUMBER + numbers++);
		else if (numbered[i].tag == W_QUANTITY)
			numbered[i].tag = (uint16_t)(W_QUANTITY + quantities++);
	}
	paths = json_paths_new(numbered, WANT_PATHS);
	json_init(&j, paths, 0, read_want, &all);
	json_feed(&j, (struct span){ text, len });
	if (!json_end(&j))
		fail_msg("%s: %s at %llu", name, json_error(&j),
			 (unsigned long long)json_offset(&j));
	json_paths_free(paths);
	free(text);
	assert_true(all.count > 0);
	return all;
}

/* --- running a tap over cut bytes --- */

static const struct dialect *dialect_of(const struct want *w)
{
	static const struct {
		const char *said, *ours;
	} names[] = {
		{ "openai-chat", "openai" },       { "openai-responses", "openai" },
		{ "openai-embeddings", "openai" }, { "gemini-interactions", "gemini" },
		{ "xai-responses", "xai" },        { "zai", "vllm" },
	};
	const char *name = w->dialect;
	const struct dialect *d;

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (strcmp(name, names[i].said) == 0)
			name = names[i].ours;
	d = dialect_find(span_of(name));
	if (!d)
		fail_msg("%s: no dialect %s", w->file, name);
	return d;
}

static enum shape_id shape_of(const struct want *w)
{
	for (unsigned i = 0; i < SHAPE_COUNT; i++)
		if (strcmp(shape_name(i), w->api) == 0)
			return i;
	fail_msg("%s: no shape %s", w->file, w->api);
	return SHAPE_free;
}

struct outcome {
	struct tap_result r;
	uint64_t text_hash;
	uint32_t part;
	char text[256]; /* the beginning */
	size_t text_len;
	struct buf passed; /* what the filter let through */
};

static void take_text(void *arg, uint32_t part, struct span piece)
{
	struct outcome *o = arg;

	assert_true(piece.len > 0);
	if (part != o->part) /* where a text ends is the same for every cut */
		o->text_hash = (o->text_hash ^ part) * 1099511628211u;
	o->part = part;
	for (size_t i = 0; i < piece.len; i++) {
		o->text_hash = (o->text_hash ^ (unsigned char)piece.at[i]) * 1099511628211u;
		if (o->text_len + 1 < sizeof(o->text))
			o->text[o->text_len++] = piece.at[i];
	}
}

static void take_passed(void *arg, struct span s)
{
	struct outcome *o = arg;

	assert_true(s.len > 0);
	assert_true(buf_add(&o->passed, s));
}

struct course { /* how the bytes are cut: at two places, or at random */
	size_t a, b;
	unsigned seed;
	size_t step;
	bool filter;
};

static uint32_t next_random(unsigned *seed)
{
	*seed = *seed * 1664525u + 1013904223u;
	return *seed >> 8;
}

static size_t next_cut(struct course *c, size_t at, size_t len)
{
	if (c->step > 0)
		return at + c->step < len ? at + c->step : len;
	if (c->seed != 0) {
		size_t step = 1 + next_random(&c->seed) % (1u << (next_random(&c->seed) % 15));

		return at + step < len ? at + step : len;
	}
	return at < c->a ? c->a : at < c->b ? c->b : len;
}

static struct outcome run(const struct want *w, struct span bytes, struct course c)
{
	struct outcome o = { .text_hash = 14695981039346656037u };
	struct tap *t = tap_new(dialect_of(w), shape_of(w), tap_framing_of(span_of(w->type)));

	assert_non_null(t);
	buf_init(&o.passed, bytes.len);
	tap_set_text(t, take_text, &o);
	if (c.filter)
		tap_drop_usage_event(t);
	for (size_t at = 0, end; at < bytes.len; at = end) {
		char *piece;

		end = next_cut(&c, at, bytes.len);
		piece = malloc(end - at);
		memcpy(piece, bytes.at + at, end - at);
		if (c.filter)
			tap_filter(t, (struct span){ piece, end - at }, take_passed, &o);
		else
			tap_show(t, (struct span){ piece, end - at });
		free(piece);
	}
	tap_end(t);
	if (c.filter)
		tap_filter_end(t, take_passed, &o);
	tap_result(t, &o.r);
	tap_free(t);
	return o;
}

static void expect_same(const struct want *w, const struct outcome *want, struct outcome got,
			struct course c)
{
	if (memcmp(&want->r, &got.r, sizeof(got.r)) != 0 || want->text_hash != got.text_hash ||
	    want->passed.len != got.passed.len ||
	    (got.passed.len > 0 && memcmp(want->passed.at, got.passed.at, got.passed.len) != 0))
		fail_msg("%s: differs when cut at %zu and %zu (step %zu, seed %u, filter %d)",
			 w->file, c.a, c.b, c.step, c.seed, c.filter);
	buf_release(&got.passed);
}

/* Every cut into two, byte by byte, and where the file is large a thousand random cuts. */
static void expect_same_however_cut(const struct want *w, struct span bytes,
				    const struct outcome *want, bool filter)
{
	struct course bytewise = { .step = 1, .filter = filter };

	expect_same(w, want, run(w, bytes, bytewise), bytewise);
	for (size_t a = 1; bytes.len <= 20000 && a < bytes.len; a++) {
		struct course c = { .a = a, .filter = filter };

		expect_same(w, want, run(w, bytes, c), c);
	}
	for (unsigned seed = 1; seed <= (bytes.len > 20000 ? 1000 : 50); seed++) {
		struct course c = { .seed = seed, .filter = filter };

		expect_same(w, want, run(w, bytes, c), c);
	}
}

/* --- comparing with what was expected --- */

static void expect_number(const struct want *w, const char *what, uint64_t want, uint64_t got)
{
	if (want != got)
		fail_msg("%s: %s is %llu, not %llu", w->file, what, (unsigned long long)got,
			 (unsigned long long)want);
}

static void expect_text(const struct want *w, const char *what, const char *want, const char *got)
{
	if (strcmp(want, got) != 0)
		fail_msg("%s: %s is \"%s\", not \"%s\"", w->file, what, got, want);
}

static void expect_numbers(const struct want *w, const struct tap_result *r)
{
	struct usage_totals totals = usage_totals(&r->usage);
	unsigned i = 0;

#define WANT(name, what) expect_number(w, #name, w->number[i++], what);
	WANTED_NUMBERS(WANT)
#undef WANT
	i = 0;
#define WANT(group, name)                                                                          \
	if (Q_##name != Q_request || !w->may_be_inconsistent)                                      \
		expect_number(w, #name, w->quantity[i], r->usage.quantity[Q_##name]);              \
	i++;
	WANTED_QUANTITIES(WANT)
#undef WANT
}

static void expect_cost(const struct want *w, const struct tap_result *r)
{
	int64_t pusd = -1;

	if (w->cost[0] != '\0')
		assert_int_equal(decimal_pusd(span_of(w->cost), &pusd), ERR_OK);
	expect_number(w, "cost", (uint64_t)pusd, (uint64_t)r->usage.provider_cost_pusd);
}

/* by_model: what the main model served is in quantity[], the other in aux_quantity[]. */
static void expect_models(const struct want *w, const struct tap_result *r)
{
	for (unsigned i = 0; i < w->by_count; i++) {
		struct usage part = { 0 };
		struct usage_totals totals;
		bool main = strcmp(w->by[i].model, r->model) == 0;

		if (!main)
			expect_text(w, "aux model", w->by[i].model, r->usage.aux_model);
		memcpy(part.quantity, main ? r->usage.quantity : r->usage.aux_quantity,
		       sizeof(part.quantity));
		totals = usage_totals(&part);
		expect_number(w, "input of a model", w->by[i].input, totals.input_tok);
		expect_number(w, "output of a model", w->by[i].output, totals.output_tok);
	}
}

static void expect_result(const struct want *w, const struct outcome *o)
{
	const struct tap_result *r = &o->r;

	expect_number(w, "has_usage", w->has_usage, r->has_usage);
	expect_number(w, "final", w->final, r->final);
	expect_number(w, "blind", w->blind, r->blind);
	expect_number(w, "events", w->events, r->events);
	expect_text(w, "model", w->model, r->model);
	expect_text(w, "id", w->id, r->response_id);
	expect_text(w, "error", w->error, r->error);
	expect_text(w, "source",
		    w->final       ? "reported"
		    : w->has_usage ? "partial"
				   : "none",
		    usage_source_name(r->usage.source));
	expect_numbers(w, r);
	expect_cost(w, r);
	expect_models(w, r);
	if (w->has_text)
		expect_text(w, "text", w->text, o->text);
	if (w->may_be_inconsistent)
		return;
	expect_text(w, "tier", w->tier, r->usage.tier);
	expect_number(w, "inconsistent", w->inconsistent, r->usage.inconsistent);
}

/* --- the usage event, found by other means --- */

/* The length of the first event of s, its blank line included. */
static size_t event_len(struct span s)
{
	static const char *const blank[] = { "\n\n", "\r\n\r\n", "\r\r" };
	size_t len = s.len;

	for (size_t i = 0; i < sizeof(blank) / sizeof(*blank); i++) {
		const char *at = memmem(s.at, s.len, blank[i], strlen(blank[i]));

		if (at && (size_t)(at - s.at) + strlen(blank[i]) < len)
			len = (size_t)(at - s.at) + strlen(blank[i]);
	}
	return len;
}

static bool has(struct span s, const char *text)
{
	return memmem(s.at, s.len, text, strlen(text)) != NULL;
}

/* Good enough for what the corpora hold; the code under test has to know better. */
static bool looks_like_usage_event(struct span event)
{
	return (has(event, "\"choices\":[]") || has(event, "\"choices\": []")) &&
	       (has(event, ",\"usage\":{") || has(event, ", \"usage\": {"));
}

static struct buf without_usage_event(struct span bytes)
{
	struct buf rest;

	buf_init(&rest, bytes.len);
	while (bytes.len > 0) {
		struct span event = { bytes.at, event_len(bytes) };

		if (!looks_like_usage_event(event))
			assert_true(buf_add(&rest, event));
		bytes = span_skip(bytes, event.len);
	}
	return rest;
}

static void expect_filtered(const struct want *w, struct span bytes)
{
	struct course whole = { .filter = true };
	struct outcome o = run(w, bytes, whole);
	struct buf want = without_usage_event(bytes);

	if (o.passed.len != want.len ||
	    (want.len > 0 && memcmp(o.passed.at, want.at, want.len) != 0))
		fail_msg("%s: the filter let %zu bytes pass, not %zu", w->file, o.passed.len,
			 want.len);
	expect_same_however_cut(w, bytes, &o, true);
	buf_release(&want);
	buf_release(&o.passed);
}

/* --- the tests --- */

static bool is_chat_stream(const struct want *w)
{
	return strcmp(w->api, "openai-chat") == 0 && tap_framing_of(span_of(w->type)) == TAP_SSE;
}

static unsigned check_folder(const char *folder, const char *manifest, bool recorded)
{
	struct wants all = read_wants(folder, manifest, recorded);
	unsigned checked = 0;

	for (unsigned i = 0; i < all.count; i++) {
		const struct want *w = &all.at[i];
		struct outcome o;
		size_t len;
		char *bytes;

		if (strcmp(w->api, "openai-realtime") == 0) /* a WebSocket's, not an answer's */
			continue;
		bytes = read_file(folder, w->file, &len);
		o = run(w, (struct span){ bytes, len }, (struct course){ 0 });
		expect_result(w, &o);
		expect_same_however_cut(w, (struct span){ bytes, len }, &o, false);
		if (is_chat_stream(w))
			expect_filtered(w, (struct span){ bytes, len });
		buf_release(&o.passed);
		free(bytes);
		checked++;
	}
	free(all.at);
	return checked;
}

static void the_corpus_gives_what_it_says(void **state)
{
	(void)state;
	assert_true(check_folder("tests/corpus/tap", "expect.json", false) > 0);
}

static void the_recordings_give_what_they_say(void **state)
{
	const char *folder = getenv("WEIR_FIXTURES");
	unsigned checked;

	(void)state;
	if (!folder) {
		printf("WEIR_FIXTURES is not set: only the project's own corpus was checked\n");
		return;
	}
	checked = check_folder(folder, "manifest.json", true);
	printf("%u recordings checked\n", checked);
	assert_true(checked > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_corpus_gives_what_it_says),
		cmocka_unit_test(the_recordings_give_what_they_say),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
