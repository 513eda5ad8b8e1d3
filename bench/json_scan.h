/* json_scan.h - walks a JSON text once and shows every value with its place.
 *
 * Promise    no allocation, no recursion; strings are shown as they stand, escapes and all.
 * Limit      JSON_DEPTH_MAX levels.
 * Errors     false when the text is not JSON as far as the walk looks.
 */
#ifndef BENCH_JSON_SCAN_H
#define BENCH_JSON_SCAN_H
#include <stdbool.h>
#include "base/span.h"

#define JSON_DEPTH_MAX 64

struct json_at {
	const struct span *key; /* depth keys from the outside in; empty inside an array */
	size_t depth;
	char type;        /* '"' '0' 't' 'f' 'n', or '{' '[' where one begins */
	struct span text; /* a string without its quotes; empty for '{' and '[' */
};

typedef void json_seen(void *arg, const struct json_at *at);

/* Calls seen() for each value of json, outer ones first. What `at` shows is
 * borrowed for the call. */
bool json_scan(struct span json, json_seen *seen, void *arg);

#endif
