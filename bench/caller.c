/* caller.c - the machine of one connection, driven by edge-triggered epoll. */
#include "bench/caller.h"
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>
#include <openssl/evp.h>
#include "base/clk.h"
#include "base/digest.h"

#define IN_CAP_BYTES   (4u << 20)
#define READ_BYTES     65536
#define RETRY_AFTER_US 20000

static uint64_t next_random(struct crowd *c)
{
	c->random ^= c->random << 13;
	c->random ^= c->random >> 7;
	c->random ^= c->random << 17;
	return c->random;
}

static void set_free(struct caller *c)
{
	c->next_free = c->crowd->free;
	c->crowd->free = c;
}

void caller_init(struct caller *c, struct crowd *crowd)
{
	*c = (struct caller){ .crowd = crowd, .link.fd = -1 };
	buf_init(&c->in, IN_CAP_BYTES);
	set_free(c);
	if (crowd->want_sha256 || crowd->log_fd >= 0) {
		c->digest = EVP_MD_CTX_new();
		MUST(c->digest);
	}
}

void caller_release(struct caller *c)
{
	timer_clear(&c->crowd->timers, &c->timer);
	if (c->link.fd >= 0)
		link_close(&c->link, false);
	buf_release(&c->in);
	EVP_MD_CTX_free(c->digest);
	c->digest = NULL;
}

static void body_digest_hex(struct caller *c, char hex[2 * SHA256_BYTES + 1])
{
	uint8_t digest[SHA256_BYTES];

	hex[0] = '\0';
	if (!c->digest || c->state != CALLER_BODY)
		return;
	MUST(EVP_DigestFinal_ex(c->digest, digest, NULL) == 1);
	digest_hex(digest, sizeof(digest), hex);
}

static void log_exchange(const struct caller *c, enum outcome how, const char *sha256)
{
	static const char *const names[] = {
#define OUTCOME(name, help) #name,
#include "bench/outcome.tbl.h"
	};
	char line[512];
	int len;

	if (c->crowd->log_fd < 0)
		return;
	len = snprintf(line, sizeof(line),
		       "{\"id\":\"%s\",\"status\":%llu,\"body_bytes\":%llu,\"events\":%llu,"
		       "\"sha256\":\"%s\",\"how\":\"%s\"}\n",
		       c->id, (unsigned long long)c->status, (unsigned long long)c->body_bytes,
		       (unsigned long long)c->events, sha256, names[how]);
	MUST(write(c->crowd->log_fd, line, (size_t)len) == len);
}

static void end_exchange(struct caller *c, enum outcome how)
{
	struct crowd *crowd = c->crowd;
	char hex[2 * SHA256_BYTES + 1];

	body_digest_hex(c, hex);
	if (how == OUTCOME_ok && crowd->want_sha256 && strcmp(hex, crowd->want_sha256) != 0)
		how = OUTCOME_content;
	if (how == OUTCOME_ok)
		figures_add(&crowd->total, clk_since_us((struct mono){ c->due_us }));
	log_exchange(c, how, hex);
	crowd->outcome[how]++;
	crowd->bytes += c->body_bytes;
	crowd->events += c->events;
	crowd->busy--;
	crowd->holding -= c->state == CALLER_HOLDS;
	timer_clear(&crowd->timers, &c->timer);
	if (c->closes || how == OUTCOME_garbled || c->state != CALLER_BODY || !c->framing.done ||
	    c->in.len > 0) {
		if (c->link.fd >= 0)
			link_close(&c->link, false);
		c->in.len = 0;
	}
	c->state = CALLER_FREE;
	if (how == OUTCOME_connect) /* who does not listen is not asked in a tight loop */
		timer_set(&crowd->timers, &c->timer, clk_mono().us + RETRY_AFTER_US);
	else
		set_free(c);
}

static bool connect_up(struct caller *c)
{
	struct epoll_event want = { .events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
				    .data.ptr = c };
	int fd = link_connect(&c->crowd->to);

	if (fd < 0)
		return false;
	c->link = link_open(fd, c->crowd->tls, false);
	c->fresh = true;
	c->crowd->connects++;
	MUST(epoll_ctl(c->crowd->epoll_fd, EPOLL_CTL_ADD, fd, &want) == 0);
	return true;
}

/* True: the whole request is out. */
static bool send_request(struct caller *c)
{
	struct span request = c->crowd->request;

	while (c->sent < request.len) {
		struct span rest = span_skip(request, c->sent);
		ssize_t took = link_write(&c->link, rest.at, rest.len);

		if (took == LINK_AGAIN)
			return false;
		if (took < 0) {
			end_exchange(c, c->fresh ? OUTCOME_connect : OUTCOME_stale);
			return false;
		}
		c->sent += (size_t)took;
	}
	c->state = CALLER_HEAD;
	return true;
}

void caller_begin(struct crowd *crowd, uint64_t due_us)
{
	struct caller *c = crowd->free;

	crowd->free = c->next_free;
	crowd->busy++;
	c->state = CALLER_SENDS;
	c->due_us = due_us;
	c->sent = 0;
	c->status = c->got_bytes = c->body_bytes = c->events = 0;
	c->newline_at = c->last_event_us = 0;
	c->got_first = c->closes = false;
	c->id[0] = '\0';
	c->aborts = crowd->abort_prob > 0 &&
		    (double)(next_random(crowd) >> 11) / (double)(1ull << 53) < crowd->abort_prob;
	memset(c->tail, 0, sizeof(c->tail));
	if (c->digest)
		MUST(EVP_DigestInit_ex(c->digest, EVP_sha256(), NULL) == 1);
	if (c->link.fd < 0 && !connect_up(c)) {
		end_exchange(c, OUTCOME_connect);
		return;
	}
	timer_set(&crowd->timers, &c->timer, clk_mono().us + crowd->timeout_us);
	if (!c->fresh)
		caller_turn(c, false);
}

/* Counts blank lines, which is what ends an event, whatever the cuts between reads. */
static void count_events(struct caller *c, struct span s)
{
	uint64_t base = c->body_bytes;
	const char *p = s.at, *end = s.at + s.len, *newline;

	while (p < end && (newline = memchr(p, '\n', (size_t)(end - p)))) {
		uint64_t at = base + (uint64_t)(newline - s.at) + 1;
		bool cr = newline > s.at ? newline[-1] == '\r'
					 : c->tail[sizeof(c->tail) - 1] == '\r';

		if (c->newline_at > 0 && at - c->newline_at == (cr ? 2 : 1)) {
			c->events++;
			c->newline_at = 0;
		} else {
			c->newline_at = at;
		}
		p = newline + 1;
	}
}

static void keep_tail(struct caller *c, struct span s)
{
	size_t keep;

	if (s.len >= sizeof(c->tail)) {
		memcpy(c->tail, s.at + s.len - sizeof(c->tail), sizeof(c->tail));
		return;
	}
	keep = sizeof(c->tail) - s.len;
	memmove(c->tail, c->tail + s.len, keep);
	memcpy(c->tail + keep, s.at, s.len);
}

static void take_payload(struct caller *c, struct span s)
{
	struct crowd *crowd = c->crowd;
	uint64_t events = c->events;

	if (s.len == 0)
		return;
	if (!c->got_first)
		figures_add(&crowd->first, clk_since_us((struct mono){ c->due_us }));
	c->got_first = true;
	if (c->digest)
		MUST(EVP_DigestUpdate(c->digest, s.at, s.len) == 1);
	count_events(c, s);
	keep_tail(c, s);
	c->body_bytes += s.len;
	if (c->events == events)
		return;
	if (c->last_event_us > 0)
		figures_add(&crowd->gap, clk_since_us((struct mono){ c->last_event_us }));
	c->last_event_us = clk_mono().us;
}

static enum outcome judge(const struct caller *c)
{
	const struct crowd *crowd = c->crowd;

	if (c->status != crowd->want_status)
		return OUTCOME_status;
	if (crowd->ends_done && memcmp(c->tail + sizeof(c->tail) - 14, "data: [DONE]\n\n", 14) != 0)
		return OUTCOME_content;
	if (crowd->want_events > 0 && c->events != crowd->want_events)
		return OUTCOME_content;
	return OUTCOME_ok;
}

/* Reads one head off `in`; interim ones (1xx) are gone through. HTTP_DONE: the body is next. */
static enum http_got take_head(struct caller *c)
{
	struct http_head head;
	size_t used, from = 0;
	enum http_got got;

	do {
		got = http_head_read(span_skip(buf_span(&c->in), from), &head, &used);
		if (got == HTTP_DONE)
			from += used;
	} while (got == HTTP_DONE && head.word[1].at[0] == '1');
	if (got != HTTP_DONE) {
		buf_drop(&c->in, from);
		return got;
	}
	if (!http_number(head.word[1], 10, &c->status) ||
	    !http_body_begin(&c->framing, &head, true))
		return HTTP_BAD;
	c->closes = http_field_has(&head, SPAN("connection"), SPAN("close")) ||
		    c->framing.framing == HTTP_CLOSE;
	span_copy(http_field_find(&head, SPAN("x-request-id")), c->id, sizeof(c->id));
	buf_drop(&c->in, from);
	figures_add(&c->crowd->head, clk_since_us((struct mono){ c->due_us }));
	c->state = CALLER_BODY;
	return HTTP_DONE;
}

/* Goes through what `in` holds. False: the exchange has ended. */
static bool take_in(struct caller *c)
{
	size_t from = 0;

	if (c->state == CALLER_HEAD) {
		enum http_got got = take_head(c);

		if (got == HTTP_BAD)
			end_exchange(c, OUTCOME_garbled);
		if (got != HTTP_DONE)
			return got == HTTP_MORE;
	}
	while (!c->framing.done) {
		struct span payload;
		size_t used;
		enum http_got got = http_body_take(&c->framing, span_skip(buf_span(&c->in), from),
						   &payload, &used);

		if (got == HTTP_BAD) {
			end_exchange(c, OUTCOME_garbled);
			return false;
		}
		if (got == HTTP_MORE)
			break;
		take_payload(c, payload);
		from += used;
	}
	buf_drop(&c->in, from);
	if (c->framing.done)
		end_exchange(c, c->in.len > 0 ? OUTCOME_garbled : judge(c));
	return c->state != CALLER_FREE;
}

static void on_close(struct caller *c)
{
	if (c->state == CALLER_FREE) {
		link_close(&c->link, false);
		c->in.len = 0;
	} else if (c->state == CALLER_BODY && c->framing.framing == HTTP_CLOSE) {
		c->framing.done = true;
		end_exchange(c, judge(c));
	} else if (c->got_bytes > 0) {
		end_exchange(c, OUTCOME_cut);
	} else {
		end_exchange(c, !c->fresh                  ? OUTCOME_stale
				: c->state == CALLER_SENDS ? OUTCOME_connect
							   : OUTCOME_cut);
	}
}

/* One event is enough to be held. */
static void maybe_hold(struct caller *c)
{
	if (!c->crowd->hold || c->state != CALLER_BODY || c->events == 0)
		return;
	c->state = CALLER_HOLDS;
	c->crowd->holding++;
	timer_clear(&c->crowd->timers, &c->timer);
	buf_release(&c->in);
}

/* Reads once. False: nothing more for now, or the caller has changed hands. */
static bool read_some(struct caller *c)
{
	char *to = buf_reserve(&c->in, READ_BYTES);
	ssize_t got = to ? link_read(&c->link, to, READ_BYTES) : LINK_GONE;

	if (got == LINK_AGAIN)
		return false;
	if (got <= 0) {
		on_close(c);
		return false;
	}
	c->in.len += (size_t)got;
	c->got_bytes += (uint64_t)got;
	c->fresh = false;
	if (c->state == CALLER_FREE || c->state == CALLER_SENDS) {
		/* bytes nobody asked for: this connection is not to be trusted */
		if (c->state == CALLER_SENDS)
			end_exchange(c, OUTCOME_garbled);
		else
			link_close(&c->link, false);
		c->in.len = 0;
		return false;
	}
	if (c->aborts && c->got_bytes >= c->crowd->abort_after) {
		end_exchange(c, OUTCOME_aborted);
		return false;
	}
	if (!take_in(c))
		return false;
	maybe_hold(c);
	return (size_t)got == READ_BYTES || c->to_the_end;
}

void caller_turn(struct caller *c, bool closing)
{
	if (c->link.fd < 0)
		return;
	clk_refresh();
	c->to_the_end = closing || c->link.tls;
	if (c->state == CALLER_SENDS && !send_request(c))
		return;
	if (c->state == CALLER_HEAD && c->aborts && c->crowd->abort_after == 0) {
		end_exchange(c, OUTCOME_aborted);
		return;
	}
	while (read_some(c))
		;
}

void caller_late(struct caller *c)
{
	if (c->state == CALLER_FREE)
		set_free(c);
	else
		end_exchange(c, OUTCOME_timeout);
}
