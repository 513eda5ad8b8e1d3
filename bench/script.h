/* script.h - what one request asks of the stand-in; the options are in script.tbl.h. */
#ifndef BENCH_SCRIPT_H
#define BENCH_SCRIPT_H
#include <stdbool.h>
#include <stdint.h>
#include "base/span.h"

enum fault {
#define FAULT(name, how, help) FAULT_##name,
#include "bench/fault.tbl.h"
	FAULT_COUNT
};

struct script {
#define NUMBER(name, help)     int64_t name;
#define TEXT(name, room, help) char name[room];
#define FLAG(name, help)       bool name;
#include "bench/script.tbl.h"
	enum fault kind; /* what `fault` names */
};

/* Nothing asked for. */
void script_init(struct script *s);

/* One option; value is bare text ("8", "cut", "true"). False: no such option or value. */
bool script_set(struct script *s, struct span name, struct span value);

/* "events=8; fault=cut"; empty members are skipped. False as in script_set(). */
bool script_set_all(struct script *s, struct span list);

/* The number, or what to take when it was not given. */
static inline uint64_t script_or(int64_t number, uint64_t otherwise)
{
	return number >= 0 ? (uint64_t)number : otherwise;
}

#endif
