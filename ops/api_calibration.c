/* api_calibration.c - /admin/v1/calibration: what estimates of tokens have learned. */
#include <string.h>
#include "metering/learn.h"
#include "ops/api.h"
#include "ops/house.h"
#include "ops/learning.h"

/* ---- showing ---- */

/* Adds thousandths as the text of a decimal number, after it was multiplied by 10^shift. */
static void put_permil(json_t *o, const char *name, int64_t permil, unsigned shift)
{
	unsigned long long size = (unsigned long long)(permil < 0 ? -permil : permil), unit = 1000;

	for (unsigned i = 0; i < shift; i++)
		unit /= 10;
	json_object_set_new(o, name,
			    json_sprintf("%s%llu.%0*llu", permil < 0 ? "-" : "", size / unit,
					 (int)(3 - shift), size % unit));
}

static json_t *view_json(const struct learn_view *v)
{
	json_t *o = json_object(), *coefficients = json_object();

	api_put_text(o, "provider", v->provider);
	api_put_text(o, "family", v->family);
	api_put_text(o, "kind", learn_kind_name(v->kind));
	json_object_set_new(o, "samples", json_integer((json_int_t)v->samples));
	json_object_set_new(o, "seen", json_integer((json_int_t)v->seen));
	json_object_set_new(o, "exact", json_boolean(v->exact));
	json_object_set_new(o, "frozen", json_boolean(v->frozen));
	json_object_set_new(o, "drift", json_boolean(v->drift));
	put_permil(o, "bias_percent", v->bias_permil, 2);
	put_permil(o, "error_percent", v->error_permil, 2);
	put_permil(o, "p5_percent", v->low_permil, 2);
	put_permil(o, "p95_percent", v->high_permil, 2);
	for (unsigned i = 0; i < LEARN_COEFFICIENT_COUNT; i++)
		put_permil(coefficients, learn_coefficient_name(i), v->coefficient_permil[i], 0);
	json_object_set_new(o, "coefficients", coefficients);
	return o;
}

struct listing {
	const char *provider, *family; /* NULL: any */
	json_t *models;
};

static bool on_view(void *arg, const struct learn_view *v)
{
	struct listing *l = arg;

	if ((!l->provider || strcmp(l->provider, v->provider) == 0) &&
	    (!l->family || strcmp(l->family, v->family) == 0))
		json_array_append_new(l->models, view_json(v));
	return true;
}

enum err api_calibration_list(struct api_call *c)
{
	struct listing l = { .provider = api_value(c, "provider"),
			     .family = api_value(c, "family"),
			     .models = json_array() };

	learn_each(c->house->learn, on_view, &l);
	c->answer = json_object();
	json_object_set_new(c->answer, "models", l.models);
	return ERR_OK;
}

static bool on_line(void *arg, const char *name, struct span line)
{
	struct api_call *c = arg;

	(void)name;
	return buf_add(&c->text, SPAN("{\"state\":\"")) && buf_add_json(&c->text, line) &&
	       buf_add(&c->text, SPAN("\"}\n"));
}

enum err api_calibration_export(struct api_call *c)
{
	learn_each_line(c->house->learn, false, on_line, c);
	return ERR_OK;
}

/* ---- changing ---- */

/* A change is in force at once; it should last, too. */
static enum err keep(struct api_call *c)
{
	enum err e = learning_keep(c->house);

	return e == ERR_OK ? e
			   : api_refuse(c, e, "in force, but not saved yet: see the log of weir");
}

enum err api_calibration_import(struct api_call *c)
{
	json_t *states = json_object_get(c->body, "states"), *state;
	char why[200] = "no text";
	enum err e = ERR_OK;
	size_t i;

	if (!json_is_array(states) || json_array_size(states) == 0)
		return api_refuse(c, ERR_GARBLED, "states is missing: an array of exported lines");
	json_array_foreach(states, i, state)
	{
		const char *line = json_string_value(state);

		e = line ? learn_check(span_of(line), why, sizeof(why)) : ERR_GARBLED;
		if (e != ERR_OK)
			return api_refuse(c, e, "line %zu: %s; nothing is imported", i + 1, why);
	}
	json_array_foreach(states, i, state)
	{
		e = learn_read(c->house->learn, span_of(json_string_value(state)), why,
			       sizeof(why));
		if (e != ERR_OK)
			return api_refuse(c, e, "line %zu: %s; the lines before it are imported",
					  i + 1, why);
	}
	c->answer = json_object();
	json_object_set_new(c->answer, "imported", json_integer((json_int_t)i));
	return keep(c);
}

static enum err set_frozen(struct api_call *c, bool frozen)
{
	struct span provider = span_of(api_value(c, "provider"));
	struct span family = span_of(api_value(c, "family"));
	unsigned n = learn_freeze(c->house->learn, provider, family, frozen);

	if (n == 0 && (provider.len > 0 || family.len > 0))
		return api_refuse(c, ERR_MISSING, "nothing is learned of that model family yet");
	c->answer = json_object();
	json_object_set_new(c->answer, "models", json_integer(n));
	json_object_set_new(c->answer, "frozen", json_boolean(frozen));
	return keep(c);
}

enum err api_calibration_freeze(struct api_call *c)
{
	return set_frozen(c, true);
}

enum err api_calibration_unfreeze(struct api_call *c)
{
	return set_frozen(c, false);
}
