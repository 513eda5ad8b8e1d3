/* tok_speed_tool.c - how fast the counter is, in CPU time of its thread.
 *
 *   tok_speed_tool ENCODING texts ROUNDS   documents from stdin (documents.h). In every round with
 *                                          the empty caches of a new thread, then once more, then
 *                                          as streams in deltas of 1 to 8 bytes: pushed only, and
 *                                          asked for the count after each. A line for each round:
 *                                          bytes, tokens, ns cold, ns warm, deltas, ns of pushes,
 *                                          ns of pushes and counts
 *   tok_speed_tool ENCODING attacks ROUNDS a megabyte each of what makes other tokenizers take
 *                                          quadratic time. A line for each: name, bytes, tokens,
 *                                          ns at once, ns in bounded pushes, pushes, ns of the
 *                                          longest push; each the least of the rounds, and the
 *                                          longest push is that of the least times of each
 *
 * Fields have tabs between them. Status 1 when ways of counting differ. */
#include <inttypes.h>
#include <time.h>
#include "metering/tok.h"
#include "tests/tools/documents.h"

#define STREAMED_MAX  (1u << 20) /* bytes of the documents that are streamed, too */
#define ATTACK_BYTES  (1u << 20)
#define PUSH_WORK     50000 /* allowed to a push of an attack; about ns */
#define PUSHES_MAX    100000
#define DOCUMENTS_MAX 100000

struct corpus {
	struct document *documents;
	size_t count;
	uint64_t bytes;
};

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static uint32_t draw(uint32_t *chance, uint32_t below)
{
	*chance ^= *chance << 13;
	*chance ^= *chance >> 17;
	*chance ^= *chance << 5;
	return (uint32_t)((uint64_t)*chance * below >> 32);
}

static struct tok *new_tok(const struct vocabs *vocabs)
{
	struct tok *tok = tok_new(vocabs);

	if (!tok) {
		fputs("no memory\n", stderr);
		exit(2);
	}
	return tok;
}

static struct corpus read_corpus(void)
{
	struct corpus c = { .documents = calloc(DOCUMENTS_MAX, sizeof(*c.documents)) };

	while (c.documents && c.count < DOCUMENTS_MAX && document_read(&c.documents[c.count]))
		c.bytes += c.documents[c.count++].len;
	return c;
}

static uint64_t count_all(struct tok *tok, enum vocab_id vocab, const struct corpus *c,
			  uint64_t *tokens)
{
	uint64_t start = now_ns();

	*tokens = 0;
	for (size_t i = 0; i < c->count; i++)
		*tokens += tok_total(tok_count(
		    tok, vocab, (struct span){ c->documents[i].at, c->documents[i].len }));
	return now_ns() - start;
}

/* One document in small deltas; returns how many. */
static uint64_t stream(struct tok *tok, enum vocab_id vocab, struct span text, bool asking)
{
	struct tok_stream s;
	uint32_t chance = 7;
	uint64_t deltas = 0, seen = 0;

	tok_stream_init(&s, vocab);
	for (; text.len > 0; deltas++) {
		size_t len = 1 + draw(&chance, 8);
		int64_t work = INT64_MAX;

		len = len < text.len ? len : text.len;
		text = span_skip(text,
				 tok_stream_push(tok, &s, (struct span){ text.at, len }, &work));
		if (asking)
			seen += tok_total(tok_stream_count(tok, &s));
	}
	if (seen < tok_total(tok_stream_count(tok, &s)) && asking)
		exit(1);
	tok_stream_release(&s);
	return deltas;
}

static uint64_t stream_all(struct tok *tok, enum vocab_id vocab, const struct corpus *c,
			   bool asking, uint64_t *deltas)
{
	uint64_t start = now_ns(), bytes = 0;

	*deltas = 0;
	for (size_t i = 0; i < c->count && bytes < STREAMED_MAX; i++) {
		struct span text = { c->documents[i].at, c->documents[i].len };

		*deltas += stream(tok, vocab, text, asking);
		bytes += text.len;
	}
	return now_ns() - start;
}

static int measure_texts(const struct vocabs *vocabs, enum vocab_id vocab, int rounds)
{
	struct corpus c = read_corpus();
	int status = 0;

	for (int i = 0; i < rounds; i++) {
		struct tok *tok = new_tok(vocabs);
		uint64_t tokens, again, deltas;
		uint64_t cold = count_all(tok, vocab, &c, &tokens);
		uint64_t warm = count_all(tok, vocab, &c, &again);
		uint64_t pushed = stream_all(tok, vocab, &c, false, &deltas);
		uint64_t asked = stream_all(tok, vocab, &c, true, &deltas);

		printf("%" PRIu64 "\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64
		       "\t%" PRIu64 "\n",
		       c.bytes, tokens, cold, warm, deltas, pushed, asked);
		status |= tokens != again;
		tok_free(tok);
	}
	for (size_t i = 0; i < c.count; i++)
		free(c.documents[i].at);
	free(c.documents);
	return status;
}

/* --- attacks --- */

static void fill(char *to, const char *unit)
{
	size_t len = strlen(unit);

	for (size_t i = 0; i < ATTACK_BYTES; i++)
		to[i] = unit[i % len];
}

static void fill_letters(char *to, const char *letters)
{
	uint32_t chance = 5, count = (uint32_t)strlen(letters);

	for (size_t i = 0; i < ATTACK_BYTES; i++)
		to[i] = letters[draw(&chance, count)];
}

/* Three bytes each: Han, and at the end whatever is left in spaces. */
static void fill_cjk(char *to, const char *unused)
{
	uint32_t chance = 5;

	(void)unused;
	fill(to, " ");
	for (size_t i = 0; i + 3 <= ATTACK_BYTES; i += 3) {
		uint32_t cp = 0x4e00 + draw(&chance, 3500);

		to[i] = (char)(0xe0 | cp >> 12);
		to[i + 1] = (char)(0x80 | (cp >> 6 & 0x3f));
		to[i + 2] = (char)(0x80 | (cp & 0x3f));
	}
}

static const struct attack {
	const char *name;
	void (*fill)(char *to, const char *how);
	const char *how;
} attacks[] = {
	{ "a", fill, "a" },
	{ "-", fill, "-" },
	{ "=", fill, "=" },
	{ "space", fill, " " },
	{ "newline", fill, "\n" },
	{ "space and tab", fill, " \t" },
	{ "aB", fill, "aB" },
	{ "digits", fill_letters, "0123456789" },
	{ "random letters", fill_letters, "abcdefghijklmnopqrstuvwxyz" },
	{ "random capitals", fill_letters, "ABCDEFGHIJKLMNOPQRSTUVWXYZ" },
	{ "random punctuation", fill_letters, "!\"#$%&()*+,-./:;<=>?@[]^_`{|}~" },
	{ "random white space", fill_letters, " \t\r\n" },
	{ "random CJK", fill_cjk, "" },
};

/* What an attack takes. A push is the same in every round: what it takes at least, it takes;
 * the rest is the machine's doing. */
struct effort {
	uint64_t whole_ns, pushed_ns, pushes;
	uint64_t push_ns[PUSHES_MAX];
};

static void least(uint64_t *of, uint64_t ns)
{
	if (*of == 0 || ns < *of)
		*of = ns;
}

/* Streams the text in pushes of bounded work, and asks for the count in the end, which counts as
 * a push; adds what it took. */
static uint64_t push_bounded(struct tok *tok, enum vocab_id vocab, struct span text,
			     struct effort *e)
{
	struct tok_stream s;
	uint64_t start = now_ns(), before = start, now, total;
	size_t at = 0;

	tok_stream_init(&s, vocab);
	for (; text.len > 0 && at < PUSHES_MAX - 1; at++) {
		int64_t work = PUSH_WORK;
		size_t took = tok_stream_push(tok, &s, text, &work);

		now = now_ns();
		least(&e->push_ns[at], now - before);
		before = now;
		text = span_skip(text, took);
	}
	total = tok_total(tok_stream_count(tok, &s));
	now = now_ns();
	least(&e->push_ns[at], now - before);
	least(&e->pushed_ns, now - start);
	e->pushes = at + 1;
	tok_stream_release(&s);
	return total;
}

static uint64_t longest_push(const struct effort *e)
{
	uint64_t longest = 0;

	for (size_t i = 0; i < e->pushes; i++)
		longest = e->push_ns[i] > longest ? e->push_ns[i] : longest;
	return longest;
}

static int measure_attack(const struct vocabs *vocabs, enum vocab_id vocab, int rounds,
			  const struct attack *a, char *room)
{
	struct effort *e = calloc(1, sizeof(*e));
	struct span text = { room, ATTACK_BYTES };
	uint64_t tokens = 0, streamed = 0;

	a->fill(room, a->how);
	for (int i = 0; e && i < rounds && tokens == streamed; i++) {
		struct tok *tok = new_tok(vocabs);
		uint64_t start = now_ns();

		tokens = tok_total(tok_count(tok, vocab, text));
		least(&e->whole_ns, now_ns() - start);
		tok_free(tok);
		tok = new_tok(vocabs);
		streamed = push_bounded(tok, vocab, text, e);
		tok_free(tok);
	}
	if (e && tokens == streamed)
		printf("%s\t%zu\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64 "\n",
		       a->name, text.len, tokens, e->whole_ns, e->pushed_ns, e->pushes,
		       longest_push(e));
	else
		fprintf(stderr, "%s: %" PRIu64 " tokens at once, %" PRIu64 " streamed\n", a->name,
			tokens, streamed);
	free(e);
	return !e || tokens != streamed;
}

static int measure_attacks(const struct vocabs *vocabs, enum vocab_id vocab, int rounds)
{
	char *room = malloc(ATTACK_BYTES);
	int status = 0;

	for (size_t i = 0; room && i < sizeof(attacks) / sizeof(attacks[0]); i++)
		status |= measure_attack(vocabs, vocab, rounds, &attacks[i], room);
	free(room);
	return room ? status : 2;
}

int main(int argc, char **argv)
{
	bool texts = argc == 4 && strcmp(argv[2], "texts") == 0;
	struct vocabs *vocabs;

	if (argc != 4 || (!texts && strcmp(argv[2], "attacks") != 0)) {
		fputs("usage: tok_speed_tool ENCODING texts|attacks ROUNDS\n", stderr);
		return 2;
	}
	enum vocab_id vocab = strcmp(argv[1], "cl100k_base") == 0 ? VOCAB_CL100K : VOCAB_O200K;
	if (vocabs_new(&vocabs) != ERR_OK)
		return 2;
	int status = (texts ? measure_texts : measure_attacks)(vocabs, vocab, atoi(argv[3]));
	vocabs_free(vocabs);
	return status;
}
