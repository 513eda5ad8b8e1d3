/* api.h - what the admin API can do: one table of routes, one handler each.
 *
 * A handler reads the call, does its work and sets the answer; admin.c speaks HTTP and
 * decides who may call. It returns ERR_OK, or says in `why` what a person should know; the
 * error becomes an HTTP status (api_status()).
 * Threads  the ops thread.
 */
#ifndef OPS_API_H
#define OPS_API_H
#include <jansson.h>
#include <stdint.h>
#include "base/buf.h"
#include "base/err.h"
#include "base/must.h"
#include "base/span.h"
#include "ops/when.h"

struct evkeyvalq;
struct house;

#define API_TEXT_MAX (64u << 20) /* bytes of an answer in lines */
#define API_WHY_MAX  512

enum api_method {
	API_GET,
	API_POST,
	API_PUT,
	API_DELETE
};

struct api_call {
	struct house *house;
	const char *param;       /* what stands for '*' in the path; NULL: nothing */
	struct evkeyvalq *query; /* decoded */
	json_t *body;            /* an object; NULL: none */
	struct span raw;         /* the same as it came */
	json_t *answer;          /* set by the handler: JSON, given back by admin.c */
	struct buf text;         /* or else: lines of JSON */
	char why[API_WHY_MAX];
};

typedef enum err api_handler(struct api_call *c);

struct api_route {
	enum api_method method;
	const char *path; /* below /admin/v1/; '*' is one segment */
	api_handler *handler;
	const char *help;
};

/* The table; ends with a NULL path. */
extern const struct api_route api_routes[];

/* The HTTP status for what a handler returned. */
int api_status(enum err e);

/* Sets why and returns e. */
enum err api_refuse(struct api_call *c, enum err e, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* The value that came as `name`, in the body or in the query; NULL: none. Lives as long as
 * the call. */
const char *api_value(const struct api_call *c, const char *name);

/* Copies that value into room bytes at `to`, which stays as it is when there is none.
 * Refused when too long, not UTF-8 or with control characters. */
enum err api_text(struct api_call *c, const char *name, char *to, size_t room) MUST_USE;

/* The same for the name of a thing: also refused when it has other characters than letters,
 * digits and . _ - @ : or is empty. */
enum err api_name(struct api_call *c, const char *name, char *to, size_t room) MUST_USE;

/* Reads that value as an instant; *us stays as it is when there is none. */
enum err api_when(struct api_call *c, const char *name, enum when_side side, uint64_t *us) MUST_USE;

/* Adds members to an object: an instant as RFC 3339 (0: null), a text (empty: null), an
 * amount both as NAME_pusd and, in exact USD, as NAME_usd. */
void api_put_time(json_t *o, const char *name, uint64_t us);
void api_put_text(json_t *o, const char *name, const char *text);
void api_put_money(json_t *o, const char *name, int64_t pusd);

/* Waits a moment for rows on their way to the ledger, so that a request just finished is
 * in what is read next. */
void api_settle(struct api_call *c);

/* Adds an array of keys or quotas to the object o, for several handlers. tenant: those
 * that concern it, the platform's limits included; NULL: all. */
enum err api_put_keys(struct api_call *c, json_t *o, const char *name, const char *tenant) MUST_USE;
enum err api_put_quotas(struct api_call *c, json_t *o, const char *name,
			const char *tenant) MUST_USE;

/* Publishes tenants, keys and quotas after a change of them. */
enum err api_publish(struct api_call *c) MUST_USE;

/* The handlers, by file. */
#define ROUTE(method, path, handler, help) api_handler handler;
#include "ops/api.tbl.h"

#endif
