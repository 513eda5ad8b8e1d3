/* meter.c - see meter.h. Everything is taken from counters and tables below; here it is only
 * decided which of them speaks. */
#include "metering/meter.h"
#include <stdio.h>
#include <stdlib.h>
#include "metering/estimate.h"
#include "metering/features.h"
#include "metering/usage.h"
#include "store/row.h"

#define TEXTS        16             /* that may be going on at the same time */
#define OF_A_CHOICE  4              /* of these: reasoning, content, a call's name, arguments */
#define OVER         64             /* texts that are known to be over: the last of them */
#define TEXT_WORK_NS (2 * TOK_WORK) /* for one piece; what is left of it counts by its bytes */

struct meter_texts {
	struct meter_said {
		struct tok_stream text;
		uint32_t part;
		bool live;
	} at[TEXTS]; /* the one spoken last comes first */
	uint32_t over[OVER];
	uint64_t overs;
};

/* One choice speaks its texts one after the other. Of several one may be silent while the others
 * begin texts. */
static uint8_t voices(uint64_t choices)
{
	if (choices <= 1)
		return 1;
	return choices < TEXTS / OF_A_CHOICE ? (uint8_t)(OF_A_CHOICE * choices) : TEXTS;
}

void meter_begin(struct meter *m, const struct meter_kit *kit, const struct meter_subject *s)
{
	const struct peek *p = s->peek;

	*m = (struct meter){ .kit = kit };
	m->most_tok = estimate_input_bound_tok(p, s->body.len, s->context_tok);
	m->plain_tok = estimate_input_tok(p, s->body.len, s->context_tok);
	if (!kit)
		return;
	tok_model_find(s->dialect, s->model, &m->model);
	m->prior = features_prior(&m->model);
	m->learned = learn_find(kit->learn, s->provider, span_of(m->prior.family));
	m->voices = voices(p->n);
	m->bytes = features_body(p, s->body);
}

static bool is_over(const struct meter_texts *t, uint32_t part)
{
	for (uint64_t i = 0; i < t->overs && i < OVER; i++)
		if (t->over[i] == part)
			return true;
	return false;
}

static void end_text(struct meter *m, struct meter_said *s)
{
	if (!s->live)
		return;
	tok_add(&m->said, tok_stream_count(m->kit->tok, &s->text));
	m->texts->over[m->texts->overs++ % OVER] = s->part;
	m->mixed |= s->text.blind;
	tok_stream_release(&s->text);
	s->live = false;
}

void meter_release(struct meter *m)
{
	prompt_free(m->prompt);
	for (int i = 0; m->texts && i < TEXTS; i++)
		if (m->texts->at[i].live)
			tok_stream_release(&m->texts->at[i].text);
	free(m->texts);
	*m = (struct meter){ 0 };
}

/* --- the prompt --- */

bool meter_prompt(struct meter *m, enum shape_id shape, struct span body)
{
	if (!m->kit || m->prompt || m->prompt_counted)
		return true;
	m->prompt = prompt_new(shape, &m->model, body);
	return m->prompt;
}

bool meter_step(struct meter *m, int64_t work_ns)
{
	if (!m->prompt)
		return true;
	if (!prompt_step(m->prompt, m->kit->tok, work_ns))
		return false;
	m->counted = *prompt_counted(m->prompt);
	m->prompt_counted = true;
	meter_prompt_drop(m);
	return true;
}

void meter_prompt_drop(struct meter *m)
{
	prompt_free(m->prompt);
	m->prompt = NULL;
}

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

struct meter_input meter_input_tok(const struct meter *m)
{
	enum learn_kind kind = m->prompt_counted ? LEARN_prompt : LEARN_prompt_bytes;
	struct learn_features f = m->bytes;
	struct learn_estimate e;

	if (!m->kit)
		return (struct meter_input){ .mean_tok = m->plain_tok, .high_tok = m->most_tok };
	if (m->prompt_counted)
		f = features_prompt(&m->counted, &m->model);
	learn_estimate(m->learned, &m->prior, kind, &f, &e);
	return (struct meter_input){ .mean_tok = least(e.mean_tok, m->most_tok),
				     .high_tok = least(e.high_tok, m->most_tok) };
}

/* --- the answer --- */

static void begin_text(struct meter *m, struct meter_said *s, uint32_t part)
{
	m->mixed |= is_over(m->texts, part); /* it goes on after all */
	*s = (struct meter_said){ .part = part, .live = true };
	tok_stream_init(&s->text, m->model.vocab);
}

/* Brings the text of that part to the front. One too many ends the one that was silent longest. */
static struct meter_said *text_of(struct meter *m, uint32_t part)
{
	struct meter_said found, *at = m->texts->at;
	int i = 0;

	if (at->live && at->part == part)
		return at;
	while (i < m->voices - 1 && at[i].live && at[i].part != part)
		i++;
	if (at[i].live && at[i].part != part)
		end_text(m, &at[i]);
	if (!at[i].live)
		begin_text(m, &at[i], part);
	found = at[i];
	memmove(&at[1], &at[0], (size_t)i * sizeof(found));
	at[0] = found;
	return at;
}

void meter_text(void *arg, uint32_t part, struct span piece)
{
	struct meter *m = arg;
	int64_t work_ns = TEXT_WORK_NS;

	if (!m->texts)
		m->texts = calloc(1, sizeof(*m->texts));
	if (!m->texts)
		return;
	while (piece.len > 0 && work_ns > 0) {
		struct meter_said *s = text_of(m, part);
		size_t taken = tok_stream_push(m->kit->tok, &s->text, piece, &work_ns);

		piece = span_skip(piece, taken);
		m->said_bytes += taken;
	}
}

static struct tok_count said(struct meter *m, bool now)
{
	struct tok_count sum = m->said;

	for (int i = 0; m->texts && i < TEXTS; i++) {
		struct tok_stream *s = &m->texts->at[i].text;
		size_t pending = 0;

		if (!m->texts->at[i].live)
			continue;
		tok_add(&sum,
			now ? tok_stream_count(m->kit->tok, s) : tok_stream_floor(s, &pending));
		sum.of[TOK_ASCII] += estimate_output_tok(pending);
	}
	return sum;
}

/* What was said counts, what was not shown is taken by its bytes. */
static struct learn_estimate estimate_output(struct meter *m, uint64_t text_bytes, bool now)
{
	uint64_t unread_tok = estimate_output_tok(text_bytes - m->said_bytes);
	struct tok_count count = m->kit ? said(m, now) : (struct tok_count){ 0 };
	struct learn_features f;
	struct learn_estimate e;

	count.of[TOK_OTHER] += unread_tok;
	e.low_tok = e.mean_tok = tok_total(count);
	if (m->kit && !m->model.exact) {
		f = features_answer(count, 0);
		learn_estimate(m->learned, &m->prior, LEARN_completion, &f, &e);
	}
	return e;
}

uint64_t meter_output_tok(struct meter *m, uint64_t text_bytes, bool now)
{
	return estimate_output(m, text_bytes, now).mean_tok;
}

uint64_t meter_output_low_tok(struct meter *m, uint64_t text_bytes)
{
	return estimate_output(m, text_bytes, true).low_tok;
}

/* --- all of it --- */

bool meter_is_exact(const struct meter *m, uint64_t text_bytes)
{
	const struct prompt_count *c = &m->counted;

	return m->kit && m->model.exact && m->prompt_counted && !c->remote && !c->damaged &&
	       c->unread == 0 && c->unseen == 0 && !m->mixed && text_bytes == m->said_bytes;
}

void meter_method(const struct meter *m, char *to, size_t room)
{
	bool counted = m->kit && (m->prompt_counted || m->said_bytes > 0);

	snprintf(to, room, "%s%s", counted ? tok_model_encoding(&m->model) : "bytes",
		 counted && !m->model.exact ? ", learned" : "");
}

static void learn(const struct meter *m, const struct row *r, enum learn_kind kind,
		  struct learn_features f, uint64_t reported_tok)
{
	(void)learn_sample(m->kit->learn, span_of(r->provider), &m->prior, kind, &f, reported_tok);
}

/* Where reasoning is billed that nobody saw, the text tells nothing of the number. */
void meter_learn(struct meter *m, const struct row *r, uint64_t text_bytes)
{
	bool heard = m->said_bytes > 0 && m->said_bytes == text_bytes && !m->mixed;

	if (!m->kit || strcmp(r->usage_source, usage_source_name(USAGE_reported)) != 0)
		return;
	learn(m, r, LEARN_prompt_bytes, m->bytes, r->input_tok);
	if (m->prompt_counted && features_are_whole(&m->counted))
		learn(m, r, LEARN_prompt, features_prompt(&m->counted, &m->model), r->input_tok);
	if (heard && r->output_tok > 0 && r->reasoning_tok == 0)
		learn(m, r, LEARN_completion, features_answer(said(m, true), 0), r->output_tok);
}
