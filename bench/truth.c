/* truth.c - writes the account. */
#include "bench/truth.h"
#include <unistd.h>
#include <openssl/evp.h>
#include "base/clk.h"
#include "base/digest.h"
#include "bench/dialect.h"

#define HEX_ROOM (2 * SHA256_BYTES + 1)

void sent_begin(struct sent *s, const struct truth *t)
{
	*s = (struct sent){ 0 };
	if (t->fd < 0)
		return;
	s->digest = EVP_MD_CTX_new();
	MUST(s->digest && EVP_DigestInit_ex(s->digest, EVP_sha256(), NULL) == 1);
}

void sent_add(struct sent *s, struct span body_bytes)
{
	s->body_bytes += body_bytes.len;
	if (s->digest)
		MUST(EVP_DigestUpdate(s->digest, body_bytes.at, body_bytes.len) == 1);
}

void sent_release(struct sent *s)
{
	EVP_MD_CTX_free(s->digest);
	s->digest = NULL;
}

static void hex_of(struct span s, char hex[HEX_ROOM])
{
	uint8_t digest[SHA256_BYTES];

	digest_sha256(s, digest);
	digest_hex(digest, sizeof(digest), hex);
}

static void say_json(struct buf *to, struct span s)
{
	MUST(buf_add_json(to, s));
}

static void append(const struct truth *t, struct buf *line)
{
	say_span(line, SPAN("}\n"));
	MUST(write(t->fd, line->at, line->len) == (ssize_t)line->len);
	buf_release(line);
}

static void log_request(const struct truth *t, const struct ask *a, const struct http_head *head,
			struct span body)
{
	struct buf line;
	char hex[HEX_ROOM];

	buf_init(&line, 1 << 22);
	hex_of(body, hex);
	say(&line,
	    "{\"ev\":\"request\",\"response_id\":\"%s\",\"body_bytes\":%zu,"
	    "\"body_sha256\":\"%s\",\"method\":\"",
	    a->id, body.len, hex);
	say_json(&line, head->word[0]);
	say_span(&line, SPAN("\",\"target\":\""));
	say_json(&line, head->word[1]);
	say_span(&line, SPAN("\",\"headers\":["));
	for (size_t i = 0; i < head->fields; i++) {
		say_span(&line, i ? SPAN(",[\"") : SPAN("[\""));
		say_json(&line, head->field[i].name);
		say_span(&line, SPAN("\",\""));
		say_json(&line, head->field[i].value);
		say_span(&line, SPAN("\"]"));
	}
	say_span(&line, SPAN("]"));
	append(t, &line);
}

void truth_begin(const struct truth *t, const struct ask *a, const struct http_head *head,
		 struct span body, uint64_t number)
{
	struct buf line;
	char hex[HEX_ROOM];

	if (t->fd < 0)
		return;
	if (t->requests)
		log_request(t, a, head, body);
	buf_init(&line, 1 << 20);
	hex_of(ask_credential(head), hex);
	clk_refresh();
	say(&line,
	    "{\"ev\":\"begin\",\"n\":%llu,\"response_id\":\"%s\",\"dialect\":\"%s\","
	    "\"model\":\"%s\",\"stream\":%s,\"auth_sha256\":\"%s\",\"t_us\":%llu,\"path\":\"",
	    llu(number), a->id, a->dialect->name, a->model, a->stream ? "true" : "false", hex,
	    llu(clk_wall().us));
	say_json(&line, head->word[1]);
	say_span(&line, SPAN("\""));
	append(t, &line);
}

void truth_end(const struct truth *t, const struct ask *a, const struct sent *s, const char *how)
{
	struct buf line;
	uint8_t digest[SHA256_BYTES];
	char hex[HEX_ROOM];

	if (t->fd < 0)
		return;
	buf_init(&line, 1 << 16);
	MUST(EVP_DigestFinal_ex(s->digest, digest, NULL) == 1);
	digest_hex(digest, sizeof(digest), hex);
	clk_refresh();
	say(&line,
	    "{\"ev\":\"end\",\"response_id\":\"%s\",\"status\":%llu,\"sent_body_bytes\":%llu,"
	    "\"sent_events\":%llu,\"sent_text_events\":%llu,\"input\":%llu,\"output\":%llu,"
	    "\"cached\":%llu,\"cache_write\":%llu,\"reasoning\":%llu,",
	    a->id, llu(script_or(a->script.status, 200)), llu(s->body_bytes), llu(s->events),
	    llu(s->text_events), llu(a->input_tok), llu(a->output_tok),
	    llu(script_or(a->script.cached, 0)), llu(script_or(a->script.cache_write, 0)),
	    llu(script_or(a->script.reasoning, 0)));
	say(&line,
	    "\"sha256\":\"%s\",\"how\":\"%s\",\"fault\":\"%s\",\"usage_sent\":%s,\"t_us\":%llu",
	    hex, how, a->script.fault[0] ? a->script.fault : "none", s->usage ? "true" : "false",
	    llu(clk_wall().us));
	append(t, &line);
}
