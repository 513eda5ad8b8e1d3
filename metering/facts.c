#include "metering/facts.h"
#include <inttypes.h>
#include <stdio.h>
#include "base/decimal.h"

#define JSON_FLAGS JSON_LAX_UTF8

/* --- small things --- */

static bool is_text(const struct json_event *e)
{
	return e->kind == JSON_STRING && e->text.len > 0;
}

/* Copies text where it is news. */
static void set_text(struct known *k, char *to, size_t room, struct span text)
{
	if (span_eq(span_of(to), text))
		return;
	span_copy(text, to, room);
	k->revision++;
	k->texts++;
}

#define SET_TEXT(f, field, text)                                                                   \
	set_text(&(f)->known, (f)->known.field, sizeof((f)->known.field), text)

/* FNV-1a: to tell ids apart that nobody chose in order to collide. */
static uint32_t hash_of(struct span s)
{
	uint32_t hash = 2166136261u;

	for (size_t i = 0; i < s.len; i++)
		hash = (hash ^ (unsigned char)s.at[i]) * 16777619u;
	return hash;
}

static bool says_something(const struct counts *c)
{
	return c->known != 0 || c->cost_pusd >= 0 || c->inconsistent;
}

static void shown_usage(struct known *k)
{
	k->has_usage = true;
	k->revision++;
}

/* --- what a value means, one function for each kind of place --- */

typedef void on_fact(struct facts *f, const struct shape_action *a, const struct json_event *e);

static void on_model(struct facts *f, const struct shape_action *a, const struct json_event *e)
{
	(void)a;
	if (is_text(e))
		SET_TEXT(f, model, e->text);
}

static void on_id(struct facts *f, const struct shape_action *a, const struct json_event *e)
{
	(void)a;
	if (is_text(e))
		SET_TEXT(f, id, e->text);
}

/* The usual tier has no name of its own in a row. */
static struct span tier_of(struct span said)
{
	static const char *const usual[] = { "standard", "default", "auto", "on_demand" };
	struct span tier = shape_tier(said);

	for (size_t i = 0; i < sizeof(usual) / sizeof(*usual); i++)
		if (span_eq(tier, span_of(usual[i])))
			return SPAN("");
	return tier;
}

static void on_tier(struct facts *f, const struct shape_action *a, const struct json_event *e)
{
	(void)a;
	if (is_text(e))
		SET_TEXT(f, tier, tier_of(e->text));
}

static void on_speed(struct facts *f, const struct shape_action *a, const struct json_event *e)
{
	(void)a;
	if (is_text(e))
		SET_TEXT(f, speed, tier_of(e->text));
}

/* Remembers how the document began, at its first text. */
static void learn_echo(struct facts *f, const struct json_event *e)
{
	struct echo *echo = &f->echo;
	uint64_t len = e->start + 1 - f->begun_at;

	if (f->begun && f->echoes && len <= FACTS_ECHO_MAX && json_place(&f->json, &echo->place)) {
		memcpy(echo->bytes, f->begun, len);
		echo->len = (uint16_t)len;
		echo->texts = f->known.texts;
		echo->is_error = f->doc.is_error;
		echo->ends = f->doc.ends;
		echo->said = f->doc.said;
		memcpy(echo->part, f->part, sizeof(echo->part));
		echo->choices = f->choices;
	}
	f->begun = NULL;
}

static uint8_t bit_of(enum part_level level)
{
	return (uint8_t)(1u << level);
}

static void on_part(struct facts *f, const struct shape_action *a, const struct json_event *e)
{
	uint32_t part = hash_of(e->text);
	bool differs = f->part[a->arg] != part;

	f->known.mixed |= differs && (f->doc.spoke & bit_of(a->arg)) != 0;
	f->part[a->arg] = part;
	f->doc.said |= bit_of(a->arg);
	if (a->arg != PART_choice || !differs)
		return;
	f->calls = 0;
	if (!(f->doc.said & bit_of(PART_call)))
		f->part[PART_call] = hash_of(SPAN("0"));
}

/* A name begins a call; they are numbered from 0 on. */
static void begin_call(struct facts *f, uint64_t name_at)
{
	char number[12];
	int len;

	if (f->name_at == name_at)
		return;
	len = snprintf(number, sizeof(number), "%" PRIu32, f->calls++);
	f->name_at = name_at;
	if (!(f->doc.said & bit_of(PART_call)))
		f->part[PART_call] = hash_of((struct span){ number, (size_t)len });
}

/* The same for all pieces of a text, and another for the texts beside it. */
static uint32_t part_of(struct facts *f, const struct shape_action *a, const struct json_event *e)
{
	uint32_t field = (uint32_t)(a - f->shape->actions), part = f->part[PART_choice] * 31;

	if (a->arg == TEXT_name)
		begin_call(f, e->start);
	if (a->arg == TEXT_whole || a->arg == TEXT_name)
		return (uint32_t)e->start * 2654435761u + field;
	f->doc.spoke |= bit_of(PART_choice);
	if (a->arg == TEXT_call) {
		f->doc.spoke |= bit_of(PART_call);
		part += f->part[PART_call];
	}
	return part * 31 + field;
}

/* Has another place said this already? */
static bool is_twin(struct facts *f, const struct shape_action *a)
{
	if (a->arg != TEXT_twin)
		return false;
	if (!f->doc.twin)
		f->doc.twin = a;
	return f->doc.twin != a;
}

static void on_text(struct facts *f, const struct shape_action *a, const struct json_event *e)
{
	if (e->kind != JSON_PIECE || f->doc.silent || is_twin(f, a))
		return;
	if (f->begun)
		learn_echo(f, e);
	f->text_bytes += e->text.len;
	if (f->on_text)
		f->on_text(f->text_arg, part_of(f, a, e), e->text);
}

/* An object is measured, not shown: its bytes as they stand. */
static void on_arguments(struct facts *f, const struct shape_action *a, const struct json_event *e)
{
	on_text(f, a, e);
	if (e->kind == JSON_OBJECT)
		f->doc.arguments_at = e->start;
	if (e->kind == JSON_OBJECT_END)
		f->text_bytes += e->end - f->doc.arguments_at;
}

static void apply_meaning(struct document *d, enum meaning m)
{
	d->ends |= m == MEANS_end;
	d->is_error |= m == MEANS_error;
	d->silent |= m == MEANS_silent;
}

static void on_type(struct facts *f, const struct shape_action *a, const struct json_event *e)
{
	(void)a;
	if (is_text(e))
		apply_meaning(&f->doc, shape_meaning(f->shape_id, e->text));
}

static void on_finish(struct facts *f, const struct shape_action *a, const struct json_event *e)
{
	if (is_text(e) && (a->arg == FINISH_ends || f->dialect->finish_ends))
		f->doc.ends = true;
}

static void keep_error(struct document *d, enum error_rank rank, struct span word)
{
	if (rank <= d->error_rank || word.len == 0)
		return;
	d->error_rank = rank;
	span_copy(word, d->error, sizeof(d->error));
}

static void on_finish_or_error(struct facts *f, const struct shape_action *a,
			       const struct json_event *e)
{
	(void)a;
	if (e->kind != JSON_STRING || !span_starts(e->text, SPAN("ERROR")))
		return;
	f->doc.is_error = true;
	keep_error(&f->doc, RANK_status, e->text);
}

static void on_done(struct facts *f, const struct shape_action *a, const struct json_event *e)
{
	(void)a;
	f->doc.ends |= e->kind == JSON_TRUE;
}

static void on_choices(struct facts *f, const struct shape_action *a, const struct json_event *e)
{
	(void)a;
	if (e->kind == JSON_ARRAY && f->choices == PART_unseen)
		f->choices = PART_fits;
	else if (e->kind != JSON_ARRAY_END)
		f->choices = PART_other;
}

static void on_choice(struct facts *f, const struct shape_action *a, const struct json_event *e)
{
	f->choices = PART_other;
	if (e->kind != JSON_OBJECT)
		return;
	f->doc.spoke &= (uint8_t)(bit_of(a->arg) - 1);
	f->doc.said &= (uint8_t)(bit_of(a->arg) - 1);
	f->doc.twin = a->arg == PART_choice ? NULL : f->doc.twin;
}

/* --- usage --- */

static struct counts *counts_of(struct facts *f, const struct shape_action *a)
{
	return a->how == USE_iteration ? &f->doc.item.counts : &f->doc.usage;
}

static void on_count(struct facts *f, const struct shape_action *a, const struct json_event *e)
{
	if (e->kind == JSON_NUMBER)
		counts_set(counts_of(f, a), a->arg, e->text);
	else if (e->kind != JSON_NULL && e->kind != JSON_OBJECT_END && e->kind != JSON_ARRAY_END)
		counts_of(f, a)->inconsistent = true;
}

static void on_cost(struct facts *f, const struct shape_action *a, const struct json_event *e)
{
	if (e->kind == JSON_NUMBER)
		counts_set_cost(counts_of(f, a), e->text, a->arg);
}

static void on_tool_count(struct facts *f, const struct shape_action *a, const struct json_event *e)
{
	if (e->kind == JSON_NUMBER)
		counts_set(&f->known.tools, a->arg, e->text);
}

static void on_aux_model(struct facts *f, const struct shape_action *a, const struct json_event *e)
{
	(void)a;
	if (is_text(e))
		SET_TEXT(f, aux_model, e->text);
}

static void replace_usage(struct known *k, const struct counts *usage)
{
	if (!says_something(usage))
		return;
	k->counts = *usage;
	shown_usage(k);
}

static void overlay_usage(struct known *k, const struct counts *usage)
{
	if (!says_something(usage))
		return;
	counts_overlay(&k->counts, usage);
	shown_usage(k);
}

/* A second base is the same answer announced again, or another one that a gateway has put
 * behind it: then both were consumed. */
static void commit_base(struct known *k, const struct counts *usage)
{
	uint32_t id = hash_of(span_of(k->id));

	if (k->has_base && id == k->base_id)
		return;
	if (k->has_base) {
		counts_sum(&k->earlier, &k->counts);
		counts_sum(&k->earlier, &k->iterations);
		counts_clear(&k->iterations);
		k->end_seen = false;
	}
	k->has_base = true;
	k->base_id = id;
	k->counts = *usage;
	shown_usage(k);
}

/* An inner exchange is over. */
static void commit_iteration(struct known *k, const struct item *item)
{
	struct span model = span_of(item->model);

	switch (shape_iteration(span_of(item->kind))) {
	case ITERATION_part: return;
	case ITERATION_serves:
		if (model.len > 0)
			set_text(k, k->model, sizeof(k->model), model);
		return;
	case ITERATION_on_top: break;
	}
	if (model.len == 0 || span_eq(model, span_of(k->model))) {
		counts_sum(&k->iterations, &item->counts);
		return;
	}
	k->aux.inconsistent |= k->aux.known != 0 && !span_eq(model, span_of(k->aux_model));
	counts_sum(&k->aux, &item->counts);
	set_text(k, k->aux_model, sizeof(k->aux_model), model);
}

static void commit_usage(struct facts *f, enum usage_how how)
{
	struct known *k = &f->known;

	switch (how) {
	case USE_replace: replace_usage(k, &f->doc.usage); break;
	case USE_overlay: overlay_usage(k, &f->doc.usage); break;
	case USE_base: f->doc.base_waits = true; break; /* for the id, which may come later */
	case USE_iteration: commit_iteration(k, &f->doc.item); break;
	case USE_aux: k->aux = f->doc.usage; break;
	case USE_fallback:
		f->doc.ends = true;
		if (!k->has_usage)
			replace_usage(k, &f->doc.usage);
		break;
	case USE_at_end: break;
	}
}

static void begin_item(struct facts *f, enum list list)
{
	struct item *item = &f->doc.item;

	item->list = list;
	item->has_amount = item->unfinished = false;
	item->id = 0;
	item->kind[0] = item->sub[0] = item->model[0] = '\0';
	counts_clear(&item->counts);
}

static void on_usage(struct facts *f, const struct shape_action *a, const struct json_event *e)
{
	if (a->how == USE_replace && e->kind != JSON_OBJECT_END)
		f->usage = e->kind == JSON_OBJECT ? PART_fits : PART_other;
	if (e->kind == JSON_OBJECT && a->how == USE_iteration)
		begin_item(f, LIST_none);
	else if (e->kind == JSON_OBJECT)
		counts_clear(&f->doc.usage);
	if (e->kind == JSON_OBJECT_END)
		commit_usage(f, a->how);
}

static void on_iterations(struct facts *f, const struct shape_action *a, const struct json_event *e)
{
	(void)a;
	if (e->kind != JSON_ARRAY)
		return;
	counts_clear(&f->known.iterations);
	counts_clear(&f->known.aux);
}

/* --- items of lists --- */

/* Is this the first time that the session is named? */
static bool is_new_session(struct tally *t, uint32_t id)
{
	for (unsigned i = 0; i < t->sessions; i++)
		if (t->session[i] == id)
			return false;
	if (id != 0 && t->sessions < FACTS_SESSIONS_MAX)
		t->session[t->sessions++] = id;
	return true;
}

static void count_item(struct facts *f)
{
	const struct item *item = &f->doc.item;
	struct tally *t = f->doc.in_items ? &f->doc.items : &f->known.items;
	enum count count = shape_item(item->list, span_of(item->kind), span_of(item->sub));

	if (count == COUNT_COUNT || item->unfinished)
		return;
	if (item->list != LIST_output)
		counts_add(&f->doc.usage, count, item->has_amount ? item->amount : 1);
	else if (count != COUNT_code_session || is_new_session(t, item->id))
		counts_add(&t->counts, count, 1);
}

static void on_item(struct facts *f, const struct shape_action *a, const struct json_event *e)
{
	if (e->kind == JSON_OBJECT)
		begin_item(f, a->arg);
	if (e->kind == JSON_OBJECT_END)
		count_item(f);
}

/* A whole list replaces what was counted one by one, unless a failed answer's list is empty. */
static void on_items(struct facts *f, const struct shape_action *a, const struct json_event *e)
{
	(void)a;
	f->doc.in_items = e->kind == JSON_ARRAY;
	if (e->kind == JSON_ARRAY) {
		f->doc.items = (struct tally){ 0 };
	} else if (e->kind == JSON_ARRAY_END && f->doc.items.counts.known != 0) {
		f->known.items = f->doc.items;
		f->known.revision++;
	}
}

static void on_item_kind(struct facts *f, const struct shape_action *a, const struct json_event *e)
{
	(void)a;
	if (e->kind == JSON_STRING)
		span_copy(e->text, f->doc.item.kind, sizeof(f->doc.item.kind));
}

static void on_item_sub(struct facts *f, const struct shape_action *a, const struct json_event *e)
{
	(void)a;
	if (e->kind == JSON_STRING)
		span_copy(e->text, f->doc.item.sub, sizeof(f->doc.item.sub));
}

static void on_item_model(struct facts *f, const struct shape_action *a, const struct json_event *e)
{
	(void)a;
	if (e->kind == JSON_STRING)
		span_copy(e->text, f->doc.item.model, sizeof(f->doc.item.model));
}

static void on_item_amount(struct facts *f, const struct shape_action *a,
			   const struct json_event *e)
{
	struct counts one;

	(void)a;
	if (e->kind != JSON_NUMBER)
		return;
	counts_clear(&one);
	counts_set(&one, COUNT_input, e->text);
	f->doc.item.has_amount = true;
	f->doc.item.amount = one.n[COUNT_input];
	f->doc.usage.inconsistent |= one.inconsistent;
}

static void on_item_id(struct facts *f, const struct shape_action *a, const struct json_event *e)
{
	(void)a;
	if (is_text(e))
		f->doc.item.id = hash_of(e->text);
}

static void on_item_status(struct facts *f, const struct shape_action *a,
			   const struct json_event *e)
{
	(void)a;
	f->doc.item.unfinished = !span_eq(e->text, SPAN("completed"));
}

static bool is_new_query(struct facts *f, uint32_t id)
{
	for (unsigned i = 0; i < f->queries; i++)
		if (f->query[i] == id)
			return false;
	if (f->queries < FACTS_QUERIES_MAX)
		f->query[f->queries++] = id;
	return true;
}

/* Some models are charged by the search, others by the prompt that made them search. */
static void on_query(struct facts *f, const struct shape_action *a, const struct json_event *e)
{
	struct counts *fees = &f->known.items.counts;

	if (e->kind != JSON_STRING || !is_new_query(f, hash_of(e->text)))
		return;
	counts_add(fees, a->arg, 1);
	if (!counts_has(fees, COUNT_grounded_prompt))
		counts_add(fees, COUNT_grounded_prompt, 1);
	f->known.revision++;
}

/* --- errors --- */

static void on_error(struct facts *f, const struct shape_action *a, const struct json_event *e)
{
	(void)a;
	f->doc.is_error |= e->kind == JSON_OBJECT || is_text(e);
}

static void on_error_text(struct facts *f, const struct shape_action *a, const struct json_event *e)
{
	(void)a;
	f->doc.is_error |= e->kind == JSON_ARRAY || is_text(e);
}

static void on_error_word(struct facts *f, const struct shape_action *a, const struct json_event *e)
{
	if (e->kind == JSON_STRING || e->kind == JSON_NUMBER)
		keep_error(&f->doc, a->arg, e->text);
}

/* --- documents --- */

static void begin_document(struct facts *f)
{
	struct document *d = &f->doc;

	d->error_rank = RANK_none;
	d->is_error = d->ends = d->silent = d->base_waits = d->in_items = false;
	d->error[0] = '\0';
	d->said = d->spoke = 0;
	d->twin = NULL;
	if (f->shape->usage_in_document)
		counts_clear(&d->usage);
}

/* Ollama leaves out counts that are 0. */
static void commit_at_end(struct facts *f)
{
	if (f->doc.ends)
		f->doc.usage.known |= 1u << COUNT_input | 1u << COUNT_output;
	replace_usage(&f->known, &f->doc.usage);
}

/* The document is over; only a whole one can be the answer's last. */
static void finish_document(struct facts *f, bool whole)
{
	struct document *d = &f->doc;

	if (d->base_waits)
		commit_base(&f->known, &d->usage);
	if (f->shape->usage_in_document && whole)
		commit_at_end(f);
	if (d->is_error)
		facts_error(f, d->error_rank > RANK_none ? span_of(d->error) : SPAN("error"));
	if (d->ends && whole)
		facts_ended(f);
	begin_document(f);
}

static void on_document(struct facts *f, const struct shape_action *a, const struct json_event *e)
{
	(void)a;
	/* an element of a list of documents; others end with their event */
	if (e->kind == JSON_OBJECT_END && e->depth > 0)
		finish_document(f, true);
}

static void on_inner(struct facts *f, const struct shape_action *a, const struct json_event *e)
{
	struct inner *inner = f->inner;
	char bytes[BASE64_ROOM(512)];

	(void)a;
	if (!inner || (e->kind != JSON_PIECE && e->kind != JSON_PIECES_END))
		return;
	for (struct span left = e->text; left.len > 0;) {
		struct span part = { left.at, left.len < 512 ? left.len : 512 };

		json_feed(&inner->json,
			  (struct span){ bytes, base64_feed(&inner->base64, part, bytes) });
		left = span_skip(left, part.len);
	}
	if (e->kind != JSON_PIECES_END)
		return;
	if (!json_end(&inner->json) || !base64_end(&inner->base64)) {
		f->known.blind = true;
		finish_document(f, false);
	} else {
		finish_document(f, true);
	}
	json_reset(&inner->json);
	base64_init(&inner->base64);
}

static on_fact *const on_facts[] = {
#define KIND(name, help) [FACT_##name] = on_##name,
	FACT_KINDS(KIND)
#undef KIND
};

/* What changes nothing when it is said again. */
static const bool echoing[] = {
	[FACT_document] = true, [FACT_model] = true, [FACT_id] = true,      [FACT_tier] = true,
	[FACT_text] = true,     [FACT_type] = true,  [FACT_choices] = true, [FACT_choice] = true,
	[FACT_finish] = true,   [FACT_part] = true,  [FACT_inner] = false, /* and all that is not
									      named */
};

static void on_value(void *arg, const struct json_event *e)
{
	struct facts *f = arg;
	const struct shape_action *a = &f->shape->actions[e->tag];

	f->echoes &= echoing[a->kind];
	on_facts[a->kind](f, a, e);
}

/* A document inside a document holds no third one. */
static void on_inner_value(void *arg, const struct json_event *e)
{
	struct facts *f = arg;

	if (f->shape->actions[e->tag].kind != FACT_inner)
		on_value(f, e);
}

bool facts_init(struct facts *f, const struct dialect *d, enum shape_id s, struct inner *inner,
		bool in_array)
{
	*f = (struct facts){ .dialect = d, .shape = shape_get(s), .shape_id = s, .inner = inner };
	if (!f->shape)
		return false;
	for (unsigned i = 0; i < PART_LEVELS; i++)
		f->part[i] = hash_of(SPAN("0"));
	f->name_at = UINT64_MAX;
	counts_clear(&f->known.counts);
	counts_clear(&f->known.iterations);
	counts_clear(&f->known.aux);
	counts_clear(&f->known.earlier);
	counts_clear(&f->known.tools);
	begin_document(f);
	json_init(&f->json, f->shape->paths, JSON_FLAGS | (in_array ? JSON_IN_AN_ARRAY : 0),
		  on_value, f);
	if (inner) {
		json_init(&inner->json, f->shape->paths, JSON_FLAGS, on_inner_value, f);
		base64_init(&inner->base64);
	}
	return true;
}

static bool is_echo(const struct facts *f, struct span piece)
{
	const struct echo *echo = &f->echo;

	return echo->len > 0 && echo->texts == f->known.texts && piece.len > echo->len &&
	       memcmp(echo->bytes, piece.at, echo->len) == 0;
}

/* A document begins. Returns what is to be read of it. */
static struct span skip_echo(struct facts *f, struct span piece)
{
	struct echo *echo = &f->echo;

	if (!is_echo(f, piece)) {
		echo->len = 0;
		f->begun = piece.at;
		f->begun_at = json_offset(&f->json);
		f->echoes = true;
		return piece;
	}
	json_resume(&f->json, &echo->place, echo->len);
	f->doc.is_error = echo->is_error;
	f->doc.ends = echo->ends;
	f->doc.said = echo->said;
	for (unsigned i = 0; i < PART_LEVELS; i++)
		if (echo->said & bit_of(i))
			f->part[i] = echo->part[i];
	f->choices = echo->choices;
	return span_skip(piece, echo->len);
}

void facts_begin(struct facts *f, struct span name)
{
	apply_meaning(&f->doc, shape_meaning(f->shape_id, name));
}

void facts_feed(struct facts *f, struct span piece)
{
	if (!json_begun(&f->json))
		piece = skip_echo(f, piece);
	json_feed(&f->json, piece);
	f->begun = NULL;
}

void facts_forget(struct facts *f)
{
	json_reset(&f->json);
	begin_document(f);
	f->choices = f->usage = PART_unseen;
}

void facts_end(struct facts *f, struct span name)
{
	bool whole = !json_begun(&f->json) || json_end(&f->json);

	if (name.len > 0)
		apply_meaning(&f->doc, shape_meaning(f->shape_id, name));
	f->known.blind |= !whole;
	finish_document(f, whole);
	facts_forget(f);
}

void facts_ended(struct facts *f)
{
	f->known.revision += !f->known.end_seen;
	f->known.end_seen = true;
}

void facts_error(struct facts *f, struct span word)
{
	if (f->known.error[0] == '\0')
		SET_TEXT(f, error, word);
}

void facts_fallback(struct facts *f, enum count which, struct span number)
{
	counts_set(&f->known.counts, which, number);
	shown_usage(&f->known);
}

bool facts_may_be_usage_event(const struct facts *f)
{
	return f->choices != PART_other && f->usage != PART_other && !json_error(&f->json);
}

bool facts_is_usage_event(const struct facts *f)
{
	return f->choices == PART_fits && f->usage == PART_fits && json_done(&f->json);
}

/* --- the result --- */

/* Fees that the usage object does not count: where the provider counts them elsewhere
 * that is it, else our own count of the items. */
static void add_fees(const struct known *k, struct counts *c)
{
	for (unsigned i = COUNT_FEES; i < COUNT_COUNT; i++) {
		const struct counts *from = counts_has(&k->tools, i) ? &k->tools : &k->items.counts;

		if (!counts_has(c, i) && counts_has(from, i))
			counts_add(c, i, from->n[i]);
	}
}

static bool is_consumption(const struct counts *c)
{
	for (unsigned i = 0; i < COUNT_COUNT; i++)
		if (c->n[i] > 0)
			return true;
	return false;
}

static void set_usage(const struct facts *f, struct usage *u)
{
	const struct known *k = &f->known;
	struct counting how = f->shape->counting;
	struct counts counts = k->counts;

	if (f->shape_id == SHAPE_openai_chat)
		how.reasoning = f->dialect->reasoning;
	add_fees(k, &counts);
	counts_spread(&counts, how, u->quantity, u);
	counts_spread(&k->iterations, how, u->quantity, u);
	counts_spread(&k->earlier, how, u->quantity, u);
	counts_spread(&k->aux, how, u->aux_quantity, u);
	if (is_consumption(&k->aux))
		span_copy(span_of(k->aux_model), u->aux_model, sizeof(u->aux_model));
	u->quantity[Q_request] = f->dialect->request_fee && k->has_usage;
	u->provider_cost_pusd = k->counts.cost_pusd;
	span_copy(span_of(k->speed[0] ? k->speed : k->tier), u->tier, sizeof(u->tier));
}

void facts_result(const struct facts *f, struct tap_result *out)
{
	const struct known *k = &f->known;

	memset(out, 0, sizeof(*out)); /* the padding too: callers compare */
	out->has_usage = k->has_usage;
	out->end_seen = k->end_seen;
	out->final = k->has_usage && k->end_seen;
	out->blind = k->blind;
	out->text_bytes = f->text_bytes;
	set_usage(f, &out->usage);
	out->usage.source = out->final       ? USAGE_reported
			    : out->has_usage ? USAGE_partial
					     : USAGE_none;
	span_copy(span_of(k->model), out->model, sizeof(out->model));
	span_copy(span_of(k->id), out->response_id, sizeof(out->response_id));
	span_copy(span_of(k->error), out->error, sizeof(out->error));
}
