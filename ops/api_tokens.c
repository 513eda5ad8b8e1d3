/* api_tokens.c - /admin/v1/tokens. */
#include <stdlib.h>
#include <string.h>
#include "ops/api.h"
#include "ops/house.h"
#include "ops/tokens.h"

#define TEXT_MAX (1u << 20) /* bytes; a longer one would hold up everything else here */

/* What is to be counted, as new text; NULL: neither or both were given. */
static char *text_of(const struct api_call *c, enum tokens_as *as)
{
	const json_t *text = json_object_get(c->body, "text");
	const json_t *body = json_object_get(c->body, "body");

	*as = body ? TOKENS_BODY : TOKENS_TEXT;
	if (json_is_string(text) && !body)
		return strdup(json_string_value(text));
	return json_is_object(body) && !text ? json_dumps(body, JSON_COMPACT) : NULL;
}

enum err api_tokens(struct api_call *c)
{
	char model[128] = "", *text;
	struct tokens counted;
	enum tokens_as as;
	enum err e = api_text(c, "model", model, sizeof(model));

	if (e != ERR_OK)
		return e;
	if (!model[0])
		return api_refuse(c, ERR_GARBLED, "model is missing");
	text = text_of(c, &as);
	if (!text)
		return api_refuse(c, ERR_GARBLED,
				  "what is to be counted? {text} or {body}, a request body");
	e = ERR_TOO_BIG;
	if (strlen(text) > TEXT_MAX)
		api_refuse(c, e, "at most %u MB are counted here", TEXT_MAX >> 20);
	else
		e = tokens_count(c->house->tok, model, span_of(text), as, &counted);
	free(text);
	if (e == ERR_GARBLED || e == ERR_MISSING)
		return api_refuse(c, ERR_GARBLED, "body: %s", tokens_problem(e));
	if (e != ERR_OK)
		return e;
	c->answer = tokens_json(model, &counted);
	return ERR_OK;
}
