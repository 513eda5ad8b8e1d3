/* test_sluice.c - a stream passes exactly as far as its budgets pay. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>
#include "metering/price_book.h"
#include "metering/sluice.h"

#define DAY_US (86400 * US_PER_SEC)

static const struct wall noon = { 20000 * DAY_US + DAY_US / 2 };
static struct price_book *book;
static const struct price *price; /* 1 usd for a million in, 10 for a million out */

static int open_book(void **state)
{
	static const char text[] = "{ provider: openai, model: m, from: 2020-01-01, source: test, "
				   "input: 1, output: 10, max_output: 100000 }";
	struct price_book_builder *b = price_book_begin();
	struct buf errors;

	(void)state;
	buf_init(&errors, 4096);
	assert_int_equal(price_book_add_text(b, "test", span_of(text), &errors), ERR_OK);
	assert_int_equal(price_book_finish(b, &book), ERR_OK);
	buf_release(&errors);
	price = price_find(book, SPAN("openai"), SPAN("m"), noon);
	return price ? 0 : -1;
}

static int close_book(void **state)
{
	(void)state;
	price_book_unref(book);
	return 0;
}

static struct purse *list(struct purses *t, const char *unit, int64_t limit)
{
	struct quota_row row = { .scope = "tenant",
				 .scope_id = "acme",
				 .resource = "llm",
				 .period = "day",
				 .limit = limit,
				 .action = "block",
				 .on_outage = "local" };
	struct zones *none = zones_new("/nowhere");
	const char *problem = NULL;
	struct quota q;
	struct purse *p;

	(void)span_copy(span_of(unit), row.unit, sizeof(row.unit));
	assert_int_equal(quota_read(&row, none, &q, &problem), ERR_OK);
	p = purses_list(t, &q);
	assert_non_null(p);
	zones_free(none);
	return p;
}

/* Opens the sluice for an answer of at most most_tok and lets tokens through one by one. */
static uint64_t pass_all(struct purse *p, uint64_t input_tok, uint64_t most_tok)
{
	struct sluice_plan plan = { .price = price,
				    .input_tok = input_tok,
				    .output_tok = most_tok };
	struct purse *one[] = { p };
	struct allowance a = { one, 1 };
	struct quota_details why;
	struct amounts first;
	struct hold h = { 0 };
	struct sluice s;
	uint64_t tok = 0;

	assert_int_equal(sluice_plan(&s, &plan, &first), ERR_OK);
	assert_int_equal(first.of[UNIT_requests], 1);
	if (allowance_hold(&a, &first, noon, &h, &why) != ERR_OK)
		return 0;
	s.stands = true;
	while (tok < most_tok && sluice_passes(&s, &h, tok, noon, &why) == ERR_OK) {
		struct purse_view v = purse_view(p, noon);

		tok++;
		assert_true(tok <= s.paid_tok);
		assert_true(v.spent + v.held <= v.limit);
	}
	allowance_cancel(&h, noon);
	return tok;
}

static void money_is_a_wall(void **state)
{
	struct purses *t = purses_new();
	struct purse *p = list(t, "usd", 50000000000); /* 0.05 usd: 5,000 tokens out */

	(void)state;
	/* a token is held for a picodollar more than it may cost */
	assert_int_equal(pass_all(p, 1000, 100000), 4899);
	assert_int_equal(pass_all(p, 0, 100000), 4999);
	assert_int_equal(pass_all(p, 0, 3000), 3000);
	assert_int_equal(pass_all(p, 0, 10), 10);
	assert_int_equal(pass_all(p, 60000, 100000), 0); /* the prompt alone is too dear */
	purses_free(t);
}

static void tokens_are_a_wall(void **state)
{
	struct purses *t = purses_new();
	struct purse *p = list(t, "tokens", 700);

	(void)state;
	assert_int_equal(pass_all(p, 100, 100000), 600);
	assert_int_equal(pass_all(p, 0, 100000), 700);
	assert_int_equal(pass_all(p, 650, 100000), 0); /* no room for a first step */
	assert_int_equal(pass_all(p, 650, 50), 50);
	purses_free(t);
}

static void what_is_given_back_is_there_again(void **state)
{
	struct purses *t = purses_new();
	struct purse *p = list(t, "tokens", 700);

	(void)state;
	for (int i = 0; i < 3; i++)
		assert_int_equal(pass_all(p, 0, 100000), 700);
	assert_int_equal(purse_view(p, noon).held, 0);
	purses_free(t);
}

static void a_full_hold_needs_no_watching(void **state)
{
	struct sluice s = { .stands = false };
	struct quota_details why;
	struct hold h = { 0 };

	(void)state;
	assert_int_equal(sluice_passes(&s, &h, UINT64_MAX / 2, noon, &why), ERR_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(money_is_a_wall),
		cmocka_unit_test(tokens_are_a_wall),
		cmocka_unit_test(what_is_given_back_is_there_again),
		cmocka_unit_test(a_full_hold_needs_no_watching),
	};

	return cmocka_run_group_tests(tests, open_book, close_book);
}
