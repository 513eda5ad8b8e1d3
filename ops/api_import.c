/* api_import.c - /admin/v1/prices/import: LiteLLM's list of thousands of models.
 *
 * Imported prices fill gaps: where a price file or `weir price set` says something, that
 * goes before. */
#include <string.h>
#include "conf/yaml.h"
#include "metering/litellm.h"
#include "metering/price_book.h"
#include "ops/api.h"
#include "ops/house.h"
#include "ops/pricing.h"

#define ERRORS_MAX 2048
#define SOURCE     "LiteLLM model_prices_and_context_window.json"

/* STATUS(name, "what becomes of a model of the list") */
#define STATUSES(STATUS)                                                                           \
	STATUS(new, "nobody had priced it")                                                        \
	STATUS(changed, "takes the place of an older import")                                      \
	STATUS(covered, "stored, but a price of our own goes before")                              \
	STATUS(known, "just this price is there already")                                          \
	STATUS(left_out, "not taken; the remark says why")

enum status {
#define STATUS(name, help) STATUS_##name,
	STATUSES(STATUS)
#undef STATUS
	STATUS_COUNT
};

static const char *const status_names[] = {
#define STATUS(name, help) #name,
	STATUSES(STATUS)
#undef STATUS
};

struct import {
	const struct price_book *now; /* what holds before */
	struct price_book_builder *builder;
	json_t *models;
	unsigned long long count[STATUS_COUNT];
	enum err result;
};

static enum status status_of(const struct import *m, const struct price *p)
{
	struct span provider = span_of(price_provider(p)), model = span_of(price_model(p));
	const struct price *holds = price_find(m->now, provider, model, clk_wall());

	if (price_book_version(m->now, span_of(price_version(p))))
		return STATUS_known;
	if (!holds || price_is_provisional(holds))
		return STATUS_new;
	return price_is_fill(holds) ? STATUS_changed : STATUS_covered;
}

static bool on_model(void *arg, struct span name, struct price *p, const char *remark)
{
	struct import *m = arg;
	enum status status = p ? status_of(m, p) : STATUS_left_out;
	json_t *o = json_object(), *listed = json_stringn(name.at, name.len);

	json_object_set_new(o, "name", listed ? listed : json_null());
	api_put_text(o, "status", status_names[status]);
	api_put_text(o, "provider", p ? price_provider(p) : "");
	api_put_text(o, "model", p ? price_model(p) : "");
	api_put_text(o, "version", p ? price_version(p) : "");
	api_put_text(o, "remark", remark);
	json_array_append_new(m->models, o);
	m->count[status]++;
	if (p)
		m->result = price_book_add(m->builder, p);
	return m->result == ERR_OK;
}

/* Reads the list into the builder and the report. */
static enum err read_list(struct api_call *c, struct import *m)
{
	struct litellm_how how = { .source = SOURCE, .fill = true };
	struct yaml_doc *doc = NULL;
	struct buf errors;
	enum err e;

	buf_init(&errors, ERRORS_MAX);
	e = yaml_load_text("the list", c->raw, &doc, &errors);
	if (e != ERR_OK)
		api_refuse(c, ERR_GARBLED, "%.*s", SPAN_ARG(span_trim(buf_span(&errors))));
	if (e == ERR_OK)
		e = litellm_read(doc, &how, on_model, m);
	if (e == ERR_OK)
		e = m->result;
	yaml_unload(doc);
	buf_release(&errors);
	return e;
}

static void report(struct api_call *c, const struct import *m, bool dry_run, size_t stored)
{
	c->answer = json_object();
	json_object_set_new(c->answer, "dry_run", json_boolean(dry_run));
	json_object_set_new(c->answer, "stored", json_integer((json_int_t)stored));
	for (unsigned i = 0; i < STATUS_COUNT; i++)
		json_object_set_new(c->answer, status_names[i],
				    json_integer((json_int_t)m->count[i]));
	json_object_set(c->answer, "models", m->models);
}

enum err api_price_import(struct api_call *c)
{
	struct import m = { .now = pricing_book(c->house), .builder = price_book_begin() };
	bool dry_run = api_value(c, "dry_run") != NULL;
	struct price_book *book = NULL;
	size_t stored = 0;
	enum err e = m.builder ? ERR_OK : ERR_NOMEM;

	m.models = json_array();
	if (c->raw.len == 0)
		e = api_refuse(c, ERR_GARBLED, "the body is missing: LiteLLM's JSON file, please");
	if (e == ERR_OK)
		e = read_list(c, &m);
	if (e == ERR_OK) {
		e = price_book_finish(m.builder, &book);
		m.builder = NULL;
	}
	if (e == ERR_OK && !dry_run)
		e = pricing_store(c->house, book, "import", &stored);
	if (e == ERR_OK && stored > 0)
		e = pricing_publish(c->house, c->house->conf, c->why, sizeof(c->why));
	report(c, &m, dry_run, stored);
	json_decref(m.models);
	price_book_unref(book);
	price_book_drop(m.builder);
	return e;
}
