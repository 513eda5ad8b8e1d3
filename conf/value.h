/* value.h - sizes, durations and amounts as people write them, and back.
 *
 *   bytes     0  512  64k  32m  1.5g      k, m, g and t: powers of 1024; "kb" is the same as "k"
 *   duration  0  250ms  30s  5m  1.5h  7d  the unit is needed: us, ms, s, m, h or d
 *   amount    100usd  0.15 usd  $20        exact to the picodollar
 *   count     16384
 *   yes/no    yes no on off true false
 *
 * Errors   ERR_GARBLED: not written like that. ERR_RANGE: too large, or no whole number of
 *          the unit. Then *out is untouched.
 * Promise  what value_show_*() writes, value_*() reads back as the same number.
 * Threads  any; nothing is kept.
 */
#ifndef CONF_VALUE_H
#define CONF_VALUE_H
#include <stdbool.h>
#include <stdint.h>
#include "base/err.h"
#include "base/must.h"
#include "base/span.h"

#define VALUE_TEXT_ROOM 64 /* bytes that any text made here needs, NUL included */

/* Reads one value of the kind. */
enum err value_bytes(struct span s, uint64_t *out) MUST_USE;
enum err value_duration(struct span s, uint64_t *out_us) MUST_USE;
enum err value_usd(struct span s, int64_t *out_pusd) MUST_USE;
enum err value_count(struct span s, uint64_t *out) MUST_USE;
enum err value_bool(struct span s, bool *out) MUST_USE;

/* Writes it with the largest unit that leaves a whole number: 65536 as "64k", 90 s as "90s". */
void value_show_bytes(uint64_t bytes, char to[VALUE_TEXT_ROOM]);
void value_show_duration(uint64_t us, char to[VALUE_TEXT_ROOM]);
void value_show_usd(int64_t pusd, char to[VALUE_TEXT_ROOM]);

#endif
