/* load.c - the load generator: so many requests, or so many a second, and what they took.
 *
 * Closed loop by default: each caller asks again as soon as it is answered. With --rate
 * requests are due at fixed times, and latencies count from there, so that a server that
 * stalls is charged for the requests it kept waiting. See README.md. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>
#include <openssl/ssl.h>
#include "base/clk.h"
#include "bench/caller.h"

#define CALLERS_MAX 60000
#define EVENTS_MAX  256

struct options {
#define TEXT(field, option, otherwise, value, help)   const char *field;
#define NUMBER(field, option, otherwise, value, help) uint64_t field;
#define REAL(field, option, otherwise, value, help)   double field;
#define FLAG(field, option, help)                     bool field;
#include "bench/load.tbl.h"
};

struct run {
	struct crowd crowd;
	struct caller *callers;
	uint64_t begun_us, issued;
	int stop_fd;
	bool stopping, stdin_open;
};

static void wrong_usage(void)
{
#define TEXT(field, option, otherwise, value, help)                                                \
	fprintf(stderr, "  --%-17s %-5s %s\n", option, value, help);
#define NUMBER(field, option, otherwise, value, help) TEXT(field, option, otherwise, value, help)
#define REAL(field, option, otherwise, value, help)   TEXT(field, option, otherwise, value, help)
#define FLAG(field, option, help)                     TEXT(field, option, false, "", help)
	fputs("load --target URL [options]\n", stderr);
#include "bench/load.tbl.h"
	exit(2);
}

static uint64_t number_of(const char *text)
{
	uint64_t number;

	if (!http_number(span_of(text), 10, &number))
		wrong_usage();
	return number;
}

static double real_of(const char *text)
{
	char *end;
	double real = strtod(text, &end);

	if (end == text || *end || !isfinite(real) || real < 0)
		wrong_usage();
	return real;
}

static void set_option(struct options *o, const char *name, const char *value)
{
#define SET(option, assignment)                                                                    \
	if (strcmp(name, option) == 0)                                                             \
		assignment;
#define TEXT(field, option, otherwise, text, help)   SET(option, o->field = value)
#define NUMBER(field, option, otherwise, text, help) SET(option, o->field = number_of(value))
#define REAL(field, option, otherwise, text, help)   SET(option, o->field = real_of(value))
#define FLAG(field, option, help)                    SET(option, o->field = true)
#include "bench/load.tbl.h"
#undef SET
}

static struct options read_options(int argc, char **argv)
{
	static const struct option known[] = {
#define TEXT(field, option, otherwise, value, help)   { option, 1, NULL, 1 },
#define NUMBER(field, option, otherwise, value, help) { option, 1, NULL, 1 },
#define REAL(field, option, otherwise, value, help)   { option, 1, NULL, 1 },
#define FLAG(field, option, help)                     { option, 0, NULL, 1 },
#include "bench/load.tbl.h"
		{ 0 },
	};
	struct options o = {
#define TEXT(field, option, otherwise, value, help)   .field = otherwise,
#define NUMBER(field, option, otherwise, value, help) .field = otherwise,
#define REAL(field, option, otherwise, value, help)   .field = otherwise,
#define FLAG(field, option, help)
#include "bench/load.tbl.h"
	};
	int c, which;

	while ((c = getopt_long(argc, argv, "", known, &which)) != -1) {
		if (c != 1)
			wrong_usage();
		set_option(&o, known[which].name, optarg);
	}
	if (optind != argc || !o.target || o.concurrency < 1 || o.concurrency > CALLERS_MAX)
		wrong_usage();
	if (o.requests == 0)
		o.requests = o.seconds > 0 ? UINT64_MAX : 1000;
	if (o.seconds == 0)
		o.seconds = 60;
	if (o.hold)
		o.requests = o.concurrency;
	return o;
}

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* "http://127.0.0.1:8080/prefix": sets where to go; returns the prefix. */
static struct span read_target(const char *target, struct crowd *c, struct span *host)
{
	struct span rest = span_of(target);
	const char *slash;

	if (span_starts(rest, SPAN("https://")))
		c->tls = link_client_tls();
	else if (!span_starts(rest, SPAN("http://")))
		wrong_usage();
	rest = span_skip(rest, c->tls ? 8 : 7);
	slash = memchr(rest.at, '/', rest.len);
	*host = (struct span){ rest.at, slash ? (size_t)(slash - rest.at) : rest.len };
	if (!address_parse(*host, &c->to))
		wrong_usage();
	rest = span_skip(rest, host->len);
	while (rest.len > 0 && rest.at[rest.len - 1] == '/')
		rest.len--;
	return rest;
}

/* "events=8; fault=cut" as JSON members. */
static void add_script(struct buf *b, const char *script)
{
	char copy[1024], *rest = copy, *item;

	span_copy(span_of(script), copy, sizeof(copy));
	while ((item = strsep(&rest, ";"))) {
		struct span name = span_trim(span_of(strsep(&item, "=")));
		struct span value = span_trim(span_of(item));

		if (name.len > 0)
			MUST(buf_addf(b, ",\"%.*s\":\"%.*s\"", SPAN_ARG(name), SPAN_ARG(value)));
	}
}

/* The JSON body: a chat, filled up to body_bytes with something like prose. */
static void make_body(const struct options *o, struct buf *b)
{
	const struct span prose = SPAN("The water that runs over the wall is measured, and what is "
				       "measured can be paid for; the rest is for the birds. ");
	const struct span end = SPAN("\"}]}");

	MUST(buf_addf(b, "{\"model\":\"%s\",\"stand_in\":{\"write\":\"%s\"", o->model, o->write));
	if (o->events > 0)
		MUST(buf_addf(b, ",\"events\":%llu", (unsigned long long)o->events));
	if (o->gap_ms > 0)
		MUST(buf_addf(b, ",\"gap_ms\":%llu", (unsigned long long)o->gap_ms));
	if (o->script)
		add_script(b, o->script);
	MUST(buf_add(b, SPAN("}")));
	if (o->stream)
		MUST(buf_add(b, SPAN(",\"stream\":true")));
	if (o->stream && o->include_usage)
		MUST(buf_add(b, SPAN(",\"stream_options\":{\"include_usage\":true}")));
	MUST(buf_add(b, SPAN(",\"messages\":[{\"role\":\"user\",\"content\":\"")));
	while (b->len + end.len < o->body_bytes) {
		struct span more = prose;

		if (more.len > o->body_bytes - end.len - b->len)
			more.len = o->body_bytes - end.len - b->len;
		MUST(buf_add(b, more));
	}
	MUST(buf_add(b, end));
}

static void make_request(const struct options *o, struct crowd *c, struct buf *request)
{
	struct span host, prefix = read_target(o->target, c, &host);
	struct buf body;

	buf_init(&body, 64u << 20);
	buf_init(request, 65u << 20);
	make_body(o, &body);
	MUST(buf_addf(request,
		      "POST %.*s%s HTTP/1.1\r\nHost: %.*s\r\nContent-Type: application/json\r\n"
		      "Accept: %s\r\nUser-Agent: load\r\nContent-Length: %zu\r\n",
		      SPAN_ARG(prefix), o->path, SPAN_ARG(host),
		      o->stream ? "text/event-stream" : "application/json", body.len));
	if (o->key)
		MUST(buf_addf(request, "Authorization: Bearer %s\r\n", o->key));
	if (o->header)
		MUST(buf_addf(request, "%s\r\n", o->header));
	MUST(buf_add(request, SPAN("\r\n")) && buf_add(request, buf_span(&body)));
	buf_release(&body);
	c->request = buf_span(request);
}

static void set_up(struct run *r, const struct options *o)
{
	struct crowd *c = &r->crowd;
	struct rlimit files;
	sigset_t stop;

	c->want_status = o->status;
	c->want_events = o->want_events;
	c->abort_after = o->abort_after;
	c->abort_prob = o->abort_prob >= 0 ? o->abort_prob : o->abort_after > 0 ? 1 : 0;
	c->timeout_us = o->timeout_s * US_PER_SEC;
	c->want_sha256 = o->sha256;
	c->hold = o->hold;
	c->ends_done = o->stream && o->status == 200 && !o->sha256 &&
		       strstr(o->path, "/chat/completions");
	c->random = o->seed * UINT64_C(0x9e3779b97f4a7c15) | 1;
	c->log_fd = o->log ? open(o->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644) : -1;
	if (o->log && c->log_fd < 0)
		die(o->log);
	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
	prctl(PR_SET_TIMERSLACK, 1UL);
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&stop);
	sigaddset(&stop, SIGTERM);
	sigaddset(&stop, SIGINT);
	MUST(sigprocmask(SIG_BLOCK, &stop, NULL) == 0);
	r->stop_fd = signalfd(-1, &stop, SFD_CLOEXEC | SFD_NONBLOCK);
	c->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	MUST(r->stop_fd >= 0 && c->epoll_fd >= 0);
	r->callers = calloc(o->concurrency, sizeof(*r->callers));
	MUST(r->callers);
	for (uint64_t i = o->concurrency; i > 0; i--)
		caller_init(&r->callers[i - 1], c);
}

static void watch(const struct run *r, int fd, const void *who)
{
	struct epoll_event want = { .events = EPOLLIN, .data.ptr = (void *)(uintptr_t)who };

	/* a plain file as stdin cannot be watched, nor does it ever end for our purpose */
	if (epoll_ctl(r->crowd.epoll_fd, EPOLL_CTL_ADD, fd, &want) != 0)
		MUST(errno == EPERM);
}

/* Begins what is due; returns microseconds until something else will be. */
static uint64_t issue(struct run *r, const struct options *o, uint64_t now_us)
{
	while (r->crowd.free && r->issued < o->requests) {
		uint64_t due_us = now_us;

		if (o->rate > 0)
			due_us = r->begun_us + (uint64_t)((double)r->issued * 1e6 / o->rate);
		if (due_us > now_us)
			return due_us - now_us;
		r->issued++;
		caller_begin(&r->crowd, due_us);
	}
	return US_PER_SEC / 10;
}

static void read_stdin(struct run *r)
{
	char waste[256];

	if (read(STDIN_FILENO, waste, sizeof(waste)) <= 0)
		r->stopping = true;
}

static void turn(struct run *r, uint64_t wait_us)
{
	struct epoll_event ready[EVENTS_MAX];
	struct crowd *c = &r->crowd;
	struct timer *due;
	int count = link_wait(c->epoll_fd, ready, EVENTS_MAX, wait_us);

	clk_refresh();
	for (int i = 0; i < count; i++) {
		if (ready[i].data.ptr == &r->stop_fd)
			r->stopping = true;
		else if (ready[i].data.ptr == r)
			read_stdin(r);
		else
			caller_turn(ready[i].data.ptr,
				    ready[i].events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR));
	}
	while ((due = timer_take_due(&c->timers, clk_mono().us)))
		caller_late((struct caller *)due);
}

static void say_holding(struct run *r, const struct options *o)
{
	static const char text[] = "holding %llu\n";

	if (!o->hold || r->stdin_open || r->crowd.holding < o->concurrency)
		return;
	printf(text, (unsigned long long)r->crowd.holding);
	fflush(stdout);
	r->stdin_open = true;
	watch(r, STDIN_FILENO, r);
}

/* No more is asked after the duration; what is under way then gets one timeout more. */
static void run_all(struct run *r, const struct options *o)
{
	uint64_t ask_us = (uint64_t)(o->seconds * 1e6);
	uint64_t last_us = ask_us + r->crowd.timeout_us;
	uint64_t since_us = 0;

	watch(r, r->stop_fd, &r->stop_fd);
	clk_refresh();
	r->begun_us = clk_mono().us;
	while (!r->stopping && since_us < last_us) {
		uint64_t wait_us = US_PER_SEC / 10;

		if (since_us < ask_us)
			wait_us = issue(r, o, r->begun_us + since_us);
		if (r->crowd.busy == 0 && (since_us >= ask_us || r->issued == o->requests))
			break;
		turn(r, timer_wait_us(&r->crowd.timers, r->begun_us + since_us, wait_us));
		say_holding(r, o);
		since_us = clk_since_us((struct mono){ r->begun_us });
	}
}

/* Telling */

static void tell_figures(const char *name, const struct figures *f, bool json)
{
	static const char as_json[] =
	    ",\"%s\":{\"p50\":%llu,\"p90\":%llu,\"p99\":%llu,\"p999\":%llu,\"max\":%llu}";
	static const char as_text[] = "%-14s p50 %llu  p90 %llu  p99 %llu  p99.9 %llu  max %llu\n";
	unsigned long long q[4];
	static const unsigned per_mille[4] = { 500, 900, 990, 999 };

	if (f->count == 0)
		return;
	for (size_t i = 0; i < 4; i++)
		q[i] = figures_quantile_us(f, per_mille[i]);
	if (json)
		printf(as_json, name, q[0], q[1], q[2], q[3], (unsigned long long)f->max_us);
	else
		printf(as_text, name, q[0], q[1], q[2], q[3], (unsigned long long)f->max_us);
}

static void tell_outcomes(const struct crowd *c, bool json)
{
	static const char *const names[] = {
#define OUTCOME(name, help) #name,
#include "bench/outcome.tbl.h"
	};
	const char *between = "";

	printf(json ? ",\"outcomes\":{" : "outcomes      ");
	for (size_t i = 0; i < OUTCOME_COUNT; i++)
		if (json || c->outcome[i] > 0) {
			printf(json ? "%s\"%s\":%llu" : "%s %s %llu", between, names[i],
			       (unsigned long long)c->outcome[i]);
			between = json ? "," : "";
		}
	printf(json ? "}" : "\n");
}

static void tell(const struct run *r, const struct options *o, double took_s)
{
	const struct crowd *c = &r->crowd;
	uint64_t ended = 0;

	for (size_t i = 0; i < OUTCOME_COUNT; i++)
		ended += c->outcome[i];
	printf(o->json ? "{\"requests\":%llu,\"unfinished\":%llu,\"seconds\":%.3f,"
			 "\"per_second\":%.1f,\"body_bytes\":%llu,\"events\":%llu,"
			 "\"connects\":%llu"
		       : "requests       %llu, unfinished %llu, in %.3f s: %.1f per second\n"
			 "received       %llu body bytes, %llu events, over %llu connections\n",
	       (unsigned long long)ended, (unsigned long long)c->busy, took_s,
	       (double)ended / took_s, (unsigned long long)c->bytes, (unsigned long long)c->events,
	       (unsigned long long)c->connects);
	tell_outcomes(c, o->json);
	tell_figures(o->json ? "head_us" : "head, us", &c->head, o->json);
	tell_figures(o->json ? "first_byte_us" : "first byte, us", &c->first, o->json);
	tell_figures(o->json ? "total_us" : "total, us", &c->total, o->json);
	if (o->gap_ms > 0)
		tell_figures(o->json ? "gap_us" : "event gap, us", &c->gap, o->json);
	if (o->json)
		puts("}");
}

/* All as expected? Hanging up on purpose is; being stopped while holding is. */
static bool all_well(const struct run *r, const struct options *o)
{
	for (size_t i = 0; i < OUTCOME_COUNT; i++)
		if (i != OUTCOME_ok && i != OUTCOME_aborted && r->crowd.outcome[i] > 0)
			return false;
	return o->hold ? r->stdin_open : r->stopping || r->crowd.busy == 0;
}

int main(int argc, char **argv)
{
	struct options o = read_options(argc, argv);
	struct run *r = calloc(1, sizeof(*r));
	struct buf request;
	bool well;

	MUST(r);
	make_request(&o, &r->crowd, &request);
	set_up(r, &o);
	run_all(r, &o);
	clk_refresh();
	tell(r, &o, (double)(clk_mono().us - r->begun_us + 1) / 1e6);
	well = all_well(r, &o);
	for (uint64_t i = 0; i < o.concurrency; i++)
		caller_release(&r->callers[i]);
	timer_release(&r->crowd.timers);
	SSL_CTX_free(r->crowd.tls);
	buf_release(&request);
	free(r->callers);
	free(r);
	return well ? 0 : 1;
}
