/* tokens.c - see tokens.h. */
#include "ops/tokens.h"
#include "metering/prompt_shape.h"

#define STEP_NS 10000000

static enum err count_body(struct tok *t, struct span body, struct tokens *out)
{
	struct prompt *p = prompt_new(out->shape, &out->model, body);

	if (!p)
		return ERR_NOMEM;
	while (!prompt_step(p, t, STEP_NS))
		;
	out->count = *prompt_counted(p);
	prompt_free(p);
	return ERR_OK;
}

enum err tokens_count(struct tok *t, const char *model, struct span text, enum tokens_as as,
		      struct tokens *out)
{
	enum err e = ERR_MISSING;

	*out = (struct tokens){ .shape = SHAPE_free };
	tok_model_find(NULL, span_of(model), &out->model);
	if (as != TOKENS_TEXT)
		e = prompt_shape(&out->model, text, &out->shape);
	out->is_body = e == ERR_OK;
	if (out->is_body)
		return count_body(t, text, out);
	if (as == TOKENS_BODY)
		return e;
	out->count.text = tok_count(t, out->model.vocab, text);
	return ERR_OK;
}

/* How the number is known. */
static const char *method_of(const struct tokens *t)
{
	if (!t->model.exact)
		return "prior"; /* the nearest vocabulary, times a usual ratio */
	return t->is_body ? "formula" : "exact";
}

static void put(json_t *o, const char *name, uint64_t value)
{
	json_object_set_new(o, name, json_integer((json_int_t)value));
}

/* What a body has beside its numbers of tokens. */
static void put_body(json_t *o, const struct tokens *t)
{
	const struct prompt_count *c = &t->count;

	json_object_set_new(o, "shape", json_string(shape_name(t->shape)));
	put(o, "tools", c->tool_count);
	put(o, "pictures", c->pictures);
	put(o, "pictures_unseen", c->unseen);
	put(o, "parts_unread", c->unread);
	json_object_set_new(o, "complete",
			    json_boolean(!c->remote && c->unread == 0 && c->unseen == 0));
}

json_t *tokens_json(const char *model, const struct tokens *t)
{
	json_t *o = json_object();

	json_object_set_new(o, "model", json_string(model));
	put(o, "tokens", prompt_tok(&t->count, &t->model));
	put(o, "text_tokens", tok_model_text(&t->model, t->count.text));
	put(o, "tool_tokens", prompt_tool_tok(&t->count, &t->model));
	put(o, "picture_tokens", t->count.picture_tok);
	put(o, "messages", t->count.messages);
	json_object_set_new(o, "encoding", json_string(tok_model_encoding(&t->model)));
	json_object_set_new(o, "exact", json_boolean(t->model.exact));
	json_object_set_new(o, "method", json_string(method_of(t)));
	json_object_set_new(o, "family", json_string(t->model.family));
	if (t->is_body)
		put_body(o, t);
	return o;
}

const char *tokens_problem(enum err e)
{
	switch (e) {
	case ERR_GARBLED: return "it is no JSON object";
	case ERR_MISSING: return "it is not a request body of any kind that weir knows";
	default: return "there is no memory";
	}
}
