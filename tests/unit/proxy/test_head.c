/* test_head.c - what leaves with a head, in both directions, and what must not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>
#include "proxy/head.h"

static struct http1_request request;
static struct http1_response response;
static struct buf out;

#define H "Host: a.example\r\n"

static void parse_request(const char *text)
{
	struct http1_scan scan = { 0 };
	enum http1_fault why;

	assert_int_equal(http1_request(span_of(text), &http1_limits_usual, &scan, &request, &why),
			 ERR_OK);
}

static void parse_response(const char *text)
{
	struct http1_scan scan = { 0 };
	enum http1_fault why;

	assert_int_equal(
	    http1_response(span_of(text), &http1_limits_usual, &scan, METHOD_POST, &response, &why),
	    ERR_OK);
}

static void assert_out(const char *text)
{
	struct span s = buf_span(&out);

	if (!span_eq(s, span_of(text)))
		fail_msg("got:\n%.*s\ninstead of:\n%s", SPAN_ARG(s), text);
}

static void go_up(const char *text, uint64_t body_bytes)
{
	struct head_up up = {
		.request = &request,
		.base = SPAN("/v1"),
		.path = SPAN("/chat/completions"),
		.host = SPAN("api.example"),
		.auth_name = SPAN("authorization"),
		.auth_value = SPAN("Bearer upstream-secret"),
		.body_bytes = body_bytes,
	};

	parse_request(text);
	out.len = 0;
	assert_true(head_request(&out, &up));
}

static void a_request_goes_up_with_our_credential(void **state) /* T25, T50 */
{
	(void)state;
	go_up("POST /v1/chat/completions HTTP/1.1\r\n" H
	      "Authorization: Bearer sk-weir-secret\r\nContent-Type: application/json\r\n"
	      "Accept: text/event-stream\r\nUser-Agent: OpenAI/JS 4\r\nAccept-Encoding: gzip\r\n"
	      "X-Stainless-Lang: js\r\nOpenAI-Beta: x\r\nContent-Length: 5\r\n\r\n",
	      99);
	assert_out("POST /v1/chat/completions HTTP/1.1\r\nhost: api.example\r\n"
		   "Content-Type: application/json\r\nAccept: text/event-stream\r\n"
		   "User-Agent: OpenAI/JS 4\r\nX-Stainless-Lang: js\r\nOpenAI-Beta: x\r\n"
		   "accept-encoding: identity\r\nauthorization: Bearer upstream-secret\r\n"
		   "content-length: 99\r\n\r\n");
}

static void what_is_not_listed_stays(void **state) /* T08, T11, T12, T31 */
{
	(void)state;
	go_up("GET /v1/models HTTP/1.1\r\n" H
	      "X-Api-Key: sk-weir-secret\r\nCookie: a=b\r\nUpgrade: h2c\r\nTE: trailers\r\n"
	      "Connection: keep-alive, upgrade\r\nKeep-Alive: timeout=5\r\nForwarded: for=x\r\n"
	      "X-Forwarded-For: 1.2.3.4\r\nProxy-Authorization: Basic x\r\nExpect: 100-continue\r\n"
	      "X-HTTP-Method-Override: DELETE\r\nX-Request-Id: mine\r\nIdempotency-Key: mine\r\n"
	      "OpenAI-Organization: org\r\nOpenAI-Project: p\r\nX-Goog-User-Project: p\r\n"
	      "X-Stainless: x\r\n\r\n",
	      0);
	assert_out("GET /v1/chat/completions HTTP/1.1\r\nhost: api.example\r\n"
		   "user-agent: weir/" WEIR_VERSION "\r\naccept-encoding: identity\r\n"
		   "authorization: Bearer upstream-secret\r\n\r\n");
}

static void the_connection_field_cannot_remove_what_we_add(void **state) /* T12 */
{
	(void)state;
	go_up("POST /x HTTP/1.1\r\n" H "Accept: a/b\r\n"
	      "Connection: authorization, ACCEPT , host\r\nConnection: content-length\r\n\r\n",
	      0);
	assert_out("POST /v1/chat/completions HTTP/1.1\r\nhost: api.example\r\n"
		   "user-agent: weir/" WEIR_VERSION "\r\naccept-encoding: identity\r\n"
		   "authorization: Bearer upstream-secret\r\ncontent-length: 0\r\n\r\n");
}

static void assert_query(const char *before, const char *after)
{
	out.len = 0;
	assert_true(head_query(&out, span_of(before)));
	assert_out(after);
}

static void a_query_goes_up_without_credentials(void **state) /* T22 */
{
	(void)state;
	assert_query("", "");
	assert_query("alt=sse", "?alt=sse");
	assert_query("key=k", "");
	assert_query("key=k&alt=sse", "?alt=sse");
	assert_query("alt=sse&key=k&a=b", "?alt=sse&a=b");
	assert_query("&&alt=sse&", "?alt=sse");
	assert_query("%6bey=k&K%45y=k&key&x=key=k", "?x=key=k");
	assert_query("access_token=t&api_key=k&api-key=k&%61pikey=k", "");
	assert_query("$httpHeaders=x&%24alt=y&a$=z", "?a$=z");
	assert_query("monkey=1&keys=2&keyboard-of-a-very-long-name=3",
		     "?monkey=1&keys=2&keyboard-of-a-very-long-name=3");
}

static void a_head_that_does_not_fit_is_refused(void **state)
{
	struct head_up up = { .request = &request, .path = SPAN("/"), .host = SPAN("h") };
	struct head_down down = { .status = 200, .end = HEAD_END_LENGTH, .length = 1 };

	(void)state;
	parse_request("POST / HTTP/1.1\r\n" H "Accept: a/b\r\n\r\n");
	for (size_t cap = 0; cap < 90; cap++) {
		struct buf small;

		buf_init(&small, cap);
		assert_false(head_request(&small, &up));
		buf_release(&small);
		buf_init(&small, cap);
		assert_int_equal(head_response(&small, &down), cap >= 57);
		buf_release(&small);
	}
}

static void go_down(const char *text, struct head_down down)
{
	parse_response(text);
	down.fields = &response.fields;
	out.len = 0;
	assert_true(head_response(&out, &down));
}

static void a_response_comes_down_with_our_framing(void **state) /* T30 */
{
	(void)state;
	go_down("HTTP/1.1 200 Fine\r\nContent-Type: text/event-stream\r\nContent-Length: 5\r\n"
		"X-Request-Id: req_1\r\nX-RateLimit-Remaining-Tokens: 7\r\nRetry-After: 2\r\n"
		"anthropic-ratelimit-input-tokens-limit: 9\r\nopenai-processing-ms: 3\r\n"
		"openai-organization: org\r\nopenai-project: p\r\nanthropic-organization-id: o\r\n"
		"Set-Cookie: a=b\r\nAlt-Svc: h3\r\nStrict-Transport-Security: max-age=1\r\n"
		"Server-Timing: x\r\nServer: y\r\nDate: yesterday\r\nConnection: keep-alive\r\n"
		"X-Weir-Request-Id: forged\r\nX-Other: x\r\n\r\n",
		(struct head_down){ .status = 200,
				    .end = HEAD_END_CHUNKED,
				    .keep_alive = true,
				    .minor = 1,
				    .request_id = SPAN("0199"),
				    .date = SPAN("Sun, 22 Nov 2026 03:04:05 GMT") });
	assert_out("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nX-Request-Id: req_1\r\n"
		   "X-RateLimit-Remaining-Tokens: 7\r\nRetry-After: 2\r\n"
		   "anthropic-ratelimit-input-tokens-limit: 9\r\nopenai-processing-ms: 3\r\n"
		   "x-weir-request-id: 0199\r\ndate: Sun, 22 Nov 2026 03:04:05 GMT\r\n"
		   "transfer-encoding: chunked\r\n\r\n");
}

static void our_limits_take_the_place_of_the_providers(void **state)
{
	(void)state;
	go_down("HTTP/1.1 200 OK\r\nx-ratelimit-limit-tokens: 7\r\nRetry-After: 2\r\n"
		"anthropic-ratelimit-input-tokens-limit: 9\r\n\r\n",
		(struct head_down){ .status = 200,
				    .end = HEAD_END_CLOSE,
				    .extra = SPAN("x-ratelimit-limit-requests: 5\r\n"),
				    .own_rates = true });
	assert_out("HTTP/1.1 200 OK\r\nRetry-After: 2\r\nx-ratelimit-limit-requests: 5\r\n"
		   "connection: close\r\n\r\n");
}

static void a_response_may_name_fields_to_drop(void **state)
{
	(void)state;
	go_down("HTTP/1.1 200 OK\r\nContent-Type: a/b\r\nCF-Ray: x\r\nConnection: cf-ray\r\n\r\n",
		(struct head_down){ .status = 200, .end = HEAD_END_CLOSE, .keep_alive = true });
	assert_out("HTTP/1.1 200 OK\r\nContent-Type: a/b\r\nconnection: close\r\n\r\n");
}

static void our_own_answers_are_written_the_same_way(void **state)
{
	struct head_down down = { .status = 429,
				  .extra = SPAN("content-type: application/json\r\n"),
				  .end = HEAD_END_LENGTH,
				  .length = 18446744073709551615U,
				  .keep_alive = true };

	(void)state;
	out.len = 0;
	assert_true(head_response(&out, &down));
	assert_out("HTTP/1.1 429 Too Many Requests\r\ncontent-type: application/json\r\n"
		   "content-length: 18446744073709551615\r\nconnection: keep-alive\r\n\r\n");
	down = (struct head_down){ .status = 299, .end = HEAD_END_NONE };
	out.len = 0;
	assert_true(head_response(&out, &down));
	assert_out("HTTP/1.1 299 Unknown\r\nconnection: close\r\n\r\n");
}

static void dates_are_in_the_fixed_form(void **state)
{
	char text[HEAD_DATE_ROOM];

	(void)state;
	head_date((struct wall){ 0 }, text);
	assert_string_equal(text, "Thu, 01 Jan 1970 00:00:00 GMT");
	head_date((struct wall){ UINT64_C(784111777) * US_PER_SEC + 999999 }, text);
	assert_string_equal(text, "Sun, 06 Nov 1994 08:49:37 GMT");
}

static void assert_credential(const char *text, enum err expected, const char *key)
{
	struct span found;

	parse_request(text);
	assert_int_equal(head_credential(&request, &found), expected);
	if (expected == ERR_OK)
		assert_true(span_eq(found, span_of(key)));
}

static void the_one_credential_is_found(void **state)
{
	(void)state;
	assert_credential("GET / HTTP/1.1\r\n" H "Authorization: Bearer k\r\n\r\n", ERR_OK, "k");
	assert_credential("GET / HTTP/1.1\r\n" H "authorization: bEARER   k\r\n\r\n", ERR_OK, "k");
	assert_credential("GET / HTTP/1.1\r\n" H "X-API-Key: k\r\n\r\n", ERR_OK, "k");
	assert_credential("GET / HTTP/1.1\r\n" H "api-key: k\r\n\r\n", ERR_OK, "k");
	assert_credential("GET / HTTP/1.1\r\n" H "x-goog-api-key: k\r\n\r\n", ERR_OK, "k");
	assert_credential("GET /?a=b&key=k&c HTTP/1.1\r\n" H "\r\n", ERR_OK, "k");
	assert_credential("GET / HTTP/1.1\r\n" H "\r\n", ERR_MISSING, NULL);
	assert_credential("GET /?monkey=k HTTP/1.1\r\n" H "\r\n", ERR_MISSING, NULL);
}

static void odd_credentials_are_refused(void **state)
{
	(void)state;
	assert_credential("GET / HTTP/1.1\r\n" H "Authorization: Basic a2V5\r\n\r\n", ERR_GARBLED,
			  NULL);
	assert_credential("GET / HTTP/1.1\r\n" H "Authorization: Bearer\r\n\r\n", ERR_GARBLED,
			  NULL);
	assert_credential("GET / HTTP/1.1\r\n" H "Authorization: Bearer a b\r\n\r\n", ERR_GARBLED,
			  NULL);
	assert_credential("GET / HTTP/1.1\r\n" H "Authorization: sk-weir-x\r\n\r\n", ERR_GARBLED,
			  NULL);
	assert_credential("GET / HTTP/1.1\r\n" H "X-Api-Key:\r\n\r\n", ERR_GARBLED, NULL);
	assert_credential("GET /?key HTTP/1.1\r\n" H "\r\n", ERR_GARBLED, NULL);
	assert_credential("GET /?key= HTTP/1.1\r\n" H "\r\n", ERR_GARBLED, NULL);
}

static void two_credentials_are_refused_even_if_equal(void **state) /* T22 */
{
	(void)state;
	assert_credential("GET / HTTP/1.1\r\n" H
			  "Authorization: Bearer k\r\nAuthorization: Bearer k\r\n\r\n",
			  ERR_EXISTS, NULL);
	assert_credential("GET / HTTP/1.1\r\n" H "Authorization: Bearer k\r\nX-Api-Key: k\r\n\r\n",
			  ERR_EXISTS, NULL);
	assert_credential("GET /?key=k HTTP/1.1\r\n" H "X-Goog-Api-Key: k\r\n\r\n", ERR_EXISTS,
			  NULL);
	assert_credential("GET /?key=k&key=k HTTP/1.1\r\n" H "\r\n", ERR_EXISTS, NULL);
	assert_credential("GET / HTTP/1.1\r\n" H "Authorization: Basic x\r\nApi-Key: k\r\n\r\n",
			  ERR_EXISTS, NULL);
}

static int begin(void **state)
{
	(void)state;
	buf_init(&out, 65536);
	return 0;
}

static int end(void **state)
{
	(void)state;
	buf_release(&out);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_goes_up_with_our_credential),
		cmocka_unit_test(what_is_not_listed_stays),
		cmocka_unit_test(the_connection_field_cannot_remove_what_we_add),
		cmocka_unit_test(a_query_goes_up_without_credentials),
		cmocka_unit_test(a_head_that_does_not_fit_is_refused),
		cmocka_unit_test(a_response_comes_down_with_our_framing),
		cmocka_unit_test(our_limits_take_the_place_of_the_providers),
		cmocka_unit_test(a_response_may_name_fields_to_drop),
		cmocka_unit_test(our_own_answers_are_written_the_same_way),
		cmocka_unit_test(dates_are_in_the_fixed_form),
		cmocka_unit_test(the_one_credential_is_found),
		cmocka_unit_test(odd_credentials_are_refused),
		cmocka_unit_test(two_credentials_are_refused_even_if_equal),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
