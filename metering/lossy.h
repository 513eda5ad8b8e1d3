/* lossy.h - text that may not be UTF-8, as a lenient reader sees it: each broken sequence, as
 * long as it could have become a character, is one U+FFFD. */
#ifndef METERING_LOSSY_H
#define METERING_LOSSY_H
#include <stddef.h>
#include "base/span.h"

#define LOSSY_REPLACEMENT SPAN("\xef\xbf\xbd")

/* How many of the first bytes are whole characters. */
size_t lossy_valid(struct span text);

/* At a byte that begins no whole character: how many bytes are broken. 0: text ends within
 * what may yet become one. text.len at least 1. */
size_t lossy_broken(struct span text);

#endif
