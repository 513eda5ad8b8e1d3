/* test_quota.c - rows to terms: what is accepted, what is refused, and what is said then. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "metering/quota.h"

static const struct quota_row good = { .scope = "tenant",
				       .scope_id = "acme",
				       .resource = "llm",
				       .unit = "usd",
				       .period = "month",
				       .limit = 100,
				       .warn = "80, 90,100",
				       .action = "block",
				       .on_outage = "closed" };

static struct zones *zones;

static void test_terms(void **state)
{
	struct quota_row row = good;
	const char *problem = NULL;
	struct quota q;

	(void)state;
	row.raised_limit = 150;
	row.raised_until_us = 1000;
	row.reset_us = 7;
	assert_int_equal(quota_read(&row, zones, &q, &problem), ERR_OK);
	assert_int_equal(q.identity.scope, SCOPE_tenant);
	assert_string_equal(q.identity.scope_id, "acme");
	assert_string_equal(q.identity.tenant, "");
	assert_int_equal(q.identity.unit, UNIT_usd);
	assert_int_equal(q.identity.period, PERIOD_month);
	assert_ptr_equal(q.zone, zone_utc());
	assert_int_equal(q.terms.warns.count, 3);
	assert_int_equal(q.terms.warns.pct[1], 90);
	assert_int_equal(q.terms.on_outage, OUTAGE_closed);
	assert_int_equal(q.terms.reset.us, 7);
	assert_true(quota_blocks(&q.terms));
	assert_int_equal(quota_limit(&q.terms, (struct wall){ 999 }), 150);
	assert_int_equal(quota_limit(&q.terms, (struct wall){ 1000 }), 100);
	row.in_shadow = 1;
	assert_int_equal(quota_read(&row, zones, &q, &problem), ERR_OK);
	assert_false(quota_blocks(&q.terms));
	row.in_shadow = 0;
	span_copy(SPAN("warn"), row.action, sizeof(row.action));
	assert_int_equal(quota_read(&row, zones, &q, &problem), ERR_OK);
	assert_false(quota_blocks(&q.terms));
}

static void expect_bad(const struct quota_row *row, const char *says)
{
	const char *problem = "nothing";
	struct quota q;

	assert_int_equal(quota_read(row, zones, &q, &problem), ERR_GARBLED);
	if (!strstr(problem, says))
		fail_msg("\"%s\" does not say \"%s\"", problem, says);
}

#define EXPECT_BAD(field, value, says)                                                             \
	do {                                                                                       \
		struct quota_row bad_row = good;                                                   \
                                                                                                   \
		span_copy(span_of(value), bad_row.field, sizeof(bad_row.field));                   \
		expect_bad(&bad_row, says);                                                        \
	} while (0)

static void test_garbled(void **state)
{
	struct quota_row row = good;

	(void)state;
	EXPECT_BAD(scope, "Tenant", "scope is");
	EXPECT_BAD(scope, "", "scope is");
	EXPECT_BAD(scope, "platform", "takes no id");
	EXPECT_BAD(scope, "team", "tenant is missing");
	EXPECT_BAD(scope_id, "", "id is missing");
	EXPECT_BAD(tenant, "acme", "only a team, user or tag");
	EXPECT_BAD(resource, "", "resource is");
	EXPECT_BAD(unit, "eur", "unit is");
	EXPECT_BAD(unit, "concurrent", "no period but total");
	EXPECT_BAD(period, "mon", "period is");
	EXPECT_BAD(warn, "80,,90", "warn is");
	EXPECT_BAD(warn, "90,80", "warn is");
	EXPECT_BAD(warn, "80,80", "warn is");
	EXPECT_BAD(warn, "0", "warn is");
	EXPECT_BAD(warn, "1001", "warn is");
	EXPECT_BAD(warn, "1,2,3,4,5,6,7,8,9", "warn is");
	EXPECT_BAD(warn, "x", "warn is");
	EXPECT_BAD(zone, "Mars/Crater", "time zone");
	EXPECT_BAD(action, "", "action is");
	EXPECT_BAD(on_outage, "never", "on_outage is");
	row.limit = -2;
	expect_bad(&row, "limit is");
	row = good;
	row.raised_limit = -1;
	expect_bad(&row, "limit is");
	row = good;
	span_copy(SPAN("concurrent"), row.unit, sizeof(row.unit));
	span_copy(SPAN("total"), row.period, sizeof(row.period));
	expect_bad(&row, "not warned of");
}

/* Tags before keys before users before teams before tenants before the platform. */
static void test_order(void **state)
{
	static const enum scope order[] = { SCOPE_tag,  SCOPE_key,    SCOPE_user,
					    SCOPE_team, SCOPE_tenant, SCOPE_platform };
	struct quota_identity a = { .tenant = "a", .scope_id = "x" }, b = a;

	(void)state;
	for (int i = 1; i < SCOPE_COUNT; i++) {
		a.scope = order[i - 1];
		b.scope = order[i];
		assert_true(quota_order(&a, &b) < 0 && quota_order(&b, &a) > 0);
	}
	b = a;
	assert_int_equal(quota_order(&a, &b), 0);
	b.tenant = "b";
	assert_true(quota_order(&a, &b) < 0);
	b = a;
	b.unit = UNIT_tokens;
	assert_true(quota_order(&a, &b) < 0);
	b = a;
	b.period = PERIOD_hour;
	assert_true(quota_order(&a, &b) < 0);
}

static void expect_amount(const char *text, int given, enum err e, enum unit unit, int64_t amount)
{
	enum unit known = (enum unit)given, found = UNIT_COUNT;
	int64_t read = -5;

	assert_int_equal(unit_read(span_of(text), given < 0 ? NULL : &known, &found, &read), e);
	assert_int_equal(found, e == ERR_OK ? unit : UNIT_COUNT);
	assert_int_equal(read, e == ERR_OK ? amount : -5);
}

static void test_amounts(void **state)
{
	(void)state;
	expect_amount("100usd", -1, ERR_OK, UNIT_usd, INT64_C(100000000000000));
	expect_amount("$0.5", UNIT_usd, ERR_OK, UNIT_usd, INT64_C(500000000000));
	expect_amount("60requests", -1, ERR_OK, UNIT_requests, 60);
	expect_amount(" 200000 tokens ", -1, ERR_OK, UNIT_tokens, 200000);
	expect_amount("4concurrent", UNIT_concurrent, ERR_OK, UNIT_concurrent, 4);
	expect_amount("4", UNIT_concurrent, ERR_OK, UNIT_concurrent, 4);
	expect_amount("0tokens", -1, ERR_OK, UNIT_tokens, 0);
	expect_amount("4", -1, ERR_GARBLED, UNIT_usd, 0);
	expect_amount("4", UNIT_usd, ERR_GARBLED, UNIT_usd, 0);
	expect_amount("4 apples", -1, ERR_GARBLED, UNIT_usd, 0);
	expect_amount("4 tokens", UNIT_requests, ERR_GARBLED, UNIT_usd, 0);
	expect_amount("5usd", UNIT_tokens, ERR_GARBLED, UNIT_usd, 0);
	expect_amount("-1usd", -1, ERR_GARBLED, UNIT_usd, 0);
	expect_amount("1.5tokens", -1, ERR_GARBLED, UNIT_usd, 0);
	expect_amount("", -1, ERR_GARBLED, UNIT_usd, 0);
	expect_amount("9223372036854775808tokens", -1, ERR_RANGE, UNIT_usd, 0);
	expect_amount("99999999999999999999tokens", -1, ERR_RANGE, UNIT_usd, 0);
	for (unsigned u = 0; u < UNIT_COUNT; u++) {
		enum unit found;

		assert_true(unit_find(span_of(unit_name((enum unit)u)), &found));
		assert_int_equal(found, u);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_terms),
		cmocka_unit_test(test_garbled),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_amounts),
	};
	int failed;

	zones = zones_new("/nowhere");
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	zones_free(zones);
	return failed;
}
