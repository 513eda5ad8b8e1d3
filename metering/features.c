#include "metering/features.h"
#include <string.h>

#define PICTURE_TOK 1000 /* a nominal one: what a picture costs is learned */

struct learn_prior features_prior(const struct tok_model *m)
{
	return (struct learn_prior){ .family = m->family,
				     .exact = m->exact,
				     .ascii_permil = m->ratio->permille[TOK_ASCII],
				     .cjk_permil = m->ratio->permille[TOK_CJK],
				     .other_permil = m->ratio->permille[TOK_OTHER] };
}

struct learn_features features_answer(struct tok_count text, uint64_t frame_tok)
{
	return (struct learn_features){ .ascii_tok = text.of[TOK_ASCII],
					.cjk_tok = text.of[TOK_CJK],
					.other_tok = text.of[TOK_OTHER],
					.frame_tok = frame_tok };
}

struct learn_features features_prompt(const struct prompt_count *c, const struct tok_model *m)
{
	uint64_t tool_tok = prompt_tool_tok(c, m);
	uint64_t frame_tok = prompt_tok(c, m) - tool_tok - c->picture_tok -
			     tok_model_text(m, c->text);
	struct learn_features f = features_answer(c->text, frame_tok);

	f.messages = c->messages;
	f.tool_tok = tool_tok;
	f.picture_tok = c->picture_tok;
	return f;
}

bool features_are_whole(const struct prompt_count *c)
{
	return !c->remote && !c->damaged && c->unseen == 0 && c->unread == 0;
}

#define EACH_BYTE UINT64_C(0x0101010101010101)

/* Bytes with the high bit: of letters that are not ASCII. Eight at a time, each in a sum of its
 * own that holds 255 at most: every body is read, and byte by byte that took 0.45 ns for one. */
static size_t other_bytes(struct span s)
{
	size_t n = 0;

	while (s.len >= sizeof(uint64_t)) {
		uint64_t sums = 0;

		for (int i = 0; i < 255 && s.len >= sizeof(uint64_t); i++) {
			uint64_t word;

			memcpy(&word, s.at, sizeof(word));
			sums += word >> 7 & EACH_BYTE;
			s = span_skip(s, sizeof(word));
		}
		for (; sums > 0; sums >>= 8)
			n += sums & 0xff;
	}
	for (size_t i = 0; i < s.len; i++)
		n += (unsigned char)s.at[i] >> 7;
	return n;
}

struct learn_features features_body(const struct peek *p, struct span body)
{
	uint64_t other = other_bytes(body), ascii = body.len - other;
	struct learn_features f = learn_bytes(ascii > p->data_bytes ? ascii - p->data_bytes : 0,
					      other);

	f.picture_tok = p->image_parts * PICTURE_TOK;
	return f;
}
