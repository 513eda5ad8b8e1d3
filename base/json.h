/* json.h - reads JSON as it passes: strict RFC 8259, pushed in pieces, cut anywhere.
 *
 * Promise  the reports are the same wherever the text is cut (pieces of JSON_PIECE aside,
 *          whose concatenation is). Linear time, no recursion, no allocation; what no
 *          pointer asks for is checked and skipped at memory speed.
 * Owner    struct json is the caller's memory; it borrows the compiled paths.
 * Limit    JSON_DEPTH_MAX levels; JSON_TEXT_MAX bytes of a key or a whole value (the
 *          report then says `cut` and shows the beginning).
 * Errors   the first one ends the reading: json_error() says why, json_offset() where.
 * Threads  none.
 */
#ifndef BASE_JSON_H
#define BASE_JSON_H
#include <stdbool.h>
#include <stdint.h>
#include "base/json_path.h"
#include "base/span.h"

#define JSON_DEPTH_MAX 64
#define JSON_TEXT_MAX  JSON_KEY_MAX /* bytes */

enum json_kind {
	JSON_OBJECT,
	JSON_OBJECT_END,
	JSON_ARRAY,
	JSON_ARRAY_END,
	JSON_STRING, /* whole, unescaped */
	JSON_PIECE,  /* a part of a string whose path says `pieces`; whole characters */
	JSON_PIECES_END,
	JSON_NUMBER, /* as written */
	JSON_TRUE,
	JSON_FALSE,
	JSON_NULL,
	JSON_KEY /* with JSON_KEYS: a key, unescaped, before its value */
};

struct json_event {
	enum json_kind kind;
	uint16_t tag;  /* of the value's path; of a KEY: of the object's path, 0 if it has none */
	uint8_t depth; /* containers around the value; of a KEY: its object included */
	bool escaped;  /* the string or key was written with a backslash */
	bool cut;      /* text is only the beginning: the value was longer than JSON_TEXT_MAX */
	bool damaged;  /* held a lone surrogate (or, lax, bad UTF-8); U+FFFD stands for it */
	struct span text;    /* borrowed for the call */
	uint64_t start, end; /* where the value lies in the stream, quotes and brackets included;
				a container's two reports give the two brackets;
				of a PIECE: start of the string, 0 */
};

typedef void json_fn(void *arg, const struct json_event *e);

enum json_flags {
	JSON_KEYS = 1,     /* report every key of objects that a pointer leads to or through */
	JSON_LAX_UTF8 = 2, /* bad UTF-8 in strings becomes U+FFFD instead of an error */
	JSON_IN_AN_ARRAY =
	    4, /* a top-level array is a list of documents: pointers begin below it */
};

struct json {
	const struct json_paths *paths;
	json_fn *fn;
	void *arg;
	const char *error;   /* NULL: none; static text */
	const char *piece;   /* what is being fed; NULL outside of json_feed() */
	const char *literal; /* what is left of true, false, null */
	uint64_t offset;     /* of piece in the stream */
	uint64_t start;      /* of the value or key being read */
	uint64_t objects;    /* bit d: the container at depth d is an object */
	struct json_text {
		uint16_t len;  /* bytes in text[] */
		uint16_t high; /* a high surrogate that waits for its other half */
		bool escaped, cut, damaged;
	} so_far;      /* of the string or number being read */
	uint32_t unit; /* \uXXXX so far */
	uint16_t node; /* of the value being read or to come */
	uint8_t flags, state, depth, number, literal_kind, role, wanted, carry_len;
	char carry[4];                  /* an unfinished UTF-8 character */
	uint16_t nodes[JSON_DEPTH_MAX]; /* of the containers around it */
	char text[JSON_TEXT_MAX];
};

/* fn is called for each value at one of the paths, from within json_feed(). flags: or'ed
 * enum json_flags. */
void json_init(struct json *j, const struct json_paths *paths, unsigned flags, json_fn *fn,
	       void *arg);

/* Ready for the next document; offsets go on counting. */
void json_reset(struct json *j);

/* Reads on. False from the first error on; the rest is then ignored. */
bool json_feed(struct json *j, struct span piece);

/* The document is over. False when it was not whole and well-formed. */
bool json_end(struct json *j);

/* Was the top-level value read to its end? (A number there ends only with json_end().) */
bool json_done(const struct json *j);

/* A place right after the opening quote of a string that is shown in pieces. */
#define JSON_PLACE_DEPTH 12
struct json_place {
	uint64_t objects;
	uint16_t node, nodes[JSON_PLACE_DEPTH];
	uint8_t depth;
};

/* Called from within the report of a string's first JSON_PIECE: the place where the string
 * began. False: deeper than JSON_PLACE_DEPTH. */
bool json_place(const struct json *j, struct json_place *to);

/* Goes on from that place in a new document that begins with the same len bytes, which
 * then need not be fed. */
void json_resume(struct json *j, const struct json_place *at, size_t len);

/* Has anything but blanks been seen since json_init() or json_reset()? */
bool json_begun(const struct json *j);

/* Bytes fed so far, or where the error lies. */
uint64_t json_offset(const struct json *j);

/* Why reading stopped, for people; NULL while it has not. */
const char *json_error(const struct json *j);

#endif
