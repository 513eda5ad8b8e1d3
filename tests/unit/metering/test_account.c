/* At every instant the row in its slot says what would be charged if the process died now. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>
#include "base/buf.h"
#include "metering/account.h"
#include "metering/price_book.h"

/* What has no vocabulary at hand estimates from bytes; test_meter.c is about the rest. */
static struct meter blind;

/* A book of entries, each on a line of its own. */
static struct price_book *book_of(const char *text)
{
	struct price_book_builder *b = price_book_begin();
	struct price_book *book = NULL;
	struct span rest = span_of(text);
	struct buf errors;

	buf_init(&errors, 4096);
	while (rest.len > 0)
		assert_int_equal(price_book_add_text(b, "test", span_take(&rest, '\n'), &errors),
				 ERR_OK);
	assert_int_equal(price_book_finish(b, &book), ERR_OK);
	buf_release(&errors);
	return book;
}

static struct row row_of(const char *model)
{
	struct row r = { .started_us = 1800000000 * US_PER_SEC, .held_pusd = 777 };

	(void)span_copy(SPAN("openai"), r.provider, sizeof(r.provider));
	(void)span_copy(SPAN("openai"), r.dialect, sizeof(r.dialect));
	(void)span_copy(SPAN("openai-chat"), r.shape, sizeof(r.shape));
	(void)span_copy(span_of(model), r.model, sizeof(r.model));
	return r;
}

static struct tap *stream(const char *text)
{
	struct tap *t = tap_new(dialect_find(SPAN("openai")), SHAPE_openai_chat, TAP_SSE);

	assert_non_null(t);
	tap_show(t, span_of(text));
	return t;
}

#define ENTRY "{ provider: openai, model: m, from: 2020-01-01, source: test, input: 1, output: 10 }"
#define DELTA                                                                                      \
	"data: {\"model\":\"m\",\"id\":\"x\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"twelve bytes\"}}]}\n\n"
#define USAGE                                                                                        \
	"data: {\"id\":\"x\",\"choices\":[],\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":2," \
	"\"total_tokens\":11}}\n\n"

static void an_estimate_grows_with_the_text(void **state)
{
	struct price_book *book = book_of(ENTRY);
	struct row r = row_of("m");
	struct tap *t = stream(DELTA DELTA);
	struct account noted = { 0 };

	(void)state;
	account_open(&r, 40);
	assert_string_equal(r.usage_source, "estimated");
	assert_int_equal(r.quantity[Q_input], 40);
	account_note(&noted, &r, t, &blind);
	assert_string_equal(r.model_served, "m");
	assert_true(r.quantity[Q_output] > 0);
	account_close(&r, t, &blind, book, true);
	assert_string_equal(r.usage_source, "estimated");
	assert_int_equal(r.input_tok, 40);
	assert_int_equal(r.output_tok, r.quantity[Q_output]);
	assert_int_equal(r.cost_pusd, 40 * 1000000 + (int64_t)r.output_tok * 10000000);
	tap_free(t);
	price_book_unref(book);
}

static void the_providers_numbers_replace_it(void **state)
{
	struct price_book *book = book_of(ENTRY);
	struct row r = row_of("m");
	struct tap *t = stream(DELTA USAGE "data: [DONE]\n\n");
	struct account noted = { 0 };

	(void)state;
	account_open(&r, 40);
	account_note(&noted, &r, t, &blind);
	tap_end(t);
	account_close(&r, t, &blind, book, true);
	assert_string_equal(r.usage_source, "reported");
	assert_int_equal(r.input_tok, 9);
	assert_int_equal(r.output_tok, 2);
	assert_int_equal(r.cost_pusd, 9 * 1000000 + 2 * 10000000);
	tap_free(t);
	price_book_unref(book);
}

static void a_killed_process_leaves_what_it_knew(void **state)
{
	struct price_book *book = book_of(ENTRY);
	struct row r = row_of("m");
	struct tap *t = stream(DELTA);
	struct account noted = { 0 };

	(void)state;
	account_open(&r, 40);
	r.status = 200;
	account_note(&noted, &r, t, &blind);
	tap_free(t);
	account_close_orphan(&r, book, (struct wall){ r.started_us + 5 });
	assert_string_equal(r.ended_by, "crash");
	assert_int_equal(r.took_us, 5);
	assert_int_equal(r.cost_pusd, 40 * 1000000 + (int64_t)r.output_tok * 10000000);
	price_book_unref(book);
}

static void nothing_is_charged_before_an_answer_began(void **state)
{
	struct price_book *book = book_of(ENTRY);
	struct row r = row_of("m");

	(void)state;
	account_open(&r, 40);
	account_close_orphan(&r, book, (struct wall){ r.started_us });
	assert_int_equal(r.cost_pusd, 0);
	assert_int_equal(r.input_tok, 0);
	assert_string_equal(r.usage_source, "none");
	price_book_unref(book);
}

static void what_lost_its_price_costs_what_was_held(void **state)
{
	struct price_book *book = book_of(ENTRY);
	struct row r = row_of("another");

	(void)state;
	account_open(&r, 40);
	account_close(&r, NULL, &blind, book, true);
	assert_int_equal(r.cost_pusd, 777);
	price_book_unref(book);
}

#define SERVED(name)                                                                               \
	"data: {\"model\":\"" name "\",\"choices\":[],\"usage\":{\"prompt_tokens\":10,"            \
	"\"completion_tokens\":1}}\n\ndata: [DONE]\n\n"

static int64_t cost_of_serving(const struct price_book *book, const char *asked, const char *answer,
			       unsigned *doubts)
{
	struct tap *t = stream(answer);
	struct row r = row_of(asked);

	account_open(&r, 1);
	tap_end(t);
	*doubts = account_close(&r, t, &blind, book, true);
	tap_free(t);
	return r.cost_pusd;
}

/* T47: the dearer one of the model asked for and the one that served; a dated version of a model
 * is that model. */
static void another_model_is_charged_at_the_dearer_price(void **state)
{
	struct price_book *book = book_of(
	    "{ provider: openai, model: big, from: 2020-01-01, source: test, input: 5, output: 50 }\n"
	    "{ provider: openai, model: big-20250101, from: 2020-01-01, source: test, input: 4, "
	    "output: 40 }\n"
	    "{ provider: openai, model: small, also: [tiny], from: 2020-01-01, source: test, "
	    "input: 1, output: 10 }\n"
	    "{ provider: openai, model: even, from: 2020-01-01, source: test, input: 1, output: 10 }\n"
	    "{ provider: openai, model: sold-by-the-second, from: 2020-01-01, source: test, "
	    "second: 1 }");
	unsigned doubts;

	(void)state;
	assert_int_equal(cost_of_serving(book, "small", SERVED("small"), &doubts), 20000000);
	assert_int_equal(doubts, 0);
	assert_int_equal(cost_of_serving(book, "small", SERVED("big"), &doubts), 100000000);
	assert_int_equal(doubts, ACCOUNT_OTHER_MODEL);
	assert_int_equal(cost_of_serving(book, "big", SERVED("small"), &doubts), 100000000);
	assert_int_equal(doubts, ACCOUNT_OTHER_MODEL);
	assert_int_equal(cost_of_serving(book, "big", SERVED("big-20250101"), &doubts), 80000000);
	assert_int_equal(doubts, 0);
	assert_int_equal(cost_of_serving(book, "big-latest", SERVED("big-20250101"), &doubts),
			 80000000);
	assert_int_equal(cost_of_serving(book, "tiny", SERVED("small"), &doubts), 20000000);
	assert_int_equal(doubts, 0);
	assert_int_equal(cost_of_serving(book, "small", SERVED("even"), &doubts), 20000000);
	assert_int_equal(doubts, 0);
	assert_int_equal(cost_of_serving(book, "small", SERVED("unheard-of"), &doubts), 20000000);
	assert_int_equal(doubts, 0);
	assert_int_equal(cost_of_serving(book, "small", SERVED("sold-by-the-second"), &doubts),
			 20000000);
	assert_int_equal(doubts, ACCOUNT_OTHER_MODEL);
	assert_int_equal(cost_of_serving(book, "sold-by-the-second", SERVED("nobody"), &doubts),
			 777);
	assert_int_equal(doubts, 1u << PRICE_DOUBT_unpriced);
	price_book_unref(book);
}

static void a_region_asked_for_outlives_the_tier_served(void **state)
{
	struct price_book *book = book_of(
	    "{ provider: openai, model: m, from: 2020-01-01, source: test, input: 1, output: 10, "
	    "tiers: { priority: { multiplier: 2 } }, geo: { us: 1.1 } }");
	struct row r = row_of("m");
	struct tap *t = stream(
	    "data: {\"service_tier\":\"priority\",\"choices\":[],\"usage\":{"
	    "\"prompt_tokens\":10,\"completion_tokens\":0}}\n\ndata: [DONE]\n\n");

	(void)state;
	(void)span_copy(SPAN("auto+us"), r.tier, sizeof(r.tier));
	account_open(&r, 1);
	tap_end(t);
	account_close(&r, t, &blind, book, true);
	assert_string_equal(r.tier, "priority+us");
	assert_int_equal(r.cost_pusd, 22000000);
	tap_free(t);
	price_book_unref(book);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_estimate_grows_with_the_text),
		cmocka_unit_test(the_providers_numbers_replace_it),
		cmocka_unit_test(a_killed_process_leaves_what_it_knew),
		cmocka_unit_test(nothing_is_charged_before_an_answer_began),
		cmocka_unit_test(what_lost_its_price_costs_what_was_held),
		cmocka_unit_test(another_model_is_charged_at_the_dearer_price),
		cmocka_unit_test(a_region_asked_for_outlives_the_tier_served),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
