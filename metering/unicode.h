/* unicode.h - what the tokenizers want to know of a character: which of seven classes it is in,
 * and whether it is Chinese, Japanese or Korean. Unicode 16.0, as the tokenizers themselves have.
 *
 * The classes, and the letters that stand for them in unicode.tbl.h:
 *   U  upper and title case (Lu, Lt)     N  number (Nd, Nl, No)
 *   L  lower case (Ll)                   S  white space (the property White_Space)
 *   C  letter without case (Lm, Lo)      O  everything else, unassigned included
 *   M  mark (Mn, Mc, Me)
 * CJK goes by the blocks of Han, Kana, Bopomofo, Hangul, their punctuation, and the full-width
 * forms. Pure tables; safe anywhere.
 */
#ifndef METERING_UNICODE_H
#define METERING_UNICODE_H
#include <stdbool.h>
#include <stdint.h>

#define UNICODE_END         0x110000
#define UNICODE_BLOCK_SHIFT 7
#define UNICODE_BLOCK_SIZE  (1 << UNICODE_BLOCK_SHIFT)

/* Below 32, so that sets of classes are words of bits: see UC_SET. */
enum uclass {
	UC_UPPER = 'U' & 31,
	UC_LOWER = 'L' & 31,
	UC_CASELESS = 'C' & 31,
	UC_MARK = 'M' & 31,
	UC_NUMBER = 'N' & 31,
	UC_SPACE = 'S' & 31,
	UC_OTHER = 'O' & 31,
};

#define UC_SET(class)     (UINT32_C(1) << (class))
#define UC_IN(class, set) (UC_SET(class) & (set))
#define UNICODE_CJK       0x20 /* in a letter of the table: small, so CJK */

extern const uint8_t unicode_blocks[UNICODE_END >> UNICODE_BLOCK_SHIFT];
extern const char unicode_letters[];

/* The letter of a code point in the table, which says both: class and script. Anything beyond
 * the last code point is 'O'. */
static inline uint8_t unicode_letter(uint32_t cp)
{
	if (cp >= UNICODE_END)
		return 'O';
	return (uint8_t)
	    unicode_letters[unicode_blocks[cp >> UNICODE_BLOCK_SHIFT] << UNICODE_BLOCK_SHIFT |
			    (cp & (UNICODE_BLOCK_SIZE - 1))];
}

static inline enum uclass unicode_class(uint32_t cp)
{
	return (enum uclass)(unicode_letter(cp) & 31);
}

static inline bool unicode_is_cjk(uint32_t cp)
{
	return unicode_letter(cp) & UNICODE_CJK;
}

#endif
