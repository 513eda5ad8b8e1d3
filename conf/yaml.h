/* yaml.h - a YAML file as an immutable tree; the only door to libyaml.
 *
 * Less than YAML on purpose, so that a file means what it seems to mean: one document;
 * no anchors, aliases or tags; a key stands once in its map; scalars are text and it is
 * their reader who makes numbers of them.
 *
 * Owner    the document owns every node and every byte of text; yaml_unload() ends them all.
 * Limit    YAML_BYTES_MAX, YAML_DEPTH_MAX, YAML_NODES_MAX.
 * Errors   "file:line: what" lines appended to a buffer; what no longer fits there is lost.
 * Threads  a loaded document never changes: any thread may read it.
 */
#ifndef CONF_YAML_H
#define CONF_YAML_H
#include <stdarg.h>
#include <stdbool.h>
#include "base/buf.h"
#include "base/err.h"
#include "base/must.h"
#include "base/span.h"

#define YAML_BYTES_MAX (8u << 20)
#define YAML_DEPTH_MAX 32
#define YAML_NODES_MAX 500000

enum yaml_kind {
	YAML_SCALAR,
	YAML_MAP,
	YAML_LIST
};

struct yaml_node {
	enum yaml_kind kind;
	bool quoted;       /* a scalar that was written in quotes or as a block: surely text */
	int line;          /* where the value begins, from 1 */
	int key_line;      /* where the key stands; the same as line when there is none */
	struct span key;   /* in a map; NUL-terminated behind its last byte, no NUL inside */
	struct span text;  /* of a scalar; NUL-terminated and without NUL inside, too */
	unsigned children; /* how many a map or list holds */
	const struct yaml_node *first; /* in file order */
	const struct yaml_node *next;  /* the next one of the same map or list */
};

struct yaml_doc {
	const char *name;             /* the path as given; what errors begin with */
	const struct yaml_node *root; /* NULL when the file says nothing */
};

/* Reads and parses the file. ERR_MISSING: cannot be read. ERR_TOO_BIG: past a limit.
 * ERR_GARBLED: not the YAML described above. ERR_NOMEM. *out is written on success only. */
enum err yaml_load_file(const char *path, struct yaml_doc **out, struct buf *errors) MUST_USE;

/* The same from memory, which is not needed afterwards; `name` stands for the path. */
enum err yaml_load_text(const char *name, struct span text, struct yaml_doc **out,
			struct buf *errors) MUST_USE;

/* Frees the document with all its nodes. NULL is nothing. (libyaml has a yaml_free() of its own.)
 */
void yaml_unload(struct yaml_doc *doc);

/* The value under that key, or NULL: no such key, or `map` is NULL or no map. */
const struct yaml_node *yaml_get(const struct yaml_node *map, const char *key);

/* Is it a scalar that says nothing: empty, ~ or null, and not in quotes? */
bool yaml_is_null(const struct yaml_node *node);

/* Appends "name:line: what it says\n". at: NULL stands for line 1. */
void yaml_complain(const struct yaml_doc *doc, const struct yaml_node *at, struct buf *errors,
		   const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* The same with the line itself and the arguments of a caller like it. */
void yaml_vcomplain(const struct yaml_doc *doc, int line, struct buf *errors, const char *fmt,
		    va_list args) __attribute__((format(printf, 4, 0)));

#endif
