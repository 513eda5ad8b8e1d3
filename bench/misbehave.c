/* misbehave.c - faults, and the plain behaviour they replace. */
#include "bench/misbehave.h"
#include "bench/dialect.h"

#define CUT_AT_DEFAULT 1000 /* body bytes */

const char *misbehave_how(enum fault kind)
{
	static const char *const how_of[] = {
#define FAULT(name, how, help) #how,
#include "bench/fault.tbl.h"
	};

	return how_of[kind];
}

static void end_with(struct reply *r, enum after after)
{
	r->finished = true;
	r->after = after;
}

static void say_early_1xx(struct reply *r)
{
	for (uint64_t i = script_or(r->ask.script.at, 10000); i > 0; i--)
		say_span(&r->out, SPAN("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"));
}

bool misbehave_instead(struct reply *r)
{
	switch (r->ask.script.kind) {
	case FAULT_garbage_head:
		say_span(&r->out, SPAN("\x16\x03\x01 this is not HTTP\r\n\r\n"));
		end_with(r, AFTER_CLOSE);
		return true;
	case FAULT_switching:
		say_span(&r->out, SPAN("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n"
				       "Upgrade: tunnel\r\n\r\nbytes of another protocol"));
		end_with(r, AFTER_STALL);
		return true;
	case FAULT_early_1xx: say_early_1xx(r); return false;
	default: return false;
	}
}

void misbehave_framing(struct reply *r, uint64_t length)
{
	if (r->ask.script.kind == FAULT_cl_te)
		say_span(&r->out, SPAN("Content-Length: 5\r\n"));
	if (r->ask.script.kind == FAULT_two_lengths)
		say(&r->out, "Content-Length: %llu\r\n", llu(length + 5));
}

void misbehave_head(struct reply *r)
{
	size_t most = r->out.len + script_or(r->ask.script.at, 1000000);

	if (r->ask.script.kind == FAULT_bare_cr)
		say_span(&r->out, SPAN("x-note: a\rset-cookie: injected=1\r\n"));
	if (r->ask.script.kind == FAULT_folded)
		say_span(&r->out, SPAN("x-note: a\r\n b: c\r\n"));
	if (r->ask.script.kind == FAULT_trailers)
		say_span(&r->out, SPAN("Trailer: x-trailer\r\n"));
	if (r->ask.script.kind == FAULT_huge_head)
		while (r->out.len < most)
			say_span(&r->out,
				 SPAN("x-padding: 01234567890123456789012345678901234567890"
				      "123456789012345678901234567890\r\n"));
}

bool misbehave_wants_chunks(enum fault kind)
{
	return kind == FAULT_bad_chunk || kind == FAULT_long_chunk || kind == FAULT_cl_te ||
	       kind == FAULT_trailers;
}

/* Does the fault strike at a byte of the body? */
static bool strikes_in_body(enum fault kind)
{
	return kind == FAULT_cut || kind == FAULT_reset || kind == FAULT_stall ||
	       kind == FAULT_bad_chunk || kind == FAULT_long_chunk;
}

bool misbehave_sizes_true(enum fault kind)
{
	return kind == FAULT_bad_chunk || kind == FAULT_long_chunk;
}

void misbehave_strike(struct reply *r)
{
	switch (r->ask.script.kind) {
	case FAULT_reset: end_with(r, AFTER_RESET); break;
	case FAULT_stall: end_with(r, AFTER_STALL); break;
	case FAULT_bad_chunk:
		say_span(&r->out, SPAN("zz\r\n"));
		end_with(r, AFTER_CLOSE);
		break;
	case FAULT_long_chunk:
		say_span(&r->out, SPAN("ffffffffffffffff1\r\n"));
		end_with(r, AFTER_CLOSE);
		break;
	default: end_with(r, AFTER_CLOSE);
	}
}

size_t misbehave_cut(const struct reply *r, size_t len, bool *struck)
{
	uint64_t at = script_or(r->ask.script.at, CUT_AT_DEFAULT);

	*struck = strikes_in_body(r->ask.script.kind) && r->body_made + len >= at;
	return *struck ? (size_t)(at - r->body_made) : len;
}

void misbehave_finish(struct reply *r)
{
	if (strikes_in_body(r->ask.script.kind)) {
		misbehave_strike(r); /* the body was shorter than `at` */
		return;
	}
	if (r->ask.script.kind == FAULT_trailers)
		say_span(&r->out, SPAN("0\r\nx-trailer: behind the body\r\n\r\n"));
	else if (r->framing == HTTP_CHUNKED)
		say_span(&r->out, SPAN("0\r\n\r\n"));
	if (r->ask.script.kind == FAULT_extra)
		say_span(&r->out,
			 SPAN("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
			      "Content-Length: 28\r\n\r\n{\"canary\":\"not your answer\"}"));
}
