/* refusal.c - one refusal, worded for six families of clients.
 *
 * Every style carries the same four things: a sentence, a type, a code and, for a used-up
 * budget, its details. Where a family's own programs read them differs; so a style is a
 * function that puts the members into place. */
#include "metering/refusal.h"
#include <inttypes.h>
#include <stdio.h>
#include "base/crc32.h"
#include "base/decimal.h"
#include "metering/period.h"

#define BODY_MAX     16384
#define HEADERS_MAX  1024
#define SENTENCE_MAX 512

struct reason {
	int status;
	const char *name, *type, *code, *text;
};

static const struct reason reasons[REFUSE_COUNT] = {
#define REFUSAL(name, status, type, code, text) { status, #name, type, code, text },
#include "metering/refusal.tbl.h"
};

/* How other families call a status. */
struct status_words {
	int status;
	const char *anthropic, *gemini, *bedrock;
};

static const struct status_words status_words[] = {
	{ 401, "authentication_error", "UNAUTHENTICATED", "UnrecognizedClientException" },
	{ 403, "permission_error", "PERMISSION_DENIED", "AccessDeniedException" },
	{ 404, "not_found_error", "NOT_FOUND", "ResourceNotFoundException" },
	{ 408, "timeout_error", "DEADLINE_EXCEEDED", "ModelTimeoutException" },
	{ 413, "request_too_large", "INVALID_ARGUMENT", "ValidationException" },
	{ 429, "insufficient_quota", "RESOURCE_EXHAUSTED", "ServiceQuotaExceededException" },
	{ 500, "api_error", "INTERNAL", "InternalServerException" },
	{ 501, "api_error", "UNIMPLEMENTED", "InternalServerException" },
	{ 502, "api_error", "UNAVAILABLE", "ServiceUnavailableException" },
	{ 503, "overloaded_error", "UNAVAILABLE", "ServiceUnavailableException" },
	{ 504, "timeout_error", "DEADLINE_EXCEEDED", "ModelTimeoutException" },
	/* the rest of the 4xx */
	{ 0, "invalid_request_error", "INVALID_ARGUMENT", "ValidationException" },
};

/* A rate is not a budget: clients are to come back. */
static const struct status_words rate_words = { 429, "rate_limit_error", "RESOURCE_EXHAUSTED",
						"ThrottlingException" };

static const struct status_words *words_for(enum refusal r)
{
	const struct status_words *w = status_words;

	if (r == REFUSE_rate_limit)
		return &rate_words;
	while (w->status != 0 && w->status != reasons[r].status)
		w++;
	return w;
}

int refusal_status(enum refusal r)
{
	return reasons[r].status;
}

const char *refusal_name(enum refusal r)
{
	return reasons[r].name;
}

/* One refusal on its way into a style. */
struct wording {
	const struct reason *reason;
	const struct status_words *words;
	const struct quota_details *quota; /* NULL: none */
	const char *request_id;            /* empty: none */
	const char *type;                  /* as OpenAI's clients read it */
	const char *text;
	char sentence[SENTENCE_MAX]; /* where text is of our own making */
};

/* --- a used-up budget, a limit reached --- */

static int64_t remaining(const struct quota_details *q)
{
	return q->limit > q->current ? q->limit - q->current : 0;
}

/* Of what the limit allows, in hundredths of a per cent, rounded down. */
static u128 utilization(const struct quota_details *q)
{
	if (q->limit <= 0)
		return 10000;
	return (u128)(q->current > 0 ? q->current : 0) * 10000 / (u128)q->limit;
}

static bool is_instant(struct wall w)
{
	return w.us != 0 && w.us != PERIOD_NEVER;
}

/* An amount of the unit: exact USD, or a count. */
static void amount_text(enum unit u, int64_t amount, char to[DECIMAL_TEXT_ROOM])
{
	if (u == UNIT_usd)
		decimal_pusd_text(amount, to);
	else
		snprintf(to, DECIMAL_TEXT_ROOM, "%" PRId64, amount);
}

/* "Budget exhausted for tenant 'acme' (llm, month): 9.5 of 10 USD are spent or held, and this
 * request may cost up to 2 USD", and what that is of other units. */
static void compose_figures(struct wording *w, const char *subject)
{
	static const struct {
		const char *title, *state, *verb, *noun;
	} words[UNIT_COUNT] = {
		[UNIT_usd] = { "Budget exhausted", "USD are spent or held", "may cost up to",
			       "USD" },
		[UNIT_tokens] = { "Token limit reached", "tokens are spent or held",
				  "may take up to", "tokens" },
		[UNIT_requests] = { "Request limit reached", "requests are spent or under way",
				    "would be", "more" },
		[UNIT_concurrent] = { "Too many requests at once", "are under way", "would be",
				      "more" },
	};
	const struct quota_details *q = w->quota;
	char used[DECIMAL_TEXT_ROOM], limit[DECIMAL_TEXT_ROOM], more[DECIMAL_TEXT_ROOM];

	amount_text(q->unit, q->current, used);
	amount_text(q->unit, q->limit, limit);
	amount_text(q->unit, q->estimated, more);
	snprintf(w->sentence, sizeof(w->sentence),
		 "%s for %s (%s, %s): %s of %s %s, and this request %s %s %s", words[q->unit].title,
		 subject, q->resource_type, q->period, used, limit, words[q->unit].state,
		 words[q->unit].verb, more, words[q->unit].noun);
}

/* What a person reads when the caller said nothing better. */
static void compose_sentence(struct wording *w)
{
	const struct quota_details *q = w->quota;
	char subject[96], ends[CLK_TEXT_ROOM];
	size_t len;

	if (strcmp(q->scope, q->scope_id) == 0)
		snprintf(subject, sizeof(subject), "the %s", q->scope);
	else
		snprintf(subject, sizeof(subject), "%s '%s'", q->scope, q->scope_id);
	compose_figures(w, subject);
	len = strlen(w->sentence);
	if (is_instant(q->period_ends_at)) {
		clk_text(q->period_ends_at, ends);
		snprintf(w->sentence + len, sizeof(w->sentence) - len, " (resets %s).", ends);
	} else {
		snprintf(w->sentence + len, sizeof(w->sentence) - len, ".");
	}
}

static void wording_init(struct wording *w, enum refusal r, const char *text,
			 const struct quota_details *q, const char *request_id)
{
	w->reason = &reasons[r];
	w->words = words_for(r);
	w->quota = r == REFUSE_quota || r == REFUSE_rate_limit ? q : NULL;
	w->request_id = request_id ? request_id : "";
	w->type = w->reason->type;
	if (r == REFUSE_rate_limit && w->quota && q->unit == UNIT_tokens)
		w->type = unit_name(UNIT_tokens);
	w->text = text ? text : w->reason->text;
	if (!text && w->quota) {
		compose_sentence(w);
		w->text = w->sentence;
	}
}

/* --- members --- */

/* name: with what comes before it, as in ",\"type\":". */
static bool add_text(struct buf *b, const char *name, const char *value)
{
	return buf_add(b, span_of(name)) && buf_add(b, SPAN("\"")) &&
	       buf_add_json(b, span_of(value)) && buf_add(b, SPAN("\""));
}

static bool add_usd(struct buf *b, const char *name, int64_t pusd)
{
	char usd[DECIMAL_TEXT_ROOM];

	decimal_pusd_text(pusd, usd);
	return buf_addf(b, "%s%s", name, usd);
}

static bool add_instant(struct buf *b, const char *name, struct wall w)
{
	char text[CLK_TEXT_ROOM];

	if (!is_instant(w))
		return buf_addf(b, "%snull", name);
	clk_text(w, text);
	return add_text(b, name, text);
}

static bool add_money(struct buf *b, const struct quota_details *q)
{
	return add_usd(b, ",\"limit_usd\":", q->limit) &&
	       add_usd(b, ",\"current_spend_usd\":", q->current) &&
	       add_usd(b, ",\"estimated_cost_usd\":", q->estimated) &&
	       add_usd(b, ",\"remaining_usd\":", remaining(q));
}

static bool add_counts(struct buf *b, const struct quota_details *q)
{
	return add_text(b, ",\"unit\":", unit_name(q->unit)) &&
	       buf_addf(b,
			",\"limit\":%" PRId64 ",\"current\":%" PRId64 ",\"estimated\":%" PRId64
			",\"remaining\":%" PRId64,
			q->limit, q->current, q->estimated, remaining(q));
}

static uint64_t round_up(uint64_t us, uint64_t unit_us)
{
	return us / unit_us + (us % unit_us != 0);
}

/* Nothing when there is no quota. */
static bool add_quota(struct buf *b, const struct quota_details *q)
{
	char percent[DECIMAL_TEXT_ROOM];

	if (!q)
		return true;
	decimal_text(utilization(q), 2, percent);
	return add_text(b, ",\"quota_details\":{\"scope\":", q->scope) &&
	       add_text(b, ",\"scope_id\":", q->scope_id) &&
	       add_text(b, ",\"resource_type\":", q->resource_type) &&
	       (q->unit == UNIT_usd ? add_money(b, q) : add_counts(b, q)) &&
	       add_text(b, ",\"period\":", q->period) &&
	       buf_addf(b, ",\"utilization_percent\":%s", percent) &&
	       add_instant(b, ",\"period_starts_at\":", q->period_starts_at) &&
	       add_instant(b, ",\"period_ends_at\":", q->period_ends_at) &&
	       buf_addf(b, ",\"retry_after_s\":%" PRIu64 "}",
			round_up(q->retry_after_us, US_PER_SEC));
}

static bool add_message(struct buf *b, const struct wording *w)
{
	return add_text(b, "\"message\":", w->text);
}

/* What stands behind the message where a family has no form of its own for it. */
static bool add_rest(struct buf *b, const struct wording *w)
{
	return add_text(b, ",\"type\":", w->type) && add_text(b, ",\"code\":", w->reason->code) &&
	       add_quota(b, w->quota);
}

/* --- the styles: one object each, on one line --- */

static bool add_openai_error(struct buf *b, const struct wording *w)
{
	return buf_add(b, SPAN("\"error\":{")) && add_message(b, w) &&
	       add_text(b, ",\"type\":", w->type) && buf_add(b, SPAN(",\"param\":null")) &&
	       add_text(b, ",\"code\":", w->reason->code) && add_quota(b, w->quota) &&
	       buf_add(b, SPAN("}"));
}

static bool word_openai(struct buf *b, const struct wording *w)
{
	return buf_add(b, SPAN("{")) && add_openai_error(b, w) && buf_add(b, SPAN("}"));
}

/* The message stands outside as well: the Node client prints the whole body unless it
 * finds one there. */
static bool word_anthropic(struct buf *b, const struct wording *w)
{
	return add_text(b, "{\"type\":\"error\",\"error\":{\"type\":", w->words->anthropic) &&
	       buf_add(b, SPAN(",")) && add_message(b, w) &&
	       add_text(b, ",\"code\":", w->reason->code) && add_quota(b, w->quota) &&
	       add_text(b, "},\"request_id\":", w->request_id) && buf_add(b, SPAN(",")) &&
	       add_message(b, w) && buf_add(b, SPAN("}"));
}

/* Google's clients read `code` as the HTTP status, so our own code is the reason. */
static bool add_gemini_error(struct buf *b, const struct wording *w)
{
	return buf_addf(b, "\"error\":{\"code\":%d,", w->reason->status) && add_message(b, w) &&
	       add_text(b, ",\"status\":", w->words->gemini) &&
	       add_text(b, ",\"type\":", w->type) &&
	       add_text(b,
			",\"details\":[{\"@type\":\"type.googleapis.com/google.rpc.ErrorInfo\","
			"\"domain\":\"weir\",\"reason\":",
			w->reason->code) &&
	       buf_add(b, SPAN("}]")) && add_quota(b, w->quota) && buf_add(b, SPAN("}"));
}

static bool word_gemini(struct buf *b, const struct wording *w)
{
	return buf_add(b, SPAN("{")) && add_gemini_error(b, w) && buf_add(b, SPAN("}"));
}

static bool word_bedrock(struct buf *b, const struct wording *w)
{
	return buf_add(b, SPAN("{")) && add_message(b, w) && add_rest(b, w) &&
	       buf_add(b, SPAN("}"));
}

static bool word_cohere(struct buf *b, const struct wording *w)
{
	return add_text(b, "{\"id\":", w->request_id) && buf_add(b, SPAN(",")) &&
	       add_message(b, w) && add_rest(b, w) && buf_add(b, SPAN("}"));
}

static bool word_ollama(struct buf *b, const struct wording *w)
{
	return add_text(b, "{\"error\":", w->text) && add_rest(b, w) && buf_add(b, SPAN("}"));
}

struct style {
	bool (*word)(struct buf *b, const struct wording *w);
	const char *id_header; /* where the family's clients look for the request id */
};

static const struct style styles[STYLE_COUNT] = {
	[STYLE_openai] = { word_openai, "x-request-id" },
	[STYLE_anthropic] = { word_anthropic, "request-id" },
	[STYLE_gemini] = { word_gemini, "x-request-id" },
	[STYLE_bedrock] = { word_bedrock, "x-amzn-requestid" },
	[STYLE_cohere] = { word_cohere, "x-request-id" },
	[STYLE_ollama] = { word_ollama, "x-request-id" },
};

/* --- whole answers --- */

/* A used-up budget carries no Retry-After: some clients sleep for as long as it says. */
static bool add_reset(struct buf *b, const struct quota_details *q)
{
	char at[CLK_TEXT_ROOM];

	if (!buf_add(b, SPAN("x-should-retry: false\r\n")))
		return false;
	if (!q || !is_instant(q->period_ends_at))
		return true;
	clk_text(q->period_ends_at, at);
	return buf_addf(b, "x-weir-reset-at: %s\r\n", at);
}

/* A rate says when: never more than a minute ahead. */
static bool add_retry(struct buf *b, const struct quota_details *q)
{
	uint64_t wait_us = q ? q->retry_after_us : US_PER_SEC;

	return buf_addf(b, "retry-after: %" PRIu64 "\r\nretry-after-ms: %" PRIu64 "\r\n",
			round_up(wait_us, US_PER_SEC), round_up(wait_us, US_PER_MS));
}

static bool add_headers(struct buf *b, enum refusal r, enum error_style style,
			const struct wording *w)
{
	if (w->request_id[0] != '\0' &&
	    !buf_addf(b, "%s: %s\r\n", styles[style].id_header, w->request_id))
		return false;
	if (style == STYLE_bedrock && !buf_addf(b, "x-amzn-errortype: %s\r\n", w->words->bedrock))
		return false;
	switch (r) {
	case REFUSE_quota: return add_reset(b, w->quota);
	case REFUSE_rate_limit: return add_retry(b, w->quota);
	case REFUSE_not_implemented:
	case REFUSE_upstream_tls: return buf_add(b, SPAN("x-should-retry: false\r\n"));
	case REFUSE_quota_unavailable:
	case REFUSE_overloaded: return buf_add(b, SPAN("retry-after: 1\r\n"));
	default: break;
	}
	if (w->reason->status == 401)
		return buf_add(b, SPAN("www-authenticate: Bearer realm=\"weir\"\r\n"));
	return true;
}

static bool add_events(struct buf *b, enum error_style style, const struct wording *w)
{
	return buf_add(b, SPAN("event: error\ndata: ")) && styles[style].word(b, w) &&
	       add_text(b, "\n\nevent: done\ndata: {\"status\":", w->reason->code) &&
	       buf_add(b, SPAN("}\n\n"));
}

bool refusal_word(enum refusal r, enum error_style style, const char *text,
		  const struct quota_details *q, const char *request_id, bool as_sse,
		  struct refusal_answer *out)
{
	struct wording w;
	bool ok;

	wording_init(&w, r, text, q, request_id);
	out->status = w.reason->status;
	out->as_sse = as_sse;
	buf_init(&out->body, BODY_MAX);
	buf_init(&out->headers, HEADERS_MAX);
	ok = as_sse ? add_events(&out->body, style, &w) : styles[style].word(&out->body, &w);
	ok = ok && add_headers(&out->headers, r, style, &w);
	if (!ok) {
		buf_release(&out->body);
		buf_release(&out->headers);
	}
	return ok;
}

/* --- inside a stream --- */

/* One SSE event whose data is the style's object. */
static bool add_event(struct buf *b, const char *head, enum error_style style,
		      const struct wording *w, const char *blank)
{
	return buf_add(b, span_of(head)) && styles[style].word(b, w) && buf_add(b, span_of(blank));
}

/* The clients raise on the nested error; response.failed is for those that wait for an
 * end. The provider's sequence numbers are not counted here, so both say 0. */
static bool add_responses_end(struct buf *b, const struct wording *w)
{
	return buf_add(b, SPAN("event: error\n"
			       "data: {\"type\":\"error\",\"sequence_number\":0,")) &&
	       add_openai_error(b, w) &&
	       add_text(b,
			"}\n\nevent: response.failed\ndata: {\"type\":\"response.failed\","
			"\"sequence_number\":0,\"response\":{\"id\":",
			w->request_id) &&
	       add_text(b,
			",\"object\":\"response\",\"status\":\"failed\",\"output\":[],"
			"\"usage\":null,\"error\":{\"code\":",
			w->reason->code) &&
	       buf_add(b, SPAN(",")) && add_message(b, w) && buf_add(b, SPAN("}}}\n\n"));
}

static bool add_interactions_end(struct buf *b, const struct wording *w)
{
	return buf_add(b, SPAN("event: error\r\ndata: {")) && add_gemini_error(b, w) &&
	       buf_add(b, SPAN(",\"event_type\":\"error\"}\r\n\r\n"));
}

static bool add_cohere_end(struct buf *b, const struct wording *w)
{
	return add_text(b,
			"event: message-end\ndata: {\"type\":\"message-end\",\"delta\":{"
			"\"finish_reason\":\"ERROR\",\"error\":",
			w->text) &&
	       add_quota(b, w->quota) && buf_add(b, SPAN("}}\n\n"));
}

/* --- AWS event streams: lengths and checksums around headers and a payload --- */

static void put_u32(char *to, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		to[i] = (char)(value >> (24 - 8 * i));
}

static bool add_u32(struct buf *b, uint32_t value)
{
	char bytes[4];

	put_u32(bytes, value);
	return buf_add(b, (struct span){ bytes, sizeof(bytes) });
}

/* A header of type 7, a string. */
static bool add_frame_header(struct buf *b, struct span name, struct span value)
{
	const char name_len = (char)name.len;
	const char type_and_len[3] = { 7, (char)(value.len >> 8), (char)value.len };

	return buf_add(b, (struct span){ &name_len, 1 }) && buf_add(b, name) &&
	       buf_add(b, (struct span){ type_and_len, 3 }) && buf_add(b, value);
}

static struct span exception_for(const struct wording *w)
{
	switch (w->reason->status) {
	case 429: return SPAN("throttlingException");
	case 503: return SPAN("serviceUnavailableException");
	case 408:
	case 504: return SPAN("modelTimeoutException");
	default: break;
	}
	return w->reason->status < 500 ? SPAN("validationException")
				       : SPAN("internalServerException");
}

static bool add_exception_frame(struct buf *b, const struct wording *w)
{
	size_t start = b->len, headers;

	/* Room for the prelude; it is filled in when the lengths are known. */
	if (!buf_add(b, SPAN("\0\0\0\0\0\0\0\0\0\0\0\0")) ||
	    !add_frame_header(b, SPAN(":exception-type"), exception_for(w)) ||
	    !add_frame_header(b, SPAN(":content-type"), SPAN("application/json")) ||
	    !add_frame_header(b, SPAN(":message-type"), SPAN("exception")))
		return false;
	headers = b->len - start - 12;
	if (!word_bedrock(b, w))
		return false;
	put_u32(b->at + start, (uint32_t)(b->len - start + 4));
	put_u32(b->at + start + 4, (uint32_t)headers);
	put_u32(b->at + start + 8, crc32_ieee(0, (struct span){ b->at + start, 8 }));
	return add_u32(b, crc32_ieee(0, span_skip(buf_span(b), start)));
}

static bool add_end(struct buf *b, enum shape_id shape, const struct wording *w)
{
	switch (shape) {
	case SHAPE_anthropic:
		return add_event(b, "event: error\ndata: ", STYLE_anthropic, w, "\n\n");
	case SHAPE_openai_responses: return add_responses_end(b, w);
	case SHAPE_gemini: return add_event(b, "data: ", STYLE_gemini, w, "\r\n\r\n");
	case SHAPE_gemini_interactions: return add_interactions_end(b, w);
	case SHAPE_bedrock_converse:
	case SHAPE_bedrock_invoke: return add_exception_frame(b, w);
	case SHAPE_cohere: return add_cohere_end(b, w);
	case SHAPE_ollama: return add_event(b, "", STYLE_ollama, w, "\n");
	default: return add_event(b, "data: ", STYLE_openai, w, "\n\n");
	}
}

bool refusal_stream_event(enum refusal r, enum shape_id shape, const char *text,
			  const struct quota_details *q, const char *request_id, struct buf *to)
{
	struct wording w;
	size_t before = to->len;

	wording_init(&w, r, text, q, request_id);
	if (add_end(to, shape, &w))
		return true;
	to->len = before;
	return false;
}
