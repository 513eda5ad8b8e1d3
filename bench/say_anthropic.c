/* say_anthropic.c - Anthropic's messages, and the token count. */
#include "bench/dialect.h"

/* Caches come on top of input_tokens here. */
static uint64_t fresh_input(const struct ask *a)
{
	uint64_t cache = script_or(a->script.cached, 0) + script_or(a->script.cache_write, 0);

	return a->input_tok > cache ? a->input_tok - cache : 0;
}

static void usage(const struct ask *a, uint64_t output, struct buf *to)
{
	const struct script *s = &a->script;
	uint64_t write = script_or(s->cache_write, 0);

	say(to,
	    "{\"input_tokens\":%llu,\"cache_creation_input_tokens\":%llu,"
	    "\"cache_read_input_tokens\":%llu,\"cache_creation\":{"
	    "\"ephemeral_5m_input_tokens\":%llu,\"ephemeral_1h_input_tokens\":0},"
	    "\"output_tokens\":%llu,\"service_tier\":\"standard\"}",
	    llu(fresh_input(a)), llu(write), llu(script_or(s->cached, 0)), llu(write), llu(output));
}

static void message(const struct ask *a, bool full, struct buf *to)
{
	const char *stop = a->capped ? "\"max_tokens\"" : "\"end_turn\"";

	say(to,
	    "{\"model\":\"%s\",\"id\":\"%s\",\"type\":\"message\",\"role\":\"assistant\","
	    "\"content\":[",
	    a->model, a->id);
	if (full && a->script.tool_call && a->tool[0]) {
		say(to,
		    "{\"type\":\"tool_use\",\"id\":\"toolu_%s\",\"name\":\"%s\",\"input\":"
		    "{\"query\":\"",
		    a->id, a->tool);
		say_words(a, to);
		say_span(to, SPAN("\"}}"));
		stop = "\"tool_use\"";
	} else if (full) {
		say_span(to, SPAN("{\"type\":\"text\",\"text\":\""));
		say_words(a, to);
		say_span(to, SPAN("\"}"));
	}
	say(to, "],\"stop_reason\":%s,\"stop_sequence\":null", full ? stop : "null");
	if (!a->script.no_usage) {
		say_span(to, SPAN(",\"usage\":"));
		usage(a, full ? a->output_tok : 1, to);
	}
	say_span(to, SPAN("}"));
}

static void opening(const struct ask *a, uint64_t k, struct buf *to)
{
	if (k == 0) {
		say_span(to, SPAN("event: message_start\ndata: {\"type\":\"message_start\","
				  "\"message\":"));
		message(a, false, to);
		say_span(to, SPAN("}\n\n"));
	} else if (k == 1 && a->script.tool_call && a->tool[0]) {
		say(to,
		    "event: content_block_start\ndata: {\"type\":\"content_block_start\","
		    "\"index\":0,\"content_block\":{\"type\":\"tool_use\",\"id\":\"toolu_%s\","
		    "\"name\":\"%s\",\"input\":{}}}\n\n",
		    a->id, a->tool);
	} else if (k == 1) {
		say_span(to, SPAN("event: content_block_start\ndata: {\"type\":"
				  "\"content_block_start\",\"index\":0,\"content_block\":{\"type\":"
				  "\"text\",\"text\":\"\"}}\n\n"));
	} else {
		say_span(to, SPAN("event: ping\ndata: {\"type\": \"ping\"}\n\n"));
	}
}

static void text(const struct ask *a, uint64_t k, struct buf *to)
{
	say_span(to, SPAN("event: content_block_delta\ndata: {\"type\":\"content_block_delta\","
			  "\"index\":0,\"delta\":{\"type\":\""));
	if (a->script.tool_call && a->tool[0]) {
		say_span(to, SPAN("input_json_delta\",\"partial_json\":\""));
		say_argument(a, k, to);
	} else {
		say_span(to, SPAN("text_delta\",\"text\":\""));
		say_span(to, say_word(k));
	}
	say_span(to, SPAN("\"}}\n\n"));
}

static void message_delta(const struct ask *a, struct buf *to)
{
	const struct script *s = &a->script;
	bool tool = s->tool_call && a->tool[0];

	say(to,
	    "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{"
	    "\"stop_reason\":\"%s\",\"stop_sequence\":null}",
	    a->capped ? "max_tokens"
	    : tool    ? "tool_use"
		      : "end_turn");
	if (!s->no_usage) {
		say(to,
		    ",\"usage\":{\"input_tokens\":%llu,\"cache_creation_input_tokens\":%llu,"
		    "\"cache_read_input_tokens\":%llu,\"output_tokens\":%llu",
		    llu(fresh_input(a)), llu(script_or(s->cache_write, 0)),
		    llu(script_or(s->cached, 0)), llu(a->output_tok));
		if (s->reasoning > 0)
			say(to, ",\"output_tokens_details\":{\"thinking_tokens\":%llu}",
			    llu(script_or(s->reasoning, 0)));
		say_span(to, SPAN("}"));
	}
	say_span(to, SPAN("}\n\n"));
}

static void event(const struct ask *a, enum part part, uint64_t k, struct buf *to)
{
	if (part == PART_OPENING)
		opening(a, k, to);
	else if (part == PART_TEXT)
		text(a, k, to);
	else if (k == 0)
		say_span(to, SPAN("event: content_block_stop\ndata: {\"type\":"
				  "\"content_block_stop\",\"index\":0}\n\n"));
	else if (k == 1)
		message_delta(a, to);
	else
		say_span(to, SPAN("event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n"));
}

static void plain(const struct ask *a, struct buf *to)
{
	message(a, true, to);
}

static void refuse(const struct ask *a, struct buf *to)
{
	const struct error_words *w = say_error(a);

	say(to,
	    "{\"type\":\"error\",\"error\":{\"type\":\"%s\",\"message\":\"%s\"},"
	    "\"request_id\":\"req_%s\"}",
	    w->anthropic_type, w->message, a->id);
}

static void fail(const struct ask *a, struct buf *to)
{
	say_span(to, SPAN("event: error\ndata: "));
	refuse(a, to);
	say_span(to, SPAN("\n\n"));
}

const struct dialect dialect_anthropic = {
	.name = "anthropic",
	.id_prefix = "msg_",
	.id_header = "request-id",
	.stream_type = "text/event-stream; charset=utf-8",
	.can_stream = true,
	.opening = 3,
	.closing = 3,
	.usage_in = 1,
	.reports = true,
	.event = event,
	.plain = plain,
	.refuse = refuse,
	.fail = fail,
};

static void count_plain(const struct ask *a, struct buf *to)
{
	say(to, "{\"input_tokens\":%llu}", llu(a->input_tok));
}

const struct dialect dialect_count = {
	.name = "anthropic-count",
	.id_prefix = "req_",
	.id_header = "request-id",
	.plain = count_plain,
	.refuse = refuse,
};
