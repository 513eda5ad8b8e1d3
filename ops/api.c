/* api.c - see api.h. What all handlers share. */
#include "ops/api.h"
#include <event2/event.h>
#include <event2/http.h>
#include <stdarg.h>
#include <string.h>
#include "base/decimal.h"
#include "base/utf8.h"
#include "ops/house.h"
#include "ops/people.h"
#include "store/books.h"

#define SETTLE_US US_PER_SEC

const struct api_route api_routes[] = {
#define ROUTE(method, path, handler, help) { API_##method, path, handler, help },
#include "ops/api.tbl.h"
	{ 0 }
};

int api_status(enum err e)
{
	switch (e) {
	case ERR_OK: return 200;
	case ERR_GARBLED:
	case ERR_RANGE: return 400;
	case ERR_REFUSED: return 403;
	case ERR_MISSING: return 404;
	case ERR_EXISTS: return 409;
	case ERR_TOO_BIG: return 413;
	default: return 503;
	}
}

enum err api_refuse(struct api_call *c, enum err e, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(c->why, sizeof(c->why), fmt, args);
	va_end(args);
	return e;
}

const char *api_value(const struct api_call *c, const char *name)
{
	const char *value = json_string_value(json_object_get(c->body, name));

	return value ? value : evhttp_find_header(c->query, name);
}

/* Is it text that any terminal, log and database takes? */
static bool is_plain(struct span s)
{
	while (s.len > 0) {
		size_t len = utf8_len(s);

		if (len == 0 || (unsigned char)s.at[0] < 0x20 || s.at[0] == 0x7f)
			return false;
		s = span_skip(s, len);
	}
	return true;
}

enum err api_text(struct api_call *c, const char *name, char *to, size_t room)
{
	struct span value = span_of(api_value(c, name));

	if (!value.at)
		return ERR_OK;
	if (!is_plain(value))
		return api_refuse(c, ERR_GARBLED, "%s: no control characters, please", name);
	if (value.len >= room)
		return api_refuse(c, ERR_RANGE, "%s: at most %zu bytes", name, room - 1);
	span_copy(value, to, room);
	return ERR_OK;
}

enum err api_name(struct api_call *c, const char *name, char *to, size_t room)
{
	const char *value = api_value(c, name);
	enum err e = api_text(c, name, to, room);

	if (e != ERR_OK || !value)
		return e;
	if (value[0] == '\0')
		return api_refuse(c, ERR_GARBLED, "%s: it is empty", name);
	if (value[strspn(value, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				"0123456789._-@:")])
		return api_refuse(c, ERR_GARBLED,
				  "%s \"%s\": only letters, digits and . _ - @ : are allowed", name,
				  value);
	return ERR_OK;
}

enum err api_when(struct api_call *c, const char *name, enum when_side side, uint64_t *us)
{
	struct span value = span_of(api_value(c, name));
	struct wall at;

	if (!value.at)
		return ERR_OK;
	if (!when_instant(value, clk_wall(), side, &at))
		return api_refuse(c, ERR_GARBLED, "%s \"%.40s\": not " WHEN_HELP, name, value.at);
	*us = at.us;
	return ERR_OK;
}

void api_put_time(json_t *o, const char *name, uint64_t us)
{
	char text[CLK_TEXT_ROOM];

	clk_text((struct wall){ us }, text);
	json_object_set_new(o, name, us > 0 ? json_string(text) : json_null());
}

void api_put_text(json_t *o, const char *name, const char *text)
{
	json_t *value = text[0] ? json_string(text) : NULL; /* NULL, too, when it is no UTF-8 */

	json_object_set_new(o, name, value ? value : json_null());
}

void api_put_money(json_t *o, const char *name, int64_t pusd)
{
	char member[64], text[DECIMAL_TEXT_ROOM];

	snprintf(member, sizeof(member), "%s_pusd", name);
	json_object_set_new(o, member, json_integer(pusd));
	snprintf(member, sizeof(member), "%s_usd", name);
	decimal_pusd_text(pusd, text);
	json_object_set_new(o, member, json_string(text));
}

void api_settle(struct api_call *c)
{
	if (books_flush(c->house->books, SETTLE_US) != ERR_OK)
		return; /* then the newest rows are not in the answer yet */
}

enum err api_publish(struct api_call *c)
{
	return people_publish(c->house, c->why, sizeof(c->why));
}
