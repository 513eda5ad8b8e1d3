/* test_refusal.c - every refusal in every style is one well-formed object; the contract's
 * own are compared byte for byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "base/json.h"
#include "metering/period.h"
#include "metering/refusal.h"

static const struct quota_details quota = {
	.scope = "tenant",
	.scope_id = "ac\"me",
	.resource_type = "llm",
	.period = "month",
	.limit = INT64_C(25000000000000),
	.current = INT64_C(24999999999999),
	.estimated = INT64_C(1234567890),
	.period_starts_at = { UINT64_C(1793491200000000) },
	.period_ends_at = { UINT64_C(1796083200000000) },
	.retry_after_us = UINT64_C(777599999999),
};

#define DETAILS                                                                                    \
	"\"quota_details\":{\"scope\":\"tenant\",\"scope_id\":\"ac\\\"me\","                       \
	"\"resource_type\":\"llm\",\"limit_usd\":25,\"current_spend_usd\":24.999999999999,"        \
	"\"estimated_cost_usd\":0.00123456789,\"remaining_usd\":0.000000000001,"                   \
	"\"period\":\"month\",\"utilization_percent\":99.99,"                                      \
	"\"period_starts_at\":\"2026-11-01T00:00:00.000Z\","                                       \
	"\"period_ends_at\":\"2026-12-01T00:00:00.000Z\",\"retry_after_s\":777600}"

#define RESET "x-weir-reset-at: 2026-12-01T00:00:00.000Z\r\n"

static struct refusal_answer answer;

static void word(enum refusal r, enum error_style style, const char *text,
		 const struct quota_details *q, bool as_sse)
{
	assert_true(refusal_word(r, style, text, q, "id-7", as_sse, &answer));
	assert_int_equal(answer.status, refusal_status(r));
	assert_true(answer.as_sse == as_sse);
}

static void drop(void)
{
	buf_release(&answer.body);
	buf_release(&answer.headers);
}

static void expect(const struct buf *b, const char *text)
{
	if (!span_eq(buf_span(b), span_of(text)))
		fail_msg("\n%.*s\nis not\n%s", SPAN_ARG(buf_span(b)), text);
}

static void test_openai_quota(void **state)
{
	(void)state;
	word(REFUSE_quota, STYLE_openai, "No more.", &quota, false);
	expect(&answer.body, "{\"error\":{\"message\":\"No more.\",\"type\":\"insufficient_quota\","
			     "\"param\":null,\"code\":\"quota_exceeded\"," DETAILS "}}");
	expect(&answer.headers, "x-request-id: id-7\r\nx-should-retry: false\r\n" RESET);
	assert_int_equal(answer.status, 429);
	drop();
}

static void test_quota_as_events(void **state)
{
	(void)state;
	word(REFUSE_quota, STYLE_openai, "No more.", &quota, true);
	expect(&answer.body,
	       "event: error\n"
	       "data: {\"error\":{\"message\":\"No more.\",\"type\":\"insufficient_quota\","
	       "\"param\":null,\"code\":\"quota_exceeded\"," DETAILS "}}\n\n"
	       "event: done\ndata: {\"status\":\"quota_exceeded\"}\n\n");
	assert_int_equal(answer.status, 429);
	drop();
}

static void test_other_quotas(void **state)
{
	(void)state;
	word(REFUSE_quota, STYLE_anthropic, "No more.", &quota, false);
	expect(&answer.body,
	       "{\"type\":\"error\",\"error\":{\"type\":\"insufficient_quota\",\"message\":"
	       "\"No more.\",\"code\":\"quota_exceeded\"," DETAILS "},\"request_id\":\"id-7\","
	       "\"message\":\"No more.\"}");
	expect(&answer.headers, "request-id: id-7\r\nx-should-retry: false\r\n" RESET);
	drop();
	word(REFUSE_quota, STYLE_gemini, "No more.", &quota, false);
	expect(&answer.body,
	       "{\"error\":{\"code\":429,\"message\":\"No more.\",\"status\":"
	       "\"RESOURCE_EXHAUSTED\",\"type\":\"insufficient_quota\",\"details\":[{\"@type\":"
	       "\"type.googleapis.com/google.rpc.ErrorInfo\",\"domain\":\"weir\",\"reason\":"
	       "\"quota_exceeded\"}]," DETAILS "}}");
	drop();
	word(REFUSE_quota, STYLE_bedrock, "No more.", &quota, false);
	expect(&answer.body, "{\"message\":\"No more.\",\"type\":\"insufficient_quota\","
			     "\"code\":\"quota_exceeded\"," DETAILS "}");
	expect(&answer.headers, "x-amzn-requestid: id-7\r\n"
				"x-amzn-errortype: ServiceQuotaExceededException\r\n"
				"x-should-retry: false\r\n" RESET);
	drop();
	word(REFUSE_quota, STYLE_cohere, "No more.", &quota, false);
	expect(&answer.body, "{\"id\":\"id-7\",\"message\":\"No more.\",\"type\":"
			     "\"insufficient_quota\",\"code\":\"quota_exceeded\"," DETAILS "}");
	drop();
	word(REFUSE_quota, STYLE_ollama, "No more.", &quota, false);
	expect(&answer.body, "{\"error\":\"No more.\",\"type\":\"insufficient_quota\","
			     "\"code\":\"quota_exceeded\"," DETAILS "}");
	drop();
}

static bool holds(const struct buf *b, const char *text)
{
	return memmem(b->at, b->len, text, strlen(text)) != NULL;
}

/* Without a sentence from the caller the figures are told in words. */
static void test_sentence(void **state)
{
	struct quota_details q = quota;

	(void)state;
	word(REFUSE_quota, STYLE_openai, NULL, &q, false);
	assert_true(holds(&answer.body,
			  "Budget exhausted for tenant 'ac\\\"me' (llm, month): 24.999999999999 of "
			  "25 USD are spent or held, and this request may cost up to 0.00123456789 "
			  "USD (resets 2026-12-01T00:00:00.000Z)."));
	drop();
	q.scope = q.scope_id = "platform";
	q.period_starts_at.us = 0;
	q.period_ends_at.us = PERIOD_NEVER;
	q.limit = 0;
	word(REFUSE_quota, STYLE_openai, NULL, &q, false);
	assert_true(holds(&answer.body, "Budget exhausted for the platform (llm, month)"));
	assert_true(holds(&answer.body, "0.00123456789 USD.\""));
	assert_true(holds(&answer.body, "\"period_starts_at\":null,\"period_ends_at\":null"));
	assert_true(holds(&answer.body, "\"remaining_usd\":0,"));
	assert_true(holds(&answer.body, "\"utilization_percent\":100,"));
	drop();
}

static const struct quota_details minute = {
	.scope = "key",
	.scope_id = "k1",
	.resource_type = "all",
	.period = "minute",
	.unit = UNIT_requests,
	.limit = 60,
	.current = 60,
	.estimated = 1,
	.period_starts_at = { UINT64_C(1793491200000000) },
	.period_ends_at = { UINT64_C(1793491260000000) },
	.retry_after_us = 1499001,
	.passes = true,
};

/* What lifts by itself says when, in every family's words, and that clients shall come back. */
static void test_rate(void **state)
{
	struct quota_details q = minute;

	(void)state;
	word(REFUSE_rate_limit, STYLE_openai, NULL, &q, false);
	expect(
	    &answer.body,
	    "{\"error\":{\"message\":\"Request limit reached for key 'k1' (all, minute): 60 of 60 "
	    "requests are spent or under way, and this request would be 1 more (resets "
	    "2026-11-01T00:01:00.000Z).\",\"type\":\"requests\",\"param\":null,\"code\":"
	    "\"rate_limit_exceeded\",\"quota_details\":{\"scope\":\"key\",\"scope_id\":\"k1\","
	    "\"resource_type\":\"all\",\"unit\":\"requests\",\"limit\":60,\"current\":60,"
	    "\"estimated\":1,\"remaining\":0,\"period\":\"minute\",\"utilization_percent\":100,"
	    "\"period_starts_at\":\"2026-11-01T00:00:00.000Z\",\"period_ends_at\":"
	    "\"2026-11-01T00:01:00.000Z\",\"retry_after_s\":2}}}");
	expect(&answer.headers, "x-request-id: id-7\r\nretry-after: 2\r\nretry-after-ms: 1500\r\n");
	drop();
	q.unit = UNIT_tokens;
	word(REFUSE_rate_limit, STYLE_openai, NULL, &q, false);
	assert_true(holds(&answer.body, "\"type\":\"tokens\""));
	assert_true(holds(&answer.body, "this request may take up to 1 tokens"));
	drop();
	q.unit = UNIT_concurrent;
	q.period_ends_at.us = PERIOD_NEVER;
	word(REFUSE_rate_limit, STYLE_anthropic, NULL, &q, false);
	assert_true(holds(&answer.body, "\"type\":\"rate_limit_error\""));
	assert_true(
	    holds(&answer.body, "60 of 60 are under way, and this request would be 1 more."));
	drop();
	word(REFUSE_rate_limit, STYLE_bedrock, NULL, &q, false);
	assert_true(holds(&answer.headers, "x-amzn-errortype: ThrottlingException"));
	drop();
	word(REFUSE_rate_limit, STYLE_gemini, NULL, NULL, false);
	assert_true(holds(&answer.body, "RESOURCE_EXHAUSTED"));
	assert_true(holds(&answer.headers, "retry-after: 1\r\nretry-after-ms: 1000\r\n"));
	drop();
}

static void test_headers(void **state)
{
	(void)state;
	word(REFUSE_overloaded, STYLE_openai, NULL, NULL, false);
	expect(&answer.headers, "x-request-id: id-7\r\nretry-after: 1\r\n");
	assert_int_equal(answer.status, 503);
	drop();
	word(REFUSE_bad_key, STYLE_anthropic, NULL, NULL, false);
	expect(&answer.headers, "request-id: id-7\r\nwww-authenticate: Bearer realm=\"weir\"\r\n");
	assert_true(holds(&answer.body, "\"type\":\"authentication_error\""));
	drop();
	assert_true(refusal_word(REFUSE_bad_body, STYLE_openai, NULL, NULL, NULL, false, &answer));
	assert_int_equal(answer.headers.len, 0);
	drop();
}

static void ignore(void *arg, const struct json_event *e)
{
	(void)arg;
	(void)e;
}

static void expect_json(const struct json_paths *paths, struct span s)
{
	struct json j;

	json_init(&j, paths, 0, ignore, NULL);
	if (!json_feed(&j, s) || !json_end(&j))
		fail_msg("%s: %.*s", json_error(&j), SPAN_ARG(s));
}

static void test_all_are_json(void **state)
{
	struct json_paths *paths = json_paths_new(NULL, 0);

	(void)state;
	for (unsigned r = 0; r < REFUSE_COUNT; r++) {
		for (unsigned style = 0; style < STYLE_COUNT; style++) {
			word((enum refusal)r, (enum error_style)style, "a\"\n\x01\xff", &quota,
			     false);
			expect_json(paths, buf_span(&answer.body));
			assert_null(memchr(answer.body.at, '\n', answer.body.len));
			assert_true(holds(&answer.body, "quota_details") ==
				    (r == REFUSE_quota || r == REFUSE_rate_limit));
			drop();
		}
		assert_true(refusal_name((enum refusal)r)[0] != '\0');
	}
	json_paths_free(paths);
}

static void test_long_text(void **state)
{
	static char text[100000];

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	assert_false(refusal_word(REFUSE_bad_body, STYLE_openai, text, NULL, NULL, false, &answer));
	assert_null(answer.body.at);
	assert_null(answer.headers.at);
}

static void expect_end(enum shape_id shape, enum refusal r, const char *text)
{
	struct buf b;

	buf_init(&b, 10000);
	assert_true(refusal_stream_event(r, shape, "Stop.", NULL, "id-7", &b));
	expect(&b, text);
	buf_release(&b);
}

#define OPENAI_END                                                                                 \
	"\"error\":{\"message\":\"Stop.\",\"type\":\"insufficient_quota\",\"param\":null,"         \
	"\"code\":\"quota_exceeded\"}"

static void test_stream_ends(void **state)
{
	(void)state;
	expect_end(SHAPE_openai_chat, REFUSE_quota, "data: {" OPENAI_END "}\n\n");
	expect_end(SHAPE_openai_responses, REFUSE_quota,
		   "event: error\ndata: {\"type\":\"error\",\"sequence_number\":0," OPENAI_END
		   "}\n\nevent: response.failed\ndata: {\"type\":\"response.failed\","
		   "\"sequence_number\":0,\"response\":{\"id\":\"id-7\",\"object\":\"response\","
		   "\"status\":\"failed\",\"output\":[],\"usage\":null,\"error\":{\"code\":"
		   "\"quota_exceeded\",\"message\":\"Stop.\"}}}\n\n");
	expect_end(SHAPE_anthropic, REFUSE_upstream_failed,
		   "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"api_error\","
		   "\"message\":\"Stop.\",\"code\":\"upstream_failed\"},\"request_id\":\"id-7\","
		   "\"message\":\"Stop.\"}\n\n");
	expect_end(SHAPE_gemini, REFUSE_upstream_slow,
		   "data: {\"error\":{\"code\":504,\"message\":\"Stop.\",\"status\":"
		   "\"DEADLINE_EXCEEDED\",\"type\":\"server_error\",\"details\":[{\"@type\":"
		   "\"type.googleapis.com/google.rpc.ErrorInfo\",\"domain\":\"weir\",\"reason\":"
		   "\"upstream_slow\"}]}}\r\n\r\n");
	expect_end(
	    SHAPE_ollama, REFUSE_upstream_failed,
	    "{\"error\":\"Stop.\",\"type\":\"server_error\",\"code\":\"upstream_failed\"}\n");
	expect_end(SHAPE_cohere, REFUSE_upstream_failed,
		   "event: message-end\ndata: {\"type\":\"message-end\",\"delta\":"
		   "{\"finish_reason\":\"ERROR\",\"error\":\"Stop.\"}}\n\n");
}

/* Made by another program from the description of the format, checksums included. */
static void test_aws_frame(void **state)
{
	static const unsigned char frame[] = {
		0x00, 0x00, 0x00, 0xb8, 0x00, 0x00, 0x00, 0x61, 0x7f, 0x20, 0xcd, 0x72, 0x0f, 0x3a,
		0x65, 0x78, 0x63, 0x65, 0x70, 0x74, 0x69, 0x6f, 0x6e, 0x2d, 0x74, 0x79, 0x70, 0x65,
		0x07, 0x00, 0x13, 0x74, 0x68, 0x72, 0x6f, 0x74, 0x74, 0x6c, 0x69, 0x6e, 0x67, 0x45,
		0x78, 0x63, 0x65, 0x70, 0x74, 0x69, 0x6f, 0x6e, 0x0d, 0x3a, 0x63, 0x6f, 0x6e, 0x74,
		0x65, 0x6e, 0x74, 0x2d, 0x74, 0x79, 0x70, 0x65, 0x07, 0x00, 0x10, 0x61, 0x70, 0x70,
		0x6c, 0x69, 0x63, 0x61, 0x74, 0x69, 0x6f, 0x6e, 0x2f, 0x6a, 0x73, 0x6f, 0x6e, 0x0d,
		0x3a, 0x6d, 0x65, 0x73, 0x73, 0x61, 0x67, 0x65, 0x2d, 0x74, 0x79, 0x70, 0x65, 0x07,
		0x00, 0x09, 0x65, 0x78, 0x63, 0x65, 0x70, 0x74, 0x69, 0x6f, 0x6e, 0x7b, 0x22, 0x6d,
		0x65, 0x73, 0x73, 0x61, 0x67, 0x65, 0x22, 0x3a, 0x22, 0x53, 0x74, 0x6f, 0x70, 0x2e,
		0x22, 0x2c, 0x22, 0x74, 0x79, 0x70, 0x65, 0x22, 0x3a, 0x22, 0x69, 0x6e, 0x73, 0x75,
		0x66, 0x66, 0x69, 0x63, 0x69, 0x65, 0x6e, 0x74, 0x5f, 0x71, 0x75, 0x6f, 0x74, 0x61,
		0x22, 0x2c, 0x22, 0x63, 0x6f, 0x64, 0x65, 0x22, 0x3a, 0x22, 0x71, 0x75, 0x6f, 0x74,
		0x61, 0x5f, 0x65, 0x78, 0x63, 0x65, 0x65, 0x64, 0x65, 0x64, 0x22, 0x7d, 0x1e, 0xfb,
		0xda, 0x5d,
	};
	struct buf b;

	(void)state;
	buf_init(&b, 10000);
	assert_true(buf_add(&b, SPAN("before")));
	assert_true(
	    refusal_stream_event(REFUSE_quota, SHAPE_bedrock_converse, "Stop.", NULL, NULL, &b));
	assert_int_equal(b.len, 6 + sizeof(frame));
	assert_memory_equal(b.at + 6, frame, sizeof(frame));
	buf_release(&b);
}

static void test_no_room(void **state)
{
	struct buf b;

	(void)state;
	for (unsigned shape = 0; shape < SHAPE_free; shape++) {
		buf_init(&b, 40);
		assert_true(buf_add(&b, SPAN("before")));
		assert_false(refusal_stream_event(REFUSE_quota, (enum shape_id)shape, "Stop.", NULL,
						  NULL, &b));
		assert_int_equal(b.len, 6);
		buf_release(&b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_openai_quota), cmocka_unit_test(test_quota_as_events),
		cmocka_unit_test(test_other_quotas), cmocka_unit_test(test_sentence),
		cmocka_unit_test(test_rate),         cmocka_unit_test(test_headers),
		cmocka_unit_test(test_all_are_json), cmocka_unit_test(test_long_text),
		cmocka_unit_test(test_stream_ends),  cmocka_unit_test(test_aws_frame),
		cmocka_unit_test(test_no_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
