/* decimal.h - exact decimal numbers: text to integers of a fixed unit and back.
 *
 * Money never meets a double. Prices are integers of 1e-24 USD in 128 bits, amounts
 * are signed picodollars (1e-12 USD) in 64.
 * Grammar  JSON's number, to the letter: -12.50, 0.3, 1.13e-05; no "+1", ".5", "01", "1.".
 *          Any length; one pass.
 * Errors   ERR_GARBLED for what is not a number; ERR_RANGE for what the unit or the
 *          width cannot hold. Then *out is untouched.
 */
#ifndef BASE_DECIMAL_H
#define BASE_DECIMAL_H
#include <stdint.h>
#include "base/err.h"
#include "base/must.h"
#include "base/span.h"

__extension__ typedef unsigned __int128 u128;

#define DECIMAL_PLACES_PRICE 24 /* decimal places of a price: units of 1e-24 USD */
#define DECIMAL_PLACES_PUSD  12 /* and of an amount: picodollars */
#define DECIMAL_TEXT_ROOM    48 /* bytes that any text made here needs, NUL included */

/* Reads s in units of 10^-places (places at most 38): "1.5" with 2 places is 150.
 * ERR_RANGE also when it is negative or no whole number of units. */
enum err decimal_parse(struct span s, unsigned places, u128 *out) MUST_USE;

/* Writes `units` of 10^-places as plain digits without needless zeros: "0", "12.5",
 * "0.000146625". Returns the length; a NUL follows. */
size_t decimal_text(u128 units, unsigned places, char to[DECIMAL_TEXT_ROOM]);

/* units / divisor, rounded once, half to even. divisor above 0. */
u128 decimal_divide(u128 units, u128 divisor);

/* Reads an amount of USD exactly; ERR_RANGE when it is finer than a picodollar. */
enum err decimal_pusd(struct span usd, int64_t *pusd) MUST_USE;

/* Reads an amount of USD, rounded once, half to even: for costs that providers report. */
enum err decimal_pusd_near(struct span usd, int64_t *pusd) MUST_USE;

/* Writes an amount as exact USD, "-" first when negative; as decimal_text(). */
size_t decimal_pusd_text(int64_t pusd, char to[DECIMAL_TEXT_ROOM]);

#endif
