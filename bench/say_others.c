/* say_others.c - Cohere's v2 chat and Ollama's own chat. */
#include "bench/dialect.h"

/* Cohere. Billed is `billed_units`; what the model saw is larger. */
static void cohere_usage(const struct ask *a, struct buf *to)
{
	if (a->script.no_usage)
		return;
	say(to,
	    ",\"usage\":{\"billed_units\":{\"input_tokens\":%llu,\"output_tokens\":%llu},"
	    "\"tokens\":{\"input_tokens\":%llu,\"output_tokens\":%llu}",
	    llu(a->input_tok), llu(a->output_tok), llu(a->input_tok + 495), llu(a->output_tok + 3));
	if (a->script.cached > 0)
		say(to, ",\"cached_tokens\":%llu", llu(script_or(a->script.cached, 0)));
	say_span(to, SPAN("}"));
}

static const char *cohere_finish(const struct ask *a)
{
	return a->capped ? "MAX_TOKENS" : "COMPLETE";
}

static void cohere_closing(const struct ask *a, uint64_t k, struct buf *to)
{
	if (k == 0) {
		say_span(to, SPAN("event: content-end\ndata: {\"type\":\"content-end\","
				  "\"index\":0}\n\n"));
	} else if (k == 1) {
		say(to,
		    "event: message-end\ndata: {\"type\":\"message-end\",\"delta\":{"
		    "\"finish_reason\":\"%s\"",
		    cohere_finish(a));
		cohere_usage(a, to);
		say_span(to, SPAN("}}\n\n"));
	} else {
		say_span(to, SPAN("data: [DONE]\n\n"));
	}
}

static void cohere_event(const struct ask *a, enum part part, uint64_t k, struct buf *to)
{
	if (part == PART_CLOSING)
		cohere_closing(a, k, to);
	else if (part == PART_TEXT)
		say(to,
		    "event: content-delta\ndata: {\"type\":\"content-delta\",\"index\":0,"
		    "\"delta\":{\"message\":{\"content\":{\"text\":\"%.*s\"}}}}\n\n",
		    SPAN_ARG(say_word(k)));
	else if (k == 0)
		say(to,
		    "event: message-start\ndata: {\"id\":\"%s\",\"type\":\"message-start\","
		    "\"delta\":{\"message\":{\"role\":\"assistant\",\"content\":[],"
		    "\"tool_plan\":\"\",\"tool_calls\":[],\"citations\":[]}}}\n\n",
		    a->id);
	else
		say_span(to, SPAN("event: content-start\ndata: {\"type\":\"content-start\","
				  "\"index\":0,\"delta\":{\"message\":{\"content\":{\"type\":"
				  "\"text\",\"text\":\"\"}}}}\n\n"));
}

static void cohere_plain(const struct ask *a, struct buf *to)
{
	say(to,
	    "{\"id\":\"%s\",\"message\":{\"role\":\"assistant\",\"content\":[{\"type\":\"text\","
	    "\"text\":\"",
	    a->id);
	say_words(a, to);
	say(to, "\"}]},\"finish_reason\":\"%s\"", cohere_finish(a));
	cohere_usage(a, to);
	say_span(to, SPAN("}"));
}

static void cohere_refuse(const struct ask *a, struct buf *to)
{
	say(to, "{\"id\":\"%s\",\"message\":\"%s\"}", a->id, say_error(a)->message);
}

static void cohere_fail(const struct ask *a, struct buf *to)
{
	say(to,
	    "event: message-end\ndata: {\"type\":\"message-end\",\"delta\":{"
	    "\"finish_reason\":\"ERROR\",\"error\":\"%s\"}}\n\n",
	    say_error(a)->message);
}

const struct dialect dialect_cohere = {
	.name = "cohere",
	.id_prefix = "co-",
	.id_header = "x-debug-trace-id",
	.stream_type = "text/event-stream",
	.can_stream = true,
	.opening = 2,
	.closing = 3,
	.usage_in = 1,
	.reports = true,
	.event = cohere_event,
	.plain = cohere_plain,
	.refuse = cohere_refuse,
	.fail = cohere_fail,
};

/* Ollama has no id on the wire: it goes into created_at's place in the log only. */
static void ollama_begin(const struct ask *a, struct buf *to)
{
	char when[32];
	struct tm t;

	gmtime_r(&a->created, &t);
	strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%S", &t);
	say(to,
	    "{\"model\":\"%s\",\"created_at\":\"%s.000000Z\",\"message\":{\"role\":\"assistant\","
	    "\"content\":\"",
	    a->model, when);
}

static void ollama_end(const struct ask *a, struct buf *to)
{
	say(to,
	    "\"},\"done_reason\":\"%s\",\"done\":true,\"total_duration\":1897385625,"
	    "\"load_duration\":1631208",
	    a->capped ? "length" : "stop");
	if (!a->script.no_usage)
		say(to,
		    ",\"prompt_eval_count\":%llu,\"prompt_eval_duration\":313560000,"
		    "\"eval_count\":%llu,\"eval_duration\":1577990000",
		    llu(a->input_tok), llu(a->output_tok));
	say_span(to, SPAN("}\n"));
}

static void ollama_event(const struct ask *a, enum part part, uint64_t k, struct buf *to)
{
	ollama_begin(a, to);
	if (part == PART_CLOSING) {
		ollama_end(a, to);
		return;
	}
	say_span(to, say_word(k));
	say_span(to, SPAN("\"},\"done\":false}\n"));
}

static void ollama_plain(const struct ask *a, struct buf *to)
{
	ollama_begin(a, to);
	say_words(a, to);
	ollama_end(a, to);
}

static void ollama_refuse(const struct ask *a, struct buf *to)
{
	say(to, "{\"error\":\"%s\"}\n", say_error(a)->message);
}

const struct dialect dialect_ollama = {
	.name = "ollama",
	.id_prefix = "oll-",
	.id_header = "x-request-id",
	.stream_type = "application/x-ndjson",
	.can_stream = true,
	.opening = 0,
	.closing = 1,
	.usage_in = 0,
	.reports = true,
	.event = ollama_event,
	.plain = ollama_plain,
	.refuse = ollama_refuse,
	.fail = ollama_refuse,
};
