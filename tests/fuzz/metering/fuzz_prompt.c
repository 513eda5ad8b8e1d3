/* fuzz_prompt.c - any bytes as a request body whose prompt is counted. The first byte picks
 * the shape, the second the budget of a step.
 *
 * What must hold: the budget changes nothing; no more tokens of text than bytes of body, but
 * for the few that take the place of something else; and every total can be made of it. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "base/must.h"
#include "metering/prompt.h"
#include "metering/prompt_shape.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct tok *the_tok(void)
{
	static struct tok *tok; /* made once: the vocabularies take their time */
	static struct vocabs *vocabs;

	if (!tok) {
		MUST(vocabs_new(&vocabs) == ERR_OK);
		tok = tok_new(vocabs);
		MUST(tok);
	}
	return tok;
}

static struct prompt_count count(enum shape_id shape, const struct tok_model *m, struct span body,
				 int64_t work_ns)
{
	struct prompt *p = prompt_new(shape, m, body);
	struct prompt_count c;

	MUST(p);
	while (!prompt_step(p, the_tok(), work_ns))
		;
	c = *prompt_counted(p);
	prompt_free(p);
	return c;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = { "gpt-4o", "gpt-4", "claude-opus-4-7",
					     "gemini-2.5-pro" };
	struct prompt_count whole, steps;
	enum shape_id shape, guess;
	struct tok_model m;
	struct span body;

	if (size < 2)
		return 0;
	shape = (enum shape_id)(data[0] % SHAPE_COUNT);
	body = (struct span){ (const char *)data + 2, size - 2 };
	tok_model_find(NULL, span_of(names[data[1] % 4]), &m);
	whole = count(shape, &m, body, INT64_MAX);
	steps = count(shape, &m, body, 1 + data[1]);
	MUST(memcmp(&whole, &steps, offsetof(struct prompt_count, damaged) + 1) == 0);
	MUST(tok_total(whole.text) + tok_total(whole.tools) <= 2 * size + 16);
	MUST(whole.unseen <= whole.pictures);
	MUST(prompt_tok(&whole, &m) >= prompt_tool_tok(&whole, &m));
	MUST(prompt_shape(&m, body, &guess) != ERR_OK || guess < SHAPE_free);
	return 0;
}
