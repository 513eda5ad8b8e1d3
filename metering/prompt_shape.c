/* prompt_shape.c - see prompt_shape.h. */
#include "metering/prompt_shape.h"
#include <stdint.h>
#include "base/json.h"

static const struct {
	const char *member, *family;
	enum shape_id shape;
} signs[] = {
#define SIGN(member, family, shape) { member, family, SHAPE_##shape },
#include "metering/prompt_shape.tbl.h"
};

#define SIGNS (sizeof(signs) / sizeof(signs[0]))

struct look {
	bool seen[SIGNS + 1]; /* by tag */
};

/* The tag of a sign's member: that of the first sign with the same one. */
static uint16_t tag_of(size_t i)
{
	size_t first = 0;

	while (strcmp(signs[first].member, signs[i].member) != 0)
		first++;
	return (uint16_t)(first + 1);
}

static void on_event(void *arg, const struct json_event *e)
{
	struct look *l = arg;

	if (e->kind != JSON_NULL)
		l->seen[e->tag] = true;
}

static struct json_paths *paths_new(void)
{
	struct json_path paths[SIGNS];
	size_t count = 0;

	for (size_t i = 0; i < SIGNS; i++)
		if (tag_of(i) == i + 1)
			paths[count++] = (struct json_path){ signs[i].member, (uint16_t)(i + 1),
							     false };
	return json_paths_new(paths, count);
}

static enum err shape_of(const struct look *l, struct span family, enum shape_id *shape)
{
	for (size_t i = 0; i < SIGNS; i++) {
		if (!l->seen[tag_of(i)] || !span_starts(family, span_of(signs[i].family)))
			continue;
		*shape = signs[i].shape;
		return ERR_OK;
	}
	return ERR_MISSING;
}

enum err prompt_shape(const struct tok_model *m, struct span body, enum shape_id *shape)
{
	struct json_paths *paths = paths_new();
	struct look l = { .seen = { false } };
	struct json j;
	bool ok;

	if (!paths)
		return ERR_NOMEM;
	json_init(&j, paths, JSON_LAX_UTF8, on_event, &l);
	ok = json_feed(&j, body) && json_end(&j);
	json_paths_free(paths);
	return ok ? shape_of(&l, span_of(m->family), shape) : ERR_GARBLED;
}
