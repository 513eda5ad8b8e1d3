/* conf.h - the operator's wishes: one immutable, counted snapshot of the config file.
 *
 * The structs are made from options.tbl.h; a field's name carries its unit: option
 * `deadlines: { head: 10s }` is c->deadlines.head_us.
 *
 * Owner    conf_load() gives the caller one reference; every text, list and secret in it
 *          lives until the last conf_unref().
 * Limit    CONF_PROVIDERS_MAX, CONF_LISTENERS_MAX, CONF_PLANS_MAX; files as yaml.h says.
 * Errors   all of them, "file:line: what" each, appended to a buffer.
 * Threads  a snapshot never changes: any thread may read it; ref and unref are atomic.
 */
#ifndef CONF_CONF_H
#define CONF_CONF_H
#include <stdbool.h>
#include <stdint.h>
#include "base/buf.h"
#include "base/err.h"
#include "base/must.h"
#include "base/span.h"
#include "conf/address.h"

#define CONF_PROVIDERS_MAX 256
#define CONF_LISTENERS_MAX 64
#define CONF_PLANS_MAX     64
#define CONF_NONE          INT64_C(-1) /* an amount of "none": no budget */

enum choice {
#define CHOICE(set, id, word, help) CHOICE_##set##_##id,
#include "conf/options.tbl.h"
	CHOICE_COUNT
};

struct conf_secret;

struct conf_texts {
	const char *const *at;
	unsigned count;
};

struct conf_listeners {
	const struct conf_listener *at;
	unsigned count; /* at least 1 */
};

struct conf_providers {
	const struct conf_provider *at;
	unsigned count; /* at least 1 */
};

struct conf_plans {
	const struct conf_plan *at;
	unsigned count; /* none unless the file names some */
};

/* By KIND: DO(type of the field, its name). */
#define CONF_FIELD_BYTES(DO, name)     DO(uint64_t, name##_bytes)
#define CONF_FIELD_DURATION(DO, name)  DO(uint64_t, name##_us)
#define CONF_FIELD_COUNT(DO, name)     DO(uint64_t, name)
#define CONF_FIELD_USD(DO, name)       DO(int64_t, name##_pusd)
#define CONF_FIELD_BOOL(DO, name)      DO(bool, name)
#define CONF_FIELD_CHOICE(DO, name)    DO(enum choice, name)
#define CONF_FIELD_TEXT(DO, name)      DO(const char *, name)
#define CONF_FIELD_TEXTS(DO, name)     DO(struct conf_texts, name)
#define CONF_FIELD_PATH(DO, name)      DO(const char *, name)
#define CONF_FIELD_FILE(DO, name)      DO(const char *, name)
#define CONF_FIELD_FILES(DO, name)     DO(struct conf_texts, name)
#define CONF_FIELD_ADDRESS(DO, name)   DO(struct conf_address, name)
#define CONF_FIELD_BASE_URL(DO, name)  DO(struct conf_url, name)
#define CONF_FIELD_SECRET(DO, name)    DO(const struct conf_secret *, name)
#define CONF_FIELD_LOCATOR(DO, name)   DO(const struct conf_secret *, name)
#define CONF_FIELD_LISTENERS(DO, name) DO(struct conf_listeners, name)
#define CONF_FIELD_PROVIDERS(DO, name) DO(struct conf_providers, name)
#define CONF_FIELD_PLANS(DO, name)     DO(struct conf_plans, name)
#define CONF_DECLARE(type, field)      type field;

struct conf_listener {
#define LISTENER(section, name, kind, ...) CONF_FIELD_##kind(CONF_DECLARE, name)
#include "conf/options.tbl.h"
	const int *lines; /* by option: where it was written, 0 if nowhere; the last: the whole */
};

struct conf_provider {
#define PROVIDER(name, kind, ...) CONF_FIELD_##kind(CONF_DECLARE, name)
#include "conf/options.tbl.h"
	const int *lines; /* by option: where it was written, 0 if nowhere; the last: the whole */
};

struct conf_plan {
#define PLAN(name, kind, ...) CONF_FIELD_##kind(CONF_DECLARE, name)
#include "conf/options.tbl.h"
	const int *lines; /* by option: where it was written, 0 if nowhere; the last: the whole */
};

struct conf {
#define TOP(name, kind, ...)             CONF_FIELD_##kind(CONF_DECLARE, name)
#define SECTION(name, help)              struct {
#define OPTION(section, name, kind, ...) CONF_FIELD_##kind(CONF_DECLARE, name)
#define SECTION_END(name)                                                                          \
	}                                                                                          \
	name;
#include "conf/options.tbl.h"
	const char *path; /* of the file */
	const int *lines; /* by option: where it was written, 0 if nowhere; the last: the whole */
};

/* Reads the file, checks every value and what they say about each other. dialects: the known
 * ones, ended by NULL; NULL itself skips that check. Environment variables and files that
 * hold secrets are read here, once. On ERR_OK `errors` may hold "file:line: warning: what"
 * lines; otherwise it says everything that is wrong. */
enum err conf_load(const char *path, const char *const *dialects, struct conf **out,
		   struct buf *errors) MUST_USE;

/* The same from memory; `name` stands for the path. */
enum err conf_load_text(const char *name, struct span text, const char *const *dialects,
			struct conf **out, struct buf *errors) MUST_USE;

/* One more reference, and one less; the last one wipes the secrets and frees. */
struct conf *conf_ref(struct conf *c);
void conf_unref(struct conf *c);

/* The provider of that name, or NULL. */
const struct conf_provider *conf_find_provider(const struct conf *c, struct span name);

/* The plan of that name, or NULL. */
const struct conf_plan *conf_find_plan(const struct conf *c, struct span name);

/* The line on which an option was written, or else on which its section or entry begins; `lines`
 * of the struct that it is in. */
int conf_line(const int *lines, const char *section, const char *name);

/* The secret's bytes, NUL-terminated, no control characters; len 0: there is none. Never
 * log or print them. */
struct span conf_secret(const struct conf_secret *s);

/* The word that stands for it in the file; static text. */
const char *conf_choice_word(enum choice c);

/* Appends every option with its value and where that came from, one a line:
 * "limits.head = 64k  # weir.yaml:14" or "# default". Secrets show their source only. */
bool conf_print(const struct conf *c, struct buf *to) MUST_USE;

/* Appends the names of the options that differ between the two and need a restart, one a
 * line; nothing when a reload does. */
bool conf_compare(const struct conf *running, const struct conf *next, struct buf *names) MUST_USE;

#endif
