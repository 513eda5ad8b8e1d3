/* test_plans.c - the quotas that a configuration gives, as rows; and what is wrong with others. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include "conf/conf.h"
#include "metering/quota.h"
#include "ops/plans.h"

#define PROVIDER "providers: [ { name: p, dialect: openai, base_url: 'https://x' } ]\n"

static struct zones *zones;

static struct conf *load(const char *text)
{
	struct buf errors;
	struct conf *c = NULL;

	buf_init(&errors, 4096);
	if (conf_load_text("w.yaml", span_of(text), NULL, &c, &errors) != ERR_OK)
		fail_msg("%.*s", SPAN_ARG(buf_span(&errors)));
	buf_release(&errors);
	return c;
}

static struct plans *read_plans(const struct conf *c)
{
	struct plans *p = NULL;
	struct buf errors;

	buf_init(&errors, 4096);
	if (plans_new(c, zones, &p, &errors) != ERR_OK)
		fail_msg("%.*s", SPAN_ARG(buf_span(&errors)));
	buf_release(&errors);
	return p;
}

/* "resource unit period limit warn zone action outage enforced" */
static void expect_quota(const struct plan *p, size_t i, const char *says)
{
	const struct quota_row *q = &p->quota[i];
	char text[256];

	snprintf(text, sizeof(text), "%s %s %s %lld [%s] %s %s %s %s", q->resource, q->unit,
		 q->period, (long long)q->limit, q->warn, q->zone[0] ? q->zone : "-", q->action,
		 q->on_outage, q->in_shadow ? "shadow" : "enforced");
	assert_string_equal(text, says);
}

static void test_defaults(void **state)
{
	struct conf *c = load(PROVIDER);
	struct plans *p = read_plans(c);
	const struct plan *d = plans_find(p, "");

	(void)state;
	assert_int_equal(d->quotas, 3);
	expect_quota(d, 0, "llm usd month 100000000000000 [80,90,100] UTC block local enforced");
	expect_quota(d, 1, "e2b usd month 50000000000000 [80,90,100] UTC block local enforced");
	expect_quota(d, 2, "all usd month 150000000000000 [80,90,100] UTC block local enforced");
	assert_null(plans_find(p, "free"));
	plans_free(p);
	conf_unref(c);
	c = load("tenant_defaults: { llm: none, all: none, period: day, warn_percent: none }\n"
		 "quota: { on_outage: closed }\n" PROVIDER);
	p = read_plans(c);
	d = plans_find(p, "");
	assert_int_equal(d->quotas, 1);
	expect_quota(d, 0, "e2b usd day 50000000000000 [] UTC block closed enforced");
	plans_free(p);
	conf_unref(c);
	c = load("tenant_defaults: { plan: free }\n"
		 "plans: [ { name: free, quotas: [ 9requests day ] } ]\n" PROVIDER);
	p = read_plans(c);
	assert_int_equal(plans_find(p, "")->quotas, 1);
	expect_quota(plans_find(p, ""), 0, "all requests day 9 [80,90,100] - block local enforced");
	plans_free(p);
	conf_unref(c);
}

static void test_words(void **state)
{
	struct conf *c = load(
	    "plans:\n"
	    "  - name: free\n"
	    "    quotas:\n"
	    "      - 5usd llm month\n"
	    "      - 20 requests minute\n"
	    "      - 2concurrent\n"
	    "      - $0.5 day warn=50 UTC\n"
	    "      - ' 100000  tokens  e2b  hour  action=warn  enforce=no  on_outage=open'\n"
	    "      - 7requests total warn=none enforce=yes\n"
	    "  - { name: enterprise, quotas: none }\n" PROVIDER);
	struct plans *p = read_plans(c);
	const struct plan *free_plan = plans_find(p, "free");

	(void)state;
	assert_int_equal(free_plan->quotas, 6);
	expect_quota(free_plan, 0,
		     "llm usd month 5000000000000 [80,90,100] - block local enforced");
	expect_quota(free_plan, 1, "all requests minute 20 [] - block local enforced");
	expect_quota(free_plan, 2, "all concurrent total 2 [] - block local enforced");
	expect_quota(free_plan, 3, "all usd day 500000000000 [50] UTC block local enforced");
	expect_quota(free_plan, 4, "e2b tokens hour 100000 [80,90,100] - warn open shadow");
	expect_quota(free_plan, 5, "all requests total 7 [] - block local enforced");
	assert_int_equal(plans_find(p, "enterprise")->quotas, 0);
	plans_free(p);
	conf_unref(c);
}

static void expect_wrong(const char *quota, const char *says)
{
	struct plans *p = NULL;
	char text[512], line[512];
	struct buf errors;
	struct conf *c;

	snprintf(text, sizeof(text), "plans:\n  - name: free\n    quotas: [ '%s' ]\n" PROVIDER,
		 quota);
	snprintf(line, sizeof(line), "w.yaml:3: plans: quota: '%s': %s\n", quota, says);
	c = load(text);
	buf_init(&errors, 4096);
	assert_int_equal(plans_new(c, zones, &p, &errors), ERR_GARBLED);
	if (!span_eq(buf_span(&errors), span_of(line)))
		fail_msg("%.*s", SPAN_ARG(buf_span(&errors)));
	buf_release(&errors);
	buf_init(&errors, 4096);
	assert_int_equal(plans_check(c, &errors), ERR_GARBLED);
	buf_release(&errors);
	conf_unref(c);
}

static void test_wrong(void **state)
{
	static const char amount[] =
	    "it begins with an amount: 5usd, 20 requests, 100000 tokens, 2 concurrent";
	static const char word[] = "a word of it is no resource, period, zone or setting";

	(void)state;
	expect_wrong("llm 5usd", amount);
	expect_wrong("5", amount);
	expect_wrong("5 apples", amount);
	expect_wrong("5usd fortnight", word);
	expect_wrong("5usd enforce=maybe", word);
	expect_wrong("5usd colour=red", word);
	expect_wrong("5usd warn=x", "warn is up to 8 rising numbers of percent, 1 to 1000");
	expect_wrong("5usd action=shout", "action is block or warn");
	expect_wrong("2 concurrent day", "what is concurrent has no period but total");
	expect_wrong("5usd Mars/Crater", "zone is the name of a time zone in /usr/share/zoneinfo, "
					 "such as Europe/Berlin");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_wrong),
	};
	int failed;

	zones = zones_new("/nowhere");
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	zones_free(zones);
	return failed;
}
