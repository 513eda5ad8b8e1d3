/* T27: addresses that a provider's name must not lead to. */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "proxy/resolve.h"

static bool is_private(const char *ip)
{
	struct resolution r;

	assert_true(resolve_literal(ip, 443, &r));
	return resolve_is_private(&r.address[0].at.any);
}

static void inner_addresses_are_private(void **state)
{
	static const char *const inner[] = {
		"0.0.0.0",     "10.1.2.3",         "100.64.0.1",      "127.0.0.1",
		"127.9.9.9",   "169.254.169.254",  "172.16.0.1",      "172.31.255.255",
		"192.168.1.1", "224.0.0.1",        "255.255.255.255", "::",
		"::1",         "fe80::1",          "fc00::1",         "fd12:3456::1",
		"ff02::1",     "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::169.254.169.254",
		"::127.0.0.1",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(inner) / sizeof(inner[0]); i++)
		if (!is_private(inner[i]))
			fail_msg("%s counts as public", inner[i]);
}

static void outer_addresses_are_not(void **state)
{
	static const char *const outer[] = {
		"1.1.1.1",      "8.8.8.8",        "100.63.255.255",   "100.128.0.0",
		"172.15.0.1",   "172.32.0.1",     "192.167.0.1",      "169.253.0.1",
		"2606:4700::1", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(outer) / sizeof(outer[0]); i++)
		if (is_private(outer[i]))
			fail_msg("%s counts as private", outer[i]);
}

static void names_are_no_literals(void **state)
{
	struct resolution r;

	(void)state;
	assert_false(resolve_literal("localhost", 1, &r));
	assert_false(resolve_literal("1.2.3", 1, &r));
	assert_false(resolve_literal("0x7f000001", 1, &r));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(inner_addresses_are_private),
		cmocka_unit_test(outer_addresses_are_not),
		cmocka_unit_test(names_are_no_literals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
