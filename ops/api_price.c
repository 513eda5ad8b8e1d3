/* api_price.c - /admin/v1/prices. Rates are texts from end to end: no double comes near. */
#include <string.h>
#include "base/date.h"
#include "base/decimal.h"
#include "conf/value.h"
#include "conf/yaml.h"
#include "metering/price_book.h"
#include "ops/api.h"
#include "ops/house.h"
#include "ops/pricing.h"

#define ENTRY_MAX  8192
#define ERRORS_MAX 4096

/* ---- showing ---- */

/* Appends the standard rates of an entry, {"input":"2.5",...}, read from its canonical text. */
static bool add_rates(struct buf *to, const struct price *p)
{
	struct yaml_doc *doc = NULL;
	struct buf errors;
	const char *comma = "";
	bool ok;

	buf_init(&errors, ERRORS_MAX);
	ok = yaml_load_text("price", span_of(price_text(p)), &doc, &errors) == ERR_OK &&
	     buf_add(to, SPAN("{"));
	for (unsigned q = 0; ok && q < Q_COUNT; q++) {
		const struct yaml_node *rate = yaml_get(doc->root, quantity_infos[q].name);

		if (!rate || rate->kind != YAML_SCALAR)
			continue;
		ok = buf_addf(to, "%s\"%s\":\"%.*s\"", comma, quantity_infos[q].name,
			      SPAN_ARG(rate->text));
		comma = ",";
	}
	yaml_unload(doc);
	buf_release(&errors);
	return ok && buf_add(to, SPAN("}"));
}

static bool add_text(struct buf *to, const char *name, const char *text)
{
	return buf_addf(to, "\"%s\":\"", name) && buf_add_json(to, span_of(text)) &&
	       buf_add(to, SPAN("\","));
}

static bool add_time(struct buf *to, const char *name, uint64_t us)
{
	char text[CLK_TEXT_ROOM];

	clk_text((struct wall){ us }, text);
	return us > 0 ? add_text(to, name, text) : buf_addf(to, "\"%s\":null,", name);
}

/* Appends a price as one JSON object. */
static bool add_price(struct buf *to, const struct price *p)
{
	return buf_add(to, SPAN("{")) && add_text(to, "provider", price_provider(p)) &&
	       add_text(to, "model", price_model(p)) && add_text(to, "version", price_version(p)) &&
	       add_time(to, "valid_from_at", price_valid_from_us(p)) &&
	       add_time(to, "valid_until_at", price_valid_to_us(p)) &&
	       add_text(to, "source", price_source(p)) &&
	       buf_addf(to, "\"provisional\":%s,\"rates\":",
			price_is_provisional(p) ? "true" : "false") &&
	       add_rates(to, p) && buf_addf(to, ",\"entry\":%s}", price_text(p));
}

static bool is_meant(const char *wanted, const char *text)
{
	return !wanted || strcmp(wanted, text) == 0;
}

/* Does that entry hold at the instant, or does another one go before? */
static bool is_in_force(const struct price_book *b, const struct price *p, struct wall at)
{
	return price_find(b, span_of(price_provider(p)), span_of(price_model(p)), at) == p;
}

enum err api_price_list(struct api_call *c)
{
	const char *provider = api_value(c, "provider"), *model = api_value(c, "model");
	const struct price_book *b = pricing_book(c->house);
	struct wall at = clk_wall();
	enum err e = api_when(c, "at", WHEN_PAST, &at.us);

	for (size_t i = 0; e == ERR_OK && i < price_book_count(b); i++) {
		const struct price *p = price_book_at(b, i);

		if (!is_meant(provider, price_provider(p)) || !is_meant(model, price_model(p)) ||
		    !is_in_force(b, p, at))
			continue;
		if (!add_price(&c->text, p) || !buf_add(&c->text, SPAN("\n")))
			e = ERR_TOO_BIG;
	}
	return e;
}

/* ---- setting ---- */

/* Appends the rates that came, {"prices":{"input":"2.5",...}}. A rate is checked to be a
 * number to the letter, so that it can be nothing else in the entry. */
static enum err add_given_rates(struct api_call *c, struct buf *to)
{
	json_t *given = json_object_get(c->body, "prices"), *value;
	const char *name;
	u128 rate;

	if (!json_is_object(given) || json_object_size(given) == 0)
		return api_refuse(c, ERR_GARBLED, "no price is given: --input 2.5 --output 10 ...");
	json_object_foreach(given, name, value)
	{
		struct span text = span_of(json_string_value(value));

		if (quantity_find(span_of(name)) == Q_COUNT)
			return api_refuse(c, ERR_GARBLED, "prices: nothing is called \"%.40s\"",
					  name);
		if (!text.at || decimal_parse(text, DECIMAL_PLACES_PRICE, &rate) != ERR_OK)
			return api_refuse(c, ERR_GARBLED,
					  "prices: %s is no amount of USD such as 2.5", name);
		if (!buf_addf(to, ",\"%s\":%.*s", name, SPAN_ARG(text)))
			return ERR_NOMEM;
	}
	return ERR_OK;
}

/* Writes the entry as it would stand in a price file. */
static enum err write_entry(struct api_call *c, struct buf *to)
{
	char provider[32] = "", model[96] = "", from[DATE_TEXT_ROOM];
	struct wall since = clk_wall();
	enum err e = api_name(c, "provider", provider, sizeof(provider));

	if (e == ERR_OK)
		e = api_text(c, "model", model, sizeof(model));
	if (e == ERR_OK)
		e = api_when(c, "from", WHEN_PAST, &since.us);
	if (e != ERR_OK)
		return e;
	if (!provider[0] || !model[0])
		return api_refuse(c, ERR_GARBLED, "provider and model are needed");
	date_text(since, from);
	if (!buf_add(to, SPAN("{")) || !add_text(to, "provider", provider) ||
	    !add_text(to, "model", model) || !add_text(to, "source", "set by command") ||
	    !buf_addf(to, "\"from\":\"%s\"", from))
		return ERR_NOMEM;
	e = add_given_rates(c, to);
	return e == ERR_OK && !buf_add(to, SPAN("}")) ? ERR_NOMEM : e;
}

/* Makes a book of that one entry. */
static enum err read_entry(struct api_call *c, struct span entry, struct price_book **out)
{
	struct price_book_builder *b = price_book_begin();
	struct buf errors;
	enum err e = ERR_NOMEM;

	buf_init(&errors, ERRORS_MAX);
	if (b)
		e = price_book_add_text(b, "price", entry, &errors);
	if (e == ERR_OK)
		e = price_book_finish(b, out);
	else
		price_book_drop(b);
	if (errors.len > 0)
		e = api_refuse(c, ERR_GARBLED, "%.*s", (int)errors.len - 1, errors.at);
	buf_release(&errors);
	return e;
}

enum err api_price_set(struct api_call *c)
{
	struct price_book *book = NULL;
	struct buf entry;
	size_t stored;
	enum err e;

	buf_init(&entry, ENTRY_MAX);
	e = write_entry(c, &entry);
	if (e == ERR_OK)
		e = read_entry(c, buf_span(&entry), &book);
	if (e == ERR_OK)
		e = pricing_store(c->house, book, "set", &stored);
	if (e == ERR_OK && stored == 0)
		e = api_refuse(c, ERR_EXISTS, "just this price is there already");
	if (e == ERR_OK)
		e = pricing_publish(c->house, c->house->conf, c->why, sizeof(c->why));
	if (e == ERR_OK &&
	    (!add_price(&c->text, price_book_at(book, 0)) || !buf_add(&c->text, SPAN("\n"))))
		e = ERR_NOMEM;
	price_book_unref(book);
	buf_release(&entry);
	return e;
}

/* ---- explaining ---- */

/* Finds the price of a model, of the provider that was named or the only one that has it. */
static enum err find_price(struct api_call *c, const char *model, struct wall at,
			   const struct price **out)
{
	const char *provider = api_value(c, "provider");
	const struct price_book *b = pricing_book(c->house);

	*out = provider ? price_find(b, span_of(provider), span_of(model), at) : NULL;
	for (size_t i = 0; !provider && i < price_book_count(b); i++) {
		const struct price *p = price_book_at(b, i);

		if (strcmp(price_model(p), model) != 0 || !is_in_force(b, p, at))
			continue;
		if (*out)
			return api_refuse(c, ERR_GARBLED,
					  "%s is sold by %s and %s, at least: name one with "
					  "--provider",
					  model, price_provider(*out), price_provider(p));
		*out = p;
	}
	if (!*out)
		return api_refuse(
		    c, ERR_MISSING,
		    "nobody has priced \"%.95s\"; see weir price list, or set a price", model);
	return ERR_OK;
}

/* Reads the quantities; *any: there was one. */
static enum err read_quantities(struct api_call *c, struct usage *u, bool *any)
{
	*u = (struct usage){ .provider_cost_pusd = -1 };
	*any = false;
	for (unsigned q = 0; q < Q_COUNT; q++) {
		const char *text = api_value(c, quantity_infos[q].name);

		if (!text)
			continue;
		*any = true;
		if (value_count(span_of(text), &u->quantity[q]) != ERR_OK ||
		    u->quantity[q] > USAGE_TOK_MAX)
			return api_refuse(c, ERR_GARBLED, "%s \"%.40s\": a whole number",
					  quantity_infos[q].name, text);
	}
	return ERR_OK;
}

enum err api_price_explain(struct api_call *c)
{
	const char *model = api_value(c, "model");
	struct wall at = clk_wall();
	const struct price *p;
	struct usage u;
	bool any;
	enum err e = api_when(c, "at", WHEN_PAST, &at.us);

	if (!model)
		return api_refuse(c, ERR_GARBLED, "model is missing");
	if (e == ERR_OK)
		e = find_price(c, model, at, &p);
	if (e == ERR_OK)
		e = read_quantities(c, &u, &any);
	if (e != ERR_OK)
		return e;
	if (!buf_add(&c->text, SPAN("{\"price\":")) || !add_price(&c->text, p) ||
	    !buf_add(&c->text, SPAN(",\"cost\":")))
		return ERR_NOMEM;
	if (any)
		e = price_explain(p, NULL, &u, span_of(api_value(c, "tier")), &c->text);
	else if (!buf_add(&c->text, SPAN("null")))
		e = ERR_NOMEM;
	if (e == ERR_MISSING)
		return api_refuse(c, e, "%s is not sold by any of these units", model);
	return e == ERR_OK && !buf_add(&c->text, SPAN("}\n")) ? ERR_NOMEM : e;
}
