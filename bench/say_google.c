/* say_google.c - Gemini: server-sent events with CR LF, or one JSON array in pieces. */
#include "bench/dialect.h"

/* Thoughts come on top of candidatesTokenCount. The prompt is known from the first chunk
 * on, the rest in the last. */
static void usage(const struct ask *a, bool full, struct buf *to)
{
	const struct script *s = &a->script;
	uint64_t thoughts = script_or(s->reasoning, 0);

	if (s->no_usage)
		return;
	say(to, ",\"usageMetadata\": {\"promptTokenCount\": %llu", llu(a->input_tok));
	if (full)
		say(to, ",\"candidatesTokenCount\": %llu",
		    llu(a->output_tok > thoughts ? a->output_tok - thoughts : 0));
	say(to, ",\"totalTokenCount\": %llu", llu(a->input_tok + (full ? a->output_tok : 0)));
	if (s->cached > 0)
		say(to, ",\"cachedContentTokenCount\": %llu", llu(script_or(s->cached, 0)));
	say(to, ",\"promptTokensDetails\": [{\"modality\": \"TEXT\",\"tokenCount\": %llu}]",
	    llu(a->input_tok));
	if (full && thoughts > 0)
		say(to, ",\"thoughtsTokenCount\": %llu", llu(thoughts));
	say_span(to, SPAN("}"));
}

static void chunk_end(const struct ask *a, bool full, struct buf *to)
{
	if (full)
		say(to, ",\"finishReason\": \"%s\"", a->capped ? "MAX_TOKENS" : "STOP");
	say_span(to, SPAN(",\"index\": 0}]"));
	usage(a, full, to);
	say(to, ",\"modelVersion\": \"%s\",\"responseId\": \"%s\"}", a->model, a->id);
}

static void chunk(const struct ask *a, enum part part, uint64_t k, struct buf *to)
{
	bool tool = a->script.tool_call && a->tool[0];

	say_span(to, SPAN("{\"candidates\": [{\"content\": {\"parts\": [{\""));
	if (part == PART_CLOSING && tool) {
		say(to, "functionCall\": {\"name\": \"%s\",\"args\": {\"query\": \"", a->tool);
		say_words(a, to);
		say_span(to, SPAN("\"}}"));
	} else {
		say_span(to, SPAN("text\": \""));
		if (part == PART_TEXT && !tool)
			say_span(to, say_word(k));
		say_span(to, SPAN("\""));
	}
	say_span(to, SPAN("}],\"role\": \"model\"}"));
	chunk_end(a, part == PART_CLOSING, to);
}

static void event(const struct ask *a, enum part part, uint64_t k, struct buf *to)
{
	say_span(to, SPAN("data: "));
	chunk(a, part, k, to);
	say_span(to, SPAN("\r\n\r\n"));
}

static void array_event(const struct ask *a, enum part part, uint64_t k, struct buf *to)
{
	bool first = k == 0 && (part == PART_TEXT || a->events == 0);

	say_span(to, first ? SPAN("[") : SPAN("\n,\r\n"));
	chunk(a, part, k, to);
	if (part == PART_CLOSING)
		say_span(to, SPAN("\n]"));
}

static void plain(const struct ask *a, struct buf *to)
{
	if (a->script.tool_call && a->tool[0]) {
		chunk(a, PART_CLOSING, 0, to);
		return;
	}
	say_span(to, SPAN("{\"candidates\": [{\"content\": {\"parts\": [{\"text\": \""));
	say_words(a, to);
	say_span(to, SPAN("\"}],\"role\": \"model\"}"));
	chunk_end(a, true, to);
}

static void refuse(const struct ask *a, struct buf *to)
{
	const struct error_words *w = say_error(a);

	say(to, "{\"error\": {\"code\": %d,\"message\": \"%s\",\"status\": \"%s\"}}", w->status,
	    w->message, w->google_status);
}

static void fail(const struct ask *a, struct buf *to)
{
	say_span(to, SPAN("data: "));
	refuse(a, to);
	say_span(to, SPAN("\r\n\r\n"));
}

static void array_fail(const struct ask *a, struct buf *to)
{
	say_span(to, SPAN("\n,\r\n"));
	refuse(a, to);
	say_span(to, SPAN("\n]"));
}

const struct dialect dialect_gemini = {
	.name = "gemini",
	.id_prefix = "gem-",
	.id_header = "x-request-id",
	.stream_type = "text/event-stream",
	.can_stream = true,
	.opening = 0,
	.closing = 1,
	.usage_in = 0,
	.reports = true,
	.event = event,
	.plain = plain,
	.refuse = refuse,
	.fail = fail,
};

const struct dialect dialect_gemini_array = {
	.name = "gemini-array",
	.id_prefix = "gem-",
	.id_header = "x-request-id",
	.stream_type = "application/json; charset=UTF-8",
	.can_stream = true,
	.opening = 0,
	.closing = 1,
	.usage_in = 0,
	.reports = true,
	.event = array_event,
	.plain = plain,
	.refuse = refuse,
	.fail = array_fail,
};

static void count_plain(const struct ask *a, struct buf *to)
{
	say(to, "{\"totalTokens\": %llu}", llu(a->input_tok));
}

const struct dialect dialect_gemini_count = {
	.name = "gemini-count",
	.id_prefix = "gem-",
	.id_header = "x-request-id",
	.plain = count_plain,
	.refuse = refuse,
};
