/* scratch.h - what the store's tests share: a directory to spoil and rows to keep. */
#ifndef TESTS_UNIT_STORE_SCRATCH_H
#define TESTS_UNIT_STORE_SCRATCH_H
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "store/row.h"

#define PATH_ROOM 256

/* A new directory under TMPDIR; remove it with scratch_remove(). */
static inline void scratch_make(char to[PATH_ROOM])
{
	const char *tmp = getenv("TMPDIR");

	snprintf(to, PATH_ROOM, "%s/weir-test-XXXXXX", tmp ? tmp : "/tmp");
	assert_non_null(mkdtemp(to));
}

static inline void scratch_remove(const char *dir)
{
	char command[PATH_ROOM + 16];

	assert_non_null(strstr(dir, "weir-test-"));
	snprintf(command, sizeof(command), "rm -rf '%s'", dir);
	assert_int_equal(system(command), 0);
}

static inline void scratch_path(char to[PATH_ROOM], const char *dir, const char *name)
{
	assert_in_range(snprintf(to, PATH_ROOM, "%s/%s", dir, name), 1, PATH_ROOM - 1);
}

static inline uint64_t now_mono_us(void)
{
	clk_refresh();
	return clk_mono().us;
}

/* A row like those of every day, different for each n. */
static inline struct row sample_row(unsigned n)
{
	struct row r = {
		.started_us = UINT64_C(1767225600000000) + n * UINT64_C(1000003),
		.streamed = 1,
		.status = 200,
		.input_tok = 1000 + n,
		.cached_read_tok = 200,
		.output_tok = 50 + n % 7,
		.reasoning_tok = 10,
		.cost_pusd = 123456789 + n,
		.provider_cost_pusd = -1,
		.held_pusd = 999999999,
		.first_byte_us = 250000,
		.took_us = 1250000,
		.bytes_in = 4000,
		.bytes_out = 9000,
	};

	for (int i = 0; i < 4; i++)
		r.id.byte[i] = (uint8_t)(n >> (24 - 8 * i));
	r.id.byte[15] = 1;
	snprintf(r.tenant, sizeof(r.tenant), "tenant-%u", n % 3);
	snprintf(r.key, sizeof(r.key), "key-%u", n % 5);
	strcpy(r.provider, "openai");
	strcpy(r.dialect, "openai");
	strcpy(r.shape, "openai-chat");
	strcpy(r.model, n % 2 ? "gpt-small" : "gpt-large");
	strcpy(r.ended_by, "complete");
	strcpy(r.usage_source, "reported");
	strcpy(r.price_version, "0123456789abcdef");
	strcpy(r.tags, "batch,nightly");
	r.quantity[Q_input] = 800 + n;
	r.quantity[Q_cache_read] = 200;
	r.quantity[Q_output] = 40 + n % 7;
	r.quantity[Q_reasoning] = 10;
	return r;
}

#endif
