/* fuzz_json.c - any bytes as JSON, read at once and in pieces: the same reports, the same
 * verdict. The first byte picks the flags, the second seeds the cuts. */
#include <stdint.h>
#include <stdlib.h>
#include "base/json.h"
#include "base/must.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct json_path paths[] = {
	{ "", 1, false },           { "/a", 2, false },
	{ "/a/*", 3, false },       { "/a/*/b", 4, true },
	{ "/model", 5, false },     { "/usage/n", 6, false },
	{ "/*/usage/n", 7, false }, { "/choices/*/text", 8, true },
};

struct digest {
	uint64_t hash;
	uint64_t pieces; /* of the string being shown piece by piece */
};

static void mix(struct digest *d, const void *bytes, size_t len)
{
	const unsigned char *p = bytes;

	for (size_t i = 0; i < len; i++)
		d->hash = (d->hash ^ p[i]) * UINT64_C(1099511628211);
}

static void note(void *arg, const struct json_event *e)
{
	struct digest *d = arg;
	uint64_t facts[] = { e->kind, e->tag,     e->depth, e->escaped,
			     e->cut,  e->damaged, e->start, e->end };

	MUST(e->depth <= JSON_DEPTH_MAX);
	mix(d, e->text.at, e->text.len);
	if (e->kind == JSON_PIECE) {
		MUST(e->text.len > 0);
		return; /* where it is cut says nothing */
	}
	MUST(e->text.len <= JSON_TEXT_MAX && e->start <= e->end);
	mix(d, facts, sizeof(facts));
}

struct verdict {
	struct digest digest;
	bool whole;
	const char *error;
	uint64_t offset;
};

static struct verdict run(struct span text, unsigned flags, unsigned seed)
{
	struct json_paths *p = json_paths_new(paths, sizeof(paths) / sizeof(*paths));
	struct verdict v = { .digest = { .hash = 1 } };
	struct json j;

	MUST(p);
	json_init(&j, p, flags, note, &v.digest);
	while (text.len > 0) {
		size_t len = text.len;
		char *piece;

		seed = seed * 1664525u + 1013904223u;
		if (seed != 1013904223u && (seed >> 16) % 24 + 1 < len)
			len = (seed >> 16) % 24 + 1;
		piece = malloc(len);
		memcpy(piece, text.at, len);
		json_feed(&j, (struct span){ piece, len });
		free(piece);
		text = span_skip(text, len);
		seed += seed == 0;
	}
	v.whole = json_end(&j);
	v.error = json_error(&j);
	v.offset = json_offset(&j);
	json_paths_free(p);
	return v;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct verdict whole, cut;
	struct span text;

	if (size < 2)
		return 0;
	text = (struct span){ (const char *)data + 2, size - 2 };
	whole = run(text, data[0] & 7, 0);
	cut = run(text, data[0] & 7, data[1] + 1u);
	MUST(whole.whole == cut.whole && whole.error == cut.error && whole.offset == cut.offset);
	MUST(whole.digest.hash == cut.digest.hash);
	MUST(whole.whole == !whole.error && whole.offset <= text.len);
	return 0;
}
