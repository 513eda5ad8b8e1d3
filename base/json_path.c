/* json_path.c - builds the tree of pointers: first as plain edges, then each node's
 * members as a small open hash table with at least one empty slot. */
#include "base/json_path.h"
#include <stdlib.h>

struct edge {
	struct span key; /* "*" included */
	uint16_t from, to;
};

struct tree {
	struct json_node *nodes;
	struct edge *edges;
	uint16_t node_count, edge_count;
};

static bool is_any(struct span key)
{
	return span_eq(key, SPAN("*"));
}

static uint16_t tree_step(struct tree *t, uint16_t from, struct span key)
{
	for (uint16_t i = 0; i < t->edge_count; i++)
		if (t->edges[i].from == from && span_eq(t->edges[i].key, key))
			return t->edges[i].to;
	t->edges[t->edge_count++] = (struct edge){ key, from, t->node_count };
	return t->node_count++;
}

static void tree_add(struct tree *t, const struct json_path *path)
{
	const char *p = path->pointer;
	uint16_t at = JSON_ROOT;

	MUST(path->tag != 0);
	while (*p != '\0') {
		struct span key = { p + 1, strcspn(p + 1, "/") };

		MUST(*p == '/' && key.len > 0);
		at = tree_step(t, at, key);
		p = key.at + key.len;
	}
	MUST(t->nodes[at].tag == 0);
	t->nodes[at].tag = path->tag;
	t->nodes[at].pieces = path->pieces;
}

static size_t steps_in(const struct json_path *paths, size_t count)
{
	size_t steps = 0;

	for (size_t i = 0; i < count; i++)
		for (const char *p = paths[i].pointer; *p != '\0'; p++)
			steps += *p == '/';
	return steps;
}

/* Twice as many slots as members, so that a search ends soon at an empty one. */
static unsigned slots_for(const struct tree *t, uint16_t node)
{
	unsigned members = 0, slots = 1;

	for (uint16_t i = 0; i < t->edge_count; i++)
		members += t->edges[i].from == node && !is_any(t->edges[i].key);
	while (members > 0 && slots < 2 * members)
		slots *= 2;
	MUST(slots <= 256);
	return slots;
}

static void place(struct json_paths *p, const struct edge *e)
{
	const struct json_node *n = &p->nodes[e->from];
	uint32_t outline = json_key_outline(e->key);
	unsigned i = json_key_hash(outline) & n->mask;

	MUST(e->key.len <= JSON_KEY_MAX);
	while (p->slots[n->slots + i].key)
		i = (i + 1) & n->mask;
	p->slots[n->slots + i] = (struct json_slot){ e->key.at, outline, e->to };
}

static bool lay_out(struct json_paths *p, const struct tree *t)
{
	unsigned used = 0;

	for (uint16_t i = 0; i < t->node_count; i++) {
		unsigned slots = slots_for(t, i);

		p->nodes[i].slots = (uint16_t)used;
		p->nodes[i].mask = (uint8_t)(slots - 1);
		used += slots;
	}
	MUST(used <= UINT16_MAX);
	p->slots = calloc(used, sizeof(*p->slots));
	if (!p->slots)
		return false;
	for (uint16_t i = 0; i < t->edge_count; i++) {
		if (is_any(t->edges[i].key))
			p->nodes[t->edges[i].from].any = t->edges[i].to;
		else
			place(p, &t->edges[i]);
	}
	return true;
}

struct json_paths *json_paths_new(const struct json_path *paths, size_t count)
{
	size_t steps = steps_in(paths, count);
	struct tree t = { .node_count = JSON_NODE_FIRST };
	struct json_paths *p = calloc(1, sizeof(*p));

	MUST(steps < UINT16_MAX - JSON_NODE_FIRST);
	t.nodes = calloc(JSON_NODE_FIRST + steps, sizeof(*t.nodes));
	t.edges = calloc(steps + 1, sizeof(*t.edges));
	if (!p || !t.nodes || !t.edges)
		goto out;
	p->nodes = t.nodes;
	for (size_t i = 0; i < count; i++)
		tree_add(&t, &paths[i]);
	t.nodes[JSON_DOCUMENTS].any = JSON_ROOT;
	if (!lay_out(p, &t))
		goto out;
	free(t.edges);
	return p;
out:
	free(t.edges);
	free(t.nodes);
	free(p);
	return NULL;
}

void json_paths_free(struct json_paths *p)
{
	if (!p)
		return;
	free(p->nodes);
	free(p->slots);
	free(p);
}
