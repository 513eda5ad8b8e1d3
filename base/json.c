/* json.c - one small function for each thing that can come next; json_feed() calls the one
 * that the state names until the piece is used up. Nothing is looked at twice. */
#include "base/json.h"
#include "base/must.h"
#include "base/scan.h"
#include "base/utf8.h"

enum state {
	VALUE,         /* a value must come */
	FIRST_ELEMENT, /* a value or ']' */
	FIRST_KEY,     /* a key or '}' */
	NEXT_KEY,
	COLON,
	AFTER,     /* a value has ended: ',' or the end of its container */
	DONE,      /* the document has ended */
	STRING,    /* from here on: inside a token */
	ESCAPE,    /* after a backslash */
	HEX,       /* inside \uXXXX */
	CHARACTER, /* inside a UTF-8 character of several bytes */
	NUMBER,
	LITERAL,
	FAILED
};

enum role {
	SKIPPED,
	SKIPPED_KEY,
	KEY,
	WHOLE,
	PIECES
}; /* what a string is read for */

#define REPLACEMENT SPAN("\xef\xbf\xbd")

/* The grammar of numbers: where each kind of character leads; 0 is nowhere. */
enum number {
	N_NONE,
	N_MINUS,
	N_ZERO,
	N_INT,
	N_POINT,
	N_FRACTION,
	N_E,
	N_SIGN,
	N_EXPONENT
};
enum number_char {
	C_ZERO,
	C_DIGIT,
	C_MINUS,
	C_PLUS,
	C_POINT,
	C_E,
	C_COUNT
};

static const uint8_t number_next[][C_COUNT] = {
	[N_NONE] = { [C_ZERO] = N_ZERO, [C_DIGIT] = N_INT, [C_MINUS] = N_MINUS },
	[N_MINUS] = { [C_ZERO] = N_ZERO, [C_DIGIT] = N_INT },
	[N_ZERO] = { [C_POINT] = N_POINT, [C_E] = N_E },
	[N_INT] = { [C_ZERO] = N_INT, [C_DIGIT] = N_INT, [C_POINT] = N_POINT, [C_E] = N_E },
	[N_POINT] = { [C_ZERO] = N_FRACTION, [C_DIGIT] = N_FRACTION },
	[N_FRACTION] = { [C_ZERO] = N_FRACTION, [C_DIGIT] = N_FRACTION, [C_E] = N_E },
	[N_E] = { [C_ZERO] = N_EXPONENT,
		  [C_DIGIT] = N_EXPONENT,
		  [C_MINUS] = N_SIGN,
		  [C_PLUS] = N_SIGN },
	[N_SIGN] = { [C_ZERO] = N_EXPONENT, [C_DIGIT] = N_EXPONENT },
	[N_EXPONENT] = { [C_ZERO] = N_EXPONENT, [C_DIGIT] = N_EXPONENT },
};

void json_init(struct json *j, const struct json_paths *paths, unsigned flags, json_fn *fn,
	       void *arg)
{
	j->paths = paths;
	j->flags = (uint8_t)flags;
	j->fn = fn;
	j->arg = arg;
	j->piece = NULL;
	j->offset = 0;
	json_reset(j);
}

void json_reset(struct json *j)
{
	j->error = NULL;
	j->state = VALUE;
	j->depth = 0;
	j->objects = 0;
	j->node = JSON_ROOT;
	j->start = UINT64_MAX;
}

bool json_done(const struct json *j)
{
	return j->state == DONE;
}

bool json_begun(const struct json *j)
{
	return j->state != VALUE || j->depth > 0;
}

uint64_t json_offset(const struct json *j)
{
	return j->offset;
}

const char *json_error(const struct json *j)
{
	return j->error;
}

static uint64_t offset_of(const struct json *j, const char *p)
{
	return j->offset + (uint64_t)(p - j->piece);
}

/* Ends the reading at p; json_feed() sees the state. */
static const char *fail(struct json *j, const char *p, const char *why)
{
	j->error = why;
	j->state = FAILED;
	return p;
}

static uint16_t tag_of(const struct json *j, uint16_t node)
{
	return j->paths->nodes[node].tag;
}

static void report(struct json *j, enum json_kind kind, struct span text, uint64_t end)
{
	j->fn(j->arg, &(struct json_event){ .kind = kind,
					    .tag = tag_of(j, j->node),
					    .depth = j->depth,
					    .escaped = j->so_far.escaped,
					    .cut = j->so_far.cut,
					    .damaged = j->so_far.damaged,
					    .text = text,
					    .start = j->start,
					    .end = end });
}

static bool in_object(const struct json *j)
{
	return j->depth > 0 && (j->objects >> (j->depth - 1) & 1) != 0;
}

static void value_ended(struct json *j)
{
	j->state = j->depth > 0 ? AFTER : DONE;
}

static void forget_text(struct json *j)
{
	j->so_far = (struct json_text){ 0 };
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

static const char *skip_blanks(const char *p, const char *end)
{
	while (p < end && is_blank(*p))
		p++;
	return p;
}

/* --- containers --- */

/* The node of a container's elements. */
static uint16_t element_node(const struct json *j)
{
	return j->paths->nodes[j->nodes[j->depth - 1]].any;
}

static const char *open_container(struct json *j, const char *p, bool object)
{
	uint16_t node = j->node;

	if (j->depth == JSON_DEPTH_MAX)
		return fail(j, p, "nested more than 64 levels deep");
	if (j->depth == 0 && !object && (j->flags & JSON_IN_AN_ARRAY))
		node = j->node = JSON_DOCUMENTS;
	if (tag_of(j, node) != 0) {
		forget_text(j);
		report(j, object ? JSON_OBJECT : JSON_ARRAY, (struct span){ 0 },
		       offset_of(j, p) + 1);
	}
	j->objects = (j->objects & ~(UINT64_C(1) << j->depth)) | (uint64_t)object << j->depth;
	j->nodes[j->depth++] = node;
	j->state = object ? FIRST_KEY : FIRST_ELEMENT;
	if (!object)
		j->node = element_node(j);
	return p + 1;
}

static const char *close_container(struct json *j, const char *p)
{
	bool object = in_object(j);

	if ((*p == '}') != object)
		return fail(j, p, "a bracket closes what another kind opened");
	j->node = j->nodes[--j->depth];
	if (tag_of(j, j->node) != 0) {
		j->start = offset_of(j, p);
		forget_text(j);
		report(j, object ? JSON_OBJECT_END : JSON_ARRAY_END, (struct span){ 0 },
		       j->start + 1);
	}
	value_ended(j);
	return p + 1;
}

/* --- strings --- */

/* A part of the string's meaning: whole characters. */
static void keep(struct json *j, struct span s)
{
	size_t room = sizeof(j->text) - j->so_far.len;

	if (s.len == 0 || j->role <= SKIPPED_KEY)
		return;
	if (j->role == PIECES) {
		report(j, JSON_PIECE, s, 0);
		return;
	}
	j->so_far.cut |= s.len > room;
	if (s.len > room)
		s.len = room;
	memcpy(j->text + j->so_far.len, s.at, s.len);
	j->so_far.len = (uint16_t)(j->so_far.len + s.len);
}

static void keep_damaged(struct json *j)
{
	j->so_far.damaged = true;
	keep(j, REPLACEMENT);
}

static size_t utf8_put(uint32_t code, char to[4])
{
	if (code < 0x80) {
		to[0] = (char)code;
		return 1;
	}
	if (code < 0x800) {
		to[0] = (char)(0xc0 | code >> 6);
		to[1] = (char)(0x80 | (code & 0x3f));
		return 2;
	}
	if (code < 0x10000) {
		to[0] = (char)(0xe0 | code >> 12);
		to[1] = (char)(0x80 | (code >> 6 & 0x3f));
		to[2] = (char)(0x80 | (code & 0x3f));
		return 3;
	}
	to[0] = (char)(0xf0 | code >> 18);
	to[1] = (char)(0x80 | (code >> 12 & 0x3f));
	to[2] = (char)(0x80 | (code >> 6 & 0x3f));
	to[3] = (char)(0x80 | (code & 0x3f));
	return 4;
}

static void keep_code(struct json *j, uint32_t code)
{
	char utf8[4];

	keep(j, (struct span){ utf8, utf8_put(code, utf8) });
}

/* A high surrogate was not followed by its other half. */
static void flush_high(struct json *j)
{
	if (j->so_far.high != 0)
		keep_damaged(j);
	j->so_far.high = 0;
}

/* A whole \uXXXX was read. */
static void keep_unit(struct json *j, uint32_t unit)
{
	bool low = unit >= 0xdc00 && unit <= 0xdfff;

	if (low && j->so_far.high != 0) {
		keep_code(j, 0x10000 + ((j->so_far.high - 0xd800u) << 10) + (unit - 0xdc00));
		j->so_far.high = 0;
		return;
	}
	flush_high(j);
	if (low)
		keep_damaged(j);
	else if (unit >= 0xd800 && unit <= 0xdbff)
		j->so_far.high = (uint16_t)unit;
	else
		keep_code(j, unit);
}

static const char *begin_value(struct json *j, const char *p, const char *end);

/* The key's closing quote is before p. Goes on into the value when that is at hand. */
static const char *key_ended(struct json *j, const char *p, const char *end)
{
	j->state = COLON;
	if (p == end || *p != ':')
		return p;
	p++;
	j->state = VALUE;
	if (p == end || is_blank(*p))
		return p;
	return begin_value(j, p, end);
}

static void take_key(struct json *j, struct span key, uint64_t end)
{
	uint16_t object = j->nodes[j->depth - 1];

	if (j->flags & JSON_KEYS) {
		j->node = object;
		report(j, JSON_KEY, key, end);
	}
	j->node = j->so_far.cut ? j->paths->nodes[object].any
				: json_paths_member(j->paths, object, key);
}

/* The closing quote is at p; the last run of the string began at run. */
static const char *string_ended(struct json *j, const char *run, const char *p, const char *end)
{
	struct span text = { run, (size_t)(p - run) };
	uint64_t at = offset_of(j, ++p);

	if (j->so_far.len > 0 || text.len > sizeof(j->text) || j->role == PIECES) {
		keep(j, text);
		text = (struct span){ j->text, j->so_far.len };
	}
	switch (j->role) {
	case SKIPPED_KEY: return key_ended(j, p, end);
	case KEY: take_key(j, text, at); return key_ended(j, p, end);
	case WHOLE: report(j, JSON_STRING, text, at); break;
	case PIECES: report(j, JSON_PIECES_END, (struct span){ 0 }, at); break;
	default: break;
	}
	value_ended(j);
	return p;
}

/* Past whole UTF-8 characters of several bytes. */
static const char *skip_characters(const char *p, const char *end)
{
	while (p < end && (unsigned char)*p >= 0x80) {
		size_t len = utf8_len((struct span){ p, (size_t)(end - p) });

		if (len == 0)
			break;
		p += len;
	}
	return p;
}

/* Past plain ASCII and whole UTF-8 characters. */
static const char *skip_text(const char *p, const char *end)
{
	const char *from;

	p = scan_string(p, end);
	while (p < end && (unsigned char)*p >= 0x80) {
		from = p;
		p = skip_characters(p, end);
		if (p == from)
			break;
		p = scan_string(p, end);
	}
	return p;
}

static const char *read_string(struct json *j, const char *p, const char *end)
{
	const char *run = p;

	if (j->so_far.high != 0 && *p != '\\')
		flush_high(j);
	p = skip_text(p, end);
	if (p < end && *p == '"')
		return string_ended(j, run, p, end);
	keep(j, (struct span){ run, (size_t)(p - run) });
	if (p == end)
		return p;
	if (*p == '\\') {
		j->so_far.escaped = true;
		j->state = ESCAPE;
		return p + 1;
	}
	if ((unsigned char)*p < 0x20)
		return fail(j, p, "a control character inside a string");
	j->carry_len = 0;
	j->state = CHARACTER;
	return p;
}

/* For a string that does not lie whole in the piece, or holds more than plain ASCII. */
static const char *begin_string(struct json *j, const char *p, const char *end, enum role role)
{
	j->start = offset_of(j, p);
	j->role = (uint8_t)role;
	j->state = STRING;
	forget_text(j);
	p++;
	return p < end ? read_string(j, p, end) : p;
}

/* The usual string: where it ends, if that is in the piece and it is plain ASCII. */
static const char *plain_end(const char *p, const char *end)
{
	const char *stop = scan_string(p + 1, end);

	return stop < end && *stop == '"' ? stop : NULL;
}

static const char *begin_key(struct json *j, const char *p, const char *end)
{
	uint16_t object = j->nodes[j->depth - 1];
	const char *stop = plain_end(p, end);

	j->node = JSON_NOWHERE;
	if (!stop || stop - p > JSON_TEXT_MAX)
		return begin_string(j, p, end, object == JSON_NOWHERE ? SKIPPED_KEY : KEY);
	if (object != JSON_NOWHERE) {
		j->start = offset_of(j, p);
		forget_text(j);
		take_key(j, (struct span){ p + 1, (size_t)(stop - p - 1) }, offset_of(j, stop) + 1);
	}
	return key_ended(j, stop + 1, end);
}

static const char *begin_string_value(struct json *j, const char *p, const char *end)
{
	const struct json_node *node = &j->paths->nodes[j->node];
	const char *stop = plain_end(p, end);
	enum role role = node->tag == 0 ? SKIPPED : node->pieces ? PIECES : WHOLE;

	if (!stop)
		return begin_string(j, p, end, role);
	if (role == SKIPPED) {
		value_ended(j);
		return stop + 1;
	}
	j->start = offset_of(j, p);
	j->role = (uint8_t)role;
	forget_text(j);
	return string_ended(j, p + 1, stop, end);
}

static const char *read_escape(struct json *j, const char *p)
{
	static const char letters[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
	const char *letter = *p != '\0' ? strchr(letters, *p) : NULL;

	if (*p == 'u') {
		j->unit = 0;
		j->wanted = 4;
		j->state = HEX;
		return p + 1;
	}
	if (!letter)
		return fail(j, p, "an unknown escape inside a string");
	flush_high(j);
	keep(j, (struct span){ &meant[letter - letters], 1 });
	j->state = STRING;
	return p + 1;
}

static const char *read_hex(struct json *j, const char *p)
{
	unsigned char c = (unsigned char)*p, lower = c | 0x20;

	if (c >= '0' && c <= '9')
		j->unit = j->unit << 4 | (c - '0');
	else if (lower >= 'a' && lower <= 'f')
		j->unit = j->unit << 4 | (lower - 'a' + 10u);
	else
		return fail(j, p, "a \\u escape without four hex digits");
	if (--j->wanted == 0) {
		keep_unit(j, j->unit);
		j->state = STRING;
	}
	return p + 1;
}

static const char *bad_character(struct json *j, const char *p)
{
	if (!(j->flags & JSON_LAX_UTF8))
		return fail(j, p, "a string is not UTF-8");
	keep_damaged(j);
	j->state = STRING;
	return p;
}

/* Takes a character byte by byte: one that the piece's end has cut, or a bad one. */
static const char *read_character(struct json *j, const char *p)
{
	unsigned char c = (unsigned char)*p;

	if (j->carry_len == 0) {
		if (c < 0xc2 || c > 0xf4)
			return bad_character(j, p + 1);
		j->wanted = c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
	} else if (c < 0x80 || c > 0xbf) {
		return bad_character(j, p);
	}
	j->carry[j->carry_len++] = *p++;
	if (j->carry_len < j->wanted)
		return p;
	if (utf8_len((struct span){ j->carry, j->carry_len }) == 0)
		return bad_character(j, p);
	keep(j, (struct span){ j->carry, j->carry_len });
	j->state = STRING;
	return p;
}

/* --- numbers and literals --- */

static enum number_char number_char(char c)
{
	switch (c) {
	case '0': return C_ZERO;
	case '1':
	case '2':
	case '3':
	case '4':
	case '5':
	case '6':
	case '7':
	case '8':
	case '9': return C_DIGIT;
	case '-': return C_MINUS;
	case '+': return C_PLUS;
	case '.': return C_POINT;
	case 'e':
	case 'E': return C_E;
	default: return C_COUNT;
	}
}

static const char *skip_digits(const char *p, const char *end)
{
	while (p < end && *p >= '0' && *p <= '9')
		p++;
	return p;
}

static bool number_is_whole(const struct json *j)
{
	return j->number == N_ZERO || j->number == N_INT || j->number == N_FRACTION ||
	       j->number == N_EXPONENT;
}

static void number_ended(struct json *j, struct span last, uint64_t end)
{
	if (j->role == WHOLE) {
		if (j->so_far.len > 0 || last.len > sizeof(j->text)) {
			keep(j, last);
			last = (struct span){ j->text, j->so_far.len };
		}
		report(j, JSON_NUMBER, last, end);
	}
	value_ended(j);
}

static const char *read_number(struct json *j, const char *p, const char *end)
{
	const char *run = p;
	struct span text;

	while (p < end) {
		enum number_char c = number_char(*p);
		uint8_t next = c == C_COUNT ? N_NONE : number_next[j->number][c];

		if (next == N_NONE)
			break;
		j->number = next;
		p++;
		if (c == C_DIGIT)
			p = skip_digits(p, end);
	}
	text = (struct span){ run, (size_t)(p - run) };
	if (p == end)
		keep(j, text);
	else if (number_is_whole(j))
		number_ended(j, text, offset_of(j, p));
	else
		return fail(j, p, "a malformed number");
	return p;
}

static const char *begin_number(struct json *j, const char *p, const char *end)
{
	j->role = tag_of(j, j->node) != 0 ? WHOLE : SKIPPED;
	j->state = NUMBER;
	j->number = N_NONE;
	forget_text(j);
	return read_number(j, p, end);
}

static const char *read_literal(struct json *j, const char *p)
{
	if (*p != *j->literal)
		return fail(j, p, "neither true, false nor null");
	j->literal++;
	p++;
	if (*j->literal != '\0')
		return p;
	if (j->role == WHOLE)
		report(j, (enum json_kind)j->literal_kind, (struct span){ 0 }, offset_of(j, p));
	value_ended(j);
	return p;
}

/* rest: the literal without its first letter. */
static const char *begin_literal(struct json *j, const char *p, const char *rest,
				 enum json_kind kind)
{
	j->role = tag_of(j, j->node) != 0 ? WHOLE : SKIPPED;
	j->literal_kind = (uint8_t)kind;
	j->literal = rest;
	j->state = LITERAL;
	forget_text(j);
	return p + 1;
}

/* --- the grammar around them --- */

static const char *begin_value(struct json *j, const char *p, const char *end)
{
	j->start = offset_of(j, p);
	switch (*p) {
	case '"': return begin_string_value(j, p, end);
	case '{': return open_container(j, p, true);
	case '[': return open_container(j, p, false);
	case 't': return begin_literal(j, p, "rue", JSON_TRUE);
	case 'f': return begin_literal(j, p, "alse", JSON_FALSE);
	case 'n': return begin_literal(j, p, "ull", JSON_NULL);
	default:
		if (number_char(*p) < C_COUNT && number_next[N_NONE][number_char(*p)] != N_NONE)
			return begin_number(j, p, end);
		return fail(j, p,
			    j->start == 0 && *p == '\xef' ? "a byte order mark is not allowed"
							  : "a value was expected");
	}
}

static const char *after_value(struct json *j, const char *p, const char *end)
{
	bool object = in_object(j);

	if (*p == '}' || *p == ']')
		return close_container(j, p);
	if (*p != ',')
		return fail(j, p, "a comma or a closing bracket was expected");
	p++;
	j->state = object ? NEXT_KEY : VALUE;
	if (!object)
		j->node = element_node(j);
	else if (p < end && *p == '"')
		return begin_key(j, p, end);
	return p;
}

/* What comes between strings, numbers and literals; p is no blank. */
static const char *read_token(struct json *j, const char *p, const char *end)
{
	switch (j->state) {
	case VALUE: return begin_value(j, p, end);
	case FIRST_ELEMENT: return *p == ']' ? close_container(j, p) : begin_value(j, p, end);
	case FIRST_KEY:
		if (*p == '}')
			return close_container(j, p);
		/* fall through */
	case NEXT_KEY:
		return *p == '"' ? begin_key(j, p, end)
				 : fail(j, p, "a key in quotes was expected");
	case AFTER: return after_value(j, p, end);
	case COLON:
		if (*p != ':')
			return fail(j, p, "a colon was expected");
		j->state = VALUE;
		return p + 1;
	default: return fail(j, p, "more after the end of the document");
	}
}

static const char *read_inside(struct json *j, const char *p, const char *end)
{
	switch (j->state) {
	case STRING: return read_string(j, p, end);
	case ESCAPE: return read_escape(j, p);
	case HEX: return read_hex(j, p);
	case CHARACTER: return read_character(j, p);
	case NUMBER: return read_number(j, p, end);
	default: return read_literal(j, p);
	}
}

static const char *read_some(struct json *j, const char *p, const char *end)
{
	if (j->state >= STRING)
		return read_inside(j, p, end);
	if (is_blank(*p)) {
		p = skip_blanks(p, end);
		if (p == end)
			return p;
	}
	return read_token(j, p, end);
}

bool json_feed(struct json *j, struct span piece)
{
	const char *p = piece.at, *end = piece.at + piece.len;

	if (piece.len == 0 || j->state == FAILED)
		return j->state != FAILED;
	j->piece = piece.at;
	while (p < end && j->state != FAILED)
		p = read_some(j, p, end);
	j->offset = offset_of(j, p);
	j->piece = NULL;
	return j->state != FAILED;
}

bool json_place(const struct json *j, struct json_place *to)
{
	if (j->depth > JSON_PLACE_DEPTH)
		return false;
	*to = (struct json_place){ .objects = j->objects, .node = j->node, .depth = j->depth };
	memcpy(to->nodes, j->nodes, j->depth * sizeof(*j->nodes));
	return true;
}

void json_resume(struct json *j, const struct json_place *at, size_t len)
{
	MUST(!json_begun(j) && len > 0);
	j->objects = at->objects;
	j->node = at->node;
	j->depth = at->depth;
	memcpy(j->nodes, at->nodes, at->depth * sizeof(*j->nodes));
	j->offset += len;
	j->start = j->offset - 1;
	j->role = PIECES;
	j->state = STRING;
	forget_text(j);
}

bool json_end(struct json *j)
{
	if (j->state == NUMBER && j->depth == 0 && number_is_whole(j))
		number_ended(j, (struct span){ 0 }, j->offset);
	if (j->state != DONE && j->state != FAILED)
		fail(j, NULL, "the document is not finished");
	return j->state == DONE;
}
