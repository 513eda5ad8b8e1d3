/* Redis URLs: each part where it belongs, and nothing guessed. */
#include "tests/unit/store/scratch.h"
#include "store/redis_url.h"

static struct redis_url read_good(const char *text)
{
	struct redis_url u;
	const char *why;

	if (redis_url_read(span_of(text), &u, &why) != ERR_OK)
		fail_msg("%s: %s", text, why);
	assert_null(why);
	return u;
}

static void a_server(void **state)
{
	struct redis_url u = read_good("redis://127.0.0.1");

	(void)state;
	assert_string_equal(u.host[0].name, "127.0.0.1");
	assert_int_equal(u.host[0].port, 6379);
	assert_int_equal(u.hosts, 1);
	assert_int_equal(u.db, 0);
	assert_false(u.tls || u.sentinel);
	assert_string_equal(u.user, "");
	assert_string_equal(u.password, "");

	u = read_good("rediss://weir:p%40ss%3a%2F@redis.example:7000/15?ca=/etc/ca.pem");
	assert_true(u.tls);
	assert_string_equal(u.host[0].name, "redis.example");
	assert_int_equal(u.host[0].port, 7000);
	assert_string_equal(u.user, "weir");
	assert_string_equal(u.password, "p@ss:/");
	assert_string_equal(u.ca, "/etc/ca.pem");
	assert_int_equal(u.db, 15);

	u = read_good("redis://:only@[::1]:6380/");
	assert_string_equal(u.user, "");
	assert_string_equal(u.password, "only");
	assert_string_equal(u.host[0].name, "::1");
	assert_int_equal(u.host[0].port, 6380);
	assert_int_equal(read_good("redis://[::1]?db=3").db, 3);
}

static void several_hosts(void **state)
{
	struct redis_url u = read_good("redis://:pw@a:1,b,[fe80::2]:65535");

	(void)state;
	assert_int_equal(u.hosts, 3);
	assert_string_equal(u.host[1].name, "b");
	assert_int_equal(u.host[1].port, 6379);
	assert_string_equal(u.host[2].name, "fe80::2");
	assert_int_equal(u.host[2].port, 65535);
}

static void sentinels(void **state)
{
	struct redis_url u = read_good("redis+sentinel://u:p@a,b:1/mymaster/2"
				       "?sentinel_password=s%20p&sentinel_user=x");

	(void)state;
	assert_true(u.sentinel && !u.tls);
	assert_string_equal(u.master, "mymaster");
	assert_int_equal(u.db, 2);
	assert_int_equal(u.host[0].port, 26379);
	assert_int_equal(u.host[1].port, 1);
	assert_string_equal(u.password, "p");
	assert_string_equal(u.sentinel_password, "s p");
	assert_string_equal(u.sentinel_user, "x");
	assert_true(read_good("rediss+sentinel://a/m").tls);
}

static void sockets(void **state)
{
	struct redis_url u = read_good("unix:///run/redis/redis.sock?db=4");

	(void)state;
	assert_int_equal(u.host[0].port, 0);
	assert_int_equal(u.hosts, 1);
	assert_string_equal(u.host[0].name, "/run/redis/redis.sock");
	assert_int_equal(u.db, 4);
	u = read_good("unix://:pw@/run/a%40b.sock");
	assert_string_equal(u.host[0].name, "/run/a@b.sock");
	assert_string_equal(u.password, "pw");
}

static void what_is_no_url(void **state)
{
	static const char *const bad[] = {
		"",
		"127.0.0.1:6379",
		"http://127.0.0.1",
		"redis:/127.0.0.1",
		"REDIS://a",
		"redis://",
		"redis://:6379",
		"redis://a:",
		"redis://a:0",
		"redis://a:65536",
		"redis://a:+1",
		"redis://a:6379x",
		"redis://a,",
		"redis://,a",
		"redis://a,,b",
		"redis://[::1",
		"redis://[::1]x:1",
		"redis://[]:1",
		"redis://secret@a",
		"redis://u:p%4@a",
		"redis://u:p%zz@a",
		"redis://u:%00@a",
		"redis://a/x",
		"redis://a/65536",
		"redis://a/-1",
		"redis://a/1/2",
		"redis://a?db",
		"redis://a?db=",
		"redis://a?database=1",
		"redis://a?ca=/x",
		"rediss://a?cert=/x",
		"rediss://a?ca=",
		"redis+sentinel://a",
		"redis+sentinel://a/",
		"redis+sentinel://a/m/x",
		"unix://run/x",
		"unix://",
	};
	struct redis_url u;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		const char *why = NULL;

		if (redis_url_read(span_of(bad[i]), &u, &why) != ERR_GARBLED || !why)
			fail_msg("'%s' was taken for a URL", bad[i]);
	}
}

static void rooms_are_kept(void **state)
{
	char text[4096], name[REDIS_TEXT_ROOM + 1];
	struct redis_url u;
	const char *why;

	(void)state;
	memset(name, 'a', sizeof(name));
	name[REDIS_TEXT_ROOM - 1] = '\0';
	snprintf(text, sizeof(text), "redis://%s:%s@%s", name, name, name);
	u = read_good(text);
	assert_string_equal(u.host[0].name, name);
	assert_string_equal(u.password, name);
	name[REDIS_TEXT_ROOM - 1] = 'a';
	name[REDIS_TEXT_ROOM] = '\0';
	snprintf(text, sizeof(text), "redis://%s", name);
	assert_int_equal(redis_url_read(span_of(text), &u, &why), ERR_GARBLED);
	snprintf(text, sizeof(text), "redis://:%s@a", name);
	assert_int_equal(redis_url_read(span_of(text), &u, &why), ERR_GARBLED);
	strcpy(text, "redis://a");
	for (int i = 1; i < REDIS_HOSTS_MAX; i++)
		strcat(text, ",a");
	assert_int_equal(read_good(text).hosts, REDIS_HOSTS_MAX);
	strcat(text, ",a");
	assert_int_equal(redis_url_read(span_of(text), &u, &why), ERR_GARBLED);
}

/* Whatever it is, reading it ends and stays within the bytes it was given. */
static void any_bytes(void **state)
{
	static const char letters[] = "redis://+sentinel unix?=&%4[]:,@/9";
	uint32_t seed = 1;
	struct redis_url u;
	const char *why;

	(void)state;
	for (int round = 0; round < 200000; round++) {
		size_t len = (size_t)(seed % 40);
		char *text = malloc(len + 1);

		for (size_t i = 0; i < len; i++) {
			seed = seed * 1664525 + 1013904223;
			text[i] = letters[(seed >> 16) % (sizeof(letters) - 1)];
		}
		seed = seed * 1664525 + 1013904223;
		if (len >= 8 && round % 2 == 0)
			memcpy(text, "redis://", 8);
		if (redis_url_read((struct span){ text, len }, &u, &why) == ERR_OK)
			assert_in_range(u.hosts, 1, REDIS_HOSTS_MAX);
		else
			assert_non_null(why);
		free(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_server),       cmocka_unit_test(several_hosts),
		cmocka_unit_test(sentinels),      cmocka_unit_test(sockets),
		cmocka_unit_test(what_is_no_url), cmocka_unit_test(rooms_are_kept),
		cmocka_unit_test(any_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
