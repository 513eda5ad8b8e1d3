/* test_url.c - base_urls that an operator may write, and those that must not pass. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "proxy/url.h"

struct good {
	const char *text;
	bool tls;
	uint16_t port;
	const char *host, *authority, *path;
};

static void a_url_is_taken_apart(void **state)
{
	static const struct good good[] = {
		{ "https://api.openai.com/v1", true, 443, "api.openai.com", "api.openai.com",
		  "/v1" },
		{ "https://api.example", true, 443, "api.example", "api.example", "" },
		{ "https://api.example/", true, 443, "api.example", "api.example", "" },
		{ "http://127.0.0.1:8000/a/b.c/", false, 8000, "127.0.0.1", "127.0.0.1:8000",
		  "/a/b.c" },
		{ "http://[::1]:65535", false, 65535, "::1", "[::1]:65535", "" },
		{ "http://my_service/v1", false, 80, "my_service", "my_service", "/v1" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		const char *why;
		struct url url;

		assert_int_equal(url_parse(span_of(good[i].text), &url, &why), ERR_OK);
		assert_null(why);
		assert_int_equal(url.tls, good[i].tls);
		assert_int_equal(url.port, good[i].port);
		assert_true(span_eq(url.host, span_of(good[i].host)));
		assert_true(span_eq(url.authority, span_of(good[i].authority)));
		assert_true(span_eq(url.path, span_of(good[i].path)));
	}
}

static void what_is_not_plain_is_refused_with_a_reason(void **state)
{
	static const char *const bad[] = {
		"",
		"api.example",
		"ftp://api.example",
		"HTTPS://api.example",
		"https://",
		"https:///v1",
		"https://user@api.example",
		"https://user:pass@api.example",
		"https://api.example:",
		"https://api.example:0",
		"https://api.example:65536",
		"https://api.example:http",
		"https://api.example?x=y",
		"https://api.example/v1?x=y",
		"https://api.example/v1#x",
		"https://api.example/../v1",
		"https://api.example/v1/.",
		"https://api.example//v1",
		"https://api.example/v1//",
		"https://api.example/%76",
		"https://api.example/v 1",
		"https://api example/",
		"https://[::1",
		"https://[]",
		"https://[::1]x",
		"https://b\303\274cher.example",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		const char *why = NULL;
		struct url url;

		if (url_parse(span_of(bad[i]), &url, &why) != ERR_GARBLED || !why)
			fail_msg("%s was taken", bad[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_url_is_taken_apart),
		cmocka_unit_test(what_is_not_plain_is_refused_with_a_reason),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
