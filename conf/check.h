/* check.h - what the options of a configuration say about each other. */
#ifndef CONF_CHECK_H
#define CONF_CHECK_H
#include "conf/conf.h"
#include "conf/kind.h"

/* Complains through r about everything that cannot work together, warns about what probably
 * was not meant. Every value of c has been read, maybe with complaints of its own. dialects:
 * as conf_load(). */
void check_conf(struct kind_reader *r, const struct conf *c, const char *const *dialects);

#endif
