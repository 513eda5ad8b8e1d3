#include "metering/usage.h"
#include "base/must.h"

static const char *const source_names[USAGE_SOURCE_COUNT] = {
#define SOURCE(name, help) #name,
	USAGE_SOURCES(SOURCE)
#undef SOURCE
};

const char *usage_source_name(enum usage_source s)
{
	MUST(s < USAGE_SOURCE_COUNT);
	return source_names[s];
}

static void add_totals(const uint64_t *q, struct usage_totals *t)
{
	uint64_t read = q[Q_cache_read] + q[Q_cache_read_audio];
	uint64_t write = q[Q_cache_write_5m] + q[Q_cache_write_1h];

	t->cached_read_tok += read;
	t->cache_write_tok += write;
	t->input_tok += q[Q_input] + q[Q_input_audio] + q[Q_input_image] + read + write;
	t->tool_input_tok += q[Q_tool_input];
	t->reasoning_tok += q[Q_reasoning];
	t->output_tok += q[Q_output] + q[Q_reasoning] + q[Q_output_audio] + q[Q_output_image];
}

struct usage_totals usage_totals(const struct usage *u)
{
	struct usage_totals t = { .reasoning_tok = u->reasoning_over_tok };

	add_totals(u->quantity, &t);
	add_totals(u->aux_quantity, &t);
	return t;
}
