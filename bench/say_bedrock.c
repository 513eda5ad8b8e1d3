/* say_bedrock.c - AWS: converse and invoke, streamed in event-stream frames.
 *
 *   u32 whole length | u32 headers' length | u32 CRC of the 8 bytes before
 *   headers: u8 name length, name, u8 7 (string), u16 value length, value
 *   payload | u32 CRC of all before            (big-endian, CRC-32 as in zlib)
 */
#include <zlib.h>
#include "bench/dialect.h"

static void put_u32(struct buf *to, uint32_t n)
{
	char bytes[4] = { (char)(n >> 24), (char)(n >> 16), (char)(n >> 8), (char)n };

	say_span(to, (struct span){ bytes, 4 });
}

static void put_header(struct buf *to, struct span name, struct span value)
{
	char sizes[3] = { 7, (char)(value.len >> 8), (char)value.len };
	char name_len = (char)name.len;

	say_span(to, (struct span){ &name_len, 1 });
	say_span(to, name);
	say_span(to, (struct span){ sizes, 3 });
	say_span(to, value);
}

static uint32_t crc_since(const struct buf *b, size_t from)
{
	return (uint32_t)crc32(0, (const Bytef *)b->at + from, (uInt)(b->len - from));
}

static void put_frame(const struct ask *a, struct buf *to, bool exception, struct span type,
		      struct span payload)
{
	struct span kind = exception ? SPAN(":exception-type") : SPAN(":event-type");
	struct span message = exception ? SPAN("exception") : SPAN("event");
	struct span json = SPAN("application/json");
	size_t headers = 3 * 4 + kind.len + type.len + strlen(":content-type") + json.len +
			 strlen(":message-type") + message.len;
	size_t from = to->len;

	put_u32(to, (uint32_t)(16 + headers + payload.len));
	put_u32(to, (uint32_t)headers);
	put_u32(to, crc_since(to, from));
	put_header(to, kind, type);
	put_header(to, SPAN(":content-type"), json);
	put_header(to, SPAN(":message-type"), message);
	say_span(to, payload);
	put_u32(to, crc_since(to, from) ^ (a->script.kind == FAULT_bad_crc ? 1 : 0));
}

static const char *stop_reason(const struct ask *a)
{
	return a->capped ? "max_tokens" : "end_turn";
}

/* Caches come on top of inputTokens, but are inside totalTokens. */
static void converse_usage(const struct ask *a, struct buf *to)
{
	uint64_t cached = script_or(a->script.cached, 0);
	uint64_t write = script_or(a->script.cache_write, 0);
	uint64_t fresh = a->input_tok > cached + write ? a->input_tok - cached - write : 0;

	say(to,
	    ",\"usage\":{\"inputTokens\":%llu,\"outputTokens\":%llu,\"totalTokens\":%llu,"
	    "\"cacheReadInputTokenCount\":%llu,\"cacheReadInputTokens\":%llu,"
	    "\"cacheWriteInputTokenCount\":%llu,\"cacheWriteInputTokens\":%llu}",
	    llu(fresh), llu(a->output_tok), llu(fresh + cached + write + a->output_tok),
	    llu(cached), llu(cached), llu(write), llu(write));
}

static struct span converse_payload(const struct ask *a, enum part part, uint64_t k, struct buf *p)
{
	static const char pad[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
	int pad_len = (int)(k * 17 % (sizeof(pad) - 1)) + 1;

	if (part == PART_OPENING) {
		say(p, "{\"p\":\"%.*s\",\"role\":\"assistant\"}", pad_len, pad);
		return SPAN("messageStart");
	}
	if (part == PART_TEXT) {
		say(p, "{\"contentBlockIndex\":0,\"delta\":{\"text\":\"%.*s\"},\"p\":\"%.*s\"}",
		    SPAN_ARG(say_word(k)), pad_len, pad);
		return SPAN("contentBlockDelta");
	}
	if (k == 0) {
		say(p, "{\"contentBlockIndex\":0,\"p\":\"%.*s\"}", pad_len, pad);
		return SPAN("contentBlockStop");
	}
	if (k == 1) {
		say(p, "{\"p\":\"%.*s\",\"stopReason\":\"%s\"}", pad_len, pad, stop_reason(a));
		return SPAN("messageStop");
	}
	say(p, "{\"metrics\":{\"latencyMs\":432},\"p\":\"%.*s\"", pad_len, pad);
	if (!a->script.no_usage)
		converse_usage(a, p);
	say_span(p, SPAN("}"));
	return SPAN("metadata");
}

static void converse_event(const struct ask *a, enum part part, uint64_t k, struct buf *to)
{
	struct buf payload;
	struct span type;

	buf_init(&payload, 4096);
	type = converse_payload(a, part, k, &payload);
	put_frame(a, to, false, type, buf_span(&payload));
	buf_release(&payload);
}

static void converse_plain(const struct ask *a, struct buf *to)
{
	say_span(to, SPAN("{\"metrics\":{\"latencyMs\":432},\"output\":{\"message\":{\"content\":[{"
			  "\"text\":\""));
	say_words(a, to);
	say(to, "\"}],\"role\":\"assistant\"}},\"stopReason\":\"%s\"", stop_reason(a));
	if (!a->script.no_usage)
		converse_usage(a, to);
	say_span(to, SPAN("}"));
}

static void refuse(const struct ask *a, struct buf *to)
{
	say(to, "{\"message\":\"%s\"}", say_error(a)->message);
}

static void fail(const struct ask *a, struct buf *to)
{
	put_frame(a, to, true, SPAN("serviceUnavailableException"),
		  SPAN("{\"message\":\"The server is overloaded.\"}"));
}

const struct dialect dialect_converse = {
	.name = "bedrock-converse",
	.id_prefix = "br-",
	.id_header = "x-amzn-RequestId",
	.stream_type = "application/vnd.amazon.eventstream",
	.can_stream = true,
	.opening = 1,
	.closing = 3,
	.usage_in = 2,
	.reports = true,
	.event = converse_event,
	.plain = converse_plain,
	.refuse = refuse,
	.fail = fail,
};

/* Invoke carries the model's own stream, here Anthropic's, base64 inside each frame. */

static void put_base64(struct buf *to, struct span s)
{
	static const char digit[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	for (size_t i = 0; i < s.len; i += 3) {
		unsigned left = s.len - i < 3 ? (unsigned)(s.len - i) : 3;
		unsigned n = (unsigned)(unsigned char)s.at[i] << 16;
		char four[4];

		n |= left > 1 ? (unsigned)(unsigned char)s.at[i + 1] << 8 : 0;
		n |= left > 2 ? (unsigned)(unsigned char)s.at[i + 2] : 0;
		for (unsigned d = 0; d < 4; d++)
			four[d] = d <= left ? digit[n >> (18 - 6 * d) & 63] : '=';
		say_span(to, (struct span){ four, 4 });
	}
}

static void invoke_metrics(const struct ask *a, struct buf *inner)
{
	inner->len--; /* into the object that message_stop is */
	say(inner,
	    ",\"amazon-bedrock-invocationMetrics\":{\"inputTokenCount\":%llu,"
	    "\"outputTokenCount\":%llu,\"invocationLatency\":1432,\"firstByteLatency\":391}}",
	    llu(a->input_tok), llu(a->output_tok));
}

static void invoke_event(const struct ask *a, enum part part, uint64_t k, struct buf *to)
{
	struct buf inner, payload;
	const char *data;

	buf_init(&inner, 8192);
	buf_init(&payload, 16384);
	dialect_anthropic.event(a, part, k, &inner);
	data = memmem(inner.at, inner.len, "data: ", 6);
	MUST(data && inner.len > 8);
	inner.len -= 2; /* the event's line ends */
	if (part == PART_CLOSING && k == 2 && !a->script.no_usage)
		invoke_metrics(a, &inner);
	say_span(&payload, SPAN("{\"bytes\":\""));
	data = memmem(inner.at, inner.len, "data: ", 6);
	put_base64(&payload, span_skip(buf_span(&inner), (size_t)(data - inner.at) + 6));
	say_span(&payload, SPAN("\"}"));
	put_frame(a, to, false, SPAN("chunk"), buf_span(&payload));
	buf_release(&payload);
	buf_release(&inner);
}

static void invoke_plain(const struct ask *a, struct buf *to)
{
	dialect_anthropic.plain(a, to);
}

const struct dialect dialect_invoke = {
	.name = "bedrock-invoke",
	.id_prefix = "br-",
	.id_header = "x-amzn-RequestId",
	.stream_type = "application/vnd.amazon.eventstream",
	.can_stream = true,
	.opening = 3,
	.closing = 3,
	.usage_in = 1,
	.reports = true,
	.event = invoke_event,
	.plain = invoke_plain,
	.refuse = refuse,
	.fail = fail,
};
