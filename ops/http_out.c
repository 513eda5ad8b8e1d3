/* http_out.c - see http_out.h. */
#include "ops/http_out.h"
#include <curl/curl.h>
#include <stdio.h>

struct sink {
	struct buf *to;
	bool full;
};

static size_t on_body(char *at, size_t size, size_t count, void *arg)
{
	struct sink *sink = arg;
	size_t len = size * count;

	if (buf_add(sink->to, (struct span){ at, len }))
		return len;
	sink->full = true;
	return 0;
}

static enum err classify(CURLcode code, bool full)
{
	if (full)
		return ERR_TOO_BIG;
	switch (code) {
	case CURLE_OK: return ERR_OK;
	case CURLE_OPERATION_TIMEDOUT: return ERR_SLOW;
	case CURLE_OUT_OF_MEMORY: return ERR_NOMEM;
	case CURLE_UNSUPPORTED_PROTOCOL:
	case CURLE_URL_MALFORMAT:
	case CURLE_WEIRD_SERVER_REPLY: return ERR_GARBLED;
	default: return ERR_AWAY;
	}
}

static struct curl_slist *add_headers(const struct http_out *call, char *bearer, size_t room)
{
	struct curl_slist *headers = NULL;

	if (call->body.len > 0)
		headers = curl_slist_append(headers, "Content-Type: application/json");
	headers = curl_slist_append(headers, "Expect:"); /* one round trip, not two */
	if (call->bearer) {
		snprintf(bearer, room, "Authorization: Bearer %s", call->bearer);
		headers = curl_slist_append(headers, bearer);
	}
	return headers;
}

static void describe(CURL *curl, const struct http_out *call, struct sink *sink)
{
	curl_easy_setopt(curl, CURLOPT_URL, call->url);
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, call->method);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_PROXY, "");
	curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)(call->timeout_us / 1000));
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, sink);
	if (call->socket)
		curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, call->socket);
	if (call->body.len > 0) {
		curl_easy_setopt(curl, CURLOPT_POSTFIELDS, call->body.at);
		curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)call->body.len);
	}
}

enum err http_out(const struct http_out *call, int *status, struct buf *answer, char *why,
		  size_t room)
{
	char bearer[1024], problem[CURL_ERROR_SIZE] = "";
	struct sink sink = { .to = answer };
	struct curl_slist *headers = NULL;
	CURL *curl = curl_easy_init();
	CURLcode code;
	long got = 0;

	if (!curl)
		return ERR_NOMEM;
	describe(curl, call, &sink);
	headers = add_headers(call, bearer, sizeof(bearer));
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, problem);
	code = curl_easy_perform(curl);
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &got);
	*status = (int)got;
	if (code != CURLE_OK)
		snprintf(why, room, "%s", problem[0] ? problem : curl_easy_strerror(code));
	curl_slist_free_all(headers);
	curl_easy_cleanup(curl);
	return classify(code, sink.full);
}
