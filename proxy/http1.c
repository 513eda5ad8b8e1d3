/* http1.c - strict HTTP/1.1 heads.
 *
 * Two steps. find_end() looks for the empty line that ends the head; it remembers where it
 * stopped. Then the head, now complete, is parsed from its first byte in one pass: first
 * line, fields, and last the rules that span several fields (framing, host, expectation).
 * Each rule is a function that returns the fault it found, FAULT_NONE if it found none.
 */
#include "proxy/http1.h"
#include "proxy/octet.h"
#include "proxy/url.h"

const struct http1_limits http1_limits_usual = { 8192, 32768, HTTP1_FIELDS_MAX };

static const struct {
	const char *name, *text;
	int status;
} faults[FAULT_COUNT] = {
#define FAULT(id, code, sentence) [FAULT_##id] = { #id, sentence, code },
#include "proxy/http1_fault.tbl.h"
};

int http1_fault_status(enum http1_fault f)
{
	MUST(f < FAULT_COUNT);
	return faults[f].status;
}

const char *http1_fault_text(enum http1_fault f)
{
	MUST(f < FAULT_COUNT);
	return faults[f].text;
}

const char *http1_fault_name(enum http1_fault f)
{
	MUST(f < FAULT_COUNT);
	return faults[f].name;
}

static const struct span methods[METHOD_COUNT] = {
	[METHOD_GET] = { "GET", 3 },         [METHOD_HEAD] = { "HEAD", 4 },
	[METHOD_POST] = { "POST", 4 },       [METHOD_PUT] = { "PUT", 3 },
	[METHOD_DELETE] = { "DELETE", 6 },   [METHOD_PATCH] = { "PATCH", 5 },
	[METHOD_OPTIONS] = { "OPTIONS", 7 },
};

struct span http1_method_text(enum http1_method m)
{
	MUST(m < METHOD_COUNT);
	return methods[m];
}

/* ---- the end of the head ---- */

static enum err refuse(enum http1_fault fault, enum http1_fault *why)
{
	*why = fault;
	switch (fault) {
	case FAULT_NONE: return ERR_OK;
	case FAULT_LINE_TOO_LONG:
	case FAULT_HEAD_TOO_LONG:
	case FAULT_TOO_MANY_FIELDS: return ERR_TOO_BIG;
	default: return ERR_GARBLED;
	}
}

/* The window is full, and the line or the head has not ended in it. A line without a single
 * space is a method that never ends. */
static enum http1_fault too_long(struct span bytes, const struct http1_scan *scan)
{
	if (scan->line_at != scan->head_at)
		return FAULT_HEAD_TOO_LONG;
	return memchr(bytes.at + scan->line_at, ' ', scan->seen - scan->line_at)
		   ? FAULT_LINE_TOO_LONG
		   : FAULT_METHOD;
}

/* One LF was found. Moves on to the next line. */
static enum http1_fault end_line(struct span bytes, struct http1_scan *scan, size_t lf)
{
	if (lf == scan->line_at || bytes.at[lf - 1] != '\r')
		return FAULT_BARE_LF;
	scan->seen = (uint32_t)lf + 1;
	if (lf == scan->line_at + 1) {
		scan->ended = scan->line_at != scan->head_at;
		if (!scan->ended && scan->head_at != 0)
			return FAULT_START_LINE;
		if (!scan->ended)
			scan->head_at = scan->seen;
	}
	scan->line_at = scan->seen;
	return FAULT_NONE;
}

/* Where the search must stop: the limit of the first line while in it, else of the head. */
static size_t window(const struct http1_scan *scan, const struct http1_limits *limits)
{
	size_t line = (size_t)limits->line_bytes + 2;
	bool first = scan->line_at == scan->head_at;

	return scan->head_at + (first && line < limits->head_bytes ? line : limits->head_bytes);
}

/* Looks for the empty line; on ERR_OK the head is [head_at, seen). An answer never depends
 * on bytes after the window, so that it is the same however the head was cut. */
static enum err find_end(struct span bytes, const struct http1_limits *limits,
			 struct http1_scan *scan, enum http1_fault *why)
{
	while (!scan->ended) {
		size_t stop = window(scan, limits);
		size_t upto = bytes.len < stop ? bytes.len : stop;
		const char *lf;
		enum http1_fault fault;

		if (scan->head_at < bytes.len && scan->line_at == scan->head_at &&
		    !octet_is(bytes.at[scan->head_at], OCTET_TOKEN) &&
		    (bytes.at[scan->head_at] != '\r' || scan->head_at != 0))
			return refuse(FAULT_START_LINE, why);
		lf = scan->seen < upto ? memchr(bytes.at + scan->seen, '\n', upto - scan->seen)
				       : NULL;
		if (!lf) {
			scan->seen = (uint32_t)upto;
			return upto < stop ? ERR_AGAIN : refuse(too_long(bytes, scan), why);
		}
		fault = end_line(bytes, scan, (size_t)(lf - bytes.at));
		if (fault != FAULT_NONE)
			return refuse(fault, why);
	}
	return ERR_OK;
}

/* ---- fields ---- */

/* Fields are grouped by length in head.tbl.h: a name is compared with those of its length. */
enum {
	LENGTH_NONE = -1, /* gives the next enumerator the value 0, that of HF_OTHER */
	FIELD_ORDER_OTHER,
#define LENGTH(n)                 LENGTH_FIRST_##n, LENGTH_BEFORE_##n = LENGTH_FIRST_##n - 1,
#define FIELD(id, name, up, down) FIELD_ORDER_##id,
#include "proxy/head.tbl.h"
	FIELD_ORDER_COUNT
};
_Static_assert((int)FIELD_ORDER_COUNT == (int)HF_COUNT, "the headings take no numbers");

#define NAME_BYTES_MAX 32
static const uint8_t first_of_length[NAME_BYTES_MAX] = {
#define FIELD(id, name, up, down)
#define LENGTH(n) [n] = LENGTH_FIRST_##n,
#include "proxy/head.tbl.h"
};

static const struct span known[HF_COUNT + 1] = {
	[HF_OTHER] = { "", 0 },
#define FIELD(id, name, up, down) [HF_##id] = { name, sizeof(name) - 1 },
#include "proxy/head.tbl.h"
	[HF_COUNT] = { "", 0 }, /* ends the last group */
};

static enum http1_name name_id(struct span name)
{
	if (name.len >= NAME_BYTES_MAX)
		return HF_OTHER;
	for (unsigned id = first_of_length[name.len]; id > 0 && known[id].len == name.len; id++)
		if ((name.at[0] | 0x20) == known[id].at[0] && span_eq_nocase(name, known[id]))
			return (enum http1_name)id;
	return HF_OTHER;
}

/* A second field of a kind that may be there once. */
static enum http1_fault twice(enum http1_name id)
{
	switch (id) {
	case HF_HOST: return FAULT_HOST_TWICE;
	case HF_CONTENT_LENGTH: return FAULT_LENGTH_TWICE;
	case HF_TRANSFER_ENCODING: return FAULT_CODING;
	case HF_EXPECT: return FAULT_EXPECT;
	case HF_CONTENT_TYPE: return FAULT_CONTENT_TYPE_TWICE;
	default: return FAULT_NONE;
	}
}

/* What is wrong with a name that stopped being one at `rest`. */
static enum http1_fault bad_name(size_t len, struct span rest)
{
	if (len == 0 && rest.len > 0 && (rest.at[0] == ' ' || rest.at[0] == '\t'))
		return FAULT_FIELD_FOLDED;
	if (rest.len > 0 && rest.at[0] == '_')
		return FAULT_FIELD_UNDERSCORE;
	if (rest.len > 0 && rest.at[0] == '\r')
		return FAULT_BARE_CR;
	rest = span_trim(rest);
	return len > 0 && rest.len > 0 && rest.at[0] == ':' ? FAULT_FIELD_SPACE : FAULT_FIELD_NAME;
}

static enum http1_fault take_field(struct http1_fields *fields, struct span line,
				   unsigned name_class)
{
	struct http1_field *f = &fields->at[fields->count];
	size_t len = octet_run(line, name_class);
	char bad;

	if (len == 0 || len == line.len || line.at[len] != ':')
		return bad_name(len, span_skip(line, len));
	f->name = (struct span){ line.at, len };
	f->value = span_trim(span_skip(line, len + 1));
	if (!octet_is_value(f->value, &bad))
		return bad == '\r' ? FAULT_BARE_CR : FAULT_FIELD_VALUE;
	f->id = name_id(f->name);
	fields->count++;
	if (f->id == HF_OTHER)
		return FAULT_NONE;
	if (fields->first[f->id])
		return twice(f->id);
	fields->first[f->id] = fields->count;
	return FAULT_NONE;
}

/* Takes the next line, without its CRLF, from lines that find_end() has seen end with one. */
static struct span take_line(struct span *lines)
{
	const char *lf = memchr(lines->at, '\n', lines->len);
	struct span line;

	MUST(lf && lf > lines->at);
	line = (struct span){ lines->at, (size_t)(lf - lines->at) - 1 };
	*lines = span_skip(*lines, line.len + 2);
	return line;
}

static enum http1_fault take_fields(struct http1_fields *fields, struct span lines, uint32_t max,
				    unsigned name_class)
{
	enum http1_fault fault = FAULT_NONE;

	fields->count = 0;
	memset(fields->first, 0, sizeof(fields->first));
	while (fault == FAULT_NONE) {
		struct span line = take_line(&lines);

		if (line.len == 0)
			break;
		if (fields->count == max || fields->count == HTTP1_FIELDS_MAX)
			return FAULT_TOO_MANY_FIELDS;
		fault = take_field(fields, line, name_class);
	}
	return fault;
}

/* Takes the next element of a comma-separated list; empty ones come out empty. */
static struct span take_element(struct span *list)
{
	const char *comma = memchr(list->at, ',', list->len);
	struct span element = { list->at, comma ? (size_t)(comma - list->at) : list->len };

	*list = span_skip(*list, element.len + (comma ? 1 : 0));
	return span_trim(element);
}

bool http1_lists(const struct http1_fields *f, enum http1_name id, struct span token)
{
	for (unsigned i = f->first[id]; i > 0 && i <= f->count; i++) {
		struct span list = f->at[i - 1].value;

		if (f->at[i - 1].id != id)
			continue;
		while (list.len > 0)
			if (span_eq_nocase(take_element(&list), token))
				return true;
	}
	return false;
}

/* Every element of every connection field must be a token: it names a field to remove. */
static enum http1_fault check_connection(const struct http1_fields *f)
{
	for (unsigned i = f->first[HF_CONNECTION]; i > 0 && i <= f->count; i++) {
		struct span list = f->at[i - 1].value;

		if (f->at[i - 1].id != HF_CONNECTION)
			continue;
		while (list.len > 0) {
			struct span element = take_element(&list);

			if (octet_run(element, OCTET_TOKEN) != element.len)
				return FAULT_CONNECTION;
		}
	}
	return FAULT_NONE;
}

static bool keeps_alive(const struct http1_fields *f, uint8_t minor)
{
	if (http1_lists(f, HF_CONNECTION, SPAN("close")))
		return false;
	return minor == 1 || http1_lists(f, HF_CONNECTION, SPAN("keep-alive"));
}

/* content-length and transfer-encoding: one of them, once, spelled plainly, or neither. */
static enum http1_fault check_framing(const struct http1_fields *f, uint8_t minor, bool *has_length,
				      uint64_t *length, bool *chunked)
{
	struct span coding = http1_value(f, HF_TRANSFER_ENCODING);
	struct span digits = http1_value(f, HF_CONTENT_LENGTH);

	*chunked = coding.at != NULL;
	*has_length = digits.at != NULL;
	*length = 0;
	if (*chunked && *has_length)
		return FAULT_LENGTH_AND_CHUNKED;
	if (*chunked && minor == 0)
		return FAULT_CODING_OLD;
	if (*chunked && !span_eq_nocase(coding, SPAN("chunked")))
		return FAULT_CODING;
	if (*has_length && !octet_decimal(digits, length))
		return FAULT_LENGTH;
	return FAULT_NONE;
}

/* "HTTP/1.1" or "HTTP/1.0", exactly. */
static enum http1_fault take_version(struct span s, uint8_t *minor)
{
	if (s.len != 8 || !span_starts(s, SPAN("HTTP/")) || s.at[5] < '0' || s.at[5] > '9' ||
	    s.at[6] != '.' || s.at[7] < '0' || s.at[7] > '9')
		return FAULT_START_LINE;
	if (s.at[5] != '1' || s.at[7] > '1')
		return FAULT_VERSION;
	*minor = (uint8_t)(s.at[7] - '0');
	return FAULT_NONE;
}

/* ---- requests ---- */

static bool is_letter_or_digit(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* A percent escape in a path may stand for a character that is printable ASCII and means
 * nothing to a router: "%3A" in a model name may, "%2F" may not. */
static bool escape_allowed(int c)
{
	return c >= 0x20 && c < 0x7f && !strchr("./\\%;#?", c);
}

/* The one place for an escaped slash: inside a segment that is an Amazon resource name, between
 * two of its words. What it means there is for the route to know. */
static bool slash_allowed(struct span path, size_t segment, size_t at)
{
	struct span name = span_skip(path, segment);

	return (span_starts(name, SPAN("arn:")) || span_starts(name, SPAN("arn%3A")) ||
		span_starts(name, SPAN("arn%3a"))) &&
	       is_letter_or_digit(path.at[at - 1]) && at + 3 < path.len &&
	       is_letter_or_digit(path.at[at + 3]);
}

/* A segment begins at `at`: it must not be empty (unless the path ends), ".", or "..". */
static bool segment_allowed(struct span path, size_t at)
{
	size_t dots = at;

	while (dots < path.len && path.at[dots] == '.')
		dots++;
	if (dots < path.len && path.at[dots] != '/')
		return true;
	return dots - at > 2 || (dots == at && dots == path.len);
}

static enum http1_fault check_path(struct span path)
{
	size_t segment = 0;

	for (size_t i = 0; i < path.len; i++) {
		char c = path.at[i];

		if (c == '%') {
			int byte = octet_escape(span_skip(path, i));

			if (!escape_allowed(byte) &&
			    (byte != '/' || !slash_allowed(path, segment, i)))
				return FAULT_TARGET_ESCAPE;
			i += 2;
		} else if (!octet_is(c, OCTET_PATH)) {
			return FAULT_TARGET;
		} else if (c == '/') {
			segment = i + 1;
			if (!segment_allowed(path, segment))
				return FAULT_TARGET_DOTS;
		}
	}
	return FAULT_NONE;
}

static enum http1_fault check_query(struct span query)
{
	for (size_t i = 0; i < query.len; i++) {
		if (octet_is(query.at[i], OCTET_QUERY))
			continue;
		if (octet_escape(span_skip(query, i)) < 0x20)
			return FAULT_TARGET;
		i += 2;
	}
	return FAULT_NONE;
}

/* The absolute form: its authority is cut off and must be what the host field says. */
static enum http1_fault take_authority(struct span *target, struct span host)
{
	struct span scheme = span_eq_nocase((struct span){ target->at, 5 }, SPAN("https"))
				 ? SPAN("https://")
				 : SPAN("http://");
	size_t len = 0;

	*target = span_skip(*target, scheme.len);
	while (len < target->len && target->at[len] != '/' && target->at[len] != '?')
		len++;
	if (len == 0 || !span_eq_nocase((struct span){ target->at, len }, host))
		return FAULT_TARGET_HOST;
	*target = span_skip(*target, len);
	return FAULT_NONE;
}

static bool is_absolute(struct span target)
{
	return (target.len >= 7 &&
		span_eq_nocase((struct span){ target.at, 7 }, SPAN("http://"))) ||
	       (target.len >= 8 && span_eq_nocase((struct span){ target.at, 8 }, SPAN("https://")));
}

/* Reduces the target to path and query, and checks both. */
static enum http1_fault take_target(struct span target, struct http1_request *out)
{
	enum http1_fault fault = FAULT_NONE;
	const char *mark;

	if (is_absolute(target))
		fault = take_authority(&target, out->host);
	else if (target.len == 0 || target.at[0] != '/')
		fault = FAULT_TARGET;
	if (fault != FAULT_NONE)
		return fault;
	mark = memchr(target.at, '?', target.len);
	out->path = (struct span){ target.at, mark ? (size_t)(mark - target.at) : target.len };
	out->query = mark ? span_skip(target, out->path.len + 1) : (struct span){ NULL, 0 };
	fault = check_path(out->path);
	if (fault == FAULT_NONE)
		fault = check_query(out->query);
	if (out->path.len == 0)
		out->path = SPAN("/");
	return fault;
}

static enum http1_fault take_method(struct span token, enum http1_method *out)
{
	for (unsigned m = 0; m < METHOD_COUNT; m++)
		if (span_eq(token, methods[m])) {
			*out = (enum http1_method)m;
			return FAULT_NONE;
		}
	return FAULT_METHOD;
}

/* "METHOD target HTTP/1.1" with single spaces. The target is checked later, when the host
 * is known. */
static enum http1_fault take_request_line(struct span line, struct http1_request *out,
					  struct span *target)
{
	size_t len = octet_run(line, OCTET_TOKEN);
	struct span method = { line.at, len };
	const char *space;
	enum http1_fault fault;

	if (len == 0 || len == line.len || line.at[len] != ' ')
		return FAULT_START_LINE;
	line = span_skip(line, len + 1);
	space = memchr(line.at, ' ', line.len);
	if (!space || space == line.at)
		return FAULT_START_LINE;
	*target = (struct span){ line.at, (size_t)(space - line.at) };
	fault = take_version(span_skip(line, target->len + 1), &out->minor);
	if (fault != FAULT_NONE)
		return fault;
	return take_method(method, &out->method);
}

static enum http1_fault check_host(const struct http1_request *r)
{
	if (!r->host.at)
		return r->minor == 0 ? FAULT_NONE : FAULT_HOST_MISSING;
	return url_is_authority(r->host) ? FAULT_NONE : FAULT_HOST;
}

static bool takes_body(enum http1_method m)
{
	return m != METHOD_GET && m != METHOD_HEAD && m != METHOD_OPTIONS;
}

/* The body's framing and the expectation; an expectation without a body means nothing. */
static enum http1_fault check_body(struct http1_request *r)
{
	struct span expect = http1_value(&r->fields, HF_EXPECT);
	enum http1_fault fault;
	bool announced;

	fault = check_framing(&r->fields, r->minor, &r->has_length, &r->length, &r->chunked);
	if (fault != FAULT_NONE)
		return fault;
	announced = r->chunked || r->length > 0;
	if (announced && !takes_body(r->method))
		return FAULT_BODY_UNEXPECTED;
	if (expect.at && !span_eq_nocase(expect, SPAN("100-continue")))
		return FAULT_EXPECT;
	r->expect_100 = expect.at && announced && r->minor == 1;
	return FAULT_NONE;
}

static enum http1_fault parse_request(struct span head, const struct http1_limits *limits,
				      struct http1_request *r)
{
	struct span target;
	enum http1_fault fault = take_request_line(take_line(&head), r, &target);

	if (fault == FAULT_NONE)
		fault = take_fields(&r->fields, head, limits->fields, OCTET_NAME);
	if (fault != FAULT_NONE)
		return fault;
	r->host = http1_value(&r->fields, HF_HOST);
	fault = check_host(r);
	if (fault == FAULT_NONE)
		fault = take_target(target, r);
	if (fault == FAULT_NONE)
		fault = check_connection(&r->fields);
	if (fault == FAULT_NONE)
		fault = check_body(r);
	r->keep_alive = keeps_alive(&r->fields, r->minor);
	return fault;
}

/* The complete head that find_end() found. */
static struct span found(struct span bytes, const struct http1_scan *scan)
{
	return (struct span){ bytes.at + scan->head_at, scan->seen - scan->head_at };
}

enum err http1_request(struct span bytes, const struct http1_limits *limits,
		       struct http1_scan *scan, struct http1_request *out, enum http1_fault *why)
{
	enum err e = find_end(bytes, limits, scan, why);

	if (e != ERR_OK)
		return e;
	out->head_bytes = scan->seen;
	return refuse(parse_request(found(bytes, scan), limits, out), why);
}

/* ---- responses ---- */

/* "HTTP/1.1 200 reason": the reason is checked and dropped. */
static enum http1_fault take_status_line(struct span line, struct http1_response *out)
{
	struct span digits;
	enum http1_fault fault;
	uint64_t status;
	char bad;

	if (line.len < 12 || line.at[8] != ' ' || (line.len > 12 && line.at[12] != ' '))
		return FAULT_START_LINE;
	fault = take_version((struct span){ line.at, 8 }, &out->minor);
	if (fault != FAULT_NONE)
		return fault;
	digits = (struct span){ line.at + 9, 3 };
	if (!octet_decimal(digits, &status) || status < 100 || status > 599)
		return FAULT_STATUS;
	if (!octet_is_value(span_skip(line, 12), &bad))
		return bad == '\r' ? FAULT_BARE_CR : FAULT_START_LINE;
	out->status = (uint16_t)status;
	return status == 101 ? FAULT_SWITCHED : FAULT_NONE;
}

/* How the body ends (RFC 9112 section 6.3). A response that may have no body but announces
 * one leaves the connection in doubt: it is not kept. */
static enum http1_fault choose_body(struct http1_response *r, enum http1_method method)
{
	bool chunked;
	enum http1_fault fault = check_framing(&r->fields, r->minor, &r->has_length, &r->length,
					       &chunked);

	if (fault != FAULT_NONE)
		return fault;
	if (method == METHOD_HEAD || r->status == 304 || r->status == 204) {
		r->body = BODY_NONE;
		if (r->status == 204 && (chunked || r->length > 0))
			r->keep_alive = false;
	} else if (chunked) {
		r->body = BODY_CHUNKED;
	} else if (r->has_length) {
		r->body = r->length > 0 ? BODY_LENGTH : BODY_NONE;
	} else {
		r->body = BODY_UNTIL_CLOSE;
		r->keep_alive = false;
	}
	return FAULT_NONE;
}

static enum http1_fault parse_response(struct span head, const struct http1_limits *limits,
				       enum http1_method method, struct http1_response *r)
{
	enum http1_fault fault = take_status_line(take_line(&head), r);

	if (fault == FAULT_NONE)
		fault = take_fields(&r->fields, head, limits->fields, OCTET_TOKEN);
	if (fault == FAULT_NONE)
		fault = check_connection(&r->fields);
	if (fault != FAULT_NONE || r->status < 200)
		return fault;
	r->keep_alive = keeps_alive(&r->fields, r->minor);
	return choose_body(r, method);
}

enum err http1_response(struct span bytes, const struct http1_limits *limits,
			struct http1_scan *scan, enum http1_method method,
			struct http1_response *out, enum http1_fault *why)
{
	if (bytes.len > 0 && bytes.at[0] == '\r')
		return refuse(FAULT_START_LINE, why);
	for (;;) {
		enum err e = find_end(bytes, limits, scan, why);

		if (e != ERR_OK)
			return e;
		out->head_bytes = scan->seen;
		e = refuse(parse_response(found(bytes, scan), limits, method, out), why);
		if (e != ERR_OK || out->status >= 200)
			return e;
		if (scan->interims == HTTP1_INTERIMS_MAX)
			return refuse(FAULT_INTERIM_FLOOD, why);
		scan->interims++;
		scan->head_at = scan->line_at = scan->seen;
		scan->ended = false;
	}
}
