/* script.c - reads options by walking the table. */
#include "bench/script.h"
#include "bench/http.h"

static const struct span fault_names[] = {
#define FAULT(name, how, help) SPAN(#name),
#include "bench/fault.tbl.h"
};

void script_init(struct script *s)
{
	*s = (struct script){
#define NUMBER(name, help) .name = -1,
#define TEXT(name, room, help)
#define FLAG(name, help)
#include "bench/script.tbl.h"
	};
}

static bool set_number(int64_t *to, struct span value)
{
	uint64_t number;

	if (!http_number(value, 10, &number))
		return false;
	*to = (int64_t)number;
	return true;
}

static bool set_flag(bool *to, struct span value)
{
	*to = value.len == 0 || span_eq(value, SPAN("true")) || span_eq(value, SPAN("1"));
	return *to || span_eq(value, SPAN("false")) || span_eq(value, SPAN("0"));
}

static bool set_fault(struct script *s)
{
	for (size_t i = 0; i < FAULT_COUNT; i++)
		if (span_eq(fault_names[i], span_of(s->fault))) {
			s->kind = (enum fault)i;
			return true;
		}
	return false;
}

bool script_set(struct script *s, struct span name, struct span value)
{
#define NUMBER(option, help)                                                                       \
	if (span_eq(name, SPAN(#option)))                                                          \
		return set_number(&s->option, value);
#define TEXT(option, room, help)                                                                   \
	if (span_eq(name, SPAN(#option)) && !span_copy(value, s->option, room))                    \
		return false;
#define FLAG(option, help)                                                                         \
	if (span_eq(name, SPAN(#option)))                                                          \
		return set_flag(&s->option, value);
#include "bench/script.tbl.h"
	if (span_eq(name, SPAN("fault")))
		return set_fault(s);
#define NUMBER(option, help)
#define TEXT(option, room, help)                                                                   \
	if (span_eq(name, SPAN(#option)))                                                          \
		return true;
#define FLAG(option, help)
#include "bench/script.tbl.h"
	return false;
}

bool script_set_all(struct script *s, struct span list)
{
	while (list.len > 0) {
		const char *end = memchr(list.at, ';', list.len);
		struct span item = { list.at, end ? (size_t)(end - list.at) : list.len };
		struct span rest = span_skip(list, item.len + (end ? 1 : 0));
		const char *equals;

		item = span_trim(item);
		equals = memchr(item.at, '=', item.len);
		if (item.len > 0) {
			struct span name = { item.at,
					     equals ? (size_t)(equals - item.at) : item.len };
			struct span value = span_skip(item, name.len + (equals ? 1 : 0));

			if (!script_set(s, span_trim(name), span_trim(value)))
				return false;
		}
		list = rest;
	}
	return true;
}
