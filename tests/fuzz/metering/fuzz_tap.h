/* fuzz_tap.h - any bytes as an answer, shown at once and in pieces: the same result, the
 * same text; and whatever the filter does, it only ever leaves something out. */
#ifndef FUZZ_TAP_H
#define FUZZ_TAP_H
#include <stdint.h>
#include <stdlib.h>
#include "base/must.h"
#include "metering/tap.h"

struct fuzz_outcome {
	struct tap_result result;
	uint64_t text_hash;
	uint32_t part;
	struct span left; /* of the input: what the filter has not passed or left out yet */
	uint64_t passed_hash;
	size_t passed; /* bytes the filter let through */
};

static uint64_t fuzz_mix(uint64_t hash, struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		hash = (hash ^ (unsigned char)s.at[i]) * UINT64_C(1099511628211);
	return hash;
}

static void fuzz_text(void *arg, uint32_t part, struct span piece)
{
	struct fuzz_outcome *o = arg;

	MUST(piece.len > 0);
	if (part != o->part) /* where one text ends and another goes on is a result, too */
		o->text_hash = fuzz_mix(o->text_hash, (struct span){ (char *)&part, sizeof(part) });
	o->part = part;
	o->text_hash = fuzz_mix(o->text_hash, piece);
}

/* What passes stands in the input, in order. */
static void fuzz_pass(void *arg, struct span s)
{
	struct fuzz_outcome *o = arg;
	const char *at = memmem(o->left.at, o->left.len, s.at, s.len);

	MUST(s.len > 0 && at);
	o->left = span_skip(o->left, (size_t)(at - o->left.at) + s.len);
	o->passed_hash = fuzz_mix(o->passed_hash, s);
	o->passed += s.len;
}

static void fuzz_show(struct tap *t, struct span piece, bool filter, struct fuzz_outcome *o)
{
	if (filter)
		tap_filter(t, piece, fuzz_pass, o);
	else
		tap_show(t, piece);
}

/* seed 0: all at once. */
static struct fuzz_outcome fuzz_run(enum shape_id shape, unsigned dialect, enum tap_framing framing,
				    struct span bytes, unsigned seed, bool filter)
{
	struct fuzz_outcome o = { .text_hash = 1, .passed_hash = 1, .left = bytes };
	struct tap *t = tap_new(dialect_at(dialect % 16), shape, framing);

	MUST(t);
	tap_set_text(t, fuzz_text, &o);
	if (filter)
		tap_drop_usage_event(t);
	while (bytes.len > 0) {
		size_t len = bytes.len;
		char *piece;

		if (seed != 0) {
			seed = seed * 1664525u + 1013904223u;
			len = (seed >> 16) % 40 + 1 < len ? (seed >> 16) % 40 + 1 : len;
		}
		piece = malloc(len);
		memcpy(piece, bytes.at, len);
		fuzz_show(t, (struct span){ piece, len }, filter, &o);
		free(piece);
		bytes = span_skip(bytes, len);
	}
	tap_end(t);
	if (filter)
		tap_filter_end(t, fuzz_pass, &o);
	tap_result(t, &o.result);
	MUST(o.result.text_bytes == tap_text_bytes(t));
	tap_free(t);
	return o;
}

static void fuzz_check(const struct tap_result *r)
{
	struct usage_totals totals = usage_totals(&r->usage);

	MUST(memchr(r->model, '\0', sizeof(r->model)) && memchr(r->error, '\0', sizeof(r->error)));
	MUST(!r->final || (r->has_usage && r->end_seen));
	MUST(totals.cached_read_tok + totals.cache_write_tok <= totals.input_tok);
	MUST(totals.reasoning_tok <= totals.output_tok || r->usage.inconsistent);
	for (unsigned i = 0; i < Q_COUNT; i++)
		MUST(r->usage.quantity[i] <= 8 * USAGE_TOK_MAX);
}

static bool fuzz_same_but_dropped(const struct tap_result *a, const struct tap_result *b)
{
	struct tap_result kept = *b;

	kept.usage_dropped = a->usage_dropped;
	return memcmp(a, &kept, sizeof(kept)) == 0;
}

static void fuzz_answer(enum shape_id shape, unsigned dialect, enum tap_framing framing,
			struct span bytes, unsigned seed)
{
	struct fuzz_outcome whole = fuzz_run(shape, dialect, framing, bytes, 0, false);
	struct fuzz_outcome cut = fuzz_run(shape, dialect, framing, bytes, seed + 1, false);
	struct fuzz_outcome filtered = fuzz_run(shape, dialect, framing, bytes, 0, true);
	struct fuzz_outcome both = fuzz_run(shape, dialect, framing, bytes, seed + 1, true);

	fuzz_check(&whole.result);
	MUST(memcmp(&whole.result, &cut.result, sizeof(cut.result)) == 0);
	MUST(!whole.result.usage_dropped);
	MUST(fuzz_same_but_dropped(&whole.result, &filtered.result));
	MUST(fuzz_same_but_dropped(&whole.result, &both.result));
	MUST(filtered.result.usage_dropped == (filtered.passed < bytes.len));
	MUST(both.result.usage_dropped == (both.passed < bytes.len));
	MUST(whole.text_hash == cut.text_hash && whole.text_hash == filtered.text_hash);
	MUST(filtered.passed_hash == both.passed_hash || bytes.len > TAP_HELD_MAX);
}

#endif
