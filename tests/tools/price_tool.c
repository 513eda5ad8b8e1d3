/* price_tool.c - asks the price book, line by line, so that a test in another language can
 * compare answers.
 *
 *   price_tool prices FILE      the entries of a file of prices
 *   price_tool litellm FILE     what is taken from LiteLLM's list; first prints, for each of
 *                               its members, "name<TAB>provider<TAB>model<TAB>remark" (no
 *                               provider: not taken) and an empty line
 *
 * Then one question in each line of stdin: provider, model, at_us, tier, usage, aux model and
 * aux usage, with tabs between them; a usage is "input=3,output=4". The answer is a line with
 * the cost in picodollars, the version and the doubts as a number, or an error's name. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include "metering/litellm.h"
#include "metering/price_book.h"

#define FIELDS     7
#define ERRORS_MAX 65536

static void die(const char *what, const struct buf *errors)
{
	fprintf(stderr, "price_tool: %s\n%.*s", what, SPAN_ARG(buf_span(errors)));
	exit(2);
}

static bool on_litellm(void *arg, struct span name, struct price *p, const char *remark)
{
	printf("%.*s\t%s\t%s\t%s\n", SPAN_ARG(name), p ? price_provider(p) : "",
	       p ? price_model(p) : "", remark);
	return !p || price_book_add(arg, p) == ERR_OK;
}

static void add_litellm(struct price_book_builder *b, const char *path, struct buf *errors)
{
	struct litellm_how how = { .source = "LiteLLM", .fill = true };
	struct yaml_doc *doc;

	if (yaml_load_file(path, &doc, errors) != ERR_OK ||
	    litellm_read(doc, &how, on_litellm, b) != ERR_OK)
		die("cannot read the list", errors);
	yaml_unload(doc);
	putchar('\n');
}

static struct price_book *open_book(const char *kind, const char *path)
{
	struct price_book_builder *b = price_book_begin();
	struct price_book *book;
	struct buf errors;

	buf_init(&errors, ERRORS_MAX);
	if (!b)
		die("out of memory", &errors);
	if (strcmp(kind, "litellm") == 0)
		add_litellm(b, path, &errors);
	else if (price_book_add_file(b, path, &errors) != ERR_OK)
		die("cannot read the prices", &errors);
	if (price_book_finish(b, &book) != ERR_OK)
		die("out of memory", &errors);
	buf_release(&errors);
	return book;
}

/* "input=3,output=4" */
static void read_usage(char *text, uint64_t quantity[Q_COUNT])
{
	char *rest;

	for (char *each = strtok_r(text, ",", &rest); each; each = strtok_r(NULL, ",", &rest)) {
		char *equals = strchr(each, '=');
		size_t len = equals ? (size_t)(equals - each) : 0;
		enum quantity q = quantity_find((struct span){ each, len });

		if (q == Q_COUNT) {
			fprintf(stderr, "price_tool: what is %s?\n", each);
			exit(2);
		}
		quantity[q] = strtoull(equals + 1, NULL, 10);
	}
}

static const char *error_name(enum err e)
{
	static const char *const names[] = {
#define ERR(name, text) #name,
#include "base/err.tbl.h"
	};

	return names[e];
}

static void answer(const struct price_book *book, char *field[FIELDS])
{
	struct wall at = { strtoull(field[2], NULL, 10) };
	struct span provider = span_of(field[0]), tier = span_of(field[3]);
	const struct price *p = price_find(book, provider, span_of(field[1]), at);
	const struct price *aux = field[5][0] ? price_find(book, provider, span_of(field[5]), at)
					      : NULL;
	struct usage u = { 0 };
	unsigned doubts;
	int64_t pusd;

	read_usage(field[4], u.quantity);
	read_usage(field[6], u.aux_quantity);
	enum err e = p ? price_cost(p, aux, &u, tier, &pusd, &doubts) : ERR_EXISTS;
	if (!p)
		puts("unpriced");
	else if (e != ERR_OK)
		puts(error_name(e));
	else
		printf("%" PRId64 " %s %u\n", pusd, price_version(p), doubts);
}

int main(int argc, char **argv)
{
	char line[8192], *field[FIELDS];

	if (argc != 3 || (strcmp(argv[1], "prices") != 0 && strcmp(argv[1], "litellm") != 0)) {
		fputs("usage: price_tool prices|litellm FILE\n", stderr);
		return 2;
	}
	struct price_book *book = open_book(argv[1], argv[2]);
	fflush(stdout);
	while (fgets(line, sizeof(line), stdin)) {
		char *rest = line;

		line[strcspn(line, "\n")] = '\0';
		for (int i = 0; i < FIELDS; i++)
			field[i] = rest ? strsep(&rest, "\t") : line + strlen(line);
		answer(book, field);
	}
	price_book_unref(book);
	return 0;
}
