/* ask.h - one request as the stand-in understands it: dialect, model, script.
 *
 * Promise    nothing points into the request's bytes; they may go away.
 */
#ifndef BENCH_ASK_H
#define BENCH_ASK_H
#include <time.h>
#include "bench/http.h"
#include "bench/script.h"

#define ASK_ID_ROOM 56

struct dialect;

/* What a server was told on its command line. */
struct habits {
	uint64_t events, gap_ms;
	const char *fixtures; /* folder, or NULL */
};

struct ask {
	const struct dialect *dialect;
	struct script script;
	bool stream;
	bool include_usage; /* OpenAI's stream_options */
	bool understood;    /* false: the script names something that does not exist */
	char model[160];    /* to claim; still JSON-escaped as it came */
	char tool[64];      /* name of the first tool, or empty */
	char id[ASK_ID_ROOM];
	char lead[400]; /* what every event of this answer begins with */
	size_t lead_len;
	time_t created;
	uint64_t events, gap_ms;
	uint64_t input_tok, output_tok;
	bool capped; /* the request's token cap ends the text */
};

/* Reads a request. number makes the response id unique in this process. */
void ask_read(struct ask *a, const struct http_head *head, struct span body,
	      const struct habits *habits, uint64_t number);

/* The credential a request carries, without "Bearer ", wherever it stands. */
struct span ask_credential(const struct http_head *head);

#endif
