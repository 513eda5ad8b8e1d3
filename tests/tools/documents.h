/* documents.h - what the token tools read: documents, each a line with its length in decimal
 * and then so many bytes. */
#ifndef TESTS_TOOLS_DOCUMENTS_H
#define TESTS_TOOLS_DOCUMENTS_H
#include <stdio.h>
#include <stdlib.h>
#include "base/span.h"

#define DOCUMENT_MAX (64u << 20)

struct document {
	char *at; /* of exactly its size, so that a sanitizer sees one byte too far */
	size_t len;
};

/* The next document of stdin; false at its end. Anything malformed ends the program.
 * The caller frees d->at. */
static inline bool document_read(struct document *d)
{
	unsigned long len;
	char line[32], *end;

	if (!fgets(line, sizeof(line), stdin))
		return false;
	len = strtoul(line, &end, 10);
	d->at = *end == '\n' && len <= DOCUMENT_MAX ? malloc(len + !len) : NULL;
	if (!d->at || fread(d->at, 1, len, stdin) != len) {
		fprintf(stderr, "not a document: %s\n", line);
		exit(2);
	}
	d->len = len;
	return true;
}

#endif
