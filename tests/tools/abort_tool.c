/* abort_tool.c - cuts an answer off at given places and says what was counted until there.
 *
 *   abort_tool DIALECT SHAPE CONTENT-TYPE MODEL CHOICES SEED
 *
 * From stdin come two documents (documents.h): the answer, and the places, with spaces between.
 * For each place the answer passes as proxy/relay.c lets it pass, from its first byte on and in
 * random pieces, until there. What a line says of it, as JSON:
 *
 *   counted   tokens of its text, counted to the end
 *   running   what the last estimate was before that
 *   said      bytes of text that were shown; `bytes` are all that passed
 *   mixed     was a text not whose it was taken for?
 *   texts     each text in hexadecimal */
#include <inttypes.h>
#include "base/buf.h"
#include "metering/meter.h"
#include "metering/shape.h"
#include "metering/tap.h"
#include "tests/tools/documents.h"

#define TEXTS      64
#define TEXT_MAX   (16u << 20)
#define PIECE_MOST 700 /* bytes */

struct heard {
	struct meter meter;
	struct {
		uint32_t part;
		struct buf text;
	} at[TEXTS];
	unsigned count;
};

struct asked {
	struct meter_kit kit;
	const struct dialect *dialect;
	enum shape_id shape;
	enum tap_framing framing;
	struct span model, answer;
	unsigned choices;
	uint64_t random;
};

static void die(const char *what)
{
	fprintf(stderr, "abort_tool: %s\n", what);
	exit(2);
}

static enum shape_id shape_named(const char *name)
{
	for (unsigned i = 0; i < SHAPE_COUNT; i++)
		if (strcmp(shape_name((enum shape_id)i), name) == 0)
			return (enum shape_id)i;
	die("no such shape");
	return SHAPE_free;
}

static uint64_t next_random(struct asked *a)
{
	a->random ^= a->random << 13;
	a->random ^= a->random >> 7;
	a->random ^= a->random << 17;
	return a->random >> 11;
}

/* Of 1 to PIECE_MOST bytes: often few, seldom many. */
static size_t next_len(struct asked *a)
{
	uint64_t most = PIECE_MOST >> next_random(a) % 10;

	return 1 + next_random(a) % (most > 0 ? most : 1);
}

static void hear(void *arg, uint32_t part, struct span piece)
{
	struct heard *h = arg;
	unsigned i = 0;

	while (i < h->count && h->at[i].part != part)
		i++;
	if (i == TEXTS)
		die("too many texts");
	if (i == h->count) {
		h->at[h->count].part = part;
		buf_init(&h->at[h->count++].text, TEXT_MAX);
	}
	if (!buf_add(&h->at[i].text, piece))
		die("no memory");
	meter_text(&h->meter, part, piece);
}

static void forget(struct heard *h)
{
	for (unsigned i = 0; i < h->count; i++)
		buf_release(&h->at[i].text);
	meter_release(&h->meter);
}

/* A meter that has seen a request for so many choices. */
static void begin(const struct asked *a, struct heard *h)
{
	struct peek p;
	char body[256], why[128];
	struct meter_subject s = {
		.dialect = a->dialect,
		.provider = SPAN("test"),
		.model = a->model,
		.peek = &p,
	};
	int len = snprintf(body, sizeof(body), "{\"model\":\"%.*s\",\"n\":%u,\"messages\":[]}",
			   (int)a->model.len, a->model.at, a->choices);

	s.body = (struct span){ body, (size_t)len };
	if (peek_body(SHAPE_openai_chat, s.body, &p, why, sizeof(why)) != ERR_OK)
		die(why);
	*h = (struct heard){ 0 };
	meter_begin(&h->meter, &a->kit, &s);
}

static void print_texts(const struct heard *h)
{
	printf(",\"texts\":[");
	for (unsigned i = 0; i < h->count; i++) {
		struct span text = buf_span(&h->at[i].text);

		printf("%s\"", i > 0 ? "," : "");
		for (size_t k = 0; k < text.len; k++)
			printf("%02x", (unsigned char)text.at[k]);
		putchar('"');
	}
	printf("]}\n");
}

static void cut_at(struct asked *a, size_t place)
{
	struct tap *t = tap_new(a->dialect, a->shape, a->framing);
	uint64_t running = 0, bytes, counted;
	struct heard h;

	if (!t)
		die("no memory");
	begin(a, &h);
	tap_set_text(t, hear, &h);
	for (size_t at = 0; at < place;) {
		size_t left = place - at, len = next_len(a);

		if (len > left)
			len = left;
		tap_show(t, (struct span){ a->answer.at + at, len });
		at += len;
		running = meter_output_tok(&h.meter, tap_text_bytes(t), false);
	}
	bytes = tap_text_bytes(t);
	counted = meter_output_tok(&h.meter, bytes, true);
	printf("{\"counted\":%" PRIu64 ",\"running\":%" PRIu64 ",\"bytes\":%" PRIu64
	       ",\"said\":%" PRIu64 ",\"mixed\":%s",
	       counted, running, bytes, h.meter.said_bytes,
	       h.meter.mixed || tap_mixed(t) ? "true" : "false");
	print_texts(&h);
	tap_free(t);
	forget(&h);
}

static void cut_everywhere(struct asked *a, struct span places)
{
	while (places.len > 0) {
		size_t place = 0;

		for (; places.len > 0 && places.at[0] != ' '; places = span_skip(places, 1))
			place = place * 10 + (size_t)(places.at[0] - '0');
		places = span_skip(places, places.len > 0);
		if (place > a->answer.len)
			die("a place beyond the answer");
		cut_at(a, place);
	}
}

int main(int argc, char **argv)
{
	struct document answer, places;
	struct vocabs *vocabs;
	struct asked a = { 0 };

	if (argc != 7)
		die("DIALECT SHAPE CONTENT-TYPE MODEL CHOICES SEED");
	a.dialect = dialect_find(span_of(argv[1]));
	if (!a.dialect)
		die("no such dialect");
	a.shape = shape_named(argv[2]);
	a.framing = tap_framing_of(span_of(argv[3]));
	a.model = span_of(argv[4]);
	a.choices = (unsigned)strtoul(argv[5], NULL, 10);
	a.random = strtoull(argv[6], NULL, 10) * 2 + 1;
	if (!document_read(&answer) || !document_read(&places))
		die("an answer and places are wanted");
	a.answer = (struct span){ answer.at, answer.len };
	if (vocabs_new(&vocabs) != ERR_OK)
		die("no memory");
	a.kit = (struct meter_kit){ .tok = tok_new(vocabs), .learn = learn_new() };
	if (!a.kit.tok || !a.kit.learn)
		die("no memory");
	cut_everywhere(&a, (struct span){ places.at, places.len });
	learn_free(a.kit.learn);
	tok_free(a.kit.tok);
	vocabs_free(vocabs);
	free(answer.at);
	free(places.at);
	return 0;
}
