/* manual.h - docs/options.md, written from the table of options. */
#ifndef CONF_MANUAL_H
#define CONF_MANUAL_H
#include <stdbool.h>
#include "base/buf.h"
#include "base/must.h"

/* Appends the whole page (Markdown). False when the buffer is full. */
bool manual_write(struct buf *to) MUST_USE;

#endif
