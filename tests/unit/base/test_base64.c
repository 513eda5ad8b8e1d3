/* test_base64.c - whole texts and broken ones, cut anywhere. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include "base/base64.h"

/* Decodes text cut at `cut`; the number of bytes, or -1 when it is not whole. */
static int decode(const char *text, size_t cut, char *to)
{
	struct span all = span_of(text);
	struct base64 b;
	size_t len;

	base64_init(&b);
	len = base64_feed(&b, (struct span){ all.at, cut }, to);
	len += base64_feed(&b, span_skip(all, cut), to + len);
	return base64_end(&b) ? (int)len : -1;
}

static void decodes_what_is_whole(void **state)
{
	static const struct {
		const char *text, *bytes;
	} good[] = {
		{ "", "" },
		{ "Zg==", "f" },
		{ "Zm8=", "fo" },
		{ "Zm9v", "foo" },
		{ "Zm9vYg==", "foob" },
		{ "Zm9vYmE=", "fooba" },
		{ "Zm9vYmFy", "foobar" },
		{ "+/+/", "\xfb\xff\xbf" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		for (size_t cut = 0; cut <= strlen(good[i].text); cut++) {
			char to[64];
			int len = decode(good[i].text, cut, to);

			assert_int_equal(len, strlen(good[i].bytes));
			assert_memory_equal(to, good[i].bytes, (size_t)len);
		}
	}
}

static void refuses_what_is_not(void **state)
{
	static const char *const bad[] = { "Z",    "Zg",       "Zg=",   "=",     "====",
					   "Z===", "Zg==Zg==", "Zm9v=", "Zm 9v", "Zm9v\n",
					   "Zm9-", "Zg==x",    "Zm=v",  "Zg===" };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		for (size_t cut = 0; cut <= strlen(bad[i]); cut++) {
			char to[64];

			if (decode(bad[i], cut, to) >= 0)
				fail_msg("accepted %s", bad[i]);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(decodes_what_is_whole),
		cmocka_unit_test(refuses_what_is_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
