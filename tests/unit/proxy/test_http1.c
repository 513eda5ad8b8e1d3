/* test_http1.c - heads that are one thing to every parser, and heads that are not.
 *
 * The tables bear the ids of the threats that they stand for. Every head, good or bad, is
 * also given in every prefix and in every two pieces: the answer must not depend on it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include "proxy/http1.h"

static struct http1_request request;
static struct http1_response response;

#define H "Host: a.example\r\n"

static enum err parse(struct span bytes, struct http1_scan *scan, enum http1_fault *why)
{
	return http1_request(bytes, &http1_limits_usual, scan, &request, why);
}

/* The answer for all bytes at once. */
static enum err parse_whole(struct span bytes, enum http1_fault *why)
{
	struct http1_scan scan = { 0 };

	*why = FAULT_NONE;
	return parse(bytes, &scan, why);
}

/* Every piece is copied to memory of exactly its size, so that a sanitizer sees a read past
 * its end. Returns the answer that is not ERR_AGAIN, if any prefix up to len gives one. */
static enum err parse_piece(struct span bytes, size_t len, struct http1_scan *scan,
			    enum http1_fault *why)
{
	char *copy = malloc(len > 0 ? len : 1);
	enum err e;

	assert_non_null(copy);
	memcpy(copy, bytes.at, len);
	e = parse((struct span){ copy, len }, scan, why);
	free(copy);
	return e;
}

/* Byte by byte with one scan, and in every two pieces: the same answer as whole. */
static void check_every_cut(struct span bytes, enum err whole, enum http1_fault fault)
{
	struct http1_scan growing = { 0 };
	enum err e = ERR_AGAIN;
	enum http1_fault why = FAULT_NONE;

	for (size_t len = 0; len <= bytes.len && e == ERR_AGAIN; len++)
		e = parse_piece(bytes, len, &growing, &why);
	assert_int_equal(e, whole);
	assert_int_equal(why, fault);
	for (size_t cut = 0; cut <= bytes.len; cut++) {
		struct http1_scan scan = { 0 };

		why = FAULT_NONE;
		e = parse_piece(bytes, cut, &scan, &why);
		if (e == ERR_AGAIN)
			e = parse_piece(bytes, bytes.len, &scan, &why);
		assert_int_equal(e, whole);
		assert_int_equal(why, fault);
	}
}

struct bad {
	const char *threat;
	enum http1_fault fault;
	struct span bytes;
};

#define BAD(threat, fault, text)                                                                   \
	{                                                                                          \
		threat, FAULT_##fault,                                                             \
		{                                                                                  \
			text, sizeof(text) - 1                                                     \
		}                                                                                  \
	}

static const struct bad bad_requests[] = {
	BAD("T01", LENGTH_AND_CHUNKED,
	    "POST / HTTP/1.1\r\n" H "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"),
	BAD("T01", LENGTH_AND_CHUNKED,
	    "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n"),
	BAD("T01", CODING_OLD, "POST / HTTP/1.0\r\n" H "Transfer-Encoding: chunked\r\n\r\n"),
	BAD("T01", CODING, "POST / HTTP/1.1\r\n" H "Transfer-Encoding: gzip, chunked\r\n\r\n"),
	BAD("T01", CODING, "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked, chunked\r\n\r\n"),
	BAD("T01", CODING, "POST / HTTP/1.1\r\n" H "Transfer-Encoding: identity\r\n\r\n"),
	BAD("T01", CODING, "POST / HTTP/1.1\r\n" H "Transfer-Encoding: xchunked\r\n\r\n"),
	BAD("T01", CODING, "POST / HTTP/1.1\r\n" H "Transfer-Encoding:\r\n\r\n"),
	BAD("T01", CODING, "POST / HTTP/1.1\r\n" H "Transfer-Encoding: \"chunked\"\r\n\r\n"),
	BAD("T01", CODING, "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked;q=1\r\n\r\n"),
	BAD("T01", CODING,
	    "POST / HTTP/1.1\r\n" H
	    "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n"),
	BAD("T01", CODING,
	    "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\ntransfer-encoding: x\r\n\r\n"),
	BAD("T02", LENGTH_TWICE,
	    "POST / HTTP/1.1\r\n" H "Content-Length: 5\r\nContent-Length: 5\r\n\r\n"),
	BAD("T02", LENGTH_TWICE,
	    "POST / HTTP/1.1\r\n" H "Content-Length: 5\r\nContent-Length: 6\r\n\r\n"),
	BAD("T02", LENGTH, "POST / HTTP/1.1\r\n" H "Content-Length: 5, 5\r\n\r\n"),
	BAD("T02", LENGTH, "POST / HTTP/1.1\r\n" H "Content-Length: +5\r\n\r\n"),
	BAD("T02", LENGTH, "POST / HTTP/1.1\r\n" H "Content-Length: -5\r\n\r\n"),
	BAD("T02", LENGTH, "POST / HTTP/1.1\r\n" H "Content-Length: 0x5\r\n\r\n"),
	BAD("T02", LENGTH, "POST / HTTP/1.1\r\n" H "Content-Length: 05\r\n\r\n"),
	BAD("T02", LENGTH, "POST / HTTP/1.1\r\n" H "Content-Length: 5 5\r\n\r\n"),
	BAD("T02", LENGTH, "POST / HTTP/1.1\r\n" H "Content-Length: 5_0\r\n\r\n"),
	BAD("T02", LENGTH, "POST / HTTP/1.1\r\n" H "Content-Length: 5.0\r\n\r\n"),
	BAD("T02", LENGTH, "POST / HTTP/1.1\r\n" H "Content-Length:\r\n\r\n"),
	BAD("T02", LENGTH, "POST / HTTP/1.1\r\n" H "Content-Length: \xd9\xa5\r\n\r\n"),
	BAD("T02", LENGTH, "POST / HTTP/1.1\r\n" H "Content-Length: 18446744073709551621\r\n\r\n"),
	BAD("T03", BARE_LF, "GET / HTTP/1.1\nHost: a\n\n"),
	BAD("T03", BARE_LF, "GET / HTTP/1.1\r\nHost: a\r\nX: y\nZ: w\r\n\r\n"),
	BAD("T03", BARE_LF, "GET / HTTP/1.1\r\n" H "\n"),
	BAD("T03", START_LINE, "\nGET / HTTP/1.1\r\n" H "\r\n"),
	BAD("T03", BARE_CR, "GET / HTTP/1.1\r\n" H "X: y\rZ: w\r\n\r\n"),
	BAD("T03", BARE_CR, "GET / HTTP/1.1\r\n" H "X\rY: w\r\n\r\n"),
	BAD("T03", BARE_CR, "GET / HTTP/1.1\r\n" H "X: y\r\r\n\r\n"),
	BAD("T03", START_LINE, "\rGET / HTTP/1.1\r\n" H "\r\n"),
	BAD("T03", START_LINE, "\r\n\r\nGET / HTTP/1.1\r\n" H "\r\n"),
	BAD("T03", START_LINE, " GET / HTTP/1.1\r\n" H "\r\n"),
	BAD("T03", FIELD_FOLDED, "GET / HTTP/1.1\r\n" H "X: y\r\n z\r\n\r\n"),
	BAD("T03", FIELD_FOLDED, "GET / HTTP/1.1\r\n" H "X: y\r\n\tz: w\r\n\r\n"),
	BAD("T03", FIELD_FOLDED, "GET / HTTP/1.1\r\n Host: a\r\n\r\n"),
	BAD("T03", FIELD_SPACE, "GET / HTTP/1.1\r\nHost : a\r\n\r\n"),
	BAD("T03", FIELD_SPACE, "POST / HTTP/1.1\r\n" H "Content-Length\t: 5\r\n\r\n"),
	BAD("T03", FIELD_NAME, "GET / HTTP/1.1\r\n" H ": y\r\n\r\n"),
	BAD("T03", FIELD_NAME, "GET / HTTP/1.1\r\n" H "X\r\n\r\n"),
	BAD("T03", FIELD_NAME, "GET / HTTP/1.1\r\n" H "X Y: z\r\n\r\n"),
	BAD("T03", FIELD_NAME, "GET / HTTP/1.1\r\n" H "X(Y): z\r\n\r\n"),
	BAD("T03", FIELD_NAME, "GET / HTTP/1.1\r\n" H "X\0Y: z\r\n\r\n"),
	BAD("T03", FIELD_NAME, "GET / HTTP/1.1\r\n" H "\xc3\x9c: z\r\n\r\n"),
	BAD("T03", FIELD_NAME, "GET / HTTP/1.1\r\n" H "X\x0b: z\r\n\r\n"),
	BAD("T03", FIELD_VALUE, "GET / HTTP/1.1\r\n" H "X: y\0z\r\n\r\n"),
	BAD("T03", FIELD_VALUE, "GET / HTTP/1.1\r\n" H "X: a long value with \x01 in it\r\n\r\n"),
	BAD("T03", FIELD_VALUE, "GET / HTTP/1.1\r\n" H "X: a long value with \x7f in it\r\n\r\n"),
	BAD("T08", METHOD, "get / HTTP/1.1\r\n" H "\r\n"),
	BAD("T08", METHOD, "Get / HTTP/1.1\r\n" H "\r\n"),
	BAD("T08", METHOD, "TRACE / HTTP/1.1\r\n" H "\r\n"),
	BAD("T08", METHOD, "CONNECT a.example:443 HTTP/1.1\r\n" H "\r\n"),
	BAD("T08", METHOD, "PROPFIND / HTTP/1.1\r\n" H "\r\n"),
	BAD("T08", START_LINE, "GE\0T / HTTP/1.1\r\n" H "\r\n"),
	BAD("T08", START_LINE, "GET\t/ HTTP/1.1\r\n" H "\r\n"),
	BAD("T08", START_LINE, "GET  / HTTP/1.1\r\n" H "\r\n"),
	BAD("T08", START_LINE, "GET /  HTTP/1.1\r\n" H "\r\n"),
	BAD("T08", START_LINE, "GET / HTTP/1.1 \r\n" H "\r\n"),
	BAD("T08", START_LINE, "GET / x HTTP/1.1\r\n" H "\r\n"),
	BAD("T08", START_LINE, "GET /\r\n\r\n"),
	BAD("T08", START_LINE, "GET\r\n\r\n"),
	BAD("T08", START_LINE, "\x16\x03\x01\x02"),
	BAD("T08", BODY_UNEXPECTED, "GET / HTTP/1.1\r\n" H "Content-Length: 5\r\n\r\nhello"),
	BAD("T08", BODY_UNEXPECTED, "HEAD / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n"),
	BAD("T08", BODY_UNEXPECTED, "OPTIONS / HTTP/1.1\r\n" H "Content-Length: 1\r\n\r\n"),
	BAD("T08", VERSION, "GET / HTTP/1.2\r\n" H "\r\n"),
	BAD("T08", VERSION, "GET / HTTP/2.0\r\n" H "\r\n"),
	BAD("T08", VERSION, "GET / HTTP/0.9\r\n" H "\r\n"),
	BAD("T08", START_LINE, "GET / http/1.1\r\n" H "\r\n"),
	BAD("T08", START_LINE, "GET / HTTP/1.10\r\n" H "\r\n"),
	BAD("T08", START_LINE, "GET / HTTP/11\r\n" H "\r\n"),
	BAD("T08", START_LINE, "GET / HTTP/1,1\r\n" H "\r\n"),
	BAD("T09", TARGET_DOTS, "GET //v1 HTTP/1.1\r\n" H "\r\n"),
	BAD("T09", TARGET_DOTS, "GET /v1//x HTTP/1.1\r\n" H "\r\n"),
	BAD("T09", TARGET_DOTS, "GET /v1/../admin HTTP/1.1\r\n" H "\r\n"),
	BAD("T09", TARGET_DOTS, "GET /v1/.. HTTP/1.1\r\n" H "\r\n"),
	BAD("T09", TARGET_DOTS, "GET /v1/. HTTP/1.1\r\n" H "\r\n"),
	BAD("T09", TARGET_DOTS, "GET /./v1 HTTP/1.1\r\n" H "\r\n"),
	BAD("T09", TARGET, "GET /v1/..;/admin HTTP/1.1\r\n" H "\r\n"),
	BAD("T09", TARGET, "GET /v1;x=y/chat HTTP/1.1\r\n" H "\r\n"),
	BAD("T09", TARGET, "GET /v1\\admin HTTP/1.1\r\n" H "\r\n"),
	BAD("T09", TARGET, "GET /v1#x HTTP/1.1\r\n" H "\r\n"),
	BAD("T09", TARGET, "GET /v1?x#y HTTP/1.1\r\n" H "\r\n"),
	BAD("T09", TARGET, "GET /v1/\xc3\xbc HTTP/1.1\r\n" H "\r\n"),
	BAD("T09", TARGET, "GET /v1/\xc0\xae\xc0\xae/x HTTP/1.1\r\n" H "\r\n"),
	BAD("T09", TARGET, "GET /v1?q=\xc3\xbc HTTP/1.1\r\n" H "\r\n"),
	BAD("T09", TARGET, "GET /v1?q=%00 HTTP/1.1\r\n" H "\r\n"),
	BAD("T09", TARGET, "GET /v1?q=%0d%0aX:y HTTP/1.1\r\n" H "\r\n"),
	BAD("T09", TARGET, "GET /v1?q=%4 HTTP/1.1\r\n" H "\r\n"),
	BAD("T09", TARGET, "GET /v1\0x HTTP/1.1\r\n" H "\r\n"),
	BAD("T09", TARGET, "GET v1 HTTP/1.1\r\n" H "\r\n"),
	BAD("T09", TARGET, "OPTIONS * HTTP/1.1\r\n" H "\r\n"),
	BAD("T09", TARGET, "GET a.example:80 HTTP/1.1\r\n" H "\r\n"),
	BAD("T09", TARGET, "GET ftp://a.example/ HTTP/1.1\r\n" H "\r\n"),
	BAD("T09", TARGET_ESCAPE, "GET /v1/%2e%2e/admin HTTP/1.1\r\n" H "\r\n"),
	BAD("T09", TARGET_ESCAPE, "GET /v1%2Fadmin HTTP/1.1\r\n" H "\r\n"),
	BAD("T09", TARGET_ESCAPE, "GET /model/a.b%2Fc/invoke HTTP/1.1\r\n" H "\r\n"),
	BAD("T09", TARGET_ESCAPE, "GET /arn:x/a%2Fb HTTP/1.1\r\n" H "\r\n"),
	BAD("T09", TARGET_ESCAPE, "GET /model/barn:a%2Fb HTTP/1.1\r\n" H "\r\n"),
	BAD("T09", TARGET_ESCAPE, "GET /model/arn:a%2F%2Fb HTTP/1.1\r\n" H "\r\n"),
	BAD("T09", TARGET_ESCAPE, "GET /model/arn:a%2F..%2Fb HTTP/1.1\r\n" H "\r\n"),
	BAD("T09", TARGET_ESCAPE, "GET /model/arn:%2Fb HTTP/1.1\r\n" H "\r\n"),
	BAD("T09", TARGET_ESCAPE, "GET /model/arn:a%2F/invoke HTTP/1.1\r\n" H "\r\n"),
	BAD("T09", TARGET_ESCAPE, "GET /model/arn:a%2F HTTP/1.1\r\n" H "\r\n"),
	BAD("T09", TARGET_ESCAPE, "GET /model/arn:a%5cb HTTP/1.1\r\n" H "\r\n"),
	BAD("T09", TARGET_ESCAPE, "GET /v1%5cadmin HTTP/1.1\r\n" H "\r\n"),
	BAD("T09", TARGET_ESCAPE, "GET /v1%00 HTTP/1.1\r\n" H "\r\n"),
	BAD("T09", TARGET_ESCAPE, "GET /v1%0a HTTP/1.1\r\n" H "\r\n"),
	BAD("T09", TARGET_ESCAPE, "GET /v1/%252e%252e/x HTTP/1.1\r\n" H "\r\n"),
	BAD("T09", TARGET_ESCAPE, "GET /v1/%c0%ae/x HTTP/1.1\r\n" H "\r\n"),
	BAD("T09", TARGET_ESCAPE, "GET /v1/%zz HTTP/1.1\r\n" H "\r\n"),
	BAD("T09", TARGET_ESCAPE, "GET /v1/%4 HTTP/1.1\r\n" H "\r\n"),
	BAD("T09", TARGET_ESCAPE, "GET /v1/% HTTP/1.1\r\n" H "\r\n"),
	BAD("T09", TARGET_HOST, "GET http://b.example/v1 HTTP/1.1\r\n" H "\r\n"),
	BAD("T09", TARGET_HOST, "GET http://a.example:81/v1 HTTP/1.1\r\n" H "\r\n"),
	BAD("T09", TARGET_HOST, "GET http://u@a.example/v1 HTTP/1.1\r\n" H "\r\n"),
	BAD("T09", TARGET_HOST, "GET http:///v1 HTTP/1.0\r\n\r\n"),
	BAD("T10", HOST_MISSING, "GET / HTTP/1.1\r\n\r\n"),
	BAD("T10", HOST_MISSING, "GET / HTTP/1.1\r\nX: y\r\n\r\n"),
	BAD("T10", HOST_TWICE, "GET / HTTP/1.1\r\n" H H "\r\n"),
	BAD("T10", HOST_TWICE, "GET / HTTP/1.0\r\n" H "host: b\r\n\r\n"),
	BAD("T10", HOST, "GET / HTTP/1.1\r\nHost:\r\n\r\n"),
	BAD("T10", HOST, "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n"),
	BAD("T10", HOST, "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n"),
	BAD("T10", HOST, "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"),
	BAD("T10", HOST, "GET / HTTP/1.1\r\nHost: a b\r\n\r\n"),
	BAD("T10", HOST, "GET / HTTP/1.1\r\nHost: a:\r\n\r\n"),
	BAD("T10", HOST, "GET / HTTP/1.1\r\nHost: a:b\r\n\r\n"),
	BAD("T10", HOST, "GET / HTTP/1.1\r\nHost: a:0\r\n\r\n"),
	BAD("T10", HOST, "GET / HTTP/1.1\r\nHost: a:080\r\n\r\n"),
	BAD("T10", HOST, "GET / HTTP/1.1\r\nHost: a:65536\r\n\r\n"),
	BAD("T10", HOST, "GET / HTTP/1.1\r\nHost: localhost:4000/#@x\r\n\r\n"),
	BAD("T10", HOST, "GET / HTTP/1.1\r\nHost: [::1\r\n\r\n"),
	BAD("T10", HOST, "GET / HTTP/1.1\r\nHost: [::g]\r\n\r\n"),
	BAD("T10", HOST, "GET / HTTP/1.1\r\nHost: a%00\r\n\r\n"),
	BAD("T11", VERSION, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
	BAD("T12", FIELD_UNDERSCORE, "GET / HTTP/1.1\r\n" H "X_Api_Key: y\r\n\r\n"),
	BAD("T12", FIELD_UNDERSCORE, "POST / HTTP/1.1\r\n" H "Content_Length: 5\r\n\r\n"),
	BAD("T12", CONNECTION, "GET / HTTP/1.1\r\n" H "Connection: a b\r\n\r\n"),
	BAD("T07", EXPECT, "POST / HTTP/1.1\r\n" H "Expect: y 100-continue\r\n\r\n"),
	BAD("T07", EXPECT, "POST / HTTP/1.1\r\n" H "Expect: 100-continue, 100-continue\r\n\r\n"),
	BAD("T07", EXPECT, "POST / HTTP/1.1\r\n" H "Expect:\r\n\r\n"),
	BAD("T07", EXPECT,
	    "POST / HTTP/1.1\r\n" H "Expect: 100-continue\r\nExpect: 100-continue\r\n\r\n"),
	BAD("T42", CONTENT_TYPE_TWICE,
	    "POST / HTTP/1.1\r\n" H "Content-Type: a/b\r\nContent-Type: a/c\r\n\r\n"),
};

static void bad_requests_are_refused_at_every_cut(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bad_requests) / sizeof(bad_requests[0]); i++) {
		const struct bad *b = &bad_requests[i];
		enum http1_fault why;
		enum err e = parse_whole(b->bytes, &why);

		if (e != ERR_GARBLED || why != b->fault)
			fail_msg("%s %zu: %s instead of %s", b->threat, i, http1_fault_name(why),
				 http1_fault_name(b->fault));
		check_every_cut(b->bytes, ERR_GARBLED, b->fault);
	}
}

#define POST_CHAT "POST /v1/chat/completions?key=k HTTP/1.1\r\n"
static const char chat[] = POST_CHAT "Host: 127.0.0.1:8080\r\n"
				     "content-type: application/json\r\n"
				     "Authorization:Bearer sk-weir-x\r\n"
				     "X-Other:\t a\tb \t\r\n"
				     "Content-Length: 123\r\n"
				     "Connection: x-other , Keep-Alive\r\n\r\n{\"model\"";

static void a_request_is_taken_apart(void **state)
{
	enum http1_fault why;
	struct span value;

	(void)state;
	assert_int_equal(parse_whole((struct span){ chat, sizeof(chat) - 1 }, &why), ERR_OK);
	assert_int_equal(request.head_bytes, strstr(chat, "{\"model") - chat);
	assert_int_equal(request.method, METHOD_POST);
	assert_int_equal(request.minor, 1);
	assert_true(span_eq(request.path, SPAN("/v1/chat/completions")));
	assert_true(span_eq(request.query, SPAN("key=k")));
	assert_true(span_eq(request.host, SPAN("127.0.0.1:8080")));
	assert_true(request.has_length && !request.chunked && request.keep_alive);
	assert_false(request.expect_100);
	assert_int_equal(request.length, 123);
	assert_int_equal(request.fields.count, 6);
	value = http1_value(&request.fields, HF_AUTHORIZATION);
	assert_true(span_eq(value, SPAN("Bearer sk-weir-x")));
	assert_true(span_eq(request.fields.at[3].value, SPAN("a\tb")));
	assert_int_equal(request.fields.at[3].id, HF_OTHER);
	assert_null(http1_value(&request.fields, HF_EXPECT).at);
	assert_true(http1_lists(&request.fields, HF_CONNECTION, SPAN("X-Other")));
	assert_false(http1_lists(&request.fields, HF_CONNECTION, SPAN("other")));
}

static void good_requests_pass_at_every_cut(void **state)
{
	struct span whole = { chat, sizeof(chat) - 1 };
	size_t head = (size_t)(strstr(chat, "{\"model") - chat);

	(void)state;
	for (size_t cut = 0; cut < sizeof(chat); cut++) {
		struct http1_scan scan = { 0 };
		enum http1_fault why;
		enum err e = parse_piece(whole, cut, &scan, &why);

		assert_int_equal(e, cut < head ? ERR_AGAIN : ERR_OK);
		assert_int_equal(parse_piece(whole, whole.len, &scan, &why), ERR_OK);
		assert_int_equal(request.fields.count, 6);
	}
}

/* Whether the request is accepted; its facts are then in `request`. */
static bool accepts(const char *text)
{
	enum http1_fault why;
	enum err e = parse_whole(span_of(text), &why);

	if (e != ERR_OK)
		return false;
	check_every_cut(span_of(text), ERR_OK, FAULT_NONE);
	return parse_whole(span_of(text), &why) == ERR_OK;
}

static void what_is_plain_is_accepted(void **state)
{
	(void)state;
	assert_true(accepts("GET / HTTP/1.1\r\n" H "\r\n"));
	assert_true(accepts("\r\nGET / HTTP/1.1\r\n" H "\r\n")); /* RFC 9112 2.2: one empty line */
	assert_true(accepts("GET / HTTP/1.0\r\n\r\n"));
	assert_true(accepts("GET /v1/ HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n"));
	assert_true(accepts("GET /... HTTP/1.1\r\nHost: my_host\r\n\r\n"));
	assert_true(accepts("GET /a/..b/.c HTTP/1.1\r\n" H "\r\n"));
	assert_true(accepts("POST /v1beta/models/g-2.5:streamGenerateContent?alt=sse HTTP/1.1\r\n" H
			    "Content-Length: 0\r\n\r\n"));
	assert_true(
	    accepts("POST /model/arn%3Aaws%3Abedrock:x-v1%3A0/invoke HTTP/1.1\r\n" H "\r\n"));
	assert_true(accepts("GET /v1/x?a[]=%C3%BC&b=/?;|{} HTTP/1.1\r\n" H "\r\n"));
	assert_true(accepts("POST / HTTP/1.1\r\n" H "Transfer-Encoding: Chunked\r\n\r\n"));
	assert_true(request.chunked);
	assert_true(accepts("GET / HTTP/1.1\r\n" H "X: \xc3\xbc\r\nEmpty:\r\n\r\n"));
	assert_true(accepts("DELETE / HTTP/1.1\r\n" H "Connection: , close,\r\n\r\n"));
	assert_false(request.keep_alive);
}

static void the_absolute_form_is_reduced_when_it_names_the_host(void **state)
{
	(void)state;
	assert_true(accepts("GET http://A.example/v1?x HTTP/1.1\r\n" H "\r\n"));
	assert_true(span_eq(request.path, SPAN("/v1")));
	assert_true(span_eq(request.query, SPAN("x")));
	assert_true(accepts("GET HTTPS://a.example?x HTTP/1.1\r\n" H "\r\n"));
	assert_true(span_eq(request.path, SPAN("/")));
	assert_true(span_eq(request.query, SPAN("x")));
}

static void an_old_client_must_ask_for_keep_alive(void **state)
{
	(void)state;
	assert_true(accepts("GET / HTTP/1.0\r\n\r\n"));
	assert_false(request.keep_alive);
	assert_true(accepts("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n"));
	assert_true(request.keep_alive);
	assert_true(accepts("GET / HTTP/1.0\r\nConnection: Keep-Alive, close\r\n\r\n"));
	assert_false(request.keep_alive);
}

static void an_expectation_counts_only_with_a_body(void **state)
{
	(void)state;
	assert_true(
	    accepts("POST / HTTP/1.1\r\n" H "Expect: 100-Continue\r\nContent-Length: 5\r\n\r\n"));
	assert_true(request.expect_100);
	assert_true(
	    accepts("POST / HTTP/1.1\r\n" H "Expect: 100-continue\r\nContent-Length: 0\r\n\r\n"));
	assert_false(request.expect_100);
	assert_true(
	    accepts("POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n"));
	assert_false(request.expect_100);
}

static void upgrades_are_ignored(void **state) /* T11 */
{
	(void)state;
	assert_true(accepts("GET / HTTP/1.1\r\n" H "Connection: Upgrade, HTTP2-Settings\r\n"
			    "Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n\r\n"));
	assert_true(request.keep_alive);
}

/* A head of `fields` fields, with a target of `target` bytes, in static memory. */
static struct span big_head(size_t target, size_t fields)
{
	static char text[200000];
	size_t len = (size_t)sprintf(text, "GET /");

	memset(text + len, 'a', target);
	len += target;
	len += (size_t)sprintf(text + len, " HTTP/1.1\r\n" H);
	for (size_t i = 1; i < fields; i++)
		len += (size_t)sprintf(text + len, "X-Field-%03zu: 0123456789\r\n", i);
	len += (size_t)sprintf(text + len, "\r\n");
	return (struct span){ text, len };
}

static void limits_hold_to_the_byte(void **state) /* T71 */
{
	struct http1_limits limits = http1_limits_usual;
	struct span head = big_head(100, 50);
	size_t line = 100 + sizeof("GET / HTTP/1.1") - 1;
	struct http1_scan scan = { 0 };
	enum http1_fault why;

	(void)state;
	limits.head_bytes = (uint32_t)head.len;
	limits.line_bytes = (uint32_t)line;
	limits.fields = 50;
	assert_int_equal(http1_request(head, &limits, &scan, &request, &why), ERR_OK);
	limits.fields--;
	scan = (struct http1_scan){ 0 };
	assert_int_equal(http1_request(head, &limits, &scan, &request, &why), ERR_TOO_BIG);
	assert_int_equal(why, FAULT_TOO_MANY_FIELDS);
	limits.head_bytes--;
	scan = (struct http1_scan){ 0 };
	assert_int_equal(http1_request(head, &limits, &scan, &request, &why), ERR_TOO_BIG);
	assert_int_equal(why, FAULT_HEAD_TOO_LONG);
	limits.line_bytes--;
	scan = (struct http1_scan){ 0 };
	assert_int_equal(http1_request(head, &limits, &scan, &request, &why), ERR_TOO_BIG);
	assert_int_equal(why, FAULT_LINE_TOO_LONG);
}

static void long_heads_are_refused_at_every_cut(void **state) /* T71 */
{
	struct span line = big_head(9000, 1), many = big_head(1, 101);
	enum http1_fault why;

	(void)state;
	assert_int_equal(parse_whole(many, &why), ERR_TOO_BIG);
	assert_int_equal(why, FAULT_TOO_MANY_FIELDS);
	check_every_cut(many, ERR_TOO_BIG, FAULT_TOO_MANY_FIELDS);
	line = big_head(9000, 1);
	assert_int_equal(parse_whole(line, &why), ERR_TOO_BIG);
	assert_int_equal(why, FAULT_LINE_TOO_LONG);
	assert_int_equal(http1_fault_status(why), 414);
	assert_int_equal(parse_whole((struct span){ line.at, 8194 }, &why), ERR_TOO_BIG);
	assert_int_equal(parse_whole((struct span){ line.at, 8193 }, &why), ERR_AGAIN);
	memset((char *)(uintptr_t)line.at, 'G', line.len);
	assert_int_equal(parse_whole(line, &why), ERR_GARBLED);
	assert_int_equal(http1_fault_status(why), 501);
}

static void every_known_name_is_found(void **state)
{
	static const char *const names[] = {
#define FIELD(id, name, up, down) name,
#include "proxy/head.tbl.h"
	};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char head[128];
		enum http1_fault why;
		struct http1_scan scan = { 0 };

		/* As a response: requests may not have num_tokens. */
		snprintf(head, sizeof(head), "HTTP/1.1 204 x\r\n%s: chunked\r\n\r\n", names[i]);
		if (strcmp(names[i], "content-length") == 0)
			memcpy(strstr(head, "chunked"), "1234567", 7);
		assert_int_equal(http1_response(span_of(head), &http1_limits_usual, &scan,
						METHOD_GET, &response, &why),
				 ERR_OK);
		assert_int_equal(response.fields.at[0].id, (int)i + 1);
	}
}

/* ---- responses ---- */

static enum err answer(struct span bytes, enum http1_method method, enum http1_fault *why)
{
	struct http1_scan scan = { 0 };
	enum err e, again = ERR_AGAIN;

	*why = FAULT_NONE;
	for (size_t len = 0; len <= bytes.len && again == ERR_AGAIN; len++)
		again = http1_response((struct span){ bytes.at, len }, &http1_limits_usual, &scan,
				       method, &response, why);
	scan = (struct http1_scan){ 0 };
	e = http1_response(bytes, &http1_limits_usual, &scan, method, &response, why);
	assert_int_equal(e, again);
	return e;
}

static const struct bad bad_responses[] = {
	BAD("T63", LENGTH_AND_CHUNKED,
	    "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"),
	BAD("T63", LENGTH_TWICE,
	    "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n"),
	BAD("T63", LENGTH, "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n"),
	BAD("T63", CODING, "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n"),
	BAD("T63", CODING_OLD, "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
	BAD("T63", FIELD_VALUE, "HTTP/1.1 200 OK\r\nX: a\0b\r\n\r\n"),
	BAD("T63", BARE_CR, "HTTP/1.1 200 OK\r\nX: a\rSet-Cookie: b\r\n\r\n"),
	BAD("T63", BARE_LF, "HTTP/1.1 200 OK\r\nX: a\nSet-Cookie: b\r\n\r\n"),
	BAD("T63", FIELD_FOLDED, "HTTP/1.1 200 OK\r\nX: a\r\n b\r\n\r\n"),
	BAD("T63", FIELD_SPACE, "HTTP/1.1 200 OK\r\nContent-Length : 5\r\n\r\n"),
	BAD("T63", FIELD_NAME, "HTTP/1.1 200 OK\r\nno colon here\r\n\r\n"),
	BAD("T64", START_LINE, "<html>hello</html>\r\n\r\n"),
	BAD("T64", START_LINE, "hello\r\n\r\n"),
	BAD("T64", START_LINE, "\r\nHTTP/1.1 200 OK\r\n\r\n"),
	BAD("T64", START_LINE, "HTTP/1.1200 OK\r\n\r\n"),
	BAD("T64", START_LINE, "HTTP/1.1 2000 OK\r\n\r\n"),
	BAD("T64", START_LINE, "HTTP/1.1 20\r\n\r\n"),
	BAD("T64", START_LINE, "HTTP/1.1 200 O\x01K\r\n\r\n"),
	BAD("T64", STATUS, "HTTP/1.1 099 OK\r\n\r\n"),
	BAD("T64", STATUS, "HTTP/1.1 600 OK\r\n\r\n"),
	BAD("T64", STATUS, "HTTP/1.1 2x0 OK\r\n\r\n"),
	BAD("T64", VERSION, "HTTP/2.0 200 OK\r\n\r\n"),
	BAD("T64", SWITCHED, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n"),
};

static void bad_responses_are_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bad_responses) / sizeof(bad_responses[0]); i++) {
		const struct bad *b = &bad_responses[i];
		enum http1_fault why;

		assert_int_equal(answer(b->bytes, METHOD_POST, &why), ERR_GARBLED);
		if (why != b->fault)
			fail_msg("%s %zu: %s instead of %s", b->threat, i, http1_fault_name(why),
				 http1_fault_name(b->fault));
	}
}

#define INTERIM  "HTTP/1.1 100 Continue\r\nX: y\r\n\r\n"
#define INTERIM8 INTERIM INTERIM INTERIM INTERIM INTERIM INTERIM INTERIM INTERIM

static void interim_responses_are_skipped_up_to_a_bound(void **state) /* T64 */
{
	enum http1_fault why;

	(void)state;
	assert_int_equal(answer(SPAN(INTERIM8 "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"),
				METHOD_POST, &why),
			 ERR_OK);
	assert_int_equal(response.status, 200);
	assert_int_equal(response.fields.count, 1);
	assert_int_equal(response.head_bytes, sizeof(INTERIM8) - 1 + 38);
	assert_int_equal(answer(SPAN(INTERIM8 INTERIM), METHOD_POST, &why), ERR_GARBLED);
	assert_int_equal(why, FAULT_INTERIM_FLOOD);
	assert_int_equal(answer(SPAN(INTERIM), METHOD_POST, &why), ERR_AGAIN);
}

struct body_case {
	const char *head;
	enum http1_method method;
	enum http1_body body;
	bool keep_alive;
};

static void the_end_of_a_body_is_known(void **state)
{
	static const struct body_case cases[] = {
		{ "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", METHOD_POST, BODY_LENGTH, true },
		{ "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", METHOD_POST, BODY_NONE, true },
		{ "HTTP/1.1 200\r\nTransfer-Encoding: chunked\r\n\r\n", METHOD_POST, BODY_CHUNKED,
		  true },
		{ "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\n", METHOD_POST,
		  BODY_LENGTH, false },
		{ "HTTP/1.1 200 OK\r\n\r\n", METHOD_POST, BODY_UNTIL_CLOSE, false },
		{ "HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\n", METHOD_GET, BODY_LENGTH, false },
		{ "HTTP/1.0 200 \r\nContent-Length: 5\r\nConnection: keep-alive\r\n\r\n",
		  METHOD_GET, BODY_LENGTH, true },
		{ "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", METHOD_HEAD, BODY_NONE, true },
		{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", METHOD_HEAD, BODY_NONE,
		  true },
		{ "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", METHOD_GET, BODY_NONE,
		  true },
		{ "HTTP/1.1 204 No Content\r\n\r\n", METHOD_DELETE, BODY_NONE, true },
		{ "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n", METHOD_DELETE, BODY_NONE,
		  false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		enum http1_fault why;

		assert_int_equal(answer(span_of(cases[i].head), cases[i].method, &why), ERR_OK);
		assert_int_equal(response.body, cases[i].body);
		assert_int_equal(response.keep_alive, cases[i].keep_alive);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bad_requests_are_refused_at_every_cut),
		cmocka_unit_test(a_request_is_taken_apart),
		cmocka_unit_test(good_requests_pass_at_every_cut),
		cmocka_unit_test(what_is_plain_is_accepted),
		cmocka_unit_test(the_absolute_form_is_reduced_when_it_names_the_host),
		cmocka_unit_test(an_old_client_must_ask_for_keep_alive),
		cmocka_unit_test(an_expectation_counts_only_with_a_body),
		cmocka_unit_test(upgrades_are_ignored),
		cmocka_unit_test(limits_hold_to_the_byte),
		cmocka_unit_test(long_heads_are_refused_at_every_cut),
		cmocka_unit_test(every_known_name_is_found),
		cmocka_unit_test(bad_responses_are_refused),
		cmocka_unit_test(interim_responses_are_skipped_up_to_a_bound),
		cmocka_unit_test(the_end_of_a_body_is_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
