/* pretoken.c - the split of pretoken.h, one piece at a time. */
#include "metering/pretoken.h"

#define LETTER_SET (UC_SET(UC_UPPER) | UC_SET(UC_LOWER) | UC_SET(UC_CASELESS))

static const struct pretoken_rules rules_of[VOCAB_COUNT] = {
	[VOCAB_CL100K] = { .word = LETTER_SET, .own_contraction = true },
	[VOCAB_O200K] = { .word = LETTER_SET | UC_SET(UC_MARK),
			  .has_cases = true,
			  .takes_slashes = true },
};

const struct pretoken_rules *pretoken_rules(enum vocab_id id)
{
	return &rules_of[id];
}

size_t pretoken_contraction(struct span text, bool *open)
{
	const char *p = text.at;

	if (text.len == 0 || p[0] != '\'') {
		*open |= text.len == 0;
		return 0;
	}
	if (text.len == 1) {
		*open = true;
		return 0;
	}
	if (text.len >= 3 && p[1] == '\xc5' && p[2] == '\xbf')
		return 3; /* a long s is an s in lower case */
	switch (p[1] | 0x20) {
	case 's':
	case 't':
	case 'm':
	case 'd': return 2;
	case 'l':
	case 'v':
	case 'r': break;
	default: return 0;
	}
	*open |= text.len == 2;
	return text.len > 2 && (p[2] | 0x20) == ((p[1] | 0x20) == 'l' ? 'l' : 'e') ? 3 : 0;
}

/* The end of the characters of these classes that begin at `from`. */
static size_t run_end(struct span text, size_t from, uint32_t set)
{
	while (from < text.len) {
		struct pretoken_char c = pretoken_char(span_skip(text, from));

		if (!(c.set & set))
			break;
		from += c.len;
	}
	return from;
}

/* Upper case as far as it goes, with the rest of a word behind it; but where no lower case
 * follows, it ends with its last letter that has no case, if there is one. *seen is set to where
 * that was decided. */
static size_t cased_end(struct span text, size_t from, size_t *seen)
{
	const uint32_t caseless = UC_SET(UC_CASELESS) | UC_SET(UC_MARK);
	struct pretoken_char c = { 0 };
	size_t last_caseless = 0;

	for (; from < text.len; from += c.len) {
		c = pretoken_char(span_skip(text, from));
		if (!(c.set & (caseless | UC_SET(UC_UPPER))))
			break;
		if (c.set & caseless)
			last_caseless = from + c.len;
	}
	*seen = from;
	if (from < text.len && c.set & UC_SET(UC_LOWER))
		return *seen = run_end(text, from, caseless | UC_SET(UC_LOWER));
	return last_caseless > 0 ? last_caseless : from;
}

static struct pretoken word(const struct pretoken_rules *r, struct span text, size_t prefix)
{
	struct pretoken piece = { .prefix = (uint8_t)prefix, .kind = PRETOKEN_WORD };
	size_t seen;

	if (r->has_cases)
		piece.len = cased_end(text, prefix, &seen);
	else
		piece.len = seen = run_end(text, prefix, r->word);
	piece.open = seen == text.len;
	if (!r->own_contraction)
		piece.len += pretoken_contraction(span_skip(text, piece.len), &piece.open);
	return piece;
}

static struct pretoken number(struct span text)
{
	struct pretoken piece = { .kind = PRETOKEN_NUMBER };
	int digits = 0;

	while (digits < 3 && piece.len < text.len) {
		struct pretoken_char c = pretoken_char(span_skip(text, piece.len));

		if (!(c.set & UC_SET(UC_NUMBER)))
			break;
		piece.len += c.len;
		digits++;
	}
	piece.open = digits < 3 && piece.len == text.len;
	return piece;
}

static struct pretoken marks(const struct pretoken_rules *r, struct span text, size_t prefix)
{
	struct pretoken piece = { .prefix = (uint8_t)prefix, .kind = PRETOKEN_MARKS };
	size_t i = run_end(text, prefix, PRETOKEN_MARK_SET);

	while (i < text.len &&
	       (pretoken_is_line_end(text.at[i]) || (r->takes_slashes && text.at[i] == '/')))
		i++;
	piece.len = i;
	piece.open = i == text.len;
	return piece;
}

static struct pretoken space(struct span text)
{
	size_t end = run_end(text, 0, UC_SET(UC_SPACE)), lines = end, last = end;
	struct pretoken piece = { .len = end, .kind = PRETOKEN_SPACE, .open = end == text.len };

	while (lines > 0 && !pretoken_is_line_end(text.at[lines - 1]))
		lines--;
	if (lines > 0) {
		piece.len = lines;
	} else if (!piece.open) {
		do
			last--;
		while ((text.at[last] & 0xc0) == 0x80);
		piece.len = last > 0 ? last : end;
	}
	return piece;
}

struct pretoken pretoken_first(enum vocab_id id, struct span text)
{
	const struct pretoken_rules *r = &rules_of[id];
	struct pretoken_char c = pretoken_char(text), next = { 0 };
	bool open = false;

	if (r->own_contraction) {
		size_t len = pretoken_contraction(text, &open);

		if (len > 0)
			return (struct pretoken){ .len = len, .kind = PRETOKEN_WORD };
	}
	if (c.set & r->word)
		return word(r, text, 0);
	if (c.set & UC_SET(UC_NUMBER))
		return number(text);
	if (c.len < text.len)
		next = pretoken_char(span_skip(text, c.len));
	if (next.set & r->word && !pretoken_is_line_end(*text.at))
		return word(r, text, c.len);
	if (*text.at == ' ' && next.set & PRETOKEN_MARK_SET)
		return marks(r, text, 1);
	if (c.set & PRETOKEN_MARK_SET)
		return marks(r, text, 0);
	return space(text);
}
