/* head.c - heads that we send: written from what was parsed, never copied.
 *
 * A head is written in one pass into a buf. Additions past its ceiling make the writer
 * fail as a whole; nothing in between looks.
 */
#include "proxy/head.h"
#include <stdio.h>
#include <time.h>
#include "proxy/octet.h"

enum policy {
	DROP,
	PASS,
	RATE /* PASS where no limits of ours are told */
};

static const struct {
	uint8_t up, down;
} policies[HF_COUNT] = {
#define FIELD(id, name, upward, downward) [HF_##id] = { upward, downward },
#include "proxy/head.tbl.h"
};

static const struct {
	struct span name;
	uint8_t up, down;
} families[] = {
#define FIELD(id, name, up, down)
#define PREFIX(name, up, down) { { name, sizeof(name) - 1 }, up, down },
#include "proxy/head.tbl.h"
};

static enum policy policy_of(const struct http1_field *f, bool up)
{
	if (f->id != HF_OTHER)
		return up ? policies[f->id].up : policies[f->id].down;
	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++) {
		struct span family = families[i].name;

		if (f->name.len > family.len &&
		    span_eq_nocase((struct span){ f->name.at, family.len }, family))
			return up ? families[i].up : families[i].down;
	}
	return DROP;
}

static bool add_line(struct buf *to, struct span name, struct span value)
{
	size_t len = name.len + value.len + 4;
	char *at = buf_reserve(to, len);

	if (!at)
		return false;
	memcpy(at, name.at, name.len);
	memcpy(at + name.len, ": ", 2);
	if (value.len > 0)
		memcpy(at + name.len + 2, value.at, value.len);
	memcpy(at + len - 2, "\r\n", 2);
	to->len += len;
	return true;
}

static bool add_number(struct buf *to, struct span name, uint64_t n)
{
	char digits[20];
	size_t at = sizeof(digits);

	do {
		digits[--at] = (char)('0' + n % 10);
		n /= 10;
	} while (n > 0);
	return add_line(to, name, (struct span){ digits + at, sizeof(digits) - at });
}

/* The fields of a peer that may pass, without those that its connection field names. */
static bool add_fields(struct buf *to, const struct http1_fields *f, bool up, bool rates)
{
	bool named = f->first[HF_CONNECTION] != 0;

	for (unsigned i = 0; i < f->count; i++) {
		const struct http1_field *field = &f->at[i];

		enum policy policy = policy_of(field, up);

		if (policy == DROP || (policy == RATE && !rates))
			continue;
		if (named && http1_lists(f, HF_CONNECTION, field->name))
			continue;
		if (!add_line(to, field->name, field->value))
			return false;
	}
	return true;
}

/* ---- requests ---- */

/* Takes the next parameter of a query; empty ones come out empty. */
static struct span take_parameter(struct span *query)
{
	const char *amp = memchr(query->at, '&', query->len);
	struct span p = { query->at, amp ? (size_t)(amp - query->at) : query->len };

	*query = span_skip(*query, p.len + (amp ? 1 : 0));
	return p;
}

static struct span parameter_name(struct span p)
{
	const char *equals = memchr(p.at, '=', p.len);

	return (struct span){ p.at, equals ? (size_t)(equals - p.at) : p.len };
}

/* Is that parameter a credential, or one by which a URL overrules header fields? Compared
 * after undoing percent escapes, for the provider will undo them. */
static bool is_forbidden(struct span name)
{
	static const struct span credentials[] = {
		{ "key", 3 },           { "api_key", 7 },       { "api-key", 7 },
		{ "apikey", 6 },        { "access_token", 12 }, { "oauth_token", 11 },
		{ "bearer_token", 12 },
	};
	char plain[16];
	size_t len = 0;

	while (name.len > 0 && len < sizeof(plain)) {
		int escaped = octet_escape(name);

		plain[len++] = escaped < 0 ? name.at[0] : (char)escaped;
		name = span_skip(name, escaped < 0 ? 1 : 3);
	}
	if (len > 0 && plain[0] == '$')
		return true;
	for (size_t i = 0; i < sizeof(credentials) / sizeof(credentials[0]); i++)
		if (name.len == 0 && span_eq_nocase((struct span){ plain, len }, credentials[i]))
			return true;
	return false;
}

bool head_query(struct buf *to, struct span query)
{
	bool first = true;

	while (query.len > 0) {
		struct span p = take_parameter(&query);

		if (p.len == 0 || is_forbidden(parameter_name(p)))
			continue;
		if (!buf_add(to, first ? SPAN("?") : SPAN("&")) || !buf_add(to, p))
			return false;
		first = false;
	}
	return true;
}

static bool add_request_line(struct buf *to, const struct head_up *up)
{
	return buf_add(to, http1_method_text(up->request->method)) && buf_add(to, SPAN(" ")) &&
	       buf_add(to, up->base) && buf_add(to, up->mount) && buf_add(to, up->path) &&
	       head_query(to, up->request->query) && buf_add(to, SPAN(" HTTP/1.1\r\n"));
}

/* Servers may answer 411 to a POST without a length, even when there is no body. */
static bool announces_body(const struct head_up *up)
{
	enum http1_method m = up->request->method;

	return up->body_bytes > 0 || m == METHOD_POST || m == METHOD_PUT || m == METHOD_PATCH;
}

bool head_request(struct buf *to, const struct head_up *up)
{
	const struct http1_fields *fields = &up->request->fields;

	if (!add_request_line(to, up) || !add_line(to, SPAN("host"), up->host))
		return false;
	if (!add_fields(to, fields, true, false))
		return false;
	if (!fields->first[HF_USER_AGENT] &&
	    !add_line(to, SPAN("user-agent"), SPAN("weir/" WEIR_VERSION)))
		return false;
	if (!add_line(to, SPAN("accept-encoding"), SPAN("identity")))
		return false;
	if (up->auth_name.len > 0 && !add_line(to, up->auth_name, up->auth_value))
		return false;
	if (announces_body(up) && !add_number(to, SPAN("content-length"), up->body_bytes))
		return false;
	return buf_add(to, SPAN("\r\n"));
}

/* ---- responses ---- */

struct span head_reason(uint16_t status)
{
	static const struct {
		uint16_t status;
		struct span phrase;
	} reasons[] = {
#define REASON(status, phrase) { status, { phrase, sizeof(phrase) - 1 } },
#include "proxy/head_reason.tbl.h"
	};

	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		if (reasons[i].status == status)
			return reasons[i].phrase;
	return SPAN("Unknown");
}

static bool add_status_line(struct buf *to, uint16_t status)
{
	char line[] = "HTTP/1.1 nnn ";

	MUST(status >= 100 && status <= 599);
	line[9] = (char)('0' + status / 100);
	line[10] = (char)('0' + status / 10 % 10);
	line[11] = (char)('0' + status % 10);
	return buf_add(to, span_of(line)) && buf_add(to, head_reason(status)) &&
	       buf_add(to, SPAN("\r\n"));
}

static bool add_end(struct buf *to, const struct head_down *down)
{
	bool keep = down->keep_alive && down->end != HEAD_END_CLOSE;

	if (down->end == HEAD_END_LENGTH && !add_number(to, SPAN("content-length"), down->length))
		return false;
	if (down->end == HEAD_END_CHUNKED && !buf_add(to, SPAN("transfer-encoding: chunked\r\n")))
		return false;
	if (!keep)
		return buf_add(to, SPAN("connection: close\r\n"));
	return down->minor > 0 || buf_add(to, SPAN("connection: keep-alive\r\n"));
}

bool head_response(struct buf *to, const struct head_down *down)
{
	if (!add_status_line(to, down->status))
		return false;
	if (down->fields && !add_fields(to, down->fields, false, !down->own_rates))
		return false;
	if (!buf_add(to, down->extra))
		return false;
	if (down->request_id.len > 0 && !add_line(to, SPAN("x-weir-request-id"), down->request_id))
		return false;
	if (down->date.len > 0 && !add_line(to, SPAN("date"), down->date))
		return false;
	return add_end(to, down) && buf_add(to, SPAN("\r\n"));
}

void head_date(struct wall w, char to[HEAD_DATE_ROOM])
{
	static const char days[7][4] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
	static const char months[12][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
					    "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
	time_t seconds = (time_t)(w.us / US_PER_SEC);
	struct tm tm;
	char text[80];

	MUST(gmtime_r(&seconds, &tm) && tm.tm_year < 9999 - 1900);
	snprintf(text, sizeof(text), "%s, %02d %s %04d %02d:%02d:%02d GMT", days[tm.tm_wday],
		 tm.tm_mday, months[tm.tm_mon], tm.tm_year + 1900, tm.tm_hour, tm.tm_min,
		 tm.tm_sec);
	memcpy(to, text, HEAD_DATE_ROOM - 1);
	to[HEAD_DATE_ROOM - 1] = '\0';
}

/* ---- the tenant's credential ---- */

/* "Bearer <token>": the scheme in any case, one or more spaces, one token without spaces. */
static struct span bearer(struct span value)
{
	struct span none = { NULL, 0 };

	if (value.len < 7 || !span_eq_nocase((struct span){ value.at, 7 }, SPAN("bearer ")))
		return none;
	value = span_trim(span_skip(value, 7));
	for (size_t i = 0; i < value.len; i++)
		if (value.at[i] == ' ' || value.at[i] == '\t')
			return none;
	return value;
}

/* Counts credentials, and keeps the last one. */
struct search {
	unsigned count;
	struct span key;
};

static void search_fields(const struct http1_fields *f, struct search *s)
{
	for (unsigned i = 0; i < f->count; i++) {
		switch (f->at[i].id) {
		case HF_AUTHORIZATION: s->key = bearer(f->at[i].value); break;
		case HF_X_API_KEY:
		case HF_API_KEY:
		case HF_X_GOOG_API_KEY: s->key = f->at[i].value; break;
		default: continue;
		}
		s->count++;
	}
}

static void search_query(struct span query, struct search *s)
{
	while (query.len > 0) {
		struct span p = take_parameter(&query);
		struct span name = parameter_name(p);

		if (!span_eq(name, SPAN("key")))
			continue;
		s->key = p.len > name.len ? span_skip(p, name.len + 1) : (struct span){ NULL, 0 };
		s->count++;
	}
}

enum err head_credential(const struct http1_request *request, struct span *key)
{
	struct search s = { 0, { NULL, 0 } };

	search_fields(&request->fields, &s);
	search_query(request->query, &s);
	*key = s.key;
	if (s.count == 0)
		return ERR_MISSING;
	if (s.count > 1)
		return ERR_EXISTS;
	return s.key.len > 0 ? ERR_OK : ERR_GARBLED;
}
