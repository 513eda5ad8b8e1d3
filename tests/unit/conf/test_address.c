/* test_address.c - hosts, ports and base URLs: what is taken and into what it is cut. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "conf/address.h"

static void test_addresses(void **state)
{
	static const struct {
		const char *text, *host, *shown;
		uint16_t port;
	} good[] = {
		{ "127.0.0.1:8080", "127.0.0.1", "127.0.0.1:8080", 8080 },
		{ "localhost:0", "127.0.0.1", "127.0.0.1:0", 0 },
		{ ":80", "0.0.0.0", "0.0.0.0:80", 80 },
		{ "*:80", "0.0.0.0", "0.0.0.0:80", 80 },
		{ "[::]:65535", "::", "[::]:65535", 65535 },
		{ "[2001:db8::1]:1", "2001:db8::1", "[2001:db8::1]:1", 1 },
	};
	static const char *const bad[] = {
		"",      "8080",           "1.2.3.4", "1.2.3.4:",    "1.2.3:1",    "::1:80",
		"[::1]", "[::1]80",        "[::1",    "[1.2.3.4]:1", "1.2.3.4:-1", "1.2.3.4:65536",
		"[]:80", "1.2.3.4:080800", "a.b:1",   "[*]:1"
	};
	struct conf_address address;
	struct arena a;

	(void)state;
	arena_init(&a, 65536);
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_null(address_parse(span_of(good[i].text), &a, &address));
		assert_string_equal(address.host, good[i].host);
		assert_string_equal(address.text, good[i].shown);
		assert_int_equal(address.port, good[i].port);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_non_null(address_parse(span_of(bad[i]), &a, &address));
	arena_release(&a);
}

static void test_urls(void **state)
{
	static const struct {
		const char *text, *host, *authority, *prefix;
		uint16_t port;
		bool tls, ip;
	} good[] = {
		{ "https://api.x.io/v1", "api.x.io", "api.x.io", "/v1", 443, true, false },
		{ "https://API.X.io:443/", "api.x.io", "api.x.io", "", 443, true, false },
		{ "HTTP://10.0.0.1", "10.0.0.1", "10.0.0.1", "", 80, false, true },
		{ "http://h:8000/a/b-c_d.e~f//", "h", "h:8000", "/a/b-c_d.e~f", 8000, false,
		  false },
		{ "https://[::1]:8443", "::1", "[::1]:8443", "", 8443, true, true },
	};
	static const char *const bad[] = {
		"",
		"https:",
		"https://",
		"x.io",
		"ftp://x.io",
		"https://:443",
		"https://u@x",
		"https://x?q",
		"https://x#f",
		"https://x/a?b",
		"https://x:0",
		"https://x:x",
		"https://x:",
		"https://.x",
		"https://x..y",
		"https://x y",
		"https://::1",
		"https://[::1",
		"https://x/.",
		"https://x/a/../b",
		"https://x//a",
		"https://x/%41",
		"https://x/a b",
		"https://x/\n",
		"https://\xc3\xa9.io",
	};
	struct conf_url url;
	struct arena a;

	(void)state;
	arena_init(&a, 65536);
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_null(address_parse_url(span_of(good[i].text), &a, &url));
		assert_string_equal(url.host, good[i].host);
		assert_string_equal(url.authority, good[i].authority);
		assert_string_equal(url.prefix, good[i].prefix);
		assert_int_equal(url.port, good[i].port);
		assert_int_equal(url.tls, good[i].tls);
		assert_int_equal(url.host_is_ip, good[i].ip);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_non_null(address_parse_url(span_of(bad[i]), &a, &url));
	arena_release(&a);
}

/* Lengths at and beyond what a DNS name may have. */
static void test_long_hosts(void **state)
{
	char text[512] = "https://";
	struct conf_url url;
	struct arena a;

	(void)state;
	arena_init(&a, 65536);
	memset(text + 8, 'a', 63);
	assert_null(address_parse_url(span_of(text), &a, &url));
	text[8 + 63] = 'a';
	assert_non_null(address_parse_url(span_of(text), &a, &url));
	for (size_t i = 0; i < 253; i++)
		text[8 + i] = i % 2 ? '.' : 'a';
	assert_null(address_parse_url((struct span){ text, 8 + 253 }, &a, &url));
	text[8 + 253] = 'a';
	assert_non_null(address_parse_url((struct span){ text, 8 + 254 }, &a, &url));
	arena_release(&a);
	arena_init(&a, 0);
	assert_string_equal(address_parse_url(SPAN("https://x"), &a, &url), "no memory");
	arena_release(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_urls),
		cmocka_unit_test(test_long_hosts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
