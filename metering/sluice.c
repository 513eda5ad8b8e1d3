#include "metering/sluice.h"

#define MANY_TOK UINT64_C(1000000) /* the rate of one token is taken from the price of so many */

/* Rounded up: no token may cost more than it is held for. */
static enum err find_rate(struct sluice *s, const struct sluice_plan *p)
{
	int64_t none_pusd, many_pusd;
	enum err e = price_worst(p->price, p->input_tok, 0, p->tier, &none_pusd);

	if (e == ERR_OK)
		e = price_worst(p->price, p->input_tok, MANY_TOK, p->tier, &many_pusd);
	if (e == ERR_OK)
		s->token_pusd = (many_pusd - none_pusd) / (int64_t)MANY_TOK + 1;
	return e;
}

static struct amounts for_tokens(const struct sluice *s, uint64_t tok)
{
	return (struct amounts){
		.of = { [UNIT_usd] = s->token_pusd * (int64_t)tok, [UNIT_tokens] = (int64_t)tok }
	};
}

enum err sluice_plan(struct sluice *s, const struct sluice_plan *p, struct amounts *first)
{
	int64_t prompt_pusd = 0;
	enum err e;

	*s = (struct sluice){ .most_tok = p->output_tok };
	s->paid_tok = p->output_tok < SLUICE_FIRST_TOK ? p->output_tok : SLUICE_FIRST_TOK;
	e = find_rate(s, p);
	if (e == ERR_OK)
		e = price_worst(p->price, p->input_tok, 0, p->tier, &prompt_pusd);
	if (e != ERR_OK || s->token_pusd > INT64_MAX / (int64_t)SLUICE_STEP_TOK)
		return ERR_RANGE;
	*first = for_tokens(s, s->paid_tok);
	if (__builtin_add_overflow(first->of[UNIT_usd], prompt_pusd, &first->of[UNIT_usd]))
		return ERR_RANGE;
	first->of[UNIT_tokens] += (int64_t)p->input_tok;
	first->of[UNIT_requests] = first->of[UNIT_concurrent] = 1;
	return ERR_OK;
}

/* As much as there is, in halves; else why there is nothing, not even for one token. */
static enum err hold_more(struct sluice *s, struct hold *h, struct wall now,
			  struct quota_details *why)
{
	uint64_t tok = s->most_tok - s->paid_tok;
	enum err e = ERR_REFUSED;

	for (tok = tok < SLUICE_STEP_TOK ? tok : SLUICE_STEP_TOK; tok > 0; tok /= 2) {
		struct amounts more = for_tokens(s, tok);

		e = s->open ? allowance_grow_open(h, &more, now, why)
			    : allowance_grow(h, &more, now, why);
		if (e == ERR_OK) {
			s->paid_tok += tok;
			return ERR_OK;
		}
	}
	return e;
}

/* Asks when half a step is left, so that a step is asked for once and not for every token. */
enum err sluice_passes(struct sluice *s, struct hold *h, uint64_t passed_tok, struct wall now,
		       struct quota_details *why)
{
	enum err e = ERR_OK;

	if (!s->stands)
		return ERR_OK;
	while (e == ERR_OK && s->paid_tok < s->most_tok &&
	       passed_tok + SLUICE_STEP_TOK / 2 > s->paid_tok)
		e = hold_more(s, h, now, why);
	return passed_tok < s->paid_tok || s->paid_tok >= s->most_tok ? ERR_OK : e;
}
