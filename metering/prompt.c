/* prompt.c - see prompt.h.
 *
 * The body is read in chunks at fixed places, so that budgets decide nothing but when. A
 * string of the prompt goes to the counter piece by piece; one that may be a picture, or
 * other data, is held back until its first bytes tell.
 *
 * Trees have no pointers of their own in peek.tbl.h: below the row of each its "/ *", its
 * "/ * / *" and so on are compiled, TREE_DEPTH levels of them, and a stack of places says
 * what a value means (prompt_key.tbl.h). */
#include "metering/prompt.h"
#include <pthread.h>
#include <stdlib.h>
#include "base/json.h"
#include "metering/peek_row.h"
#include "metering/picture.h"

#define TREE_DEPTH  24    /* levels of a tree that are read; what lies deeper counts by its bytes */
#define DEEP_BYTES  4     /* to a token, then */
#define PATHS_MAX   768   /* of one shape */
#define HEAD_MAX    256   /* bytes of a string that tell whether it is data */
#define OVERTIME_NS 10000 /* at a time, where a chunk has to be finished */

/* --- the compiled rows --- */

struct table {
	struct json_paths *paths;
	char *pointers; /* those of trees */
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static struct table tables[SHAPE_COUNT]; /* constant once made; no paths: no memory */

static bool is_tree(enum peek_role role)
{
	return role >= ROLE_TREE;
}

static bool has_row(enum shape_id shape, const struct peek_row *row)
{
	return (row->shapes >> shape & 1) != 0 && row->role >= ROLE_PROMPT;
}

/* Bytes for the pointers below a tree's. */
static size_t tree_room(const struct peek_row *row)
{
	size_t len = strlen(row->pointer), room = 0;

	for (size_t level = 1; level <= TREE_DEPTH; level++)
		room += len + 2 * level + 1;
	return is_tree(row->role) ? room : 0;
}

/* Writes a tree's pointers and returns where they end. */
static char *add_tree(const struct peek_row *row, uint16_t tag, struct json_path *paths,
		      size_t *count, char *to)
{
	size_t len = strlen(row->pointer);

	for (size_t level = 1; level <= TREE_DEPTH; level++) {
		MUST(*count < PATHS_MAX);
		paths[(*count)++] = (struct json_path){ to, tag, true };
		memcpy(to, row->pointer, len);
		to += len;
		for (size_t i = 0; i < level; i++) {
			*to++ = '/';
			*to++ = '*';
		}
		*to++ = '\0';
	}
	return to;
}

/* Short strings are easier to read whole. */
static bool in_pieces(enum peek_role role)
{
	return role != ROLE_PART && role != ROLE_MIME && role != ROLE_DETAIL && role != ROLE_WHO;
}

static void make_table(enum shape_id shape)
{
	struct json_path paths[PATHS_MAX];
	struct table *t = &tables[shape];
	size_t count = 0, room = 1;
	char *to;

	for (const struct peek_row *row = peek_rows; row->pointer; row++)
		if (has_row(shape, row))
			room += tree_room(row);
	to = t->pointers = malloc(room);
	if (!to)
		return;
	for (const struct peek_row *row = peek_rows; row->pointer; row++) {
		uint16_t tag = (uint16_t)(row - peek_rows + 1);

		if (!has_row(shape, row))
			continue;
		MUST(count < PATHS_MAX);
		paths[count++] = (struct json_path){ row->pointer, tag, in_pieces(row->role) };
		if (is_tree(row->role))
			to = add_tree(row, tag, paths, &count, to);
	}
	t->paths = json_paths_new(paths, count);
}

static void make_tables(void)
{
	for (unsigned i = 0; i < SHAPE_COUNT; i++)
		if (i != SHAPE_free)
			make_table((enum shape_id)i);
}

/* --- one walk --- */

enum place {
#define PROMPT_PLACE(name, help) IN_##name,
#include "metering/prompt_key.tbl.h"
};

static const struct {
	enum place in, becomes;
	struct span key;
} keys[] = {
#define PROMPT_KEY(place, key, becomes) { IN_##place, IN_##becomes, { key, sizeof(key) - 1 } },
#include "metering/prompt_key.tbl.h"
};

/* What is done with the string that is passing. */
enum use {
	USE_none, /* no string is open */
	USE_skip,
	USE_text,
	USE_held, /* its first bytes will tell */
	USE_data  /* base64 of something */
};

struct level {
	uint8_t place;
	bool is_array, has_members;
};

struct prompt {
	const struct json_paths *paths; /* NULL: nothing to count */
	struct tok_model model;
	struct span body;
	size_t read; /* bytes of it */
	struct json json;

	struct tok *tok; /* the step's */
	int64_t work;
	struct tok_stream stream; /* the text that is passing */
	struct tok_count *into;   /* whose count it will be */
	bool in_text;
	uint16_t rest_len; /* what no budget was left for */
	char rest[PROMPT_CHUNK + 8];

	bool empty; /* the string that begins */
	char last;  /* byte of it */
	enum use use;
	uint16_t head_len;
	char head[HEAD_MAX];
	struct picture_probe probe;

	bool picture_waits; /* for its detail, which may follow */
	enum picture_detail detail;
	uint32_t width, height;
	uint32_t told_pictures,
	    found_pictures; /* of parts that say what they are beside the data */
	uint32_t told_files, found_texts;
	uint32_t calls_here; /* in this message */

	unsigned levels; /* of the tree; 0: in none, or its root is to come */
	unsigned base;   /* depth of its root */
	enum place next; /* of the member that follows */
	uint64_t deep_from;
	struct level level[TREE_DEPTH + 1];

	struct prompt_count count;
};

/* --- texts --- */

/* Takes of the text what the budget allows; the rest waits. */
static void push(struct prompt *p, struct span text)
{
	while (text.len > 0 && p->work > 0)
		text = span_skip(text, tok_stream_push(p->tok, &p->stream, text, &p->work));
	MUST(text.len <= sizeof(p->rest));
	memmove(p->rest, text.at, text.len);
	p->rest_len = (uint16_t)text.len;
}

/* Takes what waits, whatever the budget: something follows in the same chunk. */
static void catch_up(struct prompt *p)
{
	int64_t had = p->work;

	while (p->rest_len > 0) {
		p->work = OVERTIME_NS;
		push(p, (struct span){ p->rest, p->rest_len });
		had -= OVERTIME_NS - p->work;
	}
	p->work = had;
}

static void say(struct prompt *p, struct span text)
{
	if (!p->in_text)
		tok_stream_init(&p->stream, p->model.vocab);
	p->in_text = true;
	catch_up(p);
	push(p, text);
}

static void end_text(struct prompt *p)
{
	if (!p->in_text)
		return;
	catch_up(p);
	tok_add(p->into, tok_stream_end(p->tok, &p->stream, &p->work));
	p->in_text = false;
}

/* --- pictures --- */

static void settle_picture(struct prompt *p)
{
	if (p->picture_waits)
		p->count.picture_tok += picture_tok(p->model.picture, p->width, p->height,
						    p->detail);
	p->picture_waits = false;
}

static void add_picture(struct prompt *p, uint32_t width, uint32_t height)
{
	settle_picture(p);
	p->picture_waits = true;
	p->width = width;
	p->height = height;
	p->count.pictures++;
}

static void add_unseen(struct prompt *p)
{
	add_picture(p, PICTURE_UNSEEN_PX, PICTURE_UNSEEN_PX);
	p->count.unseen++;
}

/* --- strings that may be data --- */

/* Where the letters of a data URL begin; empty: it is none. */
static struct span url_data(struct span s)
{
	const char *comma = memchr(s.at, ',', s.len);
	struct span mark = SPAN(";base64");
	size_t before = comma ? (size_t)(comma - s.at) : 0;

	if (!span_starts(s, SPAN("data:")) || before < mark.len ||
	    !span_eq((struct span){ comma - mark.len, mark.len }, mark))
		return (struct span){ 0 };
	return span_skip(s, before + 1);
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '+' || c == '/' || c == '-' || c == '_' || c == '=';
}

static bool all_letters(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!is_letter(s.at[i]))
			return false;
	return true;
}

/* Is it data, though nothing but its own bytes says so? Only a picture is taken for one. */
static bool looks_like_picture(struct span s)
{
	struct picture_probe probe;

	picture_probe_init(&probe);
	picture_probe_feed(&probe, s);
	return s.len >= 40 && all_letters(s) && probe.step != PICTURE_NONE;
}

/* What the string at this place is, its first bytes known. */
static enum use use_of(enum peek_role role, enum place place, struct span head, struct span *data)
{
	bool file = role == ROLE_DATA || role == ROLE_PICTURE || place == IN_BYTES;

	*data = url_data(head);
	if (data->len > 0)
		return USE_data;
	*data = head;
	if (file ? all_letters(head) : looks_like_picture(head))
		return USE_data;
	return role == ROLE_PICTURE ? USE_skip : USE_text;
}

static void decide(struct prompt *p, enum peek_role role)
{
	struct span head = { p->head, p->head_len }, data;

	p->use = use_of(role, p->next, head, &data);
	if (p->use == USE_data) {
		picture_probe_init(&p->probe);
		picture_probe_feed(&p->probe, data);
	} else if (p->use == USE_text) {
		p->found_texts += role == ROLE_DATA;
		say(p, head);
	}
}

static void hold(struct prompt *p, enum peek_role role, struct span s)
{
	size_t room = HEAD_MAX - p->head_len, len = s.len < room ? s.len : room;

	memcpy(p->head + p->head_len, s.at, len);
	p->head_len = (uint16_t)(p->head_len + len);
	s = span_skip(s, len);
	if (p->head_len < HEAD_MAX)
		return;
	decide(p, role);
	if (p->use == USE_text)
		say(p, s);
	else if (p->use == USE_data)
		picture_probe_feed(&p->probe, s);
}

/* The end of a string that was no text. */
static void end_data(struct prompt *p, enum peek_role role)
{
	bool found = p->use == USE_data && p->probe.step == PICTURE_DONE;

	if (found)
		add_picture(p, p->probe.width, p->probe.height);
	else if (role == ROLE_PICTURE)
		add_unseen(p);
	p->found_pictures += found && role == ROLE_DATA;
}

/* --- values with a row of their own --- */

static void add_call(struct prompt *p)
{
	p->count.calls++;
	p->calls_here++;
	p->count.parallel += p->calls_here == 2 ? 2 : p->calls_here > 2;
}

static enum use begin_string(struct prompt *p, enum peek_role role)
{
	switch (role) {
	case ROLE_SAID: p->count.messages++; return USE_text;
	case ROLE_NAME: p->count.names++; return USE_text;
	case ROLE_CALL: add_call(p); return USE_text;
	case ROLE_PROMPT:
	case ROLE_TEXT: return USE_text;
	case ROLE_PICTURE:
	case ROLE_DATA: return USE_held;
	case ROLE_SOUND:
	case ROLE_FILE: p->count.unread++; return USE_skip;
	case ROLE_REMOTE:
	case ROLE_PREVIOUS:
	case ROLE_SHARED: p->count.remote = true; return USE_skip;
	default: return USE_skip;
	}
}

static void end_string(struct prompt *p, enum peek_role role)
{
	if (p->use == USE_held)
		decide(p, role);
	if (p->use == USE_text)
		end_text(p);
	else if (role == ROLE_PICTURE || role == ROLE_DATA)
		end_data(p, role);
	p->use = USE_none;
}

static void take_piece(struct prompt *p, enum peek_role role, struct span s)
{
	if (s.len > 0)
		p->last = s.at[s.len - 1];
	switch (p->use) {
	case USE_text: say(p, s); break;
	case USE_held: hold(p, role, s); break;
	case USE_data: picture_probe_feed(&p->probe, s); break;
	default: break;
	}
}

/* A string passes, its first or any other piece, or its end. begin says what it is. */
static void on_string(struct prompt *p, enum peek_role role, const struct json_event *e,
		      enum use (*begin)(struct prompt *, enum peek_role),
		      void (*end)(struct prompt *, enum peek_role))
{
	if (p->use == USE_none) {
		p->empty = e->kind == JSON_PIECES_END;
		p->head_len = 0;
		p->use = begin(p, role);
	}
	if (e->kind == JSON_PIECE)
		take_piece(p, role, e->text);
	else
		end(p, role);
}

/* What a part says of its kind, or of its medium. */
static void take_kind(struct prompt *p, struct span s)
{
	if (span_eq(s, SPAN("image")) || span_starts(s, SPAN("image/")))
		p->told_pictures++;
	else if (span_eq(s, SPAN("audio")) || span_eq(s, SPAN("document")) ||
		 span_eq(s, SPAN("video")))
		p->told_files++;
	else if (span_eq(s, SPAN("item_reference")))
		p->count.remote = true;
}

static void take_word(struct prompt *p, enum peek_role role, struct span s)
{
	if (role == ROLE_DETAIL)
		p->detail = span_eq(s, SPAN("low")) ? PICTURE_LOW : PICTURE_HIGH;
	else if (role == ROLE_WHO)
		p->count.system |= span_eq(s, SPAN("system")) || span_eq(s, SPAN("developer"));
	else if (role == ROLE_MIME && !span_starts(s, SPAN("image/")))
		p->told_files++;
	else
		take_kind(p, s);
}

static void take_number(struct prompt *p, enum peek_role role)
{
	if (role == ROLE_PROMPT || role == ROLE_TEXT || role == ROLE_TOKENS)
		p->count.text.of[TOK_ASCII]++;
}

static void take_object(struct prompt *p, enum peek_role role)
{
	if (role == ROLE_MESSAGE || role == ROLE_BLOCK) {
		settle_picture(p);
		p->detail = PICTURE_HIGH;
	}
	p->count.messages += role == ROLE_MESSAGE;
	p->calls_here *= role != ROLE_MESSAGE;
	p->count.remote |= role == ROLE_REMOTE || role == ROLE_SHARED;
}

static void on_value(struct prompt *p, enum peek_role role, const struct json_event *e)
{
	p->into = &p->count.text;
	p->next = IN_NOTHING;
	switch (e->kind) {
	case JSON_PIECE:
	case JSON_PIECES_END: on_string(p, role, e, begin_string, end_string); break;
	case JSON_STRING: take_word(p, role, e->text); break;
	case JSON_NUMBER: take_number(p, role); break;
	case JSON_OBJECT: take_object(p, role); break;
	default: break;
	}
}

/* --- trees --- */

static enum place root_place(enum peek_role role)
{
	switch (role) {
	case ROLE_CALLS: return IN_CALL;
	case ROLE_TOOLS: return IN_TOOL;
	case ROLE_FORMAT: return IN_FORMAT;
	case ROLE_SCHEMA: return IN_ANSWER;
	default: return IN_JSON;
	}
}

static bool is_json(enum place place)
{
	return place >= IN_JSON;
}

static struct level *around(struct prompt *p)
{
	return p->levels > 0 ? &p->level[p->levels - 1] : NULL;
}

static bool in_json(struct prompt *p)
{
	return p->levels > 0 && is_json(around(p)->place);
}

/* A value comes: p->next is its place. */
static void before_value(struct prompt *p, enum peek_role role)
{
	struct level *l = around(p);

	if (!l)
		p->next = root_place(role);
	else if (l->is_array)
		p->next = l->place;
	if (l && l->is_array && is_json(l->place)) {
		if (l->has_members)
			say(p, SPAN(","));
		l->has_members = true;
	}
}

/* A value at that place was read: a JSON text ends with its outermost. */
static void after_value(struct prompt *p, enum place place)
{
	if (place != IN_NOTHING && !in_json(p))
		end_text(p);
}

static enum place place_of(enum place in, struct span key)
{
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (keys[i].in == in && span_eq(keys[i].key, key))
			return keys[i].becomes;
	return is_json(in) ? in : IN_NOTHING;
}

static void on_property(struct prompt *p, struct level *l, struct span name)
{
	p->count.with_arguments += !l->has_members && (l - 1)->place == IN_ARGUMENTS;
	p->count.properties++;
	say(p, name);
	end_text(p);
	p->next = IN_SCHEMA;
}

static void on_key(struct prompt *p, const struct json_event *e)
{
	struct level *l = around(p);

	if (!l || p->levels > TREE_DEPTH)
		return;
	if (l->place == IN_PROPERTIES) {
		on_property(p, l, e->text);
	} else {
		p->next = place_of(l->place, e->text);
		if (!is_json(p->next))
			return;
		if (is_json(l->place)) {
			say(p, l->has_members ? SPAN(",\"") : SPAN("\""));
			say(p, e->text);
			say(p, SPAN("\":"));
		}
	}
	l->has_members = true;
}

static void open_container(struct prompt *p, const struct json_event *e)
{
	bool is_array = e->kind == JSON_ARRAY;

	p->count.lists += p->next == IN_LIST && is_array;
	p->level[p->levels++] = (struct level){ .place = (uint8_t)p->next, .is_array = is_array };
	if (is_json(p->next))
		say(p, is_array ? SPAN("[") : SPAN("{"));
	p->deep_from = e->start;
}

static void close_container(struct prompt *p, const struct json_event *e)
{
	struct level *l = around(p);
	enum place place = l->place;

	if (p->levels > TREE_DEPTH && place != IN_NOTHING)
		p->into->of[TOK_ASCII] += (e->end - p->deep_from) / DEEP_BYTES;
	if (is_json(place))
		say(p, l->is_array ? SPAN("]") : SPAN("}"));
	p->levels--;
	after_value(p, place);
}

/* What stands behind something else in a definition, if anything does. */
static enum use begin_word(struct prompt *p)
{
	if (p->empty)
		return USE_skip;
	say(p, SPAN(" "));
	return USE_text;
}

static enum use begin_leaf(struct prompt *p, enum peek_role role)
{
	before_value(p, role);
	switch (p->next) {
	case IN_JSON:
	case IN_ANSWER:
	case IN_BLOB:
		if (in_json(p))
			say(p, SPAN("\""));
		return USE_held;
	case IN_BYTES: return USE_held;
	case IN_CALL_NAME: add_call(p); return USE_text;
	case IN_TOOL_NAME: p->count.tool_count++; return begin_word(p);
	case IN_HELP:
	case IN_TYPE: return begin_word(p);
	case IN_LIST: p->count.choices++; return USE_text;
	case IN_FORMAT_NAME: p->count.formats++; return begin_word(p);
	default: return USE_skip;
	}
}

static void end_leaf(struct prompt *p, enum peek_role role)
{
	if (p->use == USE_held)
		decide(p, role);
	if (p->use == USE_data)
		end_data(p, role);
	if (in_json(p) && p->next != IN_BYTES)
		say(p, SPAN("\""));
	p->count.helps += p->next == IN_HELP && !p->empty && p->last != '.';
	p->use = USE_none;
	after_value(p, p->next);
}

/* A number, true, false or null, as written. */
static void on_scalar(struct prompt *p, enum peek_role role, const struct json_event *e)
{
	before_value(p, role);
	if (p->next == IN_LIST)
		p->count.choices++;
	if (p->next == IN_LIST || is_json(p->next))
		say(p, (struct span){ p->body.at + e->start, (size_t)(e->end - e->start) });
	after_value(p, p->next);
}

static void on_tree(struct prompt *p, enum peek_role role, const struct json_event *e)
{
	bool defines = role == ROLE_TOOLS || role == ROLE_FORMAT || role == ROLE_SCHEMA;

	p->into = defines ? &p->count.tools : &p->count.text;
	switch (e->kind) {
	case JSON_KEY: on_key(p, e); break;
	case JSON_OBJECT:
	case JSON_ARRAY:
		before_value(p, role);
		open_container(p, e);
		break;
	case JSON_OBJECT_END:
	case JSON_ARRAY_END: close_container(p, e); break;
	case JSON_PIECE:
	case JSON_PIECES_END: on_string(p, role, e, begin_leaf, end_leaf); break;
	default: on_scalar(p, role, e); break;
	}
}

static void on_event(void *arg, const struct json_event *e)
{
	struct prompt *p = arg;
	enum peek_role role;

	if (e->tag == 0)
		return;
	role = peek_rows[e->tag - 1].role;
	if (is_tree(role))
		on_tree(p, role, e);
	else
		on_value(p, role, e);
}

/* --- from outside --- */

struct prompt *prompt_new(enum shape_id shape, const struct tok_model *m, struct span body)
{
	struct prompt *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->model = *m;
	p->body = body;
	p->into = &p->count.text;
	if (shape == SHAPE_free)
		return p;
	pthread_once(&once, make_tables);
	p->paths = tables[shape].paths;
	if (!p->paths) {
		free(p);
		return NULL;
	}
	json_init(&p->json, p->paths, JSON_KEYS | JSON_LAX_UTF8, on_event, p);
	return p;
}

void prompt_free(struct prompt *p)
{
	if (p && p->in_text)
		tok_stream_release(&p->stream);
	free(p);
}

/* All of the body was read, or all that can be. */
static void finish(struct prompt *p)
{
	p->count.damaged = !json_end(&p->json);
	end_text(p);
	settle_picture(p);
	for (; p->told_pictures > p->found_pictures; p->told_pictures--)
		add_unseen(p);
	settle_picture(p);
	if (p->told_files > p->found_texts)
		p->count.unread += p->told_files - p->found_texts;
	p->paths = NULL;
}

bool prompt_step(struct prompt *p, struct tok *t, int64_t work_ns)
{
	bool sound = true;

	p->tok = t;
	p->work = work_ns;
	while (p->paths && sound && p->read < p->body.len) {
		struct span piece = span_skip(p->body, p->read);

		if (p->rest_len > 0)
			push(p, (struct span){ p->rest, p->rest_len });
		if (p->work <= 0)
			return false;
		if (piece.len > PROMPT_CHUNK)
			piece.len = PROMPT_CHUNK;
		p->read += piece.len;
		p->work -= (int64_t)piece.len;
		sound = json_feed(&p->json, piece);
	}
	if (p->paths)
		finish(p);
	return true;
}

const struct prompt_count *prompt_counted(const struct prompt *p)
{
	return &p->count;
}

/* --- what a provider makes of it --- */

static int64_t times(uint32_t n, int tok)
{
	return (int64_t)n * tok;
}

static uint64_t not_below_0(int64_t tok)
{
	return tok > 0 ? (uint64_t)tok : 0;
}

uint64_t prompt_tool_tok(const struct prompt_count *c, const struct tok_model *m)
{
	const struct tok_tools *t = m->tools;
	bool some = c->tool_count > 0;
	int64_t around = times(some, t->some) - times(some && c->system, t->shared) +
			 times(c->tool_count, t->tool) + times(c->with_arguments, t->arguments) +
			 times(c->properties, t->property) + times(c->helps, t->help) +
			 times(c->lists, t->list) + times(c->choices, t->choice) +
			 times(c->formats, t->format);

	return tok_model_text(m, c->tools) + not_below_0(around);
}

uint64_t prompt_tok(const struct prompt_count *c, const struct tok_model *m)
{
	int64_t around = times(c->messages > 0, m->chat->base) +
			 times(c->messages, m->chat->message) + times(c->names, m->chat->name) +
			 times(c->calls, m->chat->call) + times(c->parallel, m->chat->parallel);

	return tok_model_text(m, c->text) + not_below_0(around) + prompt_tool_tok(c, m) +
	       c->picture_tok;
}
