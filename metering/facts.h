/* facts.h - what the documents of one answer say, as they pass; tap.c cuts them out of
 * their framing. Places and words: shape.tbl.h. Nothing here knows a provider's name.
 *
 * Usage is never summed and never maximised: the newest usage object takes the place of
 * the one before, as a whole (Anthropic: number by number), when its closing bracket has
 * been read. What else is added stands in the table: inner exchanges and items of a list.
 */
#ifndef METERING_FACTS_H
#define METERING_FACTS_H
#include "base/base64.h"
#include "base/json.h"
#include "metering/shape.h"
#include "metering/tap.h"

#define FACTS_SESSIONS_MAX 8
#define FACTS_QUERIES_MAX  24

/* What items of a list add up to. */
struct tally {
	struct counts counts;
	uint32_t session[FACTS_SESSIONS_MAX]; /* hashes of those counted already */
	uint8_t sessions;
};

/* What is known of the answer. */
struct known {
	struct counts counts;     /* the newest usage */
	struct counts iterations; /* on top of it: inner exchanges of the same model */
	struct counts aux;        /* and of aux_model */
	struct counts earlier;    /* answers that came before in the same stream */
	struct counts tools;      /* fees that are counted outside of the usage object */
	struct tally items;       /* fees that nobody counts: items of a kind */
	uint32_t base_id;         /* hash of the id that the base of the counts came with */
	bool has_usage, has_base, end_seen, blind;
	bool mixed;        /* a text was not whose it was taken for */
	unsigned revision; /* of all of it */
	unsigned texts;    /* and of the texts alone */
	char model[96], id[96], tier[16], speed[16], error[48], aux_model[64];
};

/* An element of a list while it passes. */
struct item {
	enum list list;
	bool has_amount, unfinished;
	uint32_t amount, id;
	struct counts counts; /* of an inner exchange */
	char kind[32], sub[16], model[64];
};

/* What the document being read says, until its end. */
struct document {
	enum error_rank error_rank;
	bool is_error, ends, silent, base_waits, in_items;
	uint64_t arguments_at;
	struct counts usage; /* the usage object being read */
	struct tally items;  /* the list being read */
	struct item item;
	char error[48];
	uint8_t said, spoke; /* a bit for each part level: it was said; it was used for a text */
	const struct shape_action *twin; /* the place of TEXT_twin that spoke */
};

/* Of a chat event: a list, or a usage object, of the kind that the usage event has. */
enum chat_part {
	PART_unseen,
	PART_fits,
	PART_other
};

#define FACTS_ECHO_MAX 320 /* bytes */

/* The documents of a stream mostly begin alike, up to the text they carry. How the last
 * one began, so that the next one need not be read up to there: it said the same. */
struct echo {
	uint16_t len;   /* 0: nothing to go by */
	unsigned texts; /* of what is known, which must not have changed since */
	bool is_error, ends;
	uint8_t said;
	uint32_t part[PART_LEVELS];
	enum chat_part choices;
	struct json_place place;
	char bytes[FACTS_ECHO_MAX];
};

/* A document in base64 inside another one. */
struct inner {
	struct base64 base64;
	struct json json;
};

struct facts {
	const struct dialect *dialect;
	const struct shape *shape;
	enum shape_id shape_id;
	enum chat_part choices, usage;
	/* Hashes: which choice or block, which call in it. Where a document says so behind its
	 * text, it is taken to go on with the one before, or with the call after it. */
	uint32_t part[PART_LEVELS];
	uint32_t calls;      /* that the choice has named */
	uint64_t name_at;    /* where the last name began */
	struct inner *inner; /* NULL: the shape has none */
	struct known known;
	struct document doc;
	struct json json;
	struct echo echo;
	const char *begun; /* where the document begins, while all of it is in reach */
	uint64_t begun_at; /* the same as an offset */
	bool echoes;       /* whatever the document said so far may be said again */
	uint32_t query[FACTS_QUERIES_MAX]; /* hashes of those counted already; chunks repeat them */
	uint8_t queries;
	uint64_t text_bytes;
	tap_text *on_text;
	void *text_arg;
};

/* d: borrowed, static. inner: memory for it, or NULL. in_array: a document may be a list
 * of documents. False: out of memory. */
bool facts_init(struct facts *f, const struct dialect *d, enum shape_id s, struct inner *inner,
		bool in_array) MUST_USE;

/* A document begins in an event of that name. */
void facts_begin(struct facts *f, struct span name);

/* The next bytes of the document. */
void facts_feed(struct facts *f, struct span piece);

/* The document is over, whole or not. name: of the event that brought it; may be empty. */
void facts_end(struct facts *f, struct span name);

/* The document was none: forget it. */
void facts_forget(struct facts *f);

/* The answer's end was seen. */
void facts_ended(struct facts *f);

/* An error was named outside of a document. Only the first of an answer is kept. */
void facts_error(struct facts *f, struct span word);

/* A number named outside of a document, for an answer that says none itself. */
void facts_fallback(struct facts *f, enum count which, struct span number);

/* Can this document still turn out to be OpenAI's usage event? Is it one, at its end? */
bool facts_may_be_usage_event(const struct facts *f);
bool facts_is_usage_event(const struct facts *f);

/* Everything known, made disjoint; source, has_usage and the rest included. events is the
 * caller's. */
void facts_result(const struct facts *f, struct tap_result *out);

#endif
