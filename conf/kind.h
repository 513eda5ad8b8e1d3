/* kind.h - how each KIND of option is read from the file and shown to people. */
#ifndef CONF_KIND_H
#define CONF_KIND_H
#include <stdbool.h>
#include "base/arena.h"
#include "base/buf.h"
#include "conf/option.h"
#include "conf/yaml.h"

struct kind_reader {
	const struct yaml_doc *doc;
	const char *dir; /* what goes before the path of a FILE: "" or "/etc/weir/" */
	struct arena *arena;
	struct conf_secret **secrets;
	struct buf *errors;
	unsigned wrong; /* complaints so far, without warnings */
};

/* Appends a complaint, or a warning, about a line. */
void kind_complain(struct kind_reader *r, int line, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
void kind_warn(struct kind_reader *r, int line, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Reads n into the field of o; complains when it does not say what o wants. suffix: of the key
 * n stands under, see option_find(). Lists of listeners and providers are not its business. */
void kind_read(struct kind_reader *r, const struct option *o, const char *suffix,
	       const struct yaml_node *n, void *field);

/* Gives the field the default of o. */
void kind_default(struct kind_reader *r, const struct option *o, void *field);

/* Appends the value as it would be written in the file; of secrets, the source. "-" for none. */
bool kind_show(const struct option *o, const void *field, struct buf *to) MUST_USE;

/* "a size (512, 64k, 32m, 1g)" and so on, for messages and the manual. */
const char *kind_expects(enum option_kind kind);

#endif
