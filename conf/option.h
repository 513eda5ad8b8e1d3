/* option.h - the rows of options.tbl.h as data, for this room. */
#ifndef CONF_OPTION_H
#define CONF_OPTION_H
#include <stddef.h>
#include "base/span.h"
#include "conf/conf.h"

enum option_kind {
	KIND_BYTES,
	KIND_DURATION,
	KIND_COUNT,
	KIND_USD,
	KIND_BOOL,
	KIND_CHOICE,
	KIND_TEXT,
	KIND_TEXTS,
	KIND_PATH,
	KIND_FILE,
	KIND_FILES,
	KIND_ADDRESS,
	KIND_BASE_URL,
	KIND_SECRET,
	KIND_LOCATOR,
	KIND_LISTENERS,
	KIND_PROVIDERS,
	KIND_PLANS,
	KIND_TYPES /* how many there are */
};

enum option_when {
	WHEN_LIVE,
	WHEN_START
};

struct option {
	const char *section; /* "" at the top, "limits", "providers[]", "listen[].tls" */
	const char *name;
	enum option_kind kind;
	enum option_when when;
	size_t offset; /* of its field in struct conf, conf_provider, conf_listener or conf_plan */
	const char *def, *least, *most, *help;
};

struct option_section {
	const char *name, *help;
};

struct option_choice {
	const char *set, *word, *help;
};

enum {
#define TOP(name, kind, ...)               OPTION_top_##name,
#define OPTION(section, name, kind, ...)   OPTION_##section##_##name,
#define LISTENER(section, name, kind, ...) OPTION_listener_##name,
#define PROVIDER(name, kind, ...)          OPTION_provider_##name,
#define PLAN(name, kind, ...)              OPTION_plan_##name,
#include "conf/options.tbl.h"
	OPTIONS
};

/* In the order of the table; `lines` of the structs are by index here. */
extern const struct option options[OPTIONS];

/* All sections but the top, ended by a NULL name. */
extern const struct option_section option_sections[];

/* By enum choice. */
extern const struct option_choice option_choices[CHOICE_COUNT];

#define OPTION_TITLE_ROOM 96

/* "limits.head" for messages; `suffix` goes behind it. */
void option_title(const struct option *o, const char *suffix, char to[OPTION_TITLE_ROOM]);

/* What a key of a section means: the option, and for a secret whether the key is name_env,
 * name_file or the name itself ("_env", "_file", ""). NULL: no such option. */
const struct option *option_find(const char *section, struct span key, const char **suffix);

/* Is this key of the section a section itself? */
bool option_is_section(const char *section, struct span key);

/* The key that somebody who wrote `wrong` in that section probably meant, written into `to`;
 * false when nothing is near. */
bool option_guess(const char *section, struct span wrong, char to[OPTION_TITLE_ROOM]);

/* Edits (insert, delete, replace, swap neighbours) from a to b; OPTION_FAR when either is longer
 * than 63 bytes. */
#define OPTION_FAR 1000
unsigned option_distance(struct span a, struct span b);

/* Is it close enough to be meant? */
bool option_near(struct span wrong, struct span right);

#endif
