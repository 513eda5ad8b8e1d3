/* test_registry.c - who may ask for what, from rows to entries, and through the box. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include "metering/registry.h"

static const struct wall now = { UINT64_C(1795305600000000) };

static const struct tenant_row tenants[] = {
	{ .id = "zeta" },
	{ .id = "acme", .name = "ACME" },
	{ .id = "gone", .disabled_us = 1 },
};

static const struct key_row keys[] = {
	{ .id = "k2",
	  .hash = { 2 },
	  .tenant = "acme",
	  .team = "blue",
	  .user = "ann",
	  .label = "laptop",
	  .models = "gpt-4o-mini, claude-*" },
	{ .id = "k1", .hash = { 1 }, .tenant = "acme" },
	{ .id = "k3", .hash = { 3 }, .tenant = "gone", .revoked_us = 1, .expires_us = 1 },
	{ .id = "k4", .hash = { 4 }, .tenant = "zeta", .expires_us = 1795305600000000 },
	{ .id = "k5", .hash = { 5 }, .tenant = "zeta", .revoked_us = 1795305600000000 },
};

#define QUOTA(scope_, id_, resource_, period_, limit_)                                             \
	{                                                                                          \
		.scope = scope_, .scope_id = id_, .resource = resource_, .unit = "usd",            \
		.period = period_, .limit = limit_, .action = "block", .on_outage = "local"        \
	}

static const struct quota_row quotas[] = {
	QUOTA("platform", "", "all", "month", 1),   QUOTA("tenant", "acme", "llm", "month", 2),
	QUOTA("tenant", "acme", "e2b", "month", 3), QUOTA("tenant", "acme", "all", "month", 4),
	QUOTA("tenant", "zeta", "all", "day", 5),   QUOTA("key", "k2", "llm", "day", 6),
};

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

static struct registry_rows good = {
	.tenant = tenants,
	.key = keys,
	.quota = quotas,
	.tenants = COUNT(tenants),
	.keys = COUNT(keys),
	.quotas = COUNT(quotas),
};

static char why[128];

static struct registry *build(const struct registry_rows *rows, struct purses *purses)
{
	struct registry *r = NULL;

	if (registry_new(rows, purses, &r, why, sizeof(why)) != ERR_OK)
		fail_msg("%s", why);
	return r;
}

static const struct key_entry *find(const struct registry *r, uint8_t first)
{
	const uint8_t hash[SHA256_BYTES] = { first };

	return registry_find(r, hash);
}

static void test_find(void **state)
{
	struct purses *purses = purses_new();
	struct registry *r = build(&good, purses);
	const struct key_entry *k = find(r, 2);

	(void)state;
	assert_non_null(k);
	assert_string_equal(k->id, "k2");
	assert_string_equal(k->tenant, "acme");
	assert_string_equal(k->team, "blue");
	assert_string_equal(k->user, "ann");
	assert_string_equal(k->label, "laptop");
	assert_null(find(r, 6));
	assert_null(find(r, 0));
	assert_ptr_equal(registry_find_id(r, "k2"), k);
	assert_null(registry_find_id(r, "k"));
	registry_unref(r);
	purses_free(purses);
}

static void test_states(void **state)
{
	struct purses *purses = purses_new();
	struct registry *r = build(&good, purses);
	struct wall before = { now.us - 1 };

	(void)state;
	assert_int_equal(key_entry_state(find(r, 1), now), KEY_OK);
	assert_int_equal(key_entry_state(find(r, 3), now), KEY_TENANT_DISABLED);
	assert_int_equal(key_entry_state(find(r, 4), now), KEY_EXPIRED);
	assert_int_equal(key_entry_state(find(r, 4), before), KEY_OK);
	assert_int_equal(key_entry_state(find(r, 5), now), KEY_REVOKED);
	assert_int_equal(key_entry_state(find(r, 5), before), KEY_OK);
	registry_unref(r);
	purses_free(purses);
}

static void test_models(void **state)
{
	struct purses *purses = purses_new();
	struct registry *r = build(&good, purses);
	const struct key_entry *k = find(r, 2);

	(void)state;
	assert_true(key_entry_allows(find(r, 1), SPAN("anything")));
	assert_true(key_entry_allows(k, SPAN("gpt-4o-mini")));
	assert_true(key_entry_allows(k, SPAN("claude-haiku-4-5")));
	assert_true(key_entry_allows(k, SPAN("claude-")));
	assert_false(key_entry_allows(k, SPAN("claude")));
	assert_false(key_entry_allows(k, SPAN("gpt-4o")));
	assert_false(key_entry_allows(k, SPAN("gpt-4o-mini-2024")));
	assert_false(key_entry_allows(k, SPAN("GPT-4o-mini")));
	assert_false(key_entry_allows(k, SPAN("")));
	registry_unref(r);
	purses_free(purses);
}

static void expect_limits(const struct allowance *a, const char *limits)
{
	char text[64] = "";
	size_t len = 0;

	for (unsigned i = 0; i < a->count; i++) {
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%d ",
					(int)purse_view(a->purse[i], now).limit);
		if (i > 0)
			assert_true(quota_order(purse_identity(a->purse[i - 1]),
						purse_identity(a->purse[i])) < 0);
	}
	assert_string_equal(text, limits);
}

/* The key's own, the tenant's, the platform's; for the resource and for all. */
static void test_allowances(void **state)
{
	struct purses *purses = purses_new();
	struct registry *r = build(&good, purses);
	struct purse *const *purse;

	(void)state;
	expect_limits(&find(r, 2)->llm, "6 2 4 1 ");
	expect_limits(&find(r, 2)->e2b, "3 4 1 ");
	expect_limits(&find(r, 1)->llm, "2 4 1 ");
	expect_limits(&find(r, 3)->llm, "1 ");
	expect_limits(&find(r, 4)->llm, "5 1 ");
	assert_int_equal(registry_purses(r, &purse), COUNT(quotas));
	registry_unref(r);
	purses_free(purses);
}

static void test_empty(void **state)
{
	const struct registry_rows none = { .zones = good.zones };
	struct purses *purses = purses_new();
	struct registry *r = build(&none, purses);
	struct purse *const *purse;

	(void)state;
	assert_null(find(r, 1));
	assert_null(registry_find_id(r, "k1"));
	assert_int_equal(registry_purses(r, &purse), 0);
	registry_unref(r);
	registry_unref(NULL);
	purses_free(purses);
}

static void expect_refused(const struct registry_rows *rows, const char *says)
{
	struct purses *purses = purses_new();
	struct registry *r = NULL;

	assert_int_equal(registry_new(rows, purses, &r, why, sizeof(why)), ERR_GARBLED);
	assert_null(r);
	if (!strstr(why, says))
		fail_msg("\"%s\" does not say \"%s\"", why, says);
	purses_free(purses);
}

static void expect_bad_key(const struct key_row *k, const char *says)
{
	struct key_row two[2] = { keys[0], *k };
	struct registry_rows rows = good;

	rows.key = two;
	rows.keys = 2;
	rows.quotas = 0;
	expect_refused(&rows, says);
}

static void expect_bad_quota(const struct quota_row *q, const char *says)
{
	struct quota_row two[2] = { quotas[1], *q };
	struct registry_rows rows = good;

	rows.quota = two;
	rows.quotas = 2;
	expect_refused(&rows, says);
}

static void test_refused(void **state)
{
	const struct tenant_row same[] = { { .id = "acme" }, { .id = "acme" } };
	const struct tenant_row nameless[] = { { .name = "ACME" } };
	struct registry_rows rows = { .tenant = same, .tenants = 2, .zones = good.zones };

	(void)state;
	expect_refused(&rows, "tenant \"acme\": there are two");
	rows.tenant = nameless;
	rows.tenants = 1;
	expect_refused(&rows, "no id");
	expect_bad_key(&(struct key_row){ .id = "x", .tenant = "nobody" }, "key \"x\": it belongs");
	expect_bad_key(&(struct key_row){ .id = "k2", .tenant = "acme" }, "two of them");
	expect_bad_key(&(struct key_row){ .id = "x", .hash = { 2 }, .tenant = "acme" },
		       "same digest");
	expect_bad_quota(&quotas[1], "there are two of them");
	expect_bad_quota(&(struct quota_row)QUOTA("tenant", "nobody", "llm", "day", 1),
			 "quota on tenant \"nobody\" (llm, usd, day): there is no such tenant");
	expect_bad_quota(&(struct quota_row)QUOTA("key", "nokey", "llm", "day", 1), "no such key");
	expect_bad_quota(&(struct quota_row)QUOTA("platform", "x", "llm", "day", 1), "takes no id");
	expect_bad_quota(&(struct quota_row)QUOTA("tenant", "acme", "llm", "year", 1), "period is");
	expect_bad_quota(&(struct quota_row)QUOTA("user", "ann", "llm", "day", 1),
			 "tenant is missing");
}

/* A set that is refused leaves the budgets in use as they are. */
static void test_refused_changes_nothing(void **state)
{
	struct purses *purses = purses_new();
	struct registry *r = build(&good, purses), *no = NULL;
	struct quota_row changed[2] = { quotas[1], quotas[5] };
	struct registry_rows rows = good;

	(void)state;
	changed[0].limit = 1000;
	changed[1].limit = -2;
	rows.quota = changed;
	rows.quotas = 2;
	assert_int_equal(registry_new(&rows, purses, &no, why, sizeof(why)), ERR_GARBLED);
	expect_limits(&find(r, 1)->llm, "2 4 1 ");
	registry_unref(r);
	purses_free(purses);
}

/* What is spent stays in its purse from one snapshot to the next. */
static void test_next_snapshot(void **state)
{
	struct purses *purses = purses_new();
	struct registry *first = build(&good, purses), *second;
	struct quota_row raised[COUNT(quotas)];
	struct registry_rows rows = good;
	const struct amounts one = { .of = { 1 } }, two = { .of = { 2 } }, nine = { .of = { 9 } };
	struct hold h;
	struct quota_details d;

	(void)state;
	assert_int_equal(allowance_hold(&find(first, 1)->llm, &one, now, &h, &d), ERR_OK);
	memcpy(raised, quotas, sizeof(quotas));
	raised[0].limit = 10;
	rows.quota = raised;
	second = build(&rows, purses);
	registry_unref(first);
	expect_limits(&find(second, 1)->llm, "2 4 10 ");
	assert_int_equal(allowance_hold(&find(second, 4)->llm, &nine, now, &h, &d), ERR_REFUSED);
	assert_string_equal(d.scope, "tenant");
	assert_int_equal(allowance_hold(&find(second, 1)->llm, &two, now, &h, &d), ERR_REFUSED);
	assert_int_equal(d.current, 1);
	registry_unref(second);
	purses_free(purses);
}

/* --- teams, users, tags --- */

static struct quota_row of_tenant(const char *scope, const char *tenant, const char *id,
				  const char *resource, int64_t limit)
{
	struct quota_row q = QUOTA("", "", "", "day", limit);

	span_copy(span_of(scope), q.scope, sizeof(q.scope));
	span_copy(span_of(tenant), q.tenant, sizeof(q.tenant));
	span_copy(span_of(id), q.scope_id, sizeof(q.scope_id));
	span_copy(span_of(resource), q.resource, sizeof(q.resource));
	return q;
}

static void expect_asked(const struct registry *r, uint8_t key, const char *user, const char *tags,
			 const char *limits)
{
	struct purse *room[ALLOWANCE_PURSES_MAX];
	struct allowance a;

	assert_int_equal(registry_allowance(r, find(r, key), RESOURCE_llm, span_of(user),
					    span_of(tags), room, &a),
			 ERR_OK);
	expect_limits(&a, limits);
}

static void test_attribution(void **state)
{
	const struct quota_row some[] = {
		quotas[1],
		quotas[5],
		of_tenant("team", "acme", "blue", "all", 11),
		of_tenant("team", "zeta", "blue", "all", 12),
		of_tenant("user", "acme", "ann", "llm", 21),
		of_tenant("user", "acme", "bob", "all", 22),
		of_tenant("user", "acme", "bob", "e2b", 23),
		of_tenant("tag", "acme", "nightly", "all", 31),
		of_tenant("tag", "acme", "batch", "llm", 32),
		of_tenant("tag", "zeta", "nightly", "all", 33),
	};
	struct purses *purses = purses_new();
	struct registry_rows rows = good;
	struct registry *r;

	(void)state;
	rows.quota = some;
	rows.quotas = COUNT(some);
	r = build(&rows, purses);
	expect_limits(&find(r, 2)->llm, "6 21 11 2 "); /* key, its user, its team, the tenant */
	expect_asked(r, 2, "bob", "", "6 21 11 2 ");   /* a person's key is that person's */
	expect_asked(r, 1, "", "", "2 ");
	expect_asked(r, 1, "bob", "", "22 2 ");
	expect_asked(r, 1, "carl", "", "2 ");
	expect_asked(r, 1, "bob", "nightly, batch,nightly,,other", "32 31 22 2 ");
	expect_asked(r, 2, "", "batch", "32 6 21 11 2 ");
	expect_asked(r, 4, "bob", "nightly", "33 ");
	registry_unref(r);
	purses_free(purses);
}

/* So many limits apply to one request and no more. */
static void test_ceilings(void **state)
{
	static const char *const units[] = { "usd", "tokens", "requests" };
	static const char *const periods[] = { "hour", "day", "week" };
	struct quota_row many[9 + 9], tagged[9];
	struct purse *room[ALLOWANCE_PURSES_MAX];
	struct purses *purses = purses_new();
	struct registry_rows rows = good;
	struct allowance a;
	struct registry *r;

	(void)state;
	for (int i = 0; i < 9; i++) {
		many[i] = many[9 + i] = quotas[1];
		span_copy(SPAN("e2b"), many[9 + i].resource, sizeof(many[i].resource));
		span_copy(span_of(units[i % 3]), many[i].unit, sizeof(many[i].unit));
		span_copy(span_of(periods[i / 3]), many[i].period, sizeof(many[i].period));
		span_copy(span_of(units[i % 3]), many[9 + i].unit, sizeof(many[i].unit));
		span_copy(span_of(periods[i / 3]), many[9 + i].period, sizeof(many[i].period));
		tagged[i] = of_tenant("tag", "acme", (char[2]){ (char)('a' + i) }, "all", 1);
	}
	rows.quota = many;
	rows.quotas = 9;
	expect_refused(&rows, "8 for one resource");
	many[8] = many[16];
	rows.quotas = 16; /* eight for each resource */
	span_copy(SPAN("total"), many[8].period, sizeof(many[8].period));
	many[8].limit = QUOTA_NONE; /* which is none */
	r = build(&rows, purses);
	assert_int_equal(find(r, 1)->llm.count, 8);
	registry_unref(r);
	rows.quota = tagged;
	rows.quotas = 9;
	r = build(&rows, purses);
	assert_int_equal(registry_allowance(r, find(r, 1), RESOURCE_llm, SPAN(""),
					    SPAN("a,b,c,d,e,f,g,h"), room, &a),
			 ERR_OK);
	assert_int_equal(a.count, 8);
	assert_int_equal(registry_allowance(r, find(r, 1), RESOURCE_llm, SPAN(""),
					    SPAN("a,b,c,d,e,f,g,h,i"), room, &a),
			 ERR_TOO_BIG);
	assert_int_equal(registry_new(&good, NULL, NULL, why, sizeof(why)), ERR_OK); /* a look */
	registry_unref(r);
	purses_free(purses);
}

static void test_many_keys(void **state)
{
	const size_t count = 5000;
	struct key_row *many = calloc(count, sizeof(*many));
	struct registry_rows rows = {
		.tenant = tenants, .tenants = 3, .key = many, .keys = count, .zones = good.zones
	};
	struct purses *purses = purses_new();
	struct registry *r;

	(void)state;
	for (size_t i = 0; i < count; i++) {
		snprintf(many[i].id, sizeof(many[i].id), "key-%zu", i);
		snprintf(many[i].tenant, sizeof(many[i].tenant), "acme");
		digest_sha256(span_of(many[i].id), many[i].hash);
	}
	r = build(&rows, purses);
	for (size_t i = 0; i < count; i++) {
		uint8_t hash[SHA256_BYTES];

		digest_sha256(span_of(many[i].id), hash);
		assert_string_equal(registry_find(r, hash)->id, many[i].id);
		hash[31] ^= 1;
		assert_null(registry_find(r, hash));
	}
	registry_unref(r);
	purses_free(purses);
	free(many);
}

/* --- readers and a writer --- */

#define READERS 3
#define ROUNDS  2000

struct scene {
	struct box box;
	struct purses *purses;
	_Atomic bool over;
	_Atomic unsigned lost;
};

static void *read_on(void *arg)
{
	struct scene *s = arg;
	struct box_pin pin = { 0 };

	while (!s->over) {
		const struct registry *r = box_see(&s->box, &pin);
		const struct key_entry *k = find(r, 2);

		s->lost += !k || strcmp(k->tenant, "acme") != 0 || k->llm.count != 4;
	}
	box_unpin(&s->box, &pin);
	return NULL;
}

static void test_box(void **state)
{
	struct scene s = { .purses = purses_new() };
	pthread_t reader[READERS];

	(void)state;
	registry_box_init(&s.box);
	box_publish(&s.box, build(&good, s.purses));
	for (int i = 0; i < READERS; i++)
		assert_int_equal(pthread_create(&reader[i], NULL, read_on, &s), 0);
	for (int i = 0; i < ROUNDS; i++)
		box_publish(&s.box, build(&good, s.purses));
	s.over = true;
	for (int i = 0; i < READERS; i++)
		pthread_join(reader[i], NULL);
	assert_int_equal(s.lost, 0);
	box_release(&s.box);
	purses_free(s.purses);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_states),
		cmocka_unit_test(test_models),
		cmocka_unit_test(test_allowances),
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_refused_changes_nothing),
		cmocka_unit_test(test_next_snapshot),
		cmocka_unit_test(test_attribution),
		cmocka_unit_test(test_ceilings),
		cmocka_unit_test(test_many_keys),
		cmocka_unit_test(test_box),
	};
	int failed;

	good.zones = zones_new("/nowhere");
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	zones_free(good.zones);
	return failed;
}
