/* litellm.c - from LiteLLM's entries to price entries.
 *
 * An entry is read in three turns: its prices, then those that go by another name (which
 * may only agree), then what has a shape of its own. The first reason not to take it ends
 * the turn. */
#include "metering/litellm.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include "metering/price_draft.h"

#define REMARK_ROOM 200

struct reader {
	const struct litellm_how *how;
	struct price_draft *draft;
	const struct yaml_node *entry;
	struct span mode;           /* chat, embedding, rerank ... */
	struct span provider, name; /* ours */
	bool ok;
	char remark[REMARK_ROOM];
};

static const struct {
	struct span theirs, ours, prefix;
} providers[] = {
#define PROVIDER(theirs, ours, prefix)                                                             \
	{ { theirs, sizeof(theirs) - 1 },                                                          \
	  { ours, sizeof(ours) - 1 },                                                              \
	  { prefix, sizeof(prefix) - 1 } },
#include "metering/litellm.tbl.h"
};

enum turn {
	TURN_PRICE,
	TURN_ALSO,
	TURN_SKIP
};

static const struct rule {
	struct span key;
	enum turn turn;
	enum quantity quantity;
} rules[] = {
#define PRICE(key, quantity) { { key, sizeof(key) - 1 }, TURN_PRICE, Q_##quantity },
#define ALSO(key, quantity)  { { key, sizeof(key) - 1 }, TURN_ALSO, Q_##quantity },
#define SKIP(key, why)       { { key, sizeof(key) - 1 }, TURN_SKIP, Q_COUNT },
#include "metering/litellm.tbl.h"
};

#define COUNT_OF(table) (sizeof(table) / sizeof((table)[0]))

/* The first reason counts. */
static void __attribute__((format(printf, 2, 3))) refuse(struct reader *r, const char *fmt, ...)
{
	va_list args;

	if (!r->ok)
		return;
	r->ok = false;
	va_start(args, fmt);
	vsnprintf(r->remark, sizeof(r->remark), fmt, args);
	va_end(args);
}

/* --- keys --- */

struct place {                   /* what a key speaks about */
	const struct rule *rule; /* NULL: no price that we know */
	struct span tier;
	uint64_t from_tok;
};

static bool contains(struct span s, const char *word)
{
	return memmem(s.at, s.len, word, strlen(word)) != NULL;
}

static bool is_price(struct span key)
{
	return contains(key, "cost") || contains(key, "pricing") || contains(key, "multiplier");
}

/* Takes the suffix off the end of *key. */
static bool take_end(struct span *key, struct span suffix)
{
	if (key->len < suffix.len || !span_eq(span_skip(*key, key->len - suffix.len), suffix))
		return false;
	key->len -= suffix.len;
	return true;
}

static struct span take_tier(struct span *key)
{
	if (take_end(key, SPAN("_priority")))
		return SPAN("priority");
	if (take_end(key, SPAN("_flex")))
		return SPAN("flex");
	return take_end(key, SPAN("_batches")) ? SPAN("batch") : SPAN("");
}

/* Takes "_above_200k_tokens" off the end: prices from 200,001 tokens on. */
static uint64_t take_context(struct span *key)
{
	struct span rest = *key;
	uint64_t thousands = 0, power = 1;

	if (!take_end(&rest, SPAN("k_tokens")))
		return 0;
	for (; rest.len > 0 && rest.at[rest.len - 1] >= '0' && rest.at[rest.len - 1] <= '9' &&
	       power <= 1000000;
	     rest.len--, power *= 10)
		thousands += (uint64_t)(rest.at[rest.len - 1] - '0') * power;
	if (power == 1 || !take_end(&rest, SPAN("_above_")))
		return 0;
	*key = rest;
	return thousands * 1000 + 1;
}

static struct place place_of(struct span key)
{
	struct place p = { 0 };

	p.tier = take_tier(&key);
	p.from_tok = take_context(&key);
	for (size_t i = 0; i < COUNT_OF(rules); i++)
		if (span_eq(key, rules[i].key))
			p.rule = &rules[i];
	return p;
}

/* --- prices --- */

/* The price that n says, for one; false: refused. */
static bool read_each(struct reader *r, const struct yaml_node *n, u128 *each)
{
	enum err e = ERR_GARBLED;

	if (n->kind == YAML_SCALAR && !n->quoted)
		e = decimal_parse(n->text, DECIMAL_PLACES_PRICE, each);
	if (e == ERR_GARBLED)
		refuse(r, "%s is no number", n->key.at);
	else if (e != ERR_OK || *each > PRICE_EACH_MAX)
		refuse(r, "%s is negative, above 10,000 USD or finer than 1e-24 USD", n->key.at);
	return r->ok;
}

/* Is n a price of 0, which says nothing? */
static bool is_nothing(const struct yaml_node *n)
{
	u128 each;

	return n->kind == YAML_SCALAR && !n->quoted &&
	       decimal_parse(n->text, DECIMAL_PLACES_PRICE, &each) == ERR_OK && each == 0;
}

static struct price_list *list_for(struct reader *r, struct span tier, uint64_t from_tok)
{
	struct price_tier *t = tier.len > 0 ? price_draft_tier(r->draft, tier) : &r->draft->tier[0];
	struct price_list *l = t ? price_tier_list(t, from_tok) : NULL;

	if (!l)
		refuse(r, "too many tiers or contexts");
	return l;
}

/* Sets a price that may have been set already, by a key that means the same: then they must
 * agree, but for a 0, which often stands where nothing was filled in. */
static void set(struct reader *r, struct price_list *l, enum quantity q, u128 each)
{
	bool has = price_list_has(l, q);

	if (has && each != 0 && l->each[q] != 0 && l->each[q] != each)
		refuse(r, "two prices for one %s", quantity_infos[q].name);
	else if (!has || l->each[q] == 0)
		price_list_set(l, q, each);
}

static bool answers_in_tokens(struct span mode)
{
	return span_eq(mode, SPAN("chat")) || span_eq(mode, SPAN("completion")) ||
	       span_eq(mode, SPAN("responses"));
}

static enum quantity quantity_of(const struct reader *r, const struct rule *rule)
{
	if (rule->quantity == Q_search_unit && !span_eq(r->mode, SPAN("rerank")))
		return Q_request;
	return rule->quantity;
}

static void read_price(struct reader *r, const struct yaml_node *n, const struct place *p)
{
	enum quantity q = quantity_of(r, p->rule);
	u128 each;

	if (!read_each(r, n, &each))
		return;
	if (q == Q_second && each > 0 && answers_in_tokens(r->mode)) {
		refuse(r, "priced per second of reserved capacity");
		return;
	}
	struct price_list *l = list_for(r, p->tier, p->from_tok);
	if (!l)
		return;
	/* A picture that goes in as tokens has a price of its own only for those who want it. */
	if (q == Q_image && p->rule->turn == TURN_ALSO && price_list_has(l, Q_input) &&
	    price_list_has(l, Q_image))
		return;
	set(r, l, q, each);
}

static void read_prices(struct reader *r, const struct yaml_node *map, enum turn turn,
			uint64_t from_tok)
{
	for (const struct yaml_node *n = map->first; n && r->ok; n = n->next) {
		struct place p = place_of(n->key);

		if (!p.rule || p.rule->turn != turn)
			continue;
		if (p.from_tok == 0)
			p.from_tok = from_tok;
		read_price(r, n, &p);
	}
}

/* --- what has a shape of its own --- */

/* Google charges the prompt that makes a model search, unless the entry says otherwise. */
static bool is_sold_by_prompt(const struct reader *r)
{
	const struct yaml_node *unit = yaml_get(r->entry, "web_search_billing_unit");

	return span_starts(r->name, SPAN("gemini")) &&
	       (strcmp(r->draft->provider, "gemini") == 0 ||
		strcmp(r->draft->provider, "vertex") == 0) &&
	       !(unit && unit->kind == YAML_SCALAR && span_eq(unit->text, SPAN("per_query")));
}

/* {"search_context_size_low": 0.005, ...}: what was asked for is not in the usage. */
static void read_search(struct reader *r, const struct yaml_node *map)
{
	u128 dearest = 0, cheapest = ~(u128)0, each;

	for (const struct yaml_node *n = map->kind == YAML_MAP ? map->first : NULL; n;
	     n = n->next) {
		if (!read_each(r, n, &each))
			return;
		dearest = each > dearest ? each : dearest;
		cheapest = each < cheapest ? each : cheapest;
	}
	if (map->kind != YAML_MAP || !map->first) {
		refuse(r, "%s is no list of prices", map->key.at);
		return;
	}
	if (is_sold_by_prompt(r))
		price_list_set(&r->draft->tier[0].list[0], Q_grounded_prompt, dearest);
	price_list_set(&r->draft->tier[0].list[0], Q_web_search,
		       is_sold_by_prompt(r) ? 0 : dearest);
	if (cheapest != dearest)
		snprintf(r->remark, sizeof(r->remark),
			 "a web search costs what one with the largest context does");
}

/* {"range": [32000, 128000], prices}: for prompts above the first number. */
static void read_range(struct reader *r, const struct yaml_node *map)
{
	const struct yaml_node *range = yaml_get(map, "range");
	const struct yaml_node *low = range && range->kind == YAML_LIST ? range->first : NULL;
	u128 above;

	if (!low || low->kind != YAML_SCALAR || decimal_parse(low->text, 0, &above) != ERR_OK ||
	    above >= USAGE_TOK_MAX) {
		refuse(r, "tiered_pricing is not by the length of the prompt");
		return;
	}
	read_prices(r, map, TURN_PRICE, above > 0 ? (uint64_t)above + 1 : 0);
	for (const struct yaml_node *n = map->first; n && r->ok; n = n->next)
		if (is_price(n->key) && !is_nothing(n) && !place_of(n->key).rule)
			refuse(r, "priced by %s", n->key.at);
}

static void read_ranges(struct reader *r, const struct yaml_node *list)
{
	if (list->kind != YAML_LIST)
		refuse(r, "tiered_pricing is no list");
	for (const struct yaml_node *n = list->kind == YAML_LIST ? list->first : NULL; n && r->ok;
	     n = n->next)
		read_range(r, n);
}

static bool read_times(struct reader *r, const struct yaml_node *n, u128 *times)
{
	if (decimal_parse(n->text, PRICE_PLACES_TIMES, times) == ERR_OK && *times > 0 &&
	    *times <= PRICE_TIMES_MAX)
		return true;
	refuse(r, "%s is no multiplier", n->key.at);
	return false;
}

static void read_geo(struct reader *r, const struct yaml_node *n, const char *name)
{
	struct price_draft *d = r->draft;
	u128 times;

	if (!read_times(r, n, &times))
		return;
	if (d->geos == PRICE_GEOS_MAX) {
		refuse(r, "more than %d regions", PRICE_GEOS_MAX);
		return;
	}
	snprintf(d->geo[d->geos].name, sizeof(d->geo[0].name), "%s", name);
	d->geo[d->geos++].times = times;
}

/* {"us": 1.1, "fast": 6.0}: a region or a speed; hints that are no numbers are not ours. */
static void read_specific(struct reader *r, const struct yaml_node *map)
{
	for (const struct yaml_node *n = map->kind == YAML_MAP ? map->first : NULL; n && r->ok;
	     n = n->next) {
		if (n->kind != YAML_SCALAR || n->quoted)
			continue;
		if (span_eq(n->key, SPAN("us")) || span_eq(n->key, SPAN("eu"))) {
			read_geo(r, n, n->key.at);
		} else if (span_eq(n->key, SPAN("fast"))) {
			struct price_tier *t = price_draft_tier(r->draft, n->key);

			if (!t || !read_times(r, n, &t->times))
				refuse(r, "too many tiers");
		} else {
			refuse(r, "priced by provider_specific_entry %s", n->key.at);
		}
	}
}

static void read_count(const struct yaml_node *n, uint64_t *out)
{
	u128 count;

	if (n && n->kind == YAML_SCALAR && !n->quoted &&
	    decimal_parse(n->text, 0, &count) == ERR_OK && count <= USAGE_TOK_MAX)
		*out = (uint64_t)count;
}

static void read_limits(struct reader *r)
{
	read_count(yaml_get(r->entry, "max_input_tokens"), &r->draft->max_input_tok);
	read_count(yaml_get(r->entry, "max_tokens"), &r->draft->max_output_tok);
	read_count(yaml_get(r->entry, "max_output_tokens"), &r->draft->max_output_tok);
}

static void read_shaped(struct reader *r)
{
	static const struct {
		const char *key;
		void (*read)(struct reader *r, const struct yaml_node *n);
	} shaped[] = {
		{ "search_context_cost_per_query", read_search },
		{ "tiered_pricing", read_ranges },
		{ "provider_specific_entry", read_specific },
	};
	static const char uplift[] = "regional_processing_uplift_multiplier_";

	for (const struct yaml_node *n = r->entry->first; n && r->ok; n = n->next) {
		size_t i = 0;

		while (i < COUNT_OF(shaped) && !span_eq(n->key, span_of(shaped[i].key)))
			i++;
		if (i < COUNT_OF(shaped))
			shaped[i].read(r, n);
		else if (span_starts(n->key, span_of(uplift)))
			read_geo(r, n, n->key.at + sizeof(uplift) - 1);
		else if (is_price(n->key) && !is_nothing(n) && !place_of(n->key).rule)
			refuse(r, "priced by %s", n->key.at);
	}
}

/* --- entries --- */

/* Where thinking costs what the answer does, it shall do so in every tier, listed or not. */
static void join_reasoning(struct price_tier *t)
{
	const uint32_t both = UINT32_C(1) << Q_reasoning | UINT32_C(1) << Q_output;

	for (unsigned i = 0; i < t->lists; i++) {
		struct price_list *l = &t->list[i];

		if ((l->listed & both) == both && l->each[Q_reasoning] == l->each[Q_output])
			l->listed &= ~(UINT32_C(1) << Q_reasoning);
	}
}

static bool costs_something(const struct price_draft *d)
{
	for (unsigned t = 0; t < d->tiers; t++)
		for (unsigned l = 0; l < d->tier[t].lists; l++)
			for (unsigned q = 0; q < Q_COUNT; q++)
				if (price_list_has(&d->tier[t].list[l], (enum quantity)q) &&
				    d->tier[t].list[l].each[q] > 0)
					return true;
	return false;
}

static void check(struct reader *r)
{
	if (r->ok && r->draft->tier[0].list[0].listed == 0)
		refuse(r, "no price");
	else if (r->ok && !costs_something(r->draft) && !r->how->free_too)
		refuse(r, "every price is 0: free, or not known");
}

static void copy_name(struct reader *r, struct span from, char *to, size_t room, const char *what)
{
	for (size_t i = 0; i < from.len; i++)
		if ((unsigned char)from.at[i] < 0x20 || (unsigned char)from.at[i] > 0x7e)
			refuse(r, "%s is not plain ASCII", what);
	if (from.len == 0 || !span_copy(from, to, room))
		refuse(r, "%s is empty or longer than %zu bytes", what, room - 1);
}

/* Does the model's own name follow "prefix/"? */
static bool begins_with_name(struct span name, struct span prefix)
{
	return span_starts(name, prefix) && name.len > prefix.len && name.at[prefix.len] == '/';
}

static void read_names(struct reader *r, struct span theirs)
{
	struct span cut = theirs;

	r->provider = theirs;
	r->name = r->entry->key;
	if (span_starts(theirs, SPAN("vertex_ai-")))
		theirs = SPAN("vertex_ai");
	for (size_t i = 0; i < COUNT_OF(providers); i++) {
		if (span_eq(theirs, providers[i].theirs)) {
			r->provider = providers[i].ours;
			cut = providers[i].prefix;
		}
	}
	if (begins_with_name(r->name, cut))
		r->name = span_skip(r->name, cut.len + 1);
	copy_name(r, r->provider, r->draft->provider, sizeof(r->draft->provider),
		  "its provider's name");
	copy_name(r, r->name, r->draft->model, sizeof(r->draft->model), "its name");
}

/* Reads r->entry into r->draft; r->ok says whether it can be taken. */
static void read_entry(struct reader *r)
{
	const struct yaml_node *provider = yaml_get(r->entry, "litellm_provider");
	const struct yaml_node *mode = yaml_get(r->entry, "mode");

	if (span_eq(r->entry->key, SPAN("sample_spec")) || !provider ||
	    provider->kind != YAML_SCALAR) {
		refuse(r, "not a model");
		return;
	}
	r->mode = mode && mode->kind == YAML_SCALAR ? mode->text : SPAN("");
	read_names(r, provider->text);
	read_prices(r, r->entry, TURN_PRICE, 0);
	read_prices(r, r->entry, TURN_ALSO, 0);
	read_shaped(r);
	read_limits(r);
	for (unsigned t = 0; t < r->draft->tiers; t++)
		join_reasoning(&r->draft->tier[t]);
	check(r);
}

/* --- the list --- */

struct seen { /* a model taken */
	struct span provider, name, key;
};

static const struct seen *find_seen(const struct seen *seen, size_t count, const struct reader *r)
{
	for (size_t i = 0; i < count; i++)
		if (span_eq(seen[i].name, r->name) && span_eq(seen[i].provider, r->provider))
			return &seen[i];
	return NULL;
}

/* The price of the member that r is about, or NULL with the reason in r->remark. */
static struct price *make_price(struct reader *r, const struct seen *seen, size_t count)
{
	struct price *p = NULL;
	const char *why;

	if (r->entry->kind != YAML_MAP)
		refuse(r, "not a model");
	else
		read_entry(r);
	const struct seen *same = r->ok ? find_seen(seen, count, r) : NULL;
	if (same)
		refuse(r, "goes by the same name here as %s", same->key.at);
	if (r->ok && price_new(r->draft, &p, &why) != ERR_OK)
		refuse(r, "%s", why);
	return p;
}

/* What the list says about its own age: "2026-07-24T18:23:43+00:00". */
static struct span retrieved_of(const struct yaml_doc *doc, const struct litellm_how *how)
{
	const struct yaml_node *updated = yaml_get(doc->root, "last_updated");

	if (how->retrieved)
		return span_of(how->retrieved);
	if (!updated || updated->kind != YAML_SCALAR || updated->text.len < 10)
		return SPAN("");
	return (struct span){ updated->text.at, 10 };
}

static void begin_draft(struct price_draft *d, const struct yaml_doc *doc,
			const struct litellm_how *how)
{
	price_draft_init(d);
	span_copy(span_of(how->source), d->source, sizeof(d->source));
	span_copy(retrieved_of(doc, how), d->retrieved, sizeof(d->retrieved));
	d->fill = how->fill;
}

enum err litellm_read(const struct yaml_doc *doc, const struct litellm_how *how, litellm_each *each,
		      void *arg)
{
	if (!doc->root || doc->root->kind != YAML_MAP)
		return ERR_GARBLED;
	if (doc->root->children > LITELLM_MODELS_MAX)
		return ERR_TOO_BIG;
	struct price_draft *draft = malloc(sizeof(*draft));
	struct seen *seen = calloc(doc->root->children + 1, sizeof(*seen));
	enum err e = draft && seen ? ERR_OK : ERR_NOMEM;
	size_t count = 0;
	bool go_on = e == ERR_OK;

	for (const struct yaml_node *n = doc->root->first; n && go_on; n = n->next) {
		struct reader r = { .how = how, .draft = draft, .entry = n, .ok = true };

		begin_draft(draft, doc, how);
		struct price *p = make_price(&r, seen, count);
		if (p)
			seen[count++] = (struct seen){ r.provider, r.name, n->key };
		go_on = each(arg, n->key, p, r.remark);
	}
	free(seen);
	free(draft);
	return e;
}
