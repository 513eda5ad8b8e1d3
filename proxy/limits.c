/* limits.c - see limits.h. */
#include "proxy/limits.h"
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include "base/decimal.h"

struct lines {
	char *to;
	size_t len;
};

__attribute__((format(printf, 2, 3))) static void add(struct lines *l, const char *fmt, ...)
{
	va_list args;
	int len;

	va_start(args, fmt);
	len = vsnprintf(l->to + l->len, LIMITS_ROOM - l->len, fmt, args);
	va_end(args);
	MUST(len >= 0 && (size_t)len < LIMITS_ROOM - l->len);
	l->len += (size_t)len;
}

/* OpenAI's way of writing durations: 132ms, 8.64s, 6m0s, 2h0m0s. */
static void add_duration(struct lines *l, uint64_t us)
{
	uint64_t ms = us / US_PER_MS, s = (us + US_PER_SEC - 1) / US_PER_SEC;
	char seconds[DECIMAL_TEXT_ROOM];

	if (ms < 1000) {
		add(l, "%" PRIu64 "ms\r\n", ms);
	} else if (ms < 60000) {
		decimal_text(ms, 3, seconds);
		add(l, "%ss\r\n", seconds);
	} else if (s < 3600) {
		add(l, "%um%us\r\n", (unsigned)(s / 60), (unsigned)(s % 60));
	} else {
		add(l, "%" PRIu64 "h%um%us\r\n", s / 3600, (unsigned)(s / 60 % 60),
		    (unsigned)(s % 60));
	}
}

static void add_openai(struct lines *l, const char *what, const struct standing *s, struct wall now)
{
	add(l, "x-ratelimit-limit-%s: %" PRId64 "\r\nx-ratelimit-remaining-%s: %" PRId64 "\r\n",
	    what, s->limit, what, s->left);
	if (s->resets.us == PERIOD_NEVER)
		return;
	add(l, "x-ratelimit-reset-%s: ", what);
	add_duration(l, s->resets.us > now.us ? s->resets.us - now.us : 0);
}

static void add_anthropic(struct lines *l, const char *what, const struct standing *s)
{
	char at[CLK_TEXT_ROOM];

	add(l,
	    "anthropic-ratelimit-%s-limit: %" PRId64
	    "\r\nanthropic-ratelimit-%s-remaining: %" PRId64 "\r\n",
	    what, s->limit, what, s->left);
	if (s->resets.us == PERIOD_NEVER)
		return;
	clk_text(s->resets, at);
	add(l, "anthropic-ratelimit-%s-reset: %s\r\n", what, at);
}

bool limits_are_ours(const struct hold *h)
{
	return h->standing[UNIT_requests].known || h->standing[UNIT_tokens].known;
}

struct span limits_fields(const struct hold *h, enum error_style style, struct wall now,
			  char to[LIMITS_ROOM])
{
	static const enum unit rates[] = { UNIT_requests, UNIT_tokens };
	struct lines l = { to, 0 };
	char usd[DECIMAL_TEXT_ROOM];

	if (h->standing[UNIT_usd].known) {
		decimal_pusd_text(h->standing[UNIT_usd].left, usd);
		add(&l, "x-weir-budget-remaining-usd: %s\r\n", usd);
	}
	for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
		const struct standing *s = &h->standing[rates[i]];

		if (!s->known)
			continue;
		if (style == STYLE_anthropic)
			add_anthropic(&l, unit_name(rates[i]), s);
		else
			add_openai(&l, unit_name(rates[i]), s, now);
	}
	return (struct span){ to, l.len };
}
