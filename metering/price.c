/* price.c - what follows from a price entry: a table of rates for each service tier, region
 * and length of prompt, and sums over them.
 *
 * All rules about what an entry leaves out are applied once, in price_new(). After that a
 * cost is a choice of one table and a sum of products. */
#include "metering/price.h"
#include <inttypes.h>
#include <stdlib.h>
#include "base/digest.h"
#include "metering/price_draft.h"

#define PUSD_UNITS          ((u128)1000000000000) /* 1e-24 USD in a picodollar */
#define TIMES_UNITS         ((u128)1000000)
#define CONTEXTS_IN_ALL_MAX (1 + PRICE_TIERS_MAX * PRICE_CONTEXTS_MAX)
#define VERSION_BYTES       8

enum basis { /* where a rate comes from */
	BASIS_listed,
	BASIS_like,
	BASIS_dearest,
	BASIS_assumed,
	BASIS_unpriced,
};

struct rates {
	u128 each[Q_COUNT];
	uint8_t basis[Q_COUNT];
};

struct price {
	char version[2 * VERSION_BYTES + 1];
	char provider[32], model[96], source[96];
	char *text;
	char (*also)[96];
	unsigned also_count;
	uint64_t valid_from_us, valid_to_us;
	uint64_t max_input_tok, max_output_tok;
	bool provisional, fill;
	unsigned tiers, geos, contexts; /* tier, geo and context 0 are the standard ones */
	char tier_name[PRICE_TIERS_MAX][16];
	char geo_name[1 + PRICE_GEOS_MAX][16];
	uint64_t context_from_tok[CONTEXTS_IN_ALL_MAX];
	struct rates *rates; /* [tier][geo][context] */
};

/* --- from an entry to rates --- */

/* The list of t that speaks about q for prompts of from_tok tokens; NULL: none does. */
static const struct price_list *list_of(const struct price_tier *t, enum quantity q,
					uint64_t from_tok)
{
	for (unsigned i = t->lists; i-- > 0;)
		if (t->list[i].from_tok <= from_tok && price_list_has(&t->list[i], q))
			return &t->list[i];
	return NULL;
}

/* each x times, for tokens; false when it is no whole number of units. */
static bool multiply(u128 *each, enum quantity q, u128 times)
{
	if (times == 0 || quantity_infos[q].group == QG_FEE)
		return true;
	u128 product = *each * times; /* fits; see PRICE_EACH_MAX */
	*each = product / TIMES_UNITS;
	return product % TIMES_UNITS == 0;
}

/* The price of q that the entry lists for tier t and such a prompt. A tier's own price goes
 * before the standard one, unless the standard list is about longer prompts and the tier's
 * is not: then nobody said, and the dearer counts. */
static bool listed_each(const struct price_draft *d, unsigned tier, enum quantity q,
			uint64_t from_tok, u128 *each, bool *exact)
{
	const struct price_tier *t = &d->tier[tier];
	const struct price_list *standard = list_of(&d->tier[0], q, from_tok);
	const struct price_list *own = tier > 0 ? list_of(t, q, from_tok) : NULL;

	if (!standard && !own)
		return false;
	if (standard) {
		*each = standard->each[q];
		*exact = multiply(each, q, t->times) && *exact;
	}
	if (own && (!standard || own->from_tok >= standard->from_tok || own->each[q] > *each))
		*each = own->each[q];
	return true;
}

/* The dearest listed price of q's group; when the group has none, of all tokens. */
static bool dearest_of(const struct rates *r, enum quantity q, u128 *each)
{
	bool found = false, in_group = false;

	for (unsigned i = 0; i < Q_COUNT; i++) {
		bool same = quantity_infos[i].group == quantity_infos[q].group;

		if (r->basis[i] != BASIS_listed || quantity_infos[i].group == QG_FEE ||
		    (in_group && !same))
			continue;
		if (!found || (same && !in_group) || r->each[i] > *each)
			*each = r->each[i];
		found = true;
		in_group = in_group || same;
	}
	return found;
}

static void fall_back_like(struct rates *r, enum quantity q, enum quantity other)
{
	if (r->basis[q] != BASIS_unpriced)
		return;
	r->each[q] = r->each[other];
	r->basis[q] = r->basis[other] == BASIS_listed ? BASIS_like : r->basis[other];
}

static void fall_back_dearest(struct rates *r, enum quantity q)
{
	if (r->basis[q] == BASIS_unpriced && dearest_of(r, q, &r->each[q]))
		r->basis[q] = BASIS_dearest;
}

static void fall_back_assume(struct rates *r, enum quantity q, struct span usd)
{
	if (r->basis[q] != BASIS_unpriced)
		return;
	MUST(decimal_parse(usd, DECIMAL_PLACES_PRICE, &r->each[q]) == ERR_OK);
	r->basis[q] = BASIS_assumed;
}

static void fall_back(struct rates *r)
{
#define LIKE(q, other)        fall_back_like(r, Q_##q, Q_##other);
#define DEAREST(q)            fall_back_dearest(r, Q_##q);
#define ASSUME(q, usd, whose) fall_back_assume(r, Q_##q, SPAN(usd));
#define SOLD_BY(q)            /* stays unpriced */
#include "metering/price_fallback.tbl.h"
}

/* Fills one table. False: a multiplier leaves the grid of 1e-24 USD. */
static bool fill_rates(const struct price_draft *d, unsigned tier, u128 geo_times,
		       uint64_t from_tok, struct rates *r)
{
	bool exact = true;

	for (unsigned i = 0; i < Q_COUNT; i++) {
		enum quantity q = (enum quantity)i;

		r->basis[q] = BASIS_unpriced;
		r->each[q] = 0;
		if (!listed_each(d, tier, q, from_tok, &r->each[q], &exact))
			continue;
		r->basis[q] = BASIS_listed;
		exact = multiply(&r->each[q], q, geo_times) && exact;
	}
	fall_back(r);
	return exact;
}

/* Where the thresholds of all tiers lie, in order, each once. */
static void collect_contexts(const struct price_draft *d, struct price *p)
{
	p->contexts = 1;
	for (unsigned t = 0; t < d->tiers; t++) {
		for (unsigned l = 1; l < d->tier[t].lists; l++) {
			uint64_t from_tok = d->tier[t].list[l].from_tok;
			unsigned at = p->contexts;

			while (p->context_from_tok[at - 1] > from_tok)
				at--;
			if (p->context_from_tok[at - 1] == from_tok)
				continue;
			for (unsigned i = p->contexts++; i > at; i--)
				p->context_from_tok[i] = p->context_from_tok[i - 1];
			p->context_from_tok[at] = from_tok;
		}
	}
}

static struct rates *rates_at(const struct price *p, unsigned tier, unsigned geo, unsigned context)
{
	return &p->rates[(tier * (1 + p->geos) + geo) * p->contexts + context];
}

static enum err make_rates(const struct price_draft *d, struct price *p)
{
	collect_contexts(d, p);
	p->rates = calloc((size_t)p->tiers * (1 + p->geos) * p->contexts, sizeof(*p->rates));
	if (!p->rates)
		return ERR_NOMEM;
	for (unsigned t = 0; t < p->tiers; t++)
		for (unsigned g = 0; g <= p->geos; g++)
			for (unsigned c = 0; c < p->contexts; c++)
				if (!fill_rates(d, t, g ? d->geo[g - 1].times : 0,
						p->context_from_tok[c], rates_at(p, t, g, c)))
					return ERR_RANGE;
	return ERR_OK;
}

/* The canonical text and the version made of it. */
static enum err make_text(const struct price_draft *d, struct price *p)
{
	uint8_t digest[SHA256_BYTES];
	struct buf text;

	buf_init(&text, PRICE_TEXT_MAX + 1);
	if (!price_draft_text(d, &text) || !buf_add(&text, (struct span){ "", 1 })) {
		buf_release(&text);
		return ERR_TOO_BIG;
	}
	digest_sha256((struct span){ text.at, text.len - 1 }, digest);
	digest_hex(digest, VERSION_BYTES, p->version);
	p->text = text.at; /* the price owns the bytes from now on */
	return ERR_OK;
}

static void copy_facts(const struct price_draft *d, struct price *p)
{
	memcpy(p->provider, d->provider, sizeof(p->provider));
	memcpy(p->model, d->model, sizeof(p->model));
	memcpy(p->source, d->source, sizeof(p->source));
	p->valid_from_us = d->valid_from_us;
	p->valid_to_us = d->valid_to_us;
	p->max_input_tok = d->max_input_tok;
	p->max_output_tok = d->max_output_tok;
	p->provisional = d->provisional;
	p->fill = d->fill;
	p->tiers = d->tiers;
	p->geos = d->geos;
	for (unsigned i = 1; i < d->tiers; i++)
		memcpy(p->tier_name[i], d->tier[i].name, sizeof(p->tier_name[i]));
	for (unsigned i = 0; i < d->geos; i++)
		memcpy(p->geo_name[1 + i], d->geo[i].name, sizeof(p->geo_name[i]));
}

static enum err copy_also(const struct price_draft *d, struct price *p)
{
	if (d->also_count == 0)
		return ERR_OK;
	p->also = calloc(d->also_count, sizeof(*p->also));
	if (!p->also)
		return ERR_NOMEM;
	memcpy(p->also, d->also, d->also_count * sizeof(*p->also));
	p->also_count = d->also_count;
	return ERR_OK;
}

enum err price_new(const struct price_draft *d, struct price **out, const char **why)
{
	struct price *p = calloc(1, sizeof(*p));
	enum err e = p ? ERR_OK : ERR_NOMEM;

	if (e == ERR_OK) {
		copy_facts(d, p);
		e = copy_also(d, p);
	}
	if (e == ERR_OK)
		e = make_text(d, p);
	if (e == ERR_OK)
		e = make_rates(d, p);
	if (e == ERR_OK) {
		*out = p;
		return ERR_OK;
	}
	*why = e == ERR_RANGE     ? "a multiplier gives a price finer than 1e-24 USD"
	       : e == ERR_TOO_BIG ? "the entry is too long; use fewer names or tiers"
				  : "out of memory";
	price_free(p);
	return e;
}

void price_free(struct price *p)
{
	if (!p)
		return;
	free(p->rates);
	free(p->also);
	free(p->text);
	free(p);
}

/* --- which rates hold --- */

struct choice {
	unsigned tier, geo, context;
	bool unknown_tier;
};

/* Takes the part of *s up to the next '+'. */
static struct span take_part(struct span *s)
{
	struct span part = { s->at, 0 };

	while (part.len < s->len && s->at[part.len] != '+')
		part.len++;
	*s = span_skip(*s, part.len < s->len ? part.len + 1 : part.len);
	return part;
}

/* The place of `name` among count names, 0 when it is not there; 0 is never a name. */
static unsigned place_of(struct span name, const char (*names)[16], unsigned count)
{
	for (unsigned i = 1; i < count; i++)
		if (span_eq_nocase(name, span_of(names[i])))
			return i;
	return 0;
}

static struct choice choose_tier(const struct price *p, struct span tier)
{
	struct choice c = { 0 };

	while (tier.len > 0) {
		struct span part = take_part(&tier);
		unsigned as_tier = place_of(part, p->tier_name, p->tiers);
		unsigned as_geo = place_of(part, p->geo_name, 1 + p->geos);

		if (as_tier)
			c.tier = as_tier;
		else if (as_geo)
			c.geo = as_geo;
		else if (!price_tier_is_plain(part))
			c.unknown_tier = true;
	}
	return c;
}

/* The length of the prompt; saturates. What tools read came on top of the prompt. */
static uint64_t prompt_tok(const uint64_t quantity[Q_COUNT])
{
	uint64_t sum = 0;

	for (unsigned q = 0; q < Q_COUNT; q++)
		if (quantity_infos[q].group == QG_INPUT && q != Q_tool_input &&
		    __builtin_add_overflow(sum, quantity[q], &sum))
			return UINT64_MAX;
	return sum;
}

static struct choice choose(const struct price *p, const uint64_t quantity[Q_COUNT],
			    struct span tier)
{
	struct choice c = choose_tier(p, tier);
	uint64_t tok = prompt_tok(quantity);

	while (c.context + 1 < p->contexts && p->context_from_tok[c.context + 1] <= tok)
		c.context++;
	return c;
}

static struct span tier_that_counts(const struct usage *u, struct span requested)
{
	return u->tier[0] ? span_of(u->tier) : requested;
}

bool price_has_tier(const struct price *p, struct span tier)
{
	return !choose_tier(p, tier).unknown_tier;
}

/* --- sums --- */

struct tally {
	u128 sum;              /* 1e-24 USD */
	bool priced, unpriced; /* something with a price; something without */
	unsigned doubts;
};

/* Bit d for doubt d, if `is`. */
static unsigned doubt(enum price_doubt d, bool is)
{
	return is ? 1u << d : 0;
}

static enum err tally_quantities(const struct price *p, const uint64_t quantity[Q_COUNT],
				 struct span tier, struct tally *t)
{
	struct choice c = choose(p, quantity, tier);
	const struct rates *r = rates_at(p, c.tier, c.geo, c.context);
	bool any = false;

	for (unsigned q = 0; q < Q_COUNT; q++) {
		u128 amount;

		if (quantity[q] == 0)
			continue;
		/* These are counted wherever they can be, also where they are not sold. */
		if (r->basis[q] == BASIS_unpriced && (q == Q_request || q == Q_grounded_prompt))
			continue;
		if (__builtin_mul_overflow(r->each[q], (u128)quantity[q], &amount) ||
		    __builtin_add_overflow(t->sum, amount, &t->sum))
			return ERR_RANGE;
		any = true;
		t->priced |= r->basis[q] != BASIS_unpriced;
		t->unpriced |= r->basis[q] == BASIS_unpriced;
		t->doubts |= doubt(PRICE_DOUBT_dearest, r->basis[q] == BASIS_dearest) |
			     doubt(PRICE_DOUBT_assumed, r->basis[q] == BASIS_assumed) |
			     doubt(PRICE_DOUBT_unpriced, r->basis[q] == BASIS_unpriced);
	}
	t->doubts |= doubt(PRICE_DOUBT_tier, any && c.unknown_tier) |
		     doubt(PRICE_DOUBT_provisional, any && p->provisional);
	return ERR_OK;
}

static bool any_quantity(const uint64_t quantity[Q_COUNT])
{
	for (unsigned q = 0; q < Q_COUNT; q++)
		if (quantity[q] > 0)
			return true;
	return false;
}

static enum err tally_usage(const struct price *p, const struct price *aux, const struct usage *u,
			    struct span requested_tier, struct tally *t)
{
	struct span tier = tier_that_counts(u, requested_tier);

	*t = (struct tally){ 0 };
	if (tally_quantities(p, u->quantity, tier, t) != ERR_OK ||
	    tally_quantities(aux ? aux : p, u->aux_quantity, tier, t) != ERR_OK)
		return ERR_RANGE;
	t->doubts |= doubt(PRICE_DOUBT_aux, !aux && any_quantity(u->aux_quantity));
	return t->unpriced && !t->priced ? ERR_MISSING : ERR_OK;
}

static enum err to_pusd(u128 sum, int64_t *pusd)
{
	u128 rounded = decimal_divide(sum, PUSD_UNITS);

	if (rounded > INT64_MAX)
		return ERR_RANGE;
	*pusd = (int64_t)rounded;
	return ERR_OK;
}

enum err price_cost(const struct price *p, const struct price *aux, const struct usage *u,
		    struct span requested_tier, int64_t *pusd, unsigned *doubts)
{
	struct tally t;
	enum err e = tally_usage(p, aux, u, requested_tier, &t);

	if (doubts)
		*doubts = e == ERR_RANGE ? 0 : t.doubts;
	return e == ERR_OK ? to_pusd(t.sum, pusd) : e;
}

const char *price_doubt_name(enum price_doubt d)
{
	static const char *const names[PRICE_DOUBT_COUNT] = {
#define DOUBT(name, help) #name,
		PRICE_DOUBTS(DOUBT)
#undef DOUBT
	};

	MUST(d < PRICE_DOUBT_COUNT);
	return names[d];
}

/* The dearest price of the group in one table. */
static u128 dearest_in(const struct rates *r, enum quantity_group group)
{
	u128 each = 0;

	for (unsigned q = 0; q < Q_COUNT; q++)
		if (quantity_infos[q].group == group && r->each[q] > each)
			each = r->each[q];
	return each;
}

static bool worst_in(const struct rates *r, uint64_t input_tok, uint64_t output_tok, u128 *sum)
{
	u128 input, output;

	return !__builtin_mul_overflow(dearest_in(r, QG_INPUT), (u128)input_tok, &input) &&
	       !__builtin_mul_overflow(dearest_in(r, QG_OUTPUT), (u128)output_tok, &output) &&
	       !__builtin_add_overflow(input, output, sum) &&
	       !__builtin_add_overflow(*sum, r->each[Q_request], sum);
}

enum err price_worst(const struct price *p, uint64_t input_tok, uint64_t output_tok,
		     struct span tier, int64_t *pusd)
{
	struct choice c = choose_tier(p, tier);
	u128 worst = 0;

	for (; c.context < p->contexts && p->context_from_tok[c.context] <= input_tok;
	     c.context++) {
		const struct rates *r = rates_at(p, c.tier, c.geo, c.context);
		u128 sum;

		if (!worst_in(r, input_tok, output_tok, &sum))
			return ERR_RANGE;
		worst = sum > worst ? sum : worst;
	}
	return to_pusd(worst, pusd);
}

/* --- explaining --- */

static bool put_string(struct buf *to, const char *key, struct span text)
{
	return buf_addf(to, "\"%s\":\"", key) && buf_add_json(to, text) && buf_add(to, SPAN("\","));
}

static bool put_usd(struct buf *to, const char *key, u128 units, unsigned places)
{
	char text[DECIMAL_TEXT_ROOM];

	decimal_text(units, places, text);
	return buf_addf(to, "\"%s\":\"%s\",", key, text);
}

/* Replaces the comma behind the last member of a list or object. */
static bool put_close(struct buf *to, char bracket)
{
	if (to->at[to->len - 1] == ',')
		to->len--;
	return buf_addf(to, "%c", bracket);
}

static const char *basis_name(enum basis b)
{
	static const char *const names[] = {
		[BASIS_listed] = "listed",     [BASIS_like] = "like",
		[BASIS_dearest] = "dearest",   [BASIS_assumed] = "assumed",
		[BASIS_unpriced] = "unpriced",
	};

	return names[b];
}

static bool put_term(struct buf *to, const char *model, const struct rates *r, enum quantity q,
		     uint64_t count)
{
	return buf_add(to, SPAN("{")) && put_string(to, "model", span_of(model)) &&
	       buf_addf(to, "\"quantity\":\"%s\",\"unit\":\"%s\",\"count\":%" PRIu64 ",",
			quantity_infos[q].name, quantity_infos[q].unit, count) &&
	       put_usd(to, "each_usd", r->each[q], DECIMAL_PLACES_PRICE) &&
	       put_usd(to, "amount_usd", r->each[q] * count, DECIMAL_PLACES_PRICE) &&
	       buf_addf(to, "\"basis\":\"%s\"},", basis_name(r->basis[q]));
}

static bool put_terms(struct buf *to, const struct price *p, const char *model,
		      const uint64_t quantity[Q_COUNT], struct span tier)
{
	struct choice c = choose(p, quantity, tier);
	const struct rates *r = rates_at(p, c.tier, c.geo, c.context);

	for (unsigned q = 0; q < Q_COUNT; q++)
		if (quantity[q] > 0 && !put_term(to, model, r, (enum quantity)q, quantity[q]))
			return false;
	return true;
}

static bool put_entry(struct buf *to, const struct price *p, struct choice c)
{
	return put_string(to, "provider", span_of(p->provider)) &&
	       put_string(to, "model", span_of(p->model)) &&
	       put_string(to, "price_version", span_of(p->version)) &&
	       put_string(to, "source", span_of(p->source)) &&
	       put_string(to, "tier", span_of(c.tier ? p->tier_name[c.tier] : "standard")) &&
	       put_string(to, "geo", span_of(p->geo_name[c.geo])) &&
	       buf_addf(to, "\"context_from_tok\":%" PRIu64 ",", p->context_from_tok[c.context]);
}

static bool put_sums(struct buf *to, const struct tally *t, int64_t pusd)
{
	if (!put_usd(to, "sum_usd", t->sum, DECIMAL_PLACES_PRICE) ||
	    !put_usd(to, "cost_usd", (u128)pusd, DECIMAL_PLACES_PUSD) ||
	    !buf_addf(to, "\"cost_pusd\":%" PRId64 ",\"doubts\":[", pusd))
		return false;
	for (unsigned d = 0; d < PRICE_DOUBT_COUNT; d++)
		if (t->doubts >> d & 1 &&
		    !buf_addf(to, "\"%s\",", price_doubt_name((enum price_doubt)d)))
			return false;
	return put_close(to, ']');
}

enum err price_explain(const struct price *p, const struct price *aux, const struct usage *u,
		       struct span requested_tier, struct buf *to)
{
	struct span tier = tier_that_counts(u, requested_tier);
	const char *aux_model = u->aux_model[0] ? u->aux_model : p->model;
	size_t before = to->len;
	struct tally t;
	int64_t pusd;

	enum err e = tally_usage(p, aux, u, requested_tier, &t);
	if (e == ERR_OK)
		e = to_pusd(t.sum, &pusd);
	if (e != ERR_OK)
		return e;
	if (buf_add(to, SPAN("{")) && put_entry(to, p, choose(p, u->quantity, tier)) &&
	    buf_add(to, SPAN("\"terms\":[")) && put_terms(to, p, p->model, u->quantity, tier) &&
	    put_terms(to, aux ? aux : p, aux_model, u->aux_quantity, tier) && put_close(to, ']') &&
	    buf_add(to, SPAN(",")) && put_sums(to, &t, pusd) && put_close(to, '}'))
		return ERR_OK;
	to->len = before;
	return ERR_NOMEM;
}

/* --- facts --- */

const char *price_version(const struct price *p)
{
	return p->version;
}

uint64_t price_max_output_tok(const struct price *p)
{
	return p->max_output_tok;
}

uint64_t price_max_input_tok(const struct price *p)
{
	return p->max_input_tok;
}

bool price_is_provisional(const struct price *p)
{
	return p->provisional;
}

const char *price_provider(const struct price *p)
{
	return p->provider;
}

const char *price_model(const struct price *p)
{
	return p->model;
}

const char *price_source(const struct price *p)
{
	return p->source;
}

uint64_t price_valid_from_us(const struct price *p)
{
	return p->valid_from_us;
}

uint64_t price_valid_to_us(const struct price *p)
{
	return p->valid_to_us;
}

bool price_is_fill(const struct price *p)
{
	return p->fill;
}

const char *price_also(const struct price *p, unsigned i)
{
	return i < p->also_count ? p->also[i] : NULL;
}

const char *price_text(const struct price *p)
{
	return p->text;
}

void price_to_row(const struct price *p, uint64_t created_us, struct price_row *row)
{
	*row = (struct price_row){
		.valid_from_us = p->valid_from_us,
		.valid_to_us = p->valid_to_us,
		.created_us = created_us,
	};
	span_copy(span_of(p->provider), row->provider, sizeof(row->provider));
	span_copy(span_of(p->model), row->model, sizeof(row->model));
	span_copy(span_of(p->version), row->version, sizeof(row->version));
	span_copy(span_of(p->source), row->source, sizeof(row->source));
	MUST(span_copy(span_of(p->text), row->entry, sizeof(row->entry)));
}
