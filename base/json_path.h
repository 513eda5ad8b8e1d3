/* json_path.h - a set of JSON pointers, compiled into a tree that json.c walks along.
 *
 * A pointer is RFC 6901 without its escapes; a step "*" is any element of an array, or any member
 * of an object that no other pointer names. The empty pointer is the document itself. Owner
 * json_paths_new()'s caller. Never changes, so any thread may use it.
 */
#ifndef BASE_JSON_PATH_H
#define BASE_JSON_PATH_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/must.h"
#include "base/span.h"

struct json_path {
	const char *pointer; /* must outlive the compiled set */
	uint16_t tag;        /* reported with the value; from 1, need not be unique */
	bool pieces;         /* a string there is shown piece by piece, however long */
};

struct json_paths;

#define JSON_KEY_MAX 256 /* bytes of a key; longer ones are nobody's */

/* Compiles count paths; every pointer at most once. NULL only when out of memory. */
struct json_paths *json_paths_new(const struct json_path *paths, size_t count) MUST_USE;

/* NULL is fine. */
void json_paths_free(struct json_paths *p);

/* --- what json.c walks along: nodes by number --- */

enum json_node_number {
	JSON_NOWHERE,   /* no pointer leads here */
	JSON_ROOT,      /* the document */
	JSON_DOCUMENTS, /* an array around documents; its elements are JSON_ROOT */
	JSON_NODE_FIRST
};

struct json_node {
	uint16_t tag;   /* 0: nobody asked for the value itself */
	uint16_t any;   /* node of the members and elements that have no own */
	uint16_t slots; /* where its part of the hash table begins */
	uint8_t mask;   /* size of that part minus one */
	bool pieces;
};

struct json_slot {
	const char *key;  /* NULL: empty */
	uint32_t outline; /* of the key; differs for most keys that differ */
	uint16_t node;
};

struct json_paths {
	struct json_node *nodes;
	struct json_slot *slots;
};

/* Length, first and last byte; key.len at least 1. */
static inline uint32_t json_key_outline(struct span key)
{
	return (uint32_t)key.len << 16 | (uint32_t)(unsigned char)key.at[0] << 8 |
	       (unsigned char)key.at[key.len - 1];
}

static inline unsigned json_key_hash(uint32_t outline)
{
	return outline * 0x9e3779b1u >> 24;
}

/* The node of member `key` below node `at`; key.len at most JSON_KEY_MAX. */
static inline uint16_t json_paths_member(const struct json_paths *p, uint16_t at, struct span key)
{
	const struct json_node *n = &p->nodes[at];
	const struct json_slot *slots = &p->slots[n->slots], *slot;
	uint32_t outline;

	if (key.len == 0)
		return n->any;
	outline = json_key_outline(key);
	for (unsigned i = json_key_hash(outline) & n->mask;; i = (i + 1) & n->mask) {
		slot = &slots[i];
		if (!slot->key)
			return n->any;
		if (slot->outline == outline && memcmp(slot->key, key.at, key.len) == 0)
			return slot->node;
	}
}

#endif
