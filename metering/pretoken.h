/* pretoken.h - where the pieces of a text end: the split that comes before the encoding.
 *
 * The tokenizers split by regular expressions (cl100k_base, o200k_base). No piece depends on what
 * stands before it, so this is a machine that reads one piece at a time:
 *
 *   contraction   's 't 're 've 'm 'll 'd in either case: a piece of its own at a piece's start
 *                 (cl100k), or the end of a word (o200k)
 *   word          letters, with one character in front that is no letter, number or line end.
 *                 o200k takes marks for letters, and begins a new word where lower case is
 *                 followed by upper case, or letters without case by upper case that no lower
 *                 case follows
 *   number        one to three digits
 *   marks         everything else but white space, with one space in front and line ends behind
 *                 (o200k: line ends and slashes)
 *   space         white space: through its last line end; else all but its last character, which
 *                 belongs to what follows; else that character
 *
 * All texts must be valid UTF-8. Pure; safe anywhere.
 */
#ifndef METERING_PRETOKEN_H
#define METERING_PRETOKEN_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/span.h"
#include "metering/unicode.h"
#include "metering/vocab.h"

#define PRETOKEN_BLOCK 64 /* bytes */

enum pretoken_kind {
	PRETOKEN_WORD,
	PRETOKEN_NUMBER,
	PRETOKEN_MARKS,
	PRETOKEN_SPACE
};

/* Sixteen bytes: small enough to be returned in registers. */
struct pretoken {
	size_t len;
	uint8_t prefix; /* bytes before a word's first letter or the first of the marks */
	uint8_t kind;   /* enum pretoken_kind */
	bool open;      /* more text could change where it ends */
};

/* What the expressions of the two vocabularies differ in. */
struct pretoken_rules {
	uint32_t word;        /* the classes of a word's characters */
	bool has_cases;       /* does upper case begin a new word? */
	bool own_contraction; /* a piece of its own, not the end of a word? */
	bool takes_slashes;   /* among the line ends behind marks? */
};

struct pretoken_char {
	uint32_t set; /* UC_SET() of its class */
	uint32_t len; /* bytes */
	uint32_t code;
};

#define PRETOKEN_MARK_SET (UC_SET(UC_OTHER) | UC_SET(UC_MARK))

/* Static. */
const struct pretoken_rules *pretoken_rules(enum vocab_id id);

/* The piece that text begins with, if text were all there is; text.len at least 1. */
struct pretoken pretoken_first(enum vocab_id id, struct span text);

/* The bytes of a contraction that text begins with, or 0. *open is set when more text could make
 * it one, and left alone otherwise. */
size_t pretoken_contraction(struct span text, bool *open);

/* Many pieces at once: p is a piece's start. Bit i of the answer says that another piece begins
 * at p[i]; all begin there up to the last bit set, whatever the text goes on with. 0: it takes
 * pretoken_first() to tell. Reads PRETOKEN_BLOCK bytes. */
uint64_t pretoken_block(enum vocab_id id, const char *p);

/* The character that text begins with; text.len at least 1. */
static inline struct pretoken_char pretoken_char(struct span text)
{
	const unsigned char *p = (const unsigned char *)text.at;
	struct pretoken_char c = { .len = 1, .code = p[0] };

	if (p[0] >= 0xf0) {
		c.len = 4;
		c.code = (p[0] & 0x07u) << 18 | (p[1] & 0x3fu) << 12 | (p[2] & 0x3fu) << 6 |
			 (p[3] & 0x3fu);
	} else if (p[0] >= 0xe0) {
		c.len = 3;
		c.code = (p[0] & 0x0fu) << 12 | (p[1] & 0x3fu) << 6 | (p[2] & 0x3fu);
	} else if (p[0] >= 0x80) {
		c.len = 2;
		c.code = (p[0] & 0x1fu) << 6 | (p[1] & 0x3fu);
	}
	c.set = UC_SET(unicode_class(c.code));
	return c;
}

static inline bool pretoken_is_line_end(char c)
{
	return c == '\n' || c == '\r';
}

#endif
