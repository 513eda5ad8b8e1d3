/* Error replies of Redis: what they mean, also inside of others; where a redirection leads. */
#include "tests/unit/store/scratch.h"
#include "store/redis_reply.h"
#include "store/redis_slot.h"

static void replies_have_classes(void **state)
{
	static const struct {
		const char *text;
		enum redis_reply_class class;
	} cases[] = {
		{ "NOSCRIPT No matching script. Please use EVAL.", REPLY_script },
		{ "MOVED 3999 127.0.0.1:6381", REPLY_moved },
		{ "ASK 3999 127.0.0.1:6381", REPLY_ask },
		{ "TRYAGAIN Multiple keys request during rehashing of slot", REPLY_soon },
		{ "READONLY You can't write against a read only replica. script: 1, on @user_script:1.",
		  REPLY_replica },
		{ "ERR Error running script (call to f_0): @user_script:7: @user_script: 7: -READONLY "
		  "You can't write against a read only replica.",
		  REPLY_replica },
		{ "LOADING Redis is loading the dataset in memory", REPLY_busy },
		{ "BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN "
		  "NOSAVE.",
		  REPLY_busy },
		{ "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
		  REPLY_busy },
		{ "CLUSTERDOWN Hash slot not served", REPLY_busy },
		{ "OOM command not allowed when used memory > 'maxmemory'.", REPLY_unwilling },
		{ "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to",
		  REPLY_unwilling },
		{ "NOREPLICAS Not enough good replicas to write.", REPLY_unwilling },
		{ "NOAUTH Authentication required.", REPLY_denied },
		{ "WRONGPASS invalid username-password pair or user is disabled.", REPLY_denied },
		{ "NOPERM this user has no permissions to run the 'evalsha' command",
		  REPLY_denied },
		{ "ERR unknown command", REPLY_other },
		{ "MOVEDX 1 a:1", REPLY_other },
		{ "-MOVED", REPLY_other },
		{ "", REPLY_other },
		{ " ", REPLY_other },
		{ "ERR - -- -x", REPLY_other },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct span text = span_of(cases[i].text);

		if (redis_reply_class(text) != cases[i].class)
			fail_msg("%s: %s", cases[i].text,
				 redis_reply_name(redis_reply_class(text)));
		assert_true(strlen(redis_reply_advice(text)) > 0);
	}
	assert_string_equal(redis_reply_name(REPLY_unwilling), "unwilling");
}

static void redirections_lead_somewhere(void **state)
{
	struct redis_host to;
	unsigned slot;

	(void)state;
	assert_true(redis_reply_redirect(SPAN("MOVED 3999 127.0.0.1:6381"), &slot, &to));
	assert_int_equal(slot, 3999);
	assert_string_equal(to.name, "127.0.0.1");
	assert_int_equal(to.port, 6381);
	assert_true(redis_reply_redirect(SPAN("ASK 16383 2001:db8::1:7000"), &slot, &to));
	assert_int_equal(slot, 16383);
	assert_string_equal(to.name, "2001:db8::1");
	assert_int_equal(to.port, 7000);
	assert_true(redis_reply_redirect(SPAN("MOVED 0 :6381"), &slot, &to));
	assert_string_equal(to.name, "");
}

static void redirections_to_nowhere_are_seen(void **state)
{
	static const char *const bad[] = {
		"MOVED",        "MOVED 16384 a:1", "MOVED x a:1",  "MOVED 1",
		"MOVED 1 a",    "MOVED 1 a:",      "MOVED 1 a:0",  "MOVED 1 a:65536",
		"MOVED 1 a:6x", "MOVED -1 a:1",    "MOVED  1 a:1", "MOVED 99999999999 a:1"
	};
	struct redis_host to;
	unsigned slot;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (redis_reply_redirect(span_of(bad[i]), &slot, &to))
			fail_msg("'%s' led somewhere", bad[i]);
}

/* Whatever it is, reading it ends and stays within the bytes it was given. */
static void any_bytes(void **state)
{
	static const char letters[] = "MOVEDASKRY -:.0123456789";
	struct redis_host to;
	uint32_t seed = 1;
	unsigned slot;

	(void)state;
	for (int round = 0; round < 200000; round++) {
		size_t len = (size_t)(seed >> 8) % 24;
		char *text = malloc(len + 1);

		for (size_t i = 0; i < len; i++) {
			seed = seed * 1664525 + 1013904223;
			text[i] = letters[(seed >> 16) % (sizeof(letters) - 1)];
		}
		seed = seed * 1664525 + 1013904223;
		if (len > 6 && round % 2 == 0)
			memcpy(text, "ASK 1 ", 6);
		assert_true(redis_reply_class((struct span){ text, len }) < REPLY_CLASSES);
		if (redis_reply_redirect((struct span){ text, len }, &slot, &to))
			assert_true(slot < REDIS_SLOTS && to.port > 0);
		free(text);
	}
}

/* The slots of these keys are those that the Cluster specification and servers say. */
static void keys_have_slots(void **state)
{
	(void)state;
	assert_int_equal(redis_slot(SPAN("123456789")), 0x31c3 % REDIS_SLOTS);
	assert_int_equal(redis_slot(SPAN("foo")), 12182);
	assert_int_equal(redis_slot(SPAN("{foo}.bar")), 12182);
	assert_int_equal(redis_slot(SPAN("a{foo}{bar}")), 12182);
	assert_int_equal(redis_slot(SPAN("")), 0);
	assert_int_not_equal(redis_slot(SPAN("foo{}{bar}")), redis_slot(SPAN("bar")));
	assert_int_not_equal(redis_slot(SPAN("foo{bar")), redis_slot(SPAN("bar")));
	assert_int_equal(redis_slot(SPAN("foo{{bar}}zap")), redis_slot(SPAN("{bar")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(replies_have_classes),
		cmocka_unit_test(redirections_lead_somewhere),
		cmocka_unit_test(redirections_to_nowhere_are_seen),
		cmocka_unit_test(any_bytes),
		cmocka_unit_test(keys_have_slots),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
