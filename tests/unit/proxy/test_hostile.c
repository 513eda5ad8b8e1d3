/* test_hostile.c - every file of tests/corpus/http is refused with the status in its name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include "proxy/framing.h"

#define FOLDER "tests/corpus/http/"

static char bytes[200000];

static size_t read_file(const char *name)
{
	char path[512];
	FILE *f;
	size_t len;

	snprintf(path, sizeof(path), FOLDER "%s", name);
	f = fopen(path, "rb");
	assert_non_null(f);
	len = fread(bytes, 1, sizeof(bytes), f);
	fclose(f);
	assert_in_range(len, 1, sizeof(bytes) - 1);
	return len;
}

/* The status with which len bytes are refused; 0: they are accepted, body included. */
static int refusal(size_t len)
{
	static struct http1_request request;
	struct http1_scan scan = { 0 };
	enum http1_fault why;
	struct framing f;
	size_t paid, used;
	enum err e = http1_request((struct span){ bytes, len }, &http1_limits_usual, &scan,
				   &request, &why);

	if (e != ERR_OK)
		return e == ERR_AGAIN ? 0 : http1_fault_status(why);
	if (!request.chunked)
		return 0;
	framing_init(&f, BODY_CHUNKED, 0);
	e = framing_decode(&f, bytes + request.head_bytes, len - request.head_bytes, &paid, &used);
	return e == ERR_OK ? 0 : 400;
}

static void every_hostile_request_is_refused(void **state)
{
	DIR *folder = opendir(FOLDER);
	unsigned files = 0;

	(void)state;
	assert_non_null(folder);
	for (struct dirent *d = readdir(folder); d; d = readdir(folder)) {
		const char *end = strstr(d->d_name, ".http");
		int status;

		if (!end)
			continue;
		status = refusal(read_file(d->d_name));
		if (status != atoi(end - 3))
			fail_msg("%s: %d", d->d_name, status);
		files++;
	}
	closedir(folder);
	assert_true(files > 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_hostile_request_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
