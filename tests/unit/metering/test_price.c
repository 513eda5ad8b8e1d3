/* Prices: what an entry says and leaves out, tiers, long prompts, dates, the one rounding,
 * and both ends of every width (T60, T61). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include "base/date.h"
#include "metering/price_book.h"

#define ERRORS_MAX 65536

static struct wall at(const char *date)
{
	struct wall w;

	assert_int_equal(date_parse(span_of(date), &w), ERR_OK);
	return w;
}

/* A book of one file's text, which must be without errors. */
static struct price_book *book_of(const char *text)
{
	struct price_book_builder *b = price_book_begin();
	struct price_book *book;
	struct yaml_doc *doc;
	struct buf errors;

	buf_init(&errors, ERRORS_MAX);
	assert_non_null(b);
	assert_int_equal(yaml_load_text("test.yaml", span_of(text), &doc, &errors), ERR_OK);
	enum err e = price_book_add_doc(b, doc, &errors);
	if (errors.len)
		print_error("%.*s", SPAN_ARG(buf_span(&errors)));
	assert_int_equal(e, ERR_OK);
	yaml_unload(doc);
	buf_release(&errors);
	assert_int_equal(price_book_finish(b, &book), ERR_OK);
	return book;
}

static const struct price *find(const struct price_book *b, const char *model)
{
	return price_find(b, SPAN("p"), span_of(model), at("2026-06-01"));
}

/* A book with the one entry {model: m, ...} of provider p. */
static struct price_book *book_with(const char *members)
{
	char text[2048];

	snprintf(text, sizeof(text), "p: { models: [ { model: m, %s } ] }", members);
	return book_of(text);
}

static int64_t cost_of(const struct price_book *b, const struct usage *u, const char *tier)
{
	int64_t pusd = -1;

	assert_int_equal(price_cost(find(b, "m"), NULL, u, span_of(tier), &pusd, NULL), ERR_OK);
	return pusd;
}

static unsigned doubts_of(const struct price_book *b, const struct usage *u, const char *tier)
{
	unsigned doubts = 0;
	int64_t pusd;
	enum err e = price_cost(find(b, "m"), NULL, u, span_of(tier), &pusd, &doubts);

	assert_true(e == ERR_OK || e == ERR_MISSING);
	return doubts;
}

static int64_t cost_of_one(const struct price_book *b, enum quantity q, uint64_t count)
{
	struct usage u = { 0 };

	u.quantity[q] = count;

	return cost_of(b, &u, "");
}

#define USD 1000000000000

static void adds_up_what_is_listed(void **state)
{
	struct price_book *b = book_with("input: 2.50, cache_read: 1.25, output: 10, "
					 "web_search: 0.01, max_input: 128000, max_output: 16384");
	struct usage u = { .quantity = { [Q_input] = 1000,
					 [Q_cache_read] = 3,
					 [Q_output] = 70,
					 [Q_reasoning] = 7,
					 [Q_web_search] = 2 } };

	(void)state;
	assert_int_equal(cost_of(b, &u, ""), INT64_C(1000) * 2500000 + INT64_C(3) * 1250000 +
						 INT64_C(77) * 10000000 + 2 * (USD / 100));
	assert_int_equal(doubts_of(b, &u, ""), 0);
	assert_int_equal(price_max_input_tok(find(b, "m")), 128000);
	assert_int_equal(price_max_output_tok(find(b, "m")), 16384);
	assert_int_equal(cost_of(b, &(struct usage){ 0 }, ""), 0);
	assert_null(find(b, "M"));
	assert_null(find(b, "m "));
	assert_null(find(b, ""));
	assert_null(price_find(b, SPAN("q"), SPAN("m"), at("2026-06-01")));
	price_book_unref(b);
}

static void nothing_left_out_is_free(void **state)
{
	struct price_book *b = book_with("input: 1, input_audio: 7, output: 3");
	const unsigned dearest = 1u << PRICE_DOUBT_dearest, assumed = 1u << PRICE_DOUBT_assumed;
	struct {
		enum quantity q;
		int64_t pusd;
		unsigned doubts;
	} want[] = {
		{ Q_cache_read, 1000000, 0 },
		{ Q_cache_write_5m, 1000000, 0 },
		{ Q_cache_write_1h, 1000000, 0 },
		{ Q_input_image, 1000000, 0 },
		{ Q_tool_input, 1000000, 0 },
		{ Q_input_audio, 7000000, 0 },
		{ Q_cache_read_audio, 7000000, dearest },
		{ Q_reasoning, 3000000, 0 },
		{ Q_output_audio, 3000000, dearest },
		{ Q_output_image, 3000000, dearest },
		{ Q_web_search, USD / 20, assumed },
		{ Q_code_session, USD * 3 / 100, assumed },
		{ Q_request, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
		struct usage u = { 0 };

		u.quantity[want[i].q] = 1;

		assert_int_equal(cost_of(b, &u, ""), want[i].pusd);
		assert_int_equal(doubts_of(b, &u, ""), want[i].doubts);
	}
	price_book_unref(b);

	b = book_with("input: 1, cache_write_5m: 1.25, output: 3");
	assert_int_equal(cost_of_one(b, Q_cache_write_1h, 4), 5000000);
	price_book_unref(b);

	b = book_with("output: 3"); /* only an answer's price: the prompt is not free */
	assert_int_equal(cost_of_one(b, Q_input, 1), 3000000);
	price_book_unref(b);

	b = book_with("input: 1"); /* an embedding */
	assert_int_equal(cost_of_one(b, Q_output, 1), 1000000);
	price_book_unref(b);
}

static void a_unit_the_model_is_not_sold_by(void **state)
{
	struct price_book *b = book_with("second: 0.0001");
	struct usage tokens = { .quantity = { [Q_input] = 9, [Q_request] = 1 } };
	struct usage both = { .quantity = { [Q_input] = 9, [Q_second] = 61 } };
	struct usage request = { .quantity = { [Q_request] = 1 } };
	int64_t pusd = 77;

	(void)state;
	assert_int_equal(price_cost(find(b, "m"), NULL, &tokens, SPAN(""), &pusd, NULL),
			 ERR_MISSING);
	assert_int_equal(pusd, 77);
	assert_int_equal(cost_of(b, &both, ""), 61 * (USD / 10000));
	assert_int_equal(doubts_of(b, &both, ""), 1u << PRICE_DOUBT_unpriced);
	assert_int_equal(cost_of(b, &request, ""), 0);
	assert_int_equal(doubts_of(b, &request, ""), 0);
	price_book_unref(b);

	b = book_with("input: 1, output: 1, request: 0.005");
	assert_int_equal(cost_of(b, &request, ""), USD / 200);
	price_book_unref(b);
}

static void a_long_prompt_pays_the_dearer_rate_for_all(void **state)
{
	struct price_book *b = book_with(
	    "input: 3, cache_read: 0.30, output: 15, "
	    "context: [ { at_least: 272000, input: 9 }, { above: 200000, input: 6, output: 22.50 } ]");
	struct usage u = { .quantity = {
			       [Q_input] = 150000, [Q_cache_read] = 50000, [Q_output] = 1 } };

	(void)state;
	assert_int_equal(cost_of(b, &u, ""),
			 INT64_C(150000) * 3000000 + INT64_C(50000) * 300000 + 15000000);
	u.quantity[Q_tool_input] = 5; /* came on top: the prompt is no longer for it */
	assert_int_equal(cost_of(b, &u, ""),
			 INT64_C(150005) * 3000000 + INT64_C(50000) * 300000 + 15000000);
	u.quantity[Q_tool_input] = 0;
	u.quantity[Q_input]++;
	assert_int_equal(cost_of(b, &u, ""),
			 INT64_C(150001) * 6000000 + INT64_C(50000) * 300000 + 22500000);
	u.quantity[Q_input] = 271999 - 50000;
	assert_int_equal(cost_of(b, &u, ""),
			 INT64_C(221999) * 6000000 + INT64_C(50000) * 300000 + 22500000);
	u.quantity[Q_input]++; /* the threshold itself, and what it does not list goes on */
	assert_int_equal(cost_of(b, &u, ""),
			 INT64_C(222000) * 9000000 + INT64_C(50000) * 300000 + 22500000);
	price_book_unref(b);
}

static void a_tier_has_its_own_prices(void **state)
{
	struct price_book *b = book_with(
	    "input: 2, cache_read: 0.20, output: 10, web_search: 0.01, "
	    "context: [ { above: 1000, input: 4, output: 15 } ], "
	    "tiers: { flex: { multiplier: 0.5 }, same: {}, "
	    "priority: { input: 5, output: 12, context: [ { above: 1000, input: 9 } ] } }, "
	    "geo: { us: 1.1 }");
	struct usage u = { .quantity = { [Q_input] = 1000, [Q_web_search] = 1 } };
	const int64_t search = USD / 100;

	(void)state;
	assert_int_equal(cost_of(b, &u, ""), 2000000000 + search);
	assert_int_equal(cost_of(b, &u, "auto"), 2000000000 + search);
	assert_int_equal(cost_of(b, &u, "same"), 2000000000 + search);
	assert_int_equal(cost_of(b, &u, "FLEX"), 1000000000 + search);
	assert_int_equal(cost_of(b, &u, "priority"), INT64_C(5000000000) + search);
	assert_int_equal(cost_of(b, &u, "us"), 2200000000 + search);
	assert_int_equal(cost_of(b, &u, "flex+us"), 1100000000 + search);
	assert_int_equal(cost_of(b, &u, "us+flex+standard"), 1100000000 + search);
	assert_int_equal(doubts_of(b, &u, "us+flex+default"), 0);
	assert_int_equal(cost_of(b, &u, "ultrafast"), 2000000000 + search);
	assert_int_equal(doubts_of(b, &u, "ultrafast"), 1u << PRICE_DOUBT_tier);
	assert_true(price_has_tier(find(b, "m"), SPAN("auto")));
	assert_true(price_has_tier(find(b, "m"), SPAN("priority+us")));
	assert_false(price_has_tier(find(b, "m"), SPAN("priority+eu")));

	strcpy(u.tier, "default"); /* what served counts, not what was asked for */
	assert_int_equal(cost_of(b, &u, "priority"), 2000000000 + search);
	strcpy(u.tier, "priority");
	assert_int_equal(cost_of(b, &u, "flex"), 5000000000 + search);

	u = (struct usage){ .quantity = { [Q_input] = 1001, [Q_output] = 1, [Q_cache_read] = 1 } };
	assert_int_equal(cost_of(b, &u, "priority"), INT64_C(1001) * 9000000 + 15000000 + 200000);
	assert_int_equal(cost_of(b, &u, "flex"), INT64_C(1001) * 2000000 + 7500000 + 100000);
	price_book_unref(b);
}

static void a_second_model_has_its_own_price(void **state)
{
	struct price_book *b = book_of(
	    "p: { models: [ { model: m, input: 1, output: 2, "
	    "context: [ { above: 10, input: 100 } ] }, { model: aux, input: 5, output: 6 } ] }");
	struct usage u = { .quantity = { [Q_input] = 10 },
			   .aux_quantity = { [Q_input] = 20, [Q_output] = 1 } };
	unsigned doubts;
	int64_t pusd;

	(void)state;
	assert_int_equal(price_cost(find(b, "m"), find(b, "aux"), &u, SPAN(""), &pusd, &doubts),
			 ERR_OK);
	assert_int_equal(pusd, INT64_C(10) * 1000000 + INT64_C(20) * 5000000 + 6000000);
	assert_int_equal(doubts, 0);
	/* Without one, the first model's; each prompt is as long as it is. */
	assert_int_equal(cost_of(b, &u, ""),
			 INT64_C(10) * 1000000 + INT64_C(20) * 100000000 + 2000000);
	assert_int_equal(doubts_of(b, &u, ""), 1u << PRICE_DOUBT_aux);
	price_book_unref(b);
}

static void rounds_once_half_to_even(void **state)
{
	struct price_book *b = book_with(
	    "input: 0.0000005, cache_read: 0.0000015, "
	    "output: 0.000000000000000001"); /* 0.5, 1.5 and 1e-12 pUSD */

	(void)state;
	assert_int_equal(cost_of_one(b, Q_input, 1), 0);
	assert_int_equal(cost_of_one(b, Q_input, 2), 1);
	assert_int_equal(cost_of_one(b, Q_input, 3), 2);
	assert_int_equal(cost_of_one(b, Q_input, 5), 2);
	assert_int_equal(cost_of_one(b, Q_cache_read, 1), 2);
	struct usage u = { .quantity = { [Q_input] = 1, [Q_cache_read] = 1 } }; /* 2, not 0 + 2 */
	assert_int_equal(cost_of(b, &u, ""), 2);
	u.quantity[Q_input] = 2; /* 2.5 */
	assert_int_equal(cost_of(b, &u, ""), 2);
	u.quantity[Q_output] = 1; /* 2.5 and the smallest thing there is */
	assert_int_equal(cost_of(b, &u, ""), 3);
	price_book_unref(b);
}

static void never_wraps(void **state)
{
	struct price_book *b = book_with("input: 1000000, cache_read: 10000000000, output: 0.5, "
					 "request: 10000, tiers: { x: { multiplier: 100 } }, "
					 "geo: { g: 100 }");
	const struct price *p = find(b, "m");
	struct usage u = { .quantity = { [Q_input] = 9223372 } }; /* 1 USD each */
	int64_t pusd = 77;

	(void)state;
	assert_int_equal(cost_of(b, &u, ""), 9223372 * USD);
	u.quantity[Q_output] = UINT64_C(73709551614); /* 36,854.775807 USD more than fits */
	assert_int_equal(price_cost(p, NULL, &u, SPAN(""), &pusd, NULL), ERR_RANGE);
	u.quantity[Q_input]++;
	u.quantity[Q_output] = 0;
	assert_int_equal(price_cost(p, NULL, &u, SPAN(""), &pusd, NULL), ERR_RANGE);
	for (int q = 0; q < Q_COUNT; q++)
		u.quantity[q] = u.aux_quantity[q] = UINT64_MAX;
	assert_int_equal(price_cost(p, p, &u, SPAN("x+g"), &pusd, NULL), ERR_RANGE);
	u = (struct usage){ .quantity = { [Q_cache_read] = UINT64_MAX } };
	assert_int_equal(price_cost(p, NULL, &u, SPAN("x+g"), &pusd, NULL), ERR_RANGE);
	u = (struct usage){ .aux_quantity = { [Q_cache_read] = UINT64_MAX } };
	assert_int_equal(price_cost(p, NULL, &u, SPAN("x+g"), &pusd, NULL), ERR_RANGE);
	assert_int_equal(price_worst(p, UINT64_MAX, UINT64_MAX, SPAN("x+g"), &pusd), ERR_RANGE);
	assert_int_equal(price_worst(p, 1000000, 0, SPAN(""), &pusd), ERR_RANGE);
	assert_int_equal(pusd, 77);
	price_book_unref(b);

	/* The last picodollar that fits, and the first that does not. */
	b = book_with("input: 0.000001, output: 0.0000005");
	u = (struct usage){ .quantity = { [Q_input] = INT64_MAX } };
	assert_int_equal(cost_of(b, &u, ""), INT64_MAX);
	u.quantity[Q_output] = 1;
	assert_int_equal(price_cost(find(b, "m"), NULL, &u, SPAN(""), &pusd, NULL), ERR_RANGE);
	u.quantity[Q_input]--;
	assert_int_equal(cost_of(b, &u, ""), INT64_MAX - 1);
	price_book_unref(b);
}

static int64_t worst_of(const struct price_book *b, uint64_t in, uint64_t out, const char *tier)
{
	int64_t pusd;

	assert_int_equal(price_worst(find(b, "m"), in, out, span_of(tier), &pusd), ERR_OK);
	return pusd;
}

static void the_worst_case_is_one(void **state)
{
	struct price_book *b = book_with(
	    "input: 2, cache_read: 0.20, cache_write_1h: 4, output: 10, reasoning: 12, "
	    "request: 0.001, context: [ { above: 1000, input: 4, cache_write_1h: 1, output: 20 } ], "
	    "tiers: { flex: { multiplier: 0.5 } }");
	uint64_t seed = 1;

	(void)state;
	assert_int_equal(worst_of(b, 0, 0, ""), USD / 1000);
	assert_int_equal(worst_of(b, 1000, 1, ""), INT64_C(1000) * 4000000 + 12000000 + USD / 1000);
	assert_int_equal(worst_of(b, 1001, 1, ""), INT64_C(1001) * 4000000 + 20000000 + USD / 1000);
	assert_int_equal(worst_of(b, 1000, 1, "flex"),
			 INT64_C(1000) * 2000000 + 6000000 + USD / 1000);
	for (int i = 0; i < 20000; i++) {
		struct usage u = { .quantity[Q_request] = 1 };
		uint64_t in = 0, out = 0;

		for (int q = 0; q < Q_request; q++) {
			seed = seed * 6364136223846793005 + 1442695040888963407;
			u.quantity[q] = seed % 3 ? 0 : (seed >> 33) % 900;
			*(quantity_infos[q].group == QG_INPUT ? &in : &out) += u.quantity[q];
		}
		const char *tier = i % 2 ? "flex" : "";
		assert_true(cost_of(b, &u, tier) <= worst_of(b, in, out, tier));
	}
	price_book_unref(b);
}

static int64_t input_at(const struct price_book *b, const char *model, const char *date)
{
	const struct price *p = price_find(b, SPAN("p"), span_of(model), at(date));
	struct usage u = { .quantity = { [Q_input] = 1 } };
	int64_t pusd;

	if (!p)
		return -1;
	assert_int_equal(price_cost(p, NULL, &u, SPAN(""), &pusd, NULL), ERR_OK);
	return pusd;
}

static void prices_have_dates(void **state)
{
	struct price_book *b = book_of(
	    "p:\n"
	    "  models:\n"
	    "    - { model: m, also: [m-2026, \"*x\"], from: 2026-01-01, until: 2026-08-21, input: 5 }\n"
	    "    - { model: m, from: 2026-08-21, input: 4 }\n"
	    "    - { model: m, from: 2026-09-01T12:00:00Z, until: 2026-09-02, input: 3 }\n"
	    "    - { model: m, from: 2026-10-01, fill: true, input: 2 }\n"
	    "    - { model: m, fill: true, input: 1 }\n"
	    "    - { model: tie, input: 1 }\n"
	    "    - { model: tie, input: 2 }\n");

	(void)state;
	assert_int_equal(input_at(b, "m", "2025-12-31T23:59:59Z"), 1000000);
	assert_int_equal(input_at(b, "m", "2026-01-01"), 5000000);
	assert_int_equal(input_at(b, "m", "2026-08-20T23:59:59Z"), 5000000);
	assert_int_equal(input_at(b, "m", "2026-08-21"), 4000000);
	assert_int_equal(input_at(b, "m", "2026-09-01T11:59:59Z"), 4000000);
	assert_int_equal(input_at(b, "m", "2026-09-01T12:00:00Z"), 3000000);
	assert_int_equal(input_at(b, "m", "2026-09-02"), 4000000);
	assert_int_equal(input_at(b, "m", "2027-01-01"), 4000000);
	assert_int_equal(input_at(b, "m-2026", "2026-02-01"), 5000000);
	assert_int_equal(input_at(b, "m-2026", "2026-08-21"), -1);
	assert_int_equal(input_at(b, "*x", "2026-02-01"), 5000000); /* a name, not a pattern */
	assert_int_equal(input_at(b, "m-20", "2026-02-01"), -1);
	assert_int_equal(input_at(b, "tie", "2026-02-01"), 2000000);
	price_book_unref(b);
}

static void unknown_models_may_have_a_provisional_rate(void **state)
{
	struct price_book_builder *builder = price_book_begin();
	struct price_book *b;

	(void)state;
	assert_int_equal(price_book_add_provisional(builder, SPAN("p"), SPAN("10"), SPAN("40.5")),
			 ERR_OK);
	assert_int_equal(price_book_add_provisional(builder, SPAN("p"), SPAN("-1"), SPAN("1")),
			 ERR_RANGE);
	assert_int_equal(price_book_add_provisional(builder, SPAN("p"), SPAN("1"), SPAN("lots")),
			 ERR_GARBLED);
	assert_int_equal(price_book_add_provisional(builder, SPAN("p"), SPAN("1e11"), SPAN("1")),
			 ERR_RANGE);
	assert_int_equal(price_book_finish(builder, &b), ERR_OK);

	const struct price *p = find(b, "m");
	struct usage u = { .quantity = { [Q_output] = 2 } };
	assert_true(price_is_provisional(p));
	assert_int_equal(cost_of(b, &u, ""), 81000000);
	assert_int_equal(doubts_of(b, &u, ""), 1u << PRICE_DOUBT_provisional);
	assert_null(price_find(b, SPAN("q"), SPAN("m"), at("2026-06-01")));
	price_book_unref(b);
}

/* A provider of another name than its dialect: what is listed under either goes before what
 * is provisional. */
static void listed_goes_before_provisional(void **state)
{
	struct price_book_builder *builder = price_book_begin();
	struct price_book *b;
	struct buf errors;
	const struct wall now = at("2026-06-01");

	(void)state;
	buf_init(&errors, ERRORS_MAX);
	assert_int_equal(price_book_add_provisional(builder, SPAN("mine"), SPAN("10"), SPAN("40")),
			 ERR_OK);
	assert_int_equal(price_book_add_text(builder, "t",
					     SPAN("{ provider: openai, model: m, input: 1 }"),
					     &errors),
			 ERR_OK);
	assert_int_equal(price_book_finish(builder, &b), ERR_OK);
	const struct price *p = price_find_for(b, SPAN("mine"), SPAN("openai"), SPAN("m"), now);
	assert_string_equal(price_provider(p), "openai");
	p = price_find_for(b, SPAN("mine"), SPAN("openai"), SPAN("other"), now);
	assert_true(price_is_provisional(p));
	assert_null(price_find_for(b, SPAN("theirs"), SPAN("openai"), SPAN("other"), now));
	price_book_unref(b);
	buf_release(&errors);
}

static void lists_can_be_shared(void **state)
{
	struct price_book *b = book_of(
	    "p: { also: [q], source: list, retrieved: 2026-07-24, "
	    "fees: { web_search: 0.01 },\n"
	    "     models: [ { model: m, input: 1, output: 2 },\n"
	    "               { model: n, input: 1, web_search: 0.02 } ] }");
	const struct price *q = price_find(b, SPAN("q"), SPAN("m"), at("2026-06-01"));

	(void)state;
	assert_int_equal(price_book_count(b), 4);
	assert_string_equal(price_provider(q), "q");
	assert_string_equal(price_source(q), "list");
	assert_string_not_equal(price_version(q), price_version(find(b, "m")));
	assert_int_equal(cost_of_one(b, Q_web_search, 1), USD / 100);
	assert_non_null(strstr(price_text(find(b, "n")), "\"web_search\":0.02"));
	price_book_unref(b);
}

/* The canonical text makes the same price again, to the byte and to the picodollar. */
static void text_makes_the_same_price(void **state)
{
	struct price_book *b = book_with(
	    "also: [\"a \\\"b\\\"\", c], from: 2026-01-01T00:00:01Z, until: 2027-01-01, source: 'here',\n"
	    " retrieved: 2026-07-24, note: 'tab-free: {x}', max_input: 1e6, max_output: 64000, fill: true,\n"
	    " input: 2.50, cache_read: 0.2500, output: 1e1, page: 0.004,\n"
	    " context: [ { above: 200000, input: 5 } ],\n"
	    " tiers: { flex: { multiplier: 0.50 }, fast: { input: 9, context: [ { at_least: 7, input: 8 } ] } },\n"
	    " geo: { us: 1.10, eu: 1.2 }");
	struct price_book_builder *builder = price_book_begin();
	struct price_book *again;
	struct price_row row;
	struct buf errors;

	(void)state;
	buf_init(&errors, ERRORS_MAX);
	price_to_row(find(b, "c"), 5, &row);
	assert_string_equal(
	    row.entry,
	    "{\"provider\":\"p\",\"model\":\"m\",\"from\":\"2026-01-01T00:00:01Z\",\"until\":\"2027-01-01\","
	    "\"source\":\"here\",\"retrieved\":\"2026-07-24\",\"note\":\"tab-free: {x}\",\"fill\":true,"
	    "\"max_input\":1000000,\"max_output\":64000,\"also\":[\"a \\\"b\\\"\",\"c\"],"
	    "\"input\":2.5,\"cache_read\":0.25,\"output\":10,\"page\":0.004,"
	    "\"context\":[{\"at_least\":200001,\"input\":5}],"
	    "\"tiers\":{\"flex\":{\"multiplier\":0.5},\"fast\":{\"input\":9,\"context\":[{\"at_least\":7,\"input\":8}]}},"
	    "\"geo\":{\"us\":1.1,\"eu\":1.2}}");
	assert_string_equal(row.version, price_version(find(b, "m")));
	assert_int_equal(strlen(row.version), 16);
	assert_int_equal(row.created_us, 5);
	assert_int_equal(price_book_add_row(builder, &row, &errors), ERR_OK);
	assert_int_equal(errors.len, 0);
	assert_int_equal(price_book_finish(builder, &again), ERR_OK);
	assert_string_equal(price_text(price_book_at(again, 0)), row.entry);
	assert_string_equal(price_version(price_book_at(again, 0)), row.version);
	assert_ptr_equal(price_book_version(again, span_of(row.version)), price_book_at(again, 0));
	assert_null(price_book_version(again, SPAN("0123456789abcdef")));
	price_book_unref(again);
	price_book_unref(b);
	buf_release(&errors);
}

static void explains_every_term(void **state)
{
	struct price_book *b = book_with("source: list, input: 2.50, output: 10, "
					 "context: [ { above: 1000, output: 15 } ], "
					 "tiers: { flex: { multiplier: 0.5 } }, geo: { us: 1.1 }");
	struct usage u = { .quantity = { [Q_input] = 1001, [Q_reasoning] = 1, [Q_web_search] = 1 },
			   .aux_quantity = { [Q_second] = 4 },
			   .aux_model = "other",
			   .tier = "flex+us+x" };
	char want[2048];
	struct buf to;

	(void)state;
	buf_init(&to, 4096);
	assert_int_equal(price_explain(find(b, "m"), NULL, &u, SPAN(""), &to), ERR_OK);
	snprintf(
	    want, sizeof(want),
	    "{\"provider\":\"p\",\"model\":\"m\",\"price_version\":\"%s\",\"source\":\"list\","
	    "\"tier\":\"flex\",\"geo\":\"us\",\"context_from_tok\":1001,\"terms\":["
	    "{\"model\":\"m\",\"quantity\":\"input\",\"unit\":\"tok\",\"count\":1001,"
	    "\"each_usd\":\"0.000001375\",\"amount_usd\":\"0.001376375\",\"basis\":\"listed\"},"
	    "{\"model\":\"m\",\"quantity\":\"reasoning\",\"unit\":\"tok\",\"count\":1,"
	    "\"each_usd\":\"0.00000825\",\"amount_usd\":\"0.00000825\",\"basis\":\"like\"},"
	    "{\"model\":\"m\",\"quantity\":\"web_search\",\"unit\":\"call\",\"count\":1,"
	    "\"each_usd\":\"0.05\",\"amount_usd\":\"0.05\",\"basis\":\"assumed\"},"
	    "{\"model\":\"other\",\"quantity\":\"second\",\"unit\":\"second\",\"count\":4,"
	    "\"each_usd\":\"0\",\"amount_usd\":\"0\",\"basis\":\"unpriced\"}],"
	    "\"sum_usd\":\"0.051384625\",\"cost_usd\":\"0.051384625\",\"cost_pusd\":51384625000,"
	    "\"doubts\":[\"tier\",\"assumed\",\"unpriced\",\"aux\"]}",
	    price_version(find(b, "m")));
	assert_int_equal(to.len, strlen(want));
	assert_memory_equal(to.at, want, to.len);
	buf_release(&to);

	buf_init(&to, 64); /* no room: nothing is left behind */
	assert_int_equal(price_explain(find(b, "m"), NULL, &u, SPAN(""), &to), ERR_NOMEM);
	assert_int_equal(to.len, 0);
	buf_release(&to);
	buf_init(&to, 4096);
	assert_int_equal(price_explain(find(b, "m"), NULL, &(struct usage){ 0 }, SPAN(""), &to),
			 ERR_OK);
	assert_non_null(memmem(to.at, to.len, "\"terms\":[],\"sum_usd\":\"0\"", 24));
	buf_release(&to);
	price_book_unref(b);
}

static void says_what_is_wrong_and_where(void **state)
{
	static const struct {
		const char *entry, *complaint;
	} bad[] = {
		{ "{ model: m, input: -1 }", "input is negative" },
		{ "{ model: m, input: 1e400 }", "too large" },
		{ "{ model: m, input: 1e-19 }", "too many decimal places" },
		{ "{ model: m, input: 10000000001 }", "too large" },
		{ "{ model: m, page: 10000.1 }", "too large" },
		{ "{ model: m, input: \"1\" }", "input is not a plain number" },
		{ "{ model: m, input: free }", "input is not a plain number" },
		{ "{ model: m, input: [1] }", "input is not a plain number" },
		{ "{ model: m, input: }", "input is not a plain number" },
		{ "{ model: m, imput: 1 }", "unknown key imput" },
		{ "{ model: m }", "m has no price at all" },
		{ "{ input: 1 }", "wants a provider and a model" },
		{ "{ model: [m], input: 1 }", "model is not a text" },
		{ "{ model: \"a\\x01b\", input: 1 }", "control characters" },
		{ "{ model: m, provider: 0123456789012345678901234567890123, input: 1 }",
		  "longer than 31 bytes" },
		{ "{ model: m, from: soon, input: 1 }", "from wants a date" },
		{ "{ model: m, from: 2026-02-30, input: 1 }", "from wants a date" },
		{ "{ model: m, from: 2026-02-02, until: 2026-02-02, input: 1 }",
		  "until is not after" },
		{ "{ model: m, fill: yes, input: 1 }", "fill is neither true nor false" },
		{ "{ model: m, also: n, input: 1 }", "also wants a list" },
		{ "{ model: m, max_output: 1.5, input: 1 }", "max_output is negative" },
		{ "{ model: m, input: 1, context: [ { input: 2 } ] }", "either above or at_least" },
		{ "{ model: m, input: 1, context: [ { above: 1, at_least: 2 } ] }",
		  "either above or at_least" },
		{ "{ model: m, input: 1, context: [ { at_least: 0, input: 2 } ] }", "is at 0" },
		{ "{ model: m, input: 1, context: [ { above: 4, input: 2 }, { at_least: 5, input: 2 } ] }",
		  "doubled" },
		{ "{ model: m, input: 1, context: {} }", "context wants a list" },
		{ "{ model: m, input: 1, tiers: { Flex: {} } }", "Flex is no name for a tier" },
		{ "{ model: m, input: 1, tiers: { a+b: {} } }", "no name for a tier" },
		{ "{ model: m, input: 1, tiers: { standard: {} } }", "no name for a tier" },
		{ "{ model: m, input: 1, tiers: { flex: 1 } }", "a tier is not a map" },
		{ "{ model: m, input: 1, tiers: { flex: { multiplier: 0 } } }", "must be above 0" },
		{ "{ model: m, input: 1, tiers: { flex: { multiplier: 101 } } }", "too large" },
		{ "{ model: m, input: 1e-18, tiers: { flex: { multiplier: 0.5 } } }",
		  "finer than 1e-24 USD" },
		{ "{ model: m, input: 1e-18, geo: { us: 1.5 } }", "finer than 1e-24 USD" },
		{ "{ model: m, input: 1, geo: { us: 1.1, US: 2 } }", "US is no name for a geo" },
		{ "m", "a price entry is not a map" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct price_book_builder *b = price_book_begin();
		struct price_book *book;
		struct yaml_doc *doc;
		struct buf errors;
		char text[512];

		buf_init(&errors, ERRORS_MAX);
		snprintf(text, sizeof(text),
			 "p:\n  models:\n    - %s\n    - { model: good, input: 1 }\n",
			 bad[i].entry);
		assert_int_equal(yaml_load_text("test.yaml", span_of(text), &doc, &errors), ERR_OK);
		assert_int_equal(price_book_add_doc(b, doc, &errors), ERR_GARBLED);
		assert_true(buf_add(&errors, (struct span){ "", 1 }));
		if (strncmp(errors.at, "test.yaml:3: ", 13) != 0 ||
		    !strstr(errors.at, bad[i].complaint))
			fail_msg("%s: %s", bad[i].entry, errors.at);
		assert_int_equal(price_book_finish(b, &book), ERR_OK);
		assert_int_equal(price_book_count(book), 1);
		assert_non_null(find(book, "good"));
		price_book_unref(book);
		yaml_unload(doc);
		buf_release(&errors);
	}
}

static void a_file_must_have_its_form(void **state)
{
	static const char *const bad[] = {
		"[]",
		"p: { models: {} }",
		"p: { modells: [] }",
		"p: x",
		"p: { also: q, models: [] }",
		"p: { fees: 1, models: [] }",
		"p: { fees: { x: 1 }, models: [] }",
		"p: { also: [0123456789012345678901234567890123], models: [ { model: m, input: 1 } ] }",
		"0123456789012345678901234567890123: { models: [] }",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct price_book_builder *b = price_book_begin();
		struct yaml_doc *doc;
		struct buf errors;

		buf_init(&errors, ERRORS_MAX);
		assert_int_equal(yaml_load_text("test.yaml", span_of(bad[i]), &doc, &errors),
				 ERR_OK);
		if (price_book_add_doc(b, doc, &errors) != ERR_GARBLED || errors.len == 0)
			fail_msg("%s was taken", bad[i]);
		yaml_unload(doc);
		buf_release(&errors);
		price_book_drop(b);
	}
	price_book_unref(book_of("")); /* an empty file is an empty list */
}

static void the_shipped_list_is_whole(void **state)
{
	struct price_book_builder *builder = price_book_begin();
	struct price_book *b;
	struct buf errors;

	(void)state;
	buf_init(&errors, ERRORS_MAX);
	enum err e = price_book_add_file(builder, "conf/prices.yaml", &errors);
	if (e != ERR_OK)
		fail_msg("%.*s", SPAN_ARG(buf_span(&errors)));
	assert_int_equal(price_book_add_file(builder, "conf/no-such-file", &errors), ERR_MISSING);
	assert_int_equal(price_book_finish(builder, &b), ERR_OK);
	for (size_t i = 0; i < price_book_count(b); i++) {
		const struct price *p = price_book_at(b, i);

		assert_non_null(strstr(price_text(p), "\"retrieved\":\"20"));
		assert_true(strlen(price_source(p)) > 0);
	}

	const struct price *sol = price_find(b, SPAN("openai"), SPAN("gpt-5.6-sol"),
					     at("2026-08-20"));
	const struct price *cut = price_find(b, SPAN("openai"), SPAN("gpt-5.6-sol"),
					     at("2026-08-21"));
	struct usage u = { .quantity = { [Q_input] = 1000000, [Q_output] = 0 } };
	int64_t pusd;
	u.quantity[Q_input] = 100000;
	assert_int_equal(price_cost(sol, NULL, &u, SPAN(""), &pusd, NULL), ERR_OK);
	assert_int_equal(pusd, USD / 2);
	assert_int_equal(price_cost(cut, NULL, &u, SPAN(""), &pusd, NULL), ERR_OK);
	assert_int_equal(pusd, USD * 4 / 10);
	price_book_unref(b);
	buf_release(&errors);
}

/* Many entries: every name is found, and no other. */
static void finds_each_of_many(void **state)
{
	struct price_book_builder *builder = price_book_begin();
	struct price_book *b;
	struct buf errors;
	char text[128], name[32];

	(void)state;
	buf_init(&errors, ERRORS_MAX);
	for (int i = 0; i < 5000; i++) {
		snprintf(text, sizeof(text),
			 "{ provider: p%d, model: m%d, also: [n%d], input: %d }", i % 3, i, i,
			 i + 1);
		assert_int_equal(price_book_add_text(builder, "t", span_of(text), &errors), ERR_OK);
	}
	assert_int_equal(price_book_finish(builder, &b), ERR_OK);
	for (int i = 0; i < 5000; i++) {
		char provider[8];

		snprintf(provider, sizeof(provider), "p%d", i % 3);
		snprintf(name, sizeof(name), "n%d", i);
		const struct price *p = price_find(b, span_of(provider), span_of(name),
						   at("2026-06-01"));
		assert_non_null(p);
		snprintf(name, sizeof(name), "m%d", i);
		assert_string_equal(price_model(p), name);
		assert_null(price_find(b, SPAN("p3"), span_of(name), at("2026-06-01")));
	}
	struct price_book *second = price_book_ref(b);
	price_book_unref(b);
	assert_int_equal(price_book_count(second), 5000);
	price_book_unref(second);
	buf_release(&errors);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(adds_up_what_is_listed),
		cmocka_unit_test(nothing_left_out_is_free),
		cmocka_unit_test(a_unit_the_model_is_not_sold_by),
		cmocka_unit_test(a_long_prompt_pays_the_dearer_rate_for_all),
		cmocka_unit_test(a_tier_has_its_own_prices),
		cmocka_unit_test(a_second_model_has_its_own_price),
		cmocka_unit_test(rounds_once_half_to_even),
		cmocka_unit_test(never_wraps),
		cmocka_unit_test(the_worst_case_is_one),
		cmocka_unit_test(prices_have_dates),
		cmocka_unit_test(unknown_models_may_have_a_provisional_rate),
		cmocka_unit_test(listed_goes_before_provisional),
		cmocka_unit_test(lists_can_be_shared),
		cmocka_unit_test(text_makes_the_same_price),
		cmocka_unit_test(explains_every_term),
		cmocka_unit_test(says_what_is_wrong_and_where),
		cmocka_unit_test(a_file_must_have_its_form),
		cmocka_unit_test(the_shipped_list_is_whole),
		cmocka_unit_test(finds_each_of_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
