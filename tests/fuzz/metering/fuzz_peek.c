/* fuzz_peek.c - any bytes as a request body of any shape. The first byte picks the shape.
 *
 * What must hold: a body that was accepted is still accepted, and says the same, after
 * include_usage was put in; and the limits of every number and text. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "base/must.h"
#include "metering/peek.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_facts(const struct peek *p, size_t size)
{
	MUST(memchr(p->model, '\0', sizeof(p->model)) && memchr(p->user, '\0', sizeof(p->user)));
	MUST(memchr(p->tier, '\0', sizeof(p->tier)));
	MUST(memchr(p->priced_option, '\0', sizeof(p->priced_option)));
	MUST(p->n >= 1 && p->n <= PEEK_CHOICES_MAX * PEEK_PROMPTS_MAX);
	MUST(p->max_output_tok <= PEEK_CAP_MAX && (p->has_cap || p->max_output_tok == 0));
	MUST(p->text_bytes <= size && p->data_bytes <= size);
	MUST(p->usage_at + p->usage_drop <= size);
}

static void check_insertion(enum shape_id shape, struct span body, const struct peek *p)
{
	char why[256];
	struct peek again;
	struct buf to;

	buf_init(&to, body.len + 100);
	MUST(peek_with_usage(p, body, &to));
	MUST(peek_body(shape, buf_span(&to), &again, why, sizeof(why)) == ERR_OK);
	MUST(again.wants_usage && again.stream == p->stream && again.n == p->n);
	MUST(again.max_output_tok == p->max_output_tok && strcmp(again.model, p->model) == 0);
	buf_release(&to);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum shape_id shape;
	struct span body;
	struct peek p;
	char why[256] = "";

	if (size == 0)
		return 0;
	shape = (enum shape_id)(data[0] % SHAPE_COUNT);
	body = (struct span){ (const char *)data + 1, size - 1 };
	if (peek_body(shape, body, &p, why, sizeof(why)) != ERR_OK) {
		MUST(why[0] != '\0' && memchr(why, '\0', sizeof(why)));
		return 0;
	}
	if (shape == SHAPE_free)
		return 0;
	check_facts(&p, body.len);
	if (shape == SHAPE_openai_chat || shape == SHAPE_openai_completions)
		check_insertion(shape, body, &p);
	return 0;
}
