/* longpiece.c - the machine of longpiece.h, one character at a time. */
#include "metering/longpiece.h"
#include "metering/tok_pieces.h"

void longpiece_init(struct longpiece *l, enum vocab_id id, struct span text)
{
	struct pretoken piece = pretoken_first(id, text);

	MUST(piece.kind != PRETOKEN_NUMBER);
	l->vocab = id;
	l->kind = piece.kind;
	l->prefix = piece.prefix;
	l->late = l->may_split = l->ended = false;
	l->script = TOK_ASCII;
	bpe_ring_init(&l->whole);
}

static enum tok_script script_with(enum tok_script script, struct span more)
{
	enum tok_script next = tok_script_of(more);

	return script == TOK_ASCII || next == TOK_CJK ? next : script;
}

static void take(struct longpiece *l, struct bpe *b, struct span bytes)
{
	l->script = script_with(l->script, bytes);
	bpe_ring_take(&l->whole, b, bytes);
	if (!l->may_split)
		return;
	l->rest_script = script_with(l->rest_script, bytes);
	bpe_ring_take(&l->rest, b, bytes);
}

static struct tok_count count_of(enum tok_script script, const struct bpe_ring *ring)
{
	struct tok_count count = { 0 };

	count.of[script] = ring->count;
	return count;
}

/* The piece may prove to end with what was taken. */
static void split_here(struct longpiece *l)
{
	l->before = count_of(l->script, &l->whole);
	l->rest_script = TOK_ASCII;
	bpe_ring_init(&l->rest);
	l->may_split = true;
}

struct tok_count longpiece_count(const struct longpiece *l)
{
	struct tok_count count = l->before;

	if (!l->may_split)
		return count_of(l->script, &l->whole);
	count.of[l->rest_script] += l->rest.count;
	return count;
}

/* How many bytes of text a word takes next. */
static size_t step_word(struct longpiece *l, struct bpe *b, struct span text, bool at_end)
{
	const struct pretoken_rules *r = pretoken_rules(l->vocab);
	const uint32_t caseless = UC_SET(UC_CASELESS) | UC_SET(UC_MARK);
	struct pretoken_char c = pretoken_char(text);
	bool open = false;

	if (c.set & r->word && !(l->late && c.set & UC_SET(UC_UPPER))) {
		if (r->has_cases && c.set & UC_SET(UC_LOWER)) {
			l->late = true;
			l->may_split = false;
		}
		take(l, b, (struct span){ text.at, c.len });
		if (r->has_cases && !l->late && c.set & caseless)
			split_here(l);
		return c.len;
	}
	size_t len = r->own_contraction ? 0 : pretoken_contraction(text, &open);

	if (open && !at_end)
		return 0;
	l->ended = true;
	if (len > 0) {
		if (l->may_split && l->rest.bytes == 0)
			l->may_split = false;
		take(l, b, (struct span){ text.at, len });
	}
	return len;
}

static size_t step_marks(struct longpiece *l, struct bpe *b, struct span text)
{
	struct pretoken_char c = pretoken_char(text);
	bool line_end = pretoken_is_line_end(*text.at);
	bool slash = *text.at == '/' && pretoken_rules(l->vocab)->takes_slashes;

	if (!line_end && !(l->late ? slash : (c.set & PRETOKEN_MARK_SET) != 0)) {
		l->ended = true;
		return 0;
	}
	l->late |= line_end;
	take(l, b, (struct span){ text.at, c.len });
	return c.len;
}

/* The last character before something else is left to it, but for a line end. */
static size_t step_space(struct longpiece *l, struct bpe *b, struct span text, bool at_end)
{
	struct pretoken_char c = pretoken_char(text);
	bool line_end = pretoken_is_line_end(*text.at);

	if (!line_end && text.len == c.len && !at_end)
		return 0;
	if (!(c.set & UC_SET(UC_SPACE)) ||
	    (!line_end && text.len > c.len &&
	     !(pretoken_char(span_skip(text, c.len)).set & UC_SET(UC_SPACE)))) {
		l->ended = true;
		return 0;
	}
	take(l, b, (struct span){ text.at, c.len });
	if (line_end)
		split_here(l);
	return c.len;
}

size_t longpiece_take(struct longpiece *l, struct bpe *b, struct span text, bool at_end,
		      uint64_t limit)
{
	size_t at = l->prefix, len = 1;

	if (l->prefix > 0)
		take(l, b, (struct span){ text.at, l->prefix });
	l->prefix = 0;
	while (at < text.len && !l->ended && len > 0 && b->work <= limit) {
		struct span next = span_skip(text, at);

		switch (l->kind) {
		case PRETOKEN_WORD: len = step_word(l, b, next, at_end); break;
		case PRETOKEN_MARKS: len = step_marks(l, b, next); break;
		default: len = step_space(l, b, next, at_end); break;
		}
		at += len;
	}
	return at;
}
