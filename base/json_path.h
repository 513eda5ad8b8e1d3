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
	struct span key; /* at is NULL: empty */
	uint16_t node;
};

struct json_paths {
	struct json_node *nodes;
	struct json_slot *slots;
};

static inline unsigned json_key_hash(struct span key)
{
	unsigned char first = (unsigned char)key.at[0], last = (unsigned char)key.at[key.len - 1];

	return (unsigned)key.len + first * 5u + last * 11u;
}

/* The node of member `key` below node `at`. */
static inline uint16_t json_paths_member(const struct json_paths *p, uint16_t at, struct span key)
{
	const struct json_node *n = &p->nodes[at];
	unsigned i;

	if (key.len == 0)
		return n->any;
	for (i = json_key_hash(key) & n->mask; p->slots[n->slots + i].key.at; i = (i + 1) & n->mask)
		if (span_eq(p->slots[n->slots + i].key, key))
			return p->slots[n->slots + i].node;
	return n->any;
}

#endif
