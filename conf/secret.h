/* secret.h - what must never be printed: read once, kept apart, wiped at the end. */
#ifndef CONF_SECRET_H
#define CONF_SECRET_H
#include "base/arena.h"
#include "base/must.h"
#include "base/span.h"

#define SECRET_BYTES_MAX 65536

struct conf_secret {
	const char *suffix; /* "_env", "_file", "" (in the config itself), NULL: not given */
	const char *from;   /* the variable or the file */
	char *bytes;        /* NULL: there is none; NUL-terminated */
	size_t len;
	struct conf_secret *older;
};

/* A secret that is not there yet, from the arena and in front of *all; NULL without memory. */
struct conf_secret *secret_new(struct arena *a, struct conf_secret **all) MUST_USE;

/* Fill it; they return NULL or the static sentence that says what is wrong, never its value.
 * secret_from_env() accepts that the variable is not set: then bytes stays NULL. */
const char *secret_from_env(struct conf_secret *s, const char *variable) MUST_USE;
const char *secret_from_file(struct conf_secret *s, const char *path) MUST_USE;
const char *secret_from_text(struct conf_secret *s, struct span text) MUST_USE;

/* What messages call its source. A variable's name only when it has no small letters: somebody
 * may have written the secret itself where its variable's name belongs. */
const char *secret_source(const struct conf_secret *s);

/* Overwrites and frees the bytes of all of them. */
void secret_wipe(struct conf_secret *all);

#endif
