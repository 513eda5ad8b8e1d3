/* peek.c - walks a body once and takes what peek.tbl.h names.
 *
 * A row of the table has a pointer and a role; a role has a function that takes the value.
 * For every shape the rows are compiled once: into paths for the tokenizer, and into the
 * set of metering keys, found by their canonical spelling (lower case, no underscores) so
 * that "Model" or "max_Tokens" is noticed and not taken for some other key. */
#include "metering/peek.h"
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/json.h"
#include "base/must.h"
#include "base/utf8.h"
#include "metering/peek_row.h"

const struct peek_row peek_rows[] = {
#define PEEK(shapes, pointer, role)  { shapes, pointer, ROLE_##role, false },
#define COUNT(shapes, pointer, role) { shapes, pointer, ROLE_##role, true },
#include "metering/peek.tbl.h"
	{ 0 }
};

#define ROWS (sizeof(peek_rows) / sizeof(peek_rows[0]) - 1)

static const struct {
	int shapes;
	struct span name;
} tools[] = {
#define PEEK_TOOL(shapes, name) { shapes, { name, sizeof(name) - 1 } },
#include "metering/peek_tool.tbl.h"
};

/* --- the compiled tables --- */

#define MEMBERS_MAX 64 /* metering keys of a shape: a bit each */
#define SLOTS       128
#define CANON_MAX   32 /* no metering key is longer */

struct member {
	char canon[CANON_MAX];
	uint8_t canon_len;
	uint16_t object;         /* tag of the object that it stands in */
	struct span spelling[2]; /* Google's parser knows two of some */
};

struct table {
	struct json_paths *paths;
	struct member member[MEMBERS_MAX];
	uint8_t members;
	uint8_t slot[SLOTS]; /* member + 1 by hash; 0: empty */
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static struct table *tables[SHAPE_COUNT]; /* constant once made */

static struct span last_step(const char *pointer)
{
	const char *slash = strrchr(pointer, '/');

	return span_of(slash ? slash + 1 : pointer);
}

/* The tag of the checked object that a row's key stands in, 0 when there is none. */
static uint16_t object_around(enum shape_id shape, const struct peek_row *row)
{
	const char *slash = strrchr(row->pointer, '/');
	struct span parent = { row->pointer, slash ? (size_t)(slash - row->pointer) : 0 };

	if (!slash || span_eq(last_step(row->pointer), SPAN("*")))
		return 0;
	for (size_t i = 0; i < ROWS; i++)
		if (peek_rows[i].role <= ROLE_STREAM_OPTIONS &&
		    (peek_rows[i].shapes >> shape & 1) != 0 &&
		    span_eq(span_of(peek_rows[i].pointer), parent))
			return (uint16_t)(i + 1);
	return 0;
}

/* The canonical spelling of a key, and its length; 0 when it is too long for any of ours. */
static size_t canonical(struct span key, char to[CANON_MAX])
{
	size_t len = 0;

	for (size_t i = 0; i < key.len; i++) {
		unsigned char c = (unsigned char)key.at[i];

		if (c == '_')
			continue;
		if (len == CANON_MAX)
			return 0;
		to[len++] = (char)(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
	}
	return len;
}

static unsigned hash_of(uint16_t object, const char *canon, size_t len)
{
	unsigned hash = object;

	for (size_t i = 0; i < len; i++)
		hash = hash * 31 + (unsigned char)canon[i];
	return (hash ^ hash >> 7) % SLOTS;
}

/* The slot of that member, or the empty one where it would stand. */
static unsigned slot_of(const struct table *t, uint16_t object, const char *canon, size_t len)
{
	unsigned i = hash_of(object, canon, len);

	for (; t->slot[i] != 0; i = (i + 1) % SLOTS) {
		const struct member *m = &t->member[t->slot[i] - 1];

		if (m->object == object && m->canon_len == len && memcmp(m->canon, canon, len) == 0)
			break;
	}
	return i;
}

static void add_member(struct table *t, uint16_t object, struct span key)
{
	char canon[CANON_MAX];
	size_t len = canonical(key, canon);
	unsigned slot = slot_of(t, object, canon, len);
	struct member *m;

	MUST(len > 0);
	if (t->slot[slot] != 0) {
		m = &t->member[t->slot[slot] - 1];
		MUST(m->spelling[1].len == 0);
		m->spelling[1] = key;
		return;
	}
	MUST(t->members < MEMBERS_MAX);
	m = &t->member[t->members++];
	*m = (struct member){ .canon_len = (uint8_t)len, .object = object, .spelling = { key } };
	memcpy(m->canon, canon, len);
	t->slot[slot] = t->members;
}

static struct table *table_new(enum shape_id shape)
{
	struct json_path paths[ROWS];
	struct table *t = calloc(1, sizeof(*t));
	size_t count = 0;

	if (!t)
		return NULL;
	for (size_t i = 0; i < ROWS; i++) {
		uint16_t object = object_around(shape, &peek_rows[i]);

		if ((peek_rows[i].shapes >> shape & 1) == 0 || peek_rows[i].counted_only)
			continue;
		paths[count++] = (struct json_path){ peek_rows[i].pointer, (uint16_t)(i + 1),
						     false };
		if (object != 0)
			add_member(t, object, last_step(peek_rows[i].pointer));
	}
	t->paths = json_paths_new(paths, count);
	if (t->paths)
		return t;
	free(t);
	return NULL;
}

static void make_tables(void)
{
	for (unsigned i = 0; i < SHAPE_COUNT; i++)
		if (i != SHAPE_free)
			tables[i] = table_new((enum shape_id)i);
}

/* --- one look at one body --- */

struct look {
	struct peek *out;
	const struct table *table;
	enum shape_id shape;
	char *why;
	size_t why_room;
	bool refused;
	bool user_is_first;
	char geo[16];  /* region asked for; empty: any */
	uint64_t seen; /* a bit for each member */
	uint64_t choices, prompts;
	uint64_t tree_start;
	uint64_t root_at, options_at; /* of the opening brackets */
	bool root_has_members, options_has_members;
};

static const struct peek_row *row_of(const struct json_event *e)
{
	return &peek_rows[e->tag - 1];
}

/* The first problem is the one that is told. */
static void refuse(struct look *l, const struct json_event *e, const char *problem)
{
	const char *name = row_of(e)->pointer;

	if (l->refused)
		return;
	l->refused = true;
	if (*name == '\0')
		snprintf(l->why, l->why_room, "The body must be a JSON object.");
	else
		snprintf(l->why, l->why_room, "\"%s\" at byte %" PRIu64 " %s.", name + 1, e->start,
			 problem);
}

static void refuse_key(struct look *l, const struct json_event *e, struct span key,
		       const char *problem)
{
	if (l->refused)
		return;
	l->refused = true;
	snprintf(l->why, l->why_room, "The key \"%.*s\" at byte %" PRIu64 " %s.", SPAN_ARG(key),
		 e->start, problem);
}

static bool is_control(unsigned char c)
{
	return c < 0x20 || c == 0x7f;
}

static bool has_control(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (is_control((unsigned char)s.at[i]))
			return true;
	return false;
}

/* For ledgers and logs: whole characters, none of them a control character. */
static void copy_shown(struct span s, char *to, size_t room)
{
	size_t len = 0;

	while (s.len > 0) {
		size_t n = utf8_len(s);

		MUST(n > 0); /* the tokenizer let it through */
		if (len + n >= room)
			break;
		memcpy(to + len, s.at, n);
		if (is_control((unsigned char)to[len]))
			to[len] = '?';
		len += n;
		s = span_skip(s, n);
	}
	to[len] = '\0';
}

static uint64_t string_bytes(const struct json_event *e)
{
	return e->end - e->start - 2;
}

static bool is_string(struct look *l, const struct json_event *e)
{
	if (e->kind != JSON_STRING)
		refuse(l, e, "must be a string");
	return e->kind == JSON_STRING;
}

static bool read_bool(struct look *l, const struct json_event *e)
{
	if (e->kind != JSON_TRUE && e->kind != JSON_FALSE)
		refuse(l, e, "must be true or false");
	return e->kind == JSON_TRUE;
}

/* A whole number of at most 16 digits, as all of 0 to 2^53 are. */
static bool read_whole(struct span s, uint64_t *out)
{
	*out = 0;
	if (s.len == 0 || s.len > 16)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		if (s.at[i] < '0' || s.at[i] > '9')
			return false;
		*out = *out * 10 + (uint64_t)(s.at[i] - '0');
	}
	return *out <= PEEK_NUMBER_MAX;
}

static bool read_number(struct look *l, const struct json_event *e, uint64_t *out)
{
	if (e->kind == JSON_NUMBER && read_whole(e->text, out))
		return true;
	refuse(l, e, "must be a whole number from 0 to 2^53");
	return false;
}

static void set_priced(struct look *l, struct span name)
{
	if (l->out->priced_option[0] == '\0')
		copy_shown(name, l->out->priced_option, sizeof(l->out->priced_option));
}

/* --- what each role takes --- */

static void take_ROOT(struct look *l, const struct json_event *e)
{
	if (e->kind != JSON_OBJECT)
		refuse(l, e, "");
	l->root_at = e->start;
}

/* In an array of objects every one has its own set of members. */
static void take_OBJECT(struct look *l, const struct json_event *e)
{
	if (e->kind != JSON_OBJECT)
		refuse(l, e, "must be an object");
	for (unsigned i = 0; i < l->table->members; i++)
		if (l->table->member[i].object == e->tag)
			l->seen &= ~(UINT64_C(1) << i);
}

static void take_STREAM_OPTIONS(struct look *l, const struct json_event *e)
{
	if (e->kind == JSON_NULL) {
		l->out->usage_at = e->start;
		l->out->usage_drop = e->end - e->start;
		l->out->usage_text = "{\"include_usage\":true}";
		return;
	}
	take_OBJECT(l, e);
	l->options_at = e->start;
}

static void take_INCLUDE_USAGE(struct look *l, const struct json_event *e)
{
	if (e->kind != JSON_NULL)
		l->out->wants_usage = read_bool(l, e);
	l->out->usage_at = e->start;
	l->out->usage_drop = e->end - e->start;
	l->out->usage_text = "true";
}

/* A NUL or a cut would let one name pass here and another one go upstream. */
static void take_MODEL(struct look *l, const struct json_event *e)
{
	if (!is_string(l, e))
		return;
	if (e->text.len == 0 || e->damaged || has_control(e->text))
		refuse(l, e, "is not the name of a model");
	if (e->cut || !span_copy(e->text, l->out->model, sizeof(l->out->model)))
		refuse(l, e, "is longer than any model's name");
}

static void take_STREAM(struct look *l, const struct json_event *e)
{
	l->out->stream = read_bool(l, e);
	l->out->has_stream = true;
}

static void take_CAP(struct look *l, const struct json_event *e)
{
	uint64_t cap_tok;

	if (!read_number(l, e, &cap_tok))
		return;
	l->out->has_cap = true;
	if (cap_tok > PEEK_CAP_MAX)
		cap_tok = PEEK_CAP_MAX;
	if (cap_tok > l->out->max_output_tok)
		l->out->max_output_tok = cap_tok;
}

static void take_CAP_SIGNED(struct look *l, const struct json_event *e)
{
	uint64_t ignored;

	if (e->kind == JSON_NUMBER && e->text.at[0] == '-' &&
	    read_whole(span_skip(e->text, 1), &ignored))
		return;
	take_CAP(l, e);
}

static void take_COUNT(struct look *l, const struct json_event *e)
{
	uint64_t choices;

	if (e->kind != JSON_NUMBER || !read_whole(e->text, &choices) || choices < 1 ||
	    choices > PEEK_CHOICES_MAX)
		refuse(l, e, "must be a whole number from 1 to 128");
	else if (choices > l->choices)
		l->choices = choices;
}

/* A number belongs to one prompt written in tokens. */
static void take_PROMPT(struct look *l, const struct json_event *e)
{
	if (e->kind != JSON_NUMBER && ++l->prompts > PEEK_PROMPTS_MAX)
		refuse(l, e, "is one of too many prompts");
	if (e->kind == JSON_STRING)
		l->out->text_bytes += string_bytes(e);
}

static void take_TIER(struct look *l, const struct json_event *e)
{
	if (!is_string(l, e) || l->out->tier[0] != '\0' || span_eq(e->text, SPAN("standard_only")))
		return;
	if (e->text.len >= sizeof(l->out->tier) || has_control(e->text))
		refuse(l, e, "is not the name of a service tier");
	copy_shown(e->text, l->out->tier, sizeof(l->out->tier));
}

/* A faster mode is dearer than any tier, so it is the one to price. */
static void take_SPEED(struct look *l, const struct json_event *e)
{
	if (!is_string(l, e) || span_eq(e->text, SPAN("standard")))
		return;
	l->out->tier[0] = '\0';
	take_TIER(l, e);
}

static void take_GEO(struct look *l, const struct json_event *e)
{
	if (!is_string(l, e) || span_eq(e->text, SPAN("global")))
		return;
	if (has_control(e->text) || !span_copy(e->text, l->geo, sizeof(l->geo)))
		refuse(l, e, "is not the name of a region");
}

static void take_USER(struct look *l, const struct json_event *e)
{
	if (is_string(l, e) && !l->user_is_first)
		copy_shown(e->text, l->out->user, sizeof(l->out->user));
}

static void take_USER_FIRST(struct look *l, const struct json_event *e)
{
	l->user_is_first = false;
	take_USER(l, e);
	l->user_is_first = true;
}

static void take_BACKGROUND(struct look *l, const struct json_event *e)
{
	l->out->background |= read_bool(l, e);
}

static void take_PRICED(struct look *l, const struct json_event *e)
{
	if (e->kind != JSON_FALSE)
		set_priced(l, last_step(row_of(e)->pointer));
}

static void take_PRICED_CHOICE(struct look *l, const struct json_event *e)
{
	if (is_string(l, e) && !span_eq(e->text, SPAN("standard")) &&
	    !span_eq(e->text, SPAN("global")))
		set_priced(l, last_step(row_of(e)->pointer));
}

static bool tool_is_known(enum shape_id shape, struct span name)
{
	for (size_t i = 0; i < sizeof(tools) / sizeof(tools[0]); i++) {
		struct span pattern = tools[i].name;
		bool open = pattern.at[pattern.len - 1] == '*';

		pattern.len -= open;
		if ((tools[i].shapes >> shape & 1) != 0 &&
		    (open ? span_starts(name, pattern) : span_eq(name, pattern)))
			return true;
	}
	return false;
}

static void take_TOOL(struct look *l, const struct json_event *e)
{
	if (is_string(l, e) && !tool_is_known(l->shape, e->text))
		set_priced(l, e->text);
}

static void take_TOOL_KEYS(struct look *l, const struct json_event *e)
{
	if (e->kind != JSON_OBJECT)
		refuse(l, e, "must be an object");
}

static void take_TEXT(struct look *l, const struct json_event *e)
{
	if (e->kind == JSON_STRING)
		l->out->text_bytes += string_bytes(e);
}

static void take_SAID(struct look *l, const struct json_event *e)
{
	take_TEXT(l, e);
}

/* No tree stands within another. */
static void take_TREE(struct look *l, const struct json_event *e)
{
	if (e->kind == JSON_OBJECT || e->kind == JSON_ARRAY)
		l->tree_start = e->start;
	else if (e->kind == JSON_OBJECT_END || e->kind == JSON_ARRAY_END)
		l->out->text_bytes += e->end - l->tree_start;
}

static void take_CALLS(struct look *l, const struct json_event *e)
{
	take_TREE(l, e);
}

static void take_TOOLS(struct look *l, const struct json_event *e)
{
	take_TREE(l, e);
}

static void take_FORMAT(struct look *l, const struct json_event *e)
{
	take_TREE(l, e);
}

static void take_DATA(struct look *l, const struct json_event *e)
{
	if (e->kind == JSON_STRING)
		l->out->data_bytes += string_bytes(e);
}

static void take_PICTURE(struct look *l, const struct json_event *e)
{
	l->out->image_parts += e->kind == JSON_STRING;
	take_DATA(l, e);
}

static void take_SOUND(struct look *l, const struct json_event *e)
{
	l->out->audio_parts += e->kind == JSON_STRING;
	take_DATA(l, e);
}

static void take_FILE(struct look *l, const struct json_event *e)
{
	l->out->file_parts += e->kind == JSON_STRING;
	take_DATA(l, e);
}

static void take_PART(struct look *l, const struct json_event *e)
{
	if (e->kind != JSON_STRING)
		return;
	if (span_eq(e->text, SPAN("image")))
		l->out->image_parts++;
	else if (span_eq(e->text, SPAN("audio")))
		l->out->audio_parts++;
	else if (span_eq(e->text, SPAN("document")) || span_eq(e->text, SPAN("video")))
		l->out->file_parts++;
	else if (span_eq(e->text, SPAN("item_reference")))
		l->out->remote_input = true;
}

static void take_MIME(struct look *l, const struct json_event *e)
{
	if (span_starts(e->text, SPAN("image/")))
		l->out->image_parts++;
	else if (span_starts(e->text, SPAN("audio/")))
		l->out->audio_parts++;
	else
		l->out->file_parts++;
}

static void take_REMOTE(struct look *l, const struct json_event *e)
{
	(void)e;
	l->out->remote_input = true;
}

static void take_PREVIOUS(struct look *l, const struct json_event *e)
{
	take_REMOTE(l, e);
	if (is_string(l, e) && (e->cut || e->damaged || has_control(e->text) ||
				!span_copy(e->text, l->out->previous, sizeof(l->out->previous))))
		refuse(l, e, "is not the id of an answer");
}

static void take_SHARED(struct look *l, const struct json_event *e)
{
	take_REMOTE(l, e);
	l->out->shared_input = true;
}

static void take_KNOWN(struct look *l, const struct json_event *e)
{
	(void)l;
	(void)e;
}

typedef void take_fn(struct look *l, const struct json_event *e);

static take_fn *const takes[] = {
#define PEEK_ROLE(name, help) [ROLE_##name] = take_##name,
#include "metering/peek_role.tbl.h"
};

/* --- what the tokenizer reports --- */

/* A key of an object whose members are checked. */
static void check_member(struct look *l, const struct json_event *e)
{
	char canon[CANON_MAX];
	size_t len = canonical(e->text, canon);
	unsigned slot = slot_of(l->table, e->tag, canon, len);
	unsigned index = l->table->slot[slot] - 1u;
	const struct member *m;

	if (e->damaged || has_control(e->text)) {
		refuse_key(l, e, SPAN("?"), "holds a control character or half a character");
		return;
	}
	if (l->table->slot[slot] == 0 || len == 0)
		return;
	m = &l->table->member[index];
	if (e->escaped)
		refuse_key(l, e, m->spelling[0], "must be written without escapes");
	else if (!span_eq(e->text, m->spelling[0]) && !span_eq(e->text, m->spelling[1]))
		refuse_key(l, e, m->spelling[0], "is spelled in another way");
	else if ((l->seen >> index & 1) != 0)
		refuse_key(l, e, m->spelling[0], "comes a second time");
	l->seen |= UINT64_C(1) << index;
}

static void on_key(struct look *l, const struct json_event *e)
{
	switch (row_of(e)->role) {
	case ROLE_ROOT: l->root_has_members = true; break;
	case ROLE_STREAM_OPTIONS: l->options_has_members = true; break;
	case ROLE_OBJECT: break;
	case ROLE_TOOL_KEYS:
		if (!tool_is_known(l->shape, e->text))
			set_priced(l, e->text);
		return;
	default: return;
	}
	check_member(l, e);
}

static bool sees_null(enum peek_role r)
{
	return r == ROLE_ROOT || r == ROLE_STREAM_OPTIONS || r == ROLE_INCLUDE_USAGE ||
	       r == ROLE_MODEL;
}

static void on_event(void *arg, const struct json_event *e)
{
	struct look *l = arg;
	enum peek_role role;

	if (e->tag == 0 || l->refused)
		return;
	role = row_of(e)->role;
	if (e->kind == JSON_KEY)
		on_key(l, e);
	else if (role >= ROLE_TREE)
		take_TREE(l, e);
	else if (e->kind != JSON_OBJECT_END && e->kind != JSON_ARRAY_END &&
		 (e->kind != JSON_NULL || sees_null(role)))
		takes[role](l, e);
}

/* Where include_usage goes when the body does not name it. */
static void place_usage(const struct look *l)
{
	struct peek *p = l->out;

	if (p->wants_usage) {
		p->usage_at = p->usage_drop = 0;
		p->usage_text = "";
	} else if (!p->usage_text && l->options_at > 0) {
		p->usage_at = l->options_at + 1;
		p->usage_text = l->options_has_members ? "\"include_usage\":true,"
						       : "\"include_usage\":true";
	} else if (!p->usage_text) {
		p->usage_is_new = true;
		p->usage_at = l->root_at + 1;
		p->usage_text = l->root_has_members ? "\"stream_options\":{\"include_usage\":true},"
						    : "\"stream_options\":{\"include_usage\":true}";
	}
}

/* Region and tier are priced together. A tier that leaves the choice to the provider says
 * nothing that the region would have to share the room with. */
static bool join_geo(struct look *l)
{
	char *tier = l->out->tier;
	char joined[sizeof(l->out->tier) + sizeof(l->geo)];
	bool says_something = tier[0] != '\0' && strcmp(tier, "auto") != 0;

	if (l->geo[0] == '\0')
		return true;
	snprintf(joined, sizeof(joined), "%s%s%s", says_something ? tier : "",
		 says_something ? "+" : "", l->geo);
	if (span_copy(span_of(joined), tier, sizeof(l->out->tier)))
		return true;
	snprintf(l->why, l->why_room, "The names of the service tier and the region are too long.");
	return false;
}

static enum err read_body(struct look *l, struct span body)
{
	struct json j;

	json_init(&j, l->table->paths, JSON_KEYS, on_event, l);
	if (!json_feed(&j, body) || !json_end(&j)) {
		snprintf(l->why, l->why_room, "The body is not valid JSON: %s (byte %" PRIu64 ").",
			 json_error(&j), json_offset(&j));
		return ERR_GARBLED;
	}
	return l->refused || !join_geo(l) ? ERR_GARBLED : ERR_OK;
}

enum err peek_body(enum shape_id shape, struct span body, struct peek *out, char *why,
		   size_t why_room)
{
	struct look l = { .out = out, .shape = shape, .why = why, .why_room = why_room };
	enum err e;

	*out = (struct peek){ .n = 1, .stream = shape == SHAPE_ollama, .usage_text = NULL };
	if (shape == SHAPE_free)
		return ERR_OK;
	pthread_once(&once, make_tables);
	l.table = tables[shape];
	if (!l.table) {
		snprintf(why, why_room, "There is no memory to read the body.");
		return ERR_NOMEM;
	}
	l.choices = 1;
	e = read_body(&l, body);
	if (e != ERR_OK)
		return e;
	out->n = l.prompts > 1 ? l.choices * l.prompts : l.choices;
	place_usage(&l);
	return ERR_OK;
}

bool peek_with_usage(const struct peek *p, struct span body, struct buf *to)
{
	MUST(p->usage_at + p->usage_drop <= body.len);
	return buf_add(to, (struct span){ body.at, p->usage_at }) &&
	       buf_add(to, span_of(p->usage_text)) &&
	       buf_add(to, span_skip(body, p->usage_at + p->usage_drop));
}
