/* say_openai.c - the OpenAI shapes: chat, completions, responses, embeddings, models. */
#include <stdio.h>
#include "bench/dialect.h"

#define FINGERPRINT "fp_5171f11d70"

static void usage(const struct ask *a, struct buf *to)
{
	const struct script *s = &a->script;

	say(to,
	    "{\"prompt_tokens\":%llu,\"completion_tokens\":%llu,\"total_tokens\":%llu,"
	    "\"prompt_tokens_details\":{\"cached_tokens\":%llu,",
	    llu(a->input_tok), llu(a->output_tok), llu(a->input_tok + a->output_tok),
	    llu(script_or(s->cached, 0)));
	if (s->cache_write > 0)
		say(to, "\"cache_write_tokens\":%llu,", llu(script_or(s->cache_write, 0)));
	say(to,
	    "\"audio_tokens\":0},\"completion_tokens_details\":{\"reasoning_tokens\":%llu,"
	    "\"audio_tokens\":0,\"accepted_prediction_tokens\":0,"
	    "\"rejected_prediction_tokens\":0}}",
	    llu(script_or(s->reasoning, 0)));
}

static bool calls_tool(const struct ask *a)
{
	return a->script.tool_call && a->tool[0];
}

static const char *finish(const struct ask *a)
{
	return a->capped ? "length" : calls_tool(a) ? "tool_calls" : "stop";
}

static void error_object(const struct ask *a, struct buf *to)
{
	const struct error_words *w = say_error(a);

	say(to, "{\"error\":{\"message\":\"%s\",\"type\":\"%s\",\"param\":null,\"code\":\"%s\"}}",
	    w->message, w->openai_type, w->openai_code);
}

static void refuse(const struct ask *a, struct buf *to)
{
	error_object(a, to);
	say_span(to, SPAN("\n"));
}

static void fail(const struct ask *a, struct buf *to)
{
	say_span(to, SPAN("data: "));
	error_object(a, to);
	say_span(to, SPAN("\n\n"));
}

static bool wants_usage(const struct ask *a)
{
	return a->include_usage && !a->script.no_usage;
}

/* What ends every chunk but the one with the usage. */
static void end_chunk(const struct ask *a, struct buf *to)
{
	say_span(to, a->include_usage ? SPAN("],\"usage\":null}\n\n") : SPAN("]}\n\n"));
}

static void closing(const struct ask *a, uint64_t k, struct span last_choice, struct buf *to)
{
	struct span lead = { a->lead, a->lead_len };

	if (k == 0) {
		say_span(to, lead);
		say_span(to, last_choice);
		say(to, "\"finish_reason\":\"%s\"}", finish(a));
		end_chunk(a, to);
	} else if (k == 1 && wants_usage(a)) {
		say_span(to, lead);
		say_span(to, SPAN("],\"usage\":"));
		usage(a, to);
		say_span(to, SPAN("}\n\n"));
	} else if (k == 2) {
		say_span(to, SPAN("data: [DONE]\n\n"));
	}
}

/* Chat */

static void chat_lead(struct ask *a)
{
	int len = snprintf(a->lead, sizeof(a->lead),
			   "data: {\"id\":\"%s\",\"object\":\"chat.completion.chunk\","
			   "\"created\":%lld,\"model\":\"%s\",\"service_tier\":\"default\","
			   "\"system_fingerprint\":\"" FINGERPRINT "\",\"choices\":[",
			   a->id, (long long)a->created, a->model);

	MUST(len > 0 && (size_t)len < sizeof(a->lead));
	a->lead_len = (size_t)len;
}

static void chat_opening(const struct ask *a, struct buf *to)
{
	if (calls_tool(a))
		say(to,
		    "{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":null,"
		    "\"tool_calls\":[{\"index\":0,\"id\":\"call_%s\",\"type\":\"function\","
		    "\"function\":{\"name\":\"%s\",\"arguments\":\"\"}}],\"refusal\":null},"
		    "\"logprobs\":null,\"finish_reason\":null}",
		    a->id, a->tool);
	else
		say_span(to, SPAN("{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\","
				  "\"refusal\":null},\"logprobs\":null,\"finish_reason\":null}"));
}

static void chat_text(const struct ask *a, uint64_t k, struct buf *to)
{
	if (calls_tool(a)) {
		say_span(to, SPAN("{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,"
				  "\"function\":{\"arguments\":\""));
		say_argument(a, k, to);
		say_span(to, SPAN("\"}}]},\"logprobs\":null,\"finish_reason\":null}"));
		return;
	}
	say_span(to, SPAN("{\"index\":0,\"delta\":{\"content\":\""));
	say_span(to, say_word(k));
	say_span(to, SPAN("\"},\"logprobs\":null,\"finish_reason\":null}"));
}

static void chat_event(const struct ask *a, enum part part, uint64_t k, struct buf *to)
{
	if (part == PART_CLOSING) {
		closing(a, k, SPAN("{\"index\":0,\"delta\":{},\"logprobs\":null,"), to);
		return;
	}
	say_span(to, (struct span){ a->lead, a->lead_len });
	if (part == PART_OPENING)
		chat_opening(a, to);
	else
		chat_text(a, k, to);
	end_chunk(a, to);
}

static void plain_end(const struct ask *a, struct buf *to)
{
	say(to, ",\"logprobs\":null,\"finish_reason\":\"%s\"}]", finish(a));
	if (!a->script.no_usage) {
		say_span(to, SPAN(",\"usage\":"));
		usage(a, to);
	}
	say_span(to, SPAN(",\"service_tier\":\"default\",\"system_fingerprint\":\"" FINGERPRINT
			  "\"}\n"));
}

static void chat_plain(const struct ask *a, struct buf *to)
{
	say(to,
	    "{\"id\":\"%s\",\"object\":\"chat.completion\",\"created\":%lld,\"model\":\"%s\","
	    "\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":",
	    a->id, (long long)a->created, a->model);
	if (calls_tool(a)) {
		say(to,
		    "null,\"tool_calls\":[{\"id\":\"call_%s\",\"type\":\"function\","
		    "\"function\":{\"name\":\"%s\",\"arguments\":\"",
		    a->id, a->tool);
		say_arguments(a, to);
		say_span(to, SPAN("\"}}]"));
	} else {
		say_span(to, SPAN("\""));
		say_words(a, to);
		say_span(to, SPAN("\""));
	}
	say_span(to, SPAN(",\"refusal\":null,\"annotations\":[]}"));
	plain_end(a, to);
}

const struct dialect dialect_chat = {
	.name = "openai-chat",
	.id_prefix = "chatcmpl-",
	.id_header = "x-request-id",
	.stream_type = "text/event-stream; charset=utf-8",
	.can_stream = true,
	.opening = 1,
	.closing = 3,
	.usage_in = 1,
	.reports = true,
	.lead = chat_lead,
	.event = chat_event,
	.plain = chat_plain,
	.refuse = refuse,
	.fail = fail,
};

/* Legacy completions */

static void completions_lead(struct ask *a)
{
	int len = snprintf(a->lead, sizeof(a->lead),
			   "data: {\"id\":\"%s\",\"object\":\"text_completion\",\"created\":%lld,"
			   "\"model\":\"%s\",\"choices\":[",
			   a->id, (long long)a->created, a->model);

	MUST(len > 0 && (size_t)len < sizeof(a->lead));
	a->lead_len = (size_t)len;
}

static void completions_event(const struct ask *a, enum part part, uint64_t k, struct buf *to)
{
	if (part == PART_CLOSING) {
		closing(a, k, SPAN("{\"text\":\"\",\"index\":0,\"logprobs\":null,"), to);
		return;
	}
	say_span(to, (struct span){ a->lead, a->lead_len });
	say(to, "{\"text\":\"%.*s\",\"index\":0,\"logprobs\":null,\"finish_reason\":null}",
	    SPAN_ARG(say_word(k)));
	end_chunk(a, to);
}

static void completions_plain(const struct ask *a, struct buf *to)
{
	say(to,
	    "{\"id\":\"%s\",\"object\":\"text_completion\",\"created\":%lld,\"model\":\"%s\","
	    "\"choices\":[{\"index\":0,\"text\":\"",
	    a->id, (long long)a->created, a->model);
	say_words(a, to);
	say_span(to, SPAN("\""));
	plain_end(a, to);
}

const struct dialect dialect_completions = {
	.name = "openai-completions",
	.id_prefix = "cmpl-",
	.id_header = "x-request-id",
	.stream_type = "text/event-stream",
	.can_stream = true,
	.opening = 0,
	.closing = 3,
	.usage_in = 1,
	.reports = true,
	.lead = completions_lead,
	.event = completions_event,
	.plain = completions_plain,
	.refuse = refuse,
	.fail = fail,
};

/* Responses */

static void responses_usage(const struct ask *a, struct buf *to)
{
	const struct script *s = &a->script;

	say(to, "{\"input_tokens\":%llu,\"input_tokens_details\":{\"cached_tokens\":%llu",
	    llu(a->input_tok), llu(script_or(s->cached, 0)));
	if (s->cache_write > 0)
		say(to, ",\"cache_write_tokens\":%llu", llu(script_or(s->cache_write, 0)));
	say(to,
	    "},\"output_tokens\":%llu,\"output_tokens_details\":{\"reasoning_tokens\":%llu},"
	    "\"total_tokens\":%llu}",
	    llu(a->output_tok), llu(script_or(s->reasoning, 0)), llu(a->input_tok + a->output_tok));
}

static void responses_part(const struct ask *a, bool full, struct buf *to)
{
	say_span(to, SPAN("{\"type\":\"output_text\",\"annotations\":[],\"logprobs\":[],"
			  "\"text\":\""));
	if (full)
		say_words(a, to);
	say_span(to, SPAN("\"}"));
}

static void responses_item(const struct ask *a, bool full, struct buf *to)
{
	if (calls_tool(a)) {
		say(to,
		    "{\"id\":\"fc_%s\",\"type\":\"function_call\",\"status\":\"%s\","
		    "\"call_id\":\"call_%s\",\"name\":\"%s\",\"arguments\":\"",
		    a->id, full ? "completed" : "in_progress", a->id, a->tool);
		if (full)
			say_arguments(a, to);
		say_span(to, SPAN("\"}"));
		return;
	}
	say(to, "{\"id\":\"msg_%s\",\"type\":\"message\",\"status\":\"%s\",\"content\":[", a->id,
	    full ? "completed" : "in_progress");
	if (full)
		responses_part(a, true, to);
	say_span(to, SPAN("],\"role\":\"assistant\"}"));
}

/* The response object, as it is before the text or after it. */
static void responses_object(const struct ask *a, bool full, struct buf *to)
{
	say(to,
	    "{\"id\":\"%s\",\"object\":\"response\",\"created_at\":%lld,\"status\":\"%s\","
	    "\"background\":false,\"error\":null,\"incomplete_details\":%s,"
	    "\"instructions\":null,\"max_output_tokens\":null,\"max_tool_calls\":null,"
	    "\"model\":\"%s\",\"output\":[",
	    a->id, (long long)a->created,
	    !full       ? "in_progress"
	    : a->capped ? "incomplete"
			: "completed",
	    full && a->capped ? "{\"reason\":\"max_output_tokens\"}" : "null", a->model);
	if (full)
		responses_item(a, true, to);
	say_span(to, SPAN("],\"parallel_tool_calls\":true,\"previous_response_id\":null,"
			  "\"prompt_cache_key\":null,\"reasoning\":{\"effort\":null,"
			  "\"summary\":null},\"safety_identifier\":null,"
			  "\"service_tier\":\"default\",\"store\":true,\"temperature\":1.0,"
			  "\"text\":{\"format\":{\"type\":\"text\"},\"verbosity\":\"medium\"},"
			  "\"tool_choice\":\"auto\",\"tools\":[],\"top_logprobs\":0,\"top_p\":1.0,"
			  "\"truncation\":\"disabled\",\"usage\":"));
	if (full && !a->script.no_usage)
		responses_usage(a, to);
	else
		say_span(to, SPAN("null"));
	say_span(to, SPAN(",\"user\":null,\"metadata\":{}}"));
}

/* "event: T\ndata: {"type":"T"," */
static void responses_begin(struct buf *to, const char *type)
{
	say(to, "event: response.%s\ndata: {\"type\":\"response.%s\",", type, type);
}

static void responses_end(struct buf *to, uint64_t sequence)
{
	say(to, ",\"sequence_number\":%llu}\n\n", llu(sequence));
}

static void responses_opening(const struct ask *a, uint64_t k, struct buf *to)
{
	switch (k) {
	case 0:
	case 1:
		responses_begin(to, k == 0 ? "created" : "in_progress");
		say_span(to, SPAN("\"response\":"));
		responses_object(a, false, to);
		break;
	case 2:
		responses_begin(to, "output_item.added");
		say_span(to, SPAN("\"item\":"));
		responses_item(a, false, to);
		say_span(to, SPAN(",\"output_index\":0"));
		break;
	default:
		if (calls_tool(a))
			return; /* a call has no content part */
		responses_begin(to, "content_part.added");
		say(to, "\"content_index\":0,\"item_id\":\"msg_%s\",\"output_index\":0,\"part\":",
		    a->id);
		responses_part(a, false, to);
	}
	responses_end(to, k);
}

static void responses_text(const struct ask *a, uint64_t k, struct buf *to)
{
	if (calls_tool(a)) {
		responses_begin(to, "function_call_arguments.delta");
		say_span(to, SPAN("\"delta\":\""));
		say_argument(a, k, to);
		say(to, "\",\"item_id\":\"fc_%s\",\"output_index\":0", a->id);
	} else {
		responses_begin(to, "output_text.delta");
		say(to,
		    "\"content_index\":0,\"delta\":\"%.*s\",\"item_id\":\"msg_%s\","
		    "\"logprobs\":[],\"output_index\":0",
		    SPAN_ARG(say_word(k)), a->id);
	}
	responses_end(to, 4 + k);
}

static void responses_done(const struct ask *a, struct buf *to)
{
	if (calls_tool(a)) {
		responses_begin(to, "function_call_arguments.done");
		say_span(to, SPAN("\"arguments\":\""));
		say_arguments(a, to);
		say(to, "\",\"item_id\":\"fc_%s\",\"output_index\":0", a->id);
		return;
	}
	responses_begin(to, "output_text.done");
	say(to,
	    "\"content_index\":0,\"item_id\":\"msg_%s\",\"logprobs\":[],\"output_index\":0,"
	    "\"text\":\"",
	    a->id);
	say_words(a, to);
	say_span(to, SPAN("\""));
}

static void responses_closing(const struct ask *a, uint64_t k, struct buf *to)
{
	switch (k) {
	case 0: responses_done(a, to); break;
	case 1:
		if (calls_tool(a))
			return;
		responses_begin(to, "content_part.done");
		say(to, "\"content_index\":0,\"item_id\":\"msg_%s\",\"output_index\":0,\"part\":",
		    a->id);
		responses_part(a, true, to);
		break;
	case 2:
		responses_begin(to, "output_item.done");
		say_span(to, SPAN("\"item\":"));
		responses_item(a, true, to);
		say_span(to, SPAN(",\"output_index\":0"));
		break;
	default:
		responses_begin(to, a->capped ? "incomplete" : "completed");
		say_span(to, SPAN("\"response\":"));
		responses_object(a, true, to);
	}
	responses_end(to, 4 + a->events + k);
}

static void responses_event(const struct ask *a, enum part part, uint64_t k, struct buf *to)
{
	if (part == PART_OPENING)
		responses_opening(a, k, to);
	else if (part == PART_TEXT)
		responses_text(a, k, to);
	else
		responses_closing(a, k, to);
}

static void responses_plain(const struct ask *a, struct buf *to)
{
	responses_object(a, true, to);
}

/* As recorded: the error nested, then response.failed without usage. */
static void responses_fail(const struct ask *a, struct buf *to)
{
	const struct error_words *w = say_error(a);

	say(to,
	    "event: error\ndata: {\"type\":\"error\",\"sequence_number\":%llu,\"error\":{"
	    "\"type\":\"%s\",\"code\":\"%s\",\"message\":\"%s\",\"param\":null}}\n\n",
	    llu(4 + a->events), w->openai_type, w->openai_code, w->message);
	say(to,
	    "event: response.failed\ndata: {\"type\":\"response.failed\","
	    "\"sequence_number\":%llu,\"response\":{\"id\":\"%s\",\"object\":\"response\","
	    "\"created_at\":%lld,\"status\":\"failed\",\"error\":{\"code\":\"%s\","
	    "\"message\":\"%s\"},\"model\":\"%s\",\"output\":[],\"usage\":null}}\n\n",
	    llu(5 + a->events), a->id, (long long)a->created, w->openai_code, w->message, a->model);
}

const struct dialect dialect_responses = {
	.name = "openai-responses",
	.id_prefix = "resp_",
	.id_header = "x-request-id",
	.stream_type = "text/event-stream; charset=utf-8",
	.can_stream = true,
	.opening = 4,
	.closing = 4,
	.usage_in = 3,
	.reports = true,
	.event = responses_event,
	.plain = responses_plain,
	.refuse = refuse,
	.fail = responses_fail,
};

/* Embeddings, models, and everything else */

static void embeddings_plain(const struct ask *a, struct buf *to)
{
	say_span(to, SPAN("{\"object\":\"list\",\"data\":[{\"object\":\"embedding\",\"index\":0,"
			  "\"embedding\":["));
	for (uint64_t k = 0; k < a->events; k++)
		say(to, "%s%.9f", k ? "," : "", ((double)(k * 7919 % 2003) - 1001) / 40000);
	say(to, "]}],\"model\":\"%s\"", a->model);
	if (!a->script.no_usage)
		say(to, ",\"usage\":{\"prompt_tokens\":%llu,\"total_tokens\":%llu}",
		    llu(a->input_tok), llu(a->input_tok));
	say_span(to, SPAN("}\n"));
}

const struct dialect dialect_embeddings = {
	.name = "openai-embeddings",
	.id_prefix = "emb-",
	.id_header = "x-request-id",
	.reports = true,
	.plain = embeddings_plain,
	.refuse = refuse,
};

static void models_plain(const struct ask *a, struct buf *to)
{
	(void)a;
	say_span(to, SPAN("{\"object\":\"list\",\"data\":[{\"id\":\"gpt-4o\",\"object\":\"model\","
			  "\"created\":1715367049,\"owned_by\":\"system\"},{\"id\":\"stand-in\","
			  "\"object\":\"model\",\"created\":1715367049,"
			  "\"owned_by\":\"system\"}]}\n"));
}

const struct dialect dialect_models = {
	.name = "openai-models",
	.id_prefix = "req-",
	.id_header = "x-request-id",
	.plain = models_plain,
	.refuse = refuse,
};

const struct dialect dialect_unknown = {
	.name = "unknown",
	.id_prefix = "req-",
	.id_header = "x-request-id",
	.plain = refuse,
	.refuse = refuse,
};
