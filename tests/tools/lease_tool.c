/* lease_tool.c - one process of many that share limits, as a test in another language tells it.
 *
 *   lease_tool URL INSTANCE LEDGER PROVIDER LEASE_MS GIVE_UP_MS DEADLINE_MS
 *
 * It does what a gateway does with a lease, and no more: admits a call when its slice has room,
 * asks for more when calls wait, gives back what it cannot use, stops when its lease runs out.
 * PROVIDER is a file to which each admitted call is written at once, with its cost: the truth.
 * LEDGER is one with what is booked, from which a settlement is answered.
 * Commands, one in each line of stdin, each answered with one line:
 *
 *   up MS                              waits for Redis: "up" or "away"
 *   slack N                            from now on, asks for N more than is needed
 *   take ID START END LIMIT COST N MS  N calls at once: "took ADMITTED us MICROSECONDS"
 *   book ID START                      what was admitted goes to the ledger; gives back the rest
 *   settle ID START END CLOSED         closes the books on those who are gone
 *   stand ID START                     "used U granted G leased L spent S marks M"
 *   bench N                            N questions, as fast as they go: "asks/s, us each"
 *   counts                             the agent's counters
 *   quit */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "store/lease.h"

#define ACCOUNTS_MAX 4096
#define TEXT_ROOM    64
#define SETTLE_US    (200 * US_PER_MS) /* between settlements at leisure */

struct account {
	char id[TEXT_ROOM];
	uint64_t start_us, end_us;
	int64_t limit, used, booked, granted, told, told_booked, telling, telling_booked;
	struct mono good_until;
	bool asked, settling;
	struct mono asked_at, settled_at;
	int64_t cost;
	uint64_t waiting, admitted;
	struct lease_answer last;
};

struct tool {
	struct lease_agent *agent;
	const char *ledger, *provider;
	pthread_mutex_t lock; /* guards the rest */
	pthread_cond_t news;
	bool up;
	int64_t slack;
	unsigned count;
	struct account account[ACCOUNTS_MAX];
	uint64_t bench_left, bench_us;
};

/* --- the files --- */

static void append(const char *path, const char *id, uint64_t start_us, int64_t amount)
{
	char line[160];
	int len = snprintf(line, sizeof(line), "%s %" PRIu64 " %" PRId64 "\n", id, start_us,
			   amount);
	int fd = open(path, O_WRONLY | O_APPEND | O_CREAT, 0600);

	if (fd < 0 || write(fd, line, (size_t)len) != len)
		abort();
	close(fd);
}

static int64_t sum_of(const char *path, const char *id, uint64_t start_us)
{
	FILE *f = fopen(path, "r");
	char name[TEXT_ROOM];
	uint64_t start;
	int64_t amount, sum = 0;

	while (f && fscanf(f, "%63s %" SCNu64 " %" SCNd64, name, &start, &amount) == 3)
		if (start == start_us && strcmp(name, id) == 0)
			sum += amount;
	if (f)
		fclose(f);
	return sum;
}

/* --- the accounts; under the lock --- */

static struct account *find(struct tool *t, const char *id, uint64_t start_us)
{
	for (unsigned i = 0; i < t->count; i++)
		if (t->account[i].start_us == start_us && strcmp(t->account[i].id, id) == 0)
			return &t->account[i];
	if (t->count == ACCOUNTS_MAX)
		abort();
	snprintf(t->account[t->count].id, TEXT_ROOM, "%s", id);
	t->account[t->count].start_us = start_us;
	return &t->account[t->count++];
}

static void admit(struct tool *t, struct account *a)
{
	clk_refresh();
	while (a->waiting > 0 && a->used + a->cost <= a->granted &&
	       clk_mono().us < a->good_until.us) {
		append(t->provider, a->id, a->start_us, a->cost);
		a->used += a->cost;
		a->waiting--;
		a->admitted++;
	}
}

static void settle(struct tool *t, struct account *a, bool books_closed)
{
	struct lease_settlement s = { .id = a->id,
				      .window_us = a->start_us,
				      .ends_us = a->end_us,
				      .books_closed = books_closed,
				      .arg = a };

	if (!a->settling)
		a->settling = lease_settle(t->agent, &s) == ERR_OK;
}

/* Asks for what waits, or tells again how things are. */
static void ask(struct tool *t, struct account *a, bool give_back)
{
	struct lease_request q = { .id = a->id,
				   .window_us = a->start_us,
				   .ends_us = a->end_us,
				   .limit = a->limit,
				   .used = a->used,
				   .booked = a->booked,
				   .floor_until = a->good_until,
				   .from_start = true,
				   .arg = a };

	if (a->asked)
		return;
	if (a->waiting > 0 || give_back || a->granted < a->used)
		a->granted = a->used;
	q.floor = q.need = q.want = a->granted;
	if (a->waiting > 0) {
		q.need = a->used + a->cost;
		q.want = a->used + a->cost * (int64_t)a->waiting;
		if (!(a->last.marks & LEASE_HUNGRY))
			q.want += t->slack;
	}
	a->asked = lease_ask(t->agent, &q, 1) == 1;
	a->asked_at = clk_mono();
	a->telling = a->used;
	a->telling_booked = a->booked;
}

/* --- what the agent says --- */

static void on_answer(void *ctx, void *arg, const struct lease_answer *found)
{
	struct tool *t = ctx;
	struct account *a = arg;

	pthread_mutex_lock(&t->lock);
	if (!a) {
		clk_refresh();
		if (--t->bench_left == 0)
			t->bench_us = clk_mono().us;
	} else {
		a->asked = false;
		a->last = *found;
		if (found->err == ERR_OK) {
			a->told = a->telling;
			a->told_booked = a->telling_booked;
			a->granted = found->granted > a->used ? found->granted : a->used;
			a->good_until = found->good_until;
			admit(t, a);
			if (found->marks & LEASE_NO_BASE ||
			    (found->marks & LEASE_SETTLE &&
			     (a->waiting > 0 || clk_since_us(a->settled_at) > SETTLE_US)))
				settle(t, a, false);
			/* who finds no room shall get what is idle, or know at once that nothing is
			 */
			if (found->marks & LEASE_HUNGRY
				? a->granted > a->used
				: found->leased >= a->limit && a->used > a->told)
				ask(t, a, found->marks & LEASE_HUNGRY);
		}
	}
	pthread_cond_broadcast(&t->news);
	pthread_mutex_unlock(&t->lock);
}

static void on_look(void *ctx, void *arg, uint64_t ticket)
{
	struct tool *t = ctx;
	const struct account *a = arg;

	if (lease_base(t->agent, ticket, ERR_OK, sum_of(t->ledger, a->id, a->start_us)) != ERR_OK)
		abort();
}

static void on_settled(void *ctx, void *arg, enum err e)
{
	struct tool *t = ctx;
	struct account *a = arg;

	pthread_mutex_lock(&t->lock);
	a->settling = false;
	clk_refresh();
	a->settled_at = clk_mono();
	a->last.err = e;
	pthread_cond_broadcast(&t->news);
	pthread_mutex_unlock(&t->lock);
}

/* Would somebody be wrong about us if Redis forgot, or we died? */
static bool must_tell(const struct account *a)
{
	return a->granted > a->used || a->used > a->booked || a->booked > a->told_booked;
}

static void on_tick(void *ctx, bool up, bool forgot)
{
	struct tool *t = ctx;

	pthread_mutex_lock(&t->lock);
	t->up = up;
	for (unsigned i = 0; i < t->count; i++)
		if (must_tell(&t->account[i]) || (forgot && t->account[i].used > 0))
			ask(t, &t->account[i], false);
	pthread_cond_broadcast(&t->news);
	pthread_mutex_unlock(&t->lock);
}

/* --- commands --- */

/* Waits for news, some milliseconds at most; false when `by` has passed. */
static bool wait_until(struct tool *t, struct mono by)
{
	struct timespec at;

	clk_refresh();
	if (clk_mono().us >= by.us)
		return false;
	clock_gettime(CLOCK_MONOTONIC, &at);
	at.tv_nsec += 2000000;
	if (at.tv_nsec >= 1000000000) {
		at.tv_sec++;
		at.tv_nsec -= 1000000000;
	}
	pthread_cond_timedwait(&t->news, &t->lock, &at);
	return true;
}

static struct mono in_ms(uint64_t ms)
{
	clk_refresh();
	return (struct mono){ clk_mono().us + ms * US_PER_MS };
}

/* Is there no more to hope for: everything is used, by the living and the dead? */
static bool is_refused(const struct account *a)
{
	const struct lease_answer *l = &a->last;

	return !a->asked && !a->settling && l->err == ERR_OK && l->good_until.us > 0 &&
	       l->granted < a->used + a->cost &&
	       !(l->marks & (LEASE_NO_BASE | LEASE_NOT_CALM | LEASE_SETTLE)) &&
	       l->leased - l->idle > a->limit - a->cost;
}

static void take(struct tool *t, const char *words)
{
	char id[TEXT_ROOM];
	uint64_t start_us, end_us, n, ms;
	struct account *a;
	struct mono began = in_ms(0), by;

	if (sscanf(words, "%63s %" SCNu64 " %" SCNu64, id, &start_us, &end_us) != 3)
		abort();
	a = find(t, id, start_us);
	a->end_us = end_us;
	if (sscanf(words, "%*s %*s %*s %" SCNd64 " %" SCNd64 " %" SCNu64 " %" SCNu64, &a->limit,
		   &a->cost, &n, &ms) != 4)
		abort();
	by = in_ms(ms);
	a->waiting = n;
	a->admitted = 0;
	a->last.good_until.us = 0;
	a->asked_at.us = 0;
	admit(t, a);
	while (a->waiting > 0 && !is_refused(a)) {
		if (!a->settling && clk_since_us(a->asked_at) >= 2 * US_PER_MS)
			ask(t, a, false);
		if (!wait_until(t, by))
			break;
	}
	a->waiting = 0;
	clk_refresh();
	printf("took %" PRIu64 " us %" PRIu64 "\n", a->admitted, clk_mono().us - began.us);
}

static void wait_for_answer(struct tool *t, const struct account *a)
{
	struct mono by = in_ms(5000);

	while ((a->asked || a->settling) && wait_until(t, by))
		;
}

static void book(struct tool *t, const char *words)
{
	char id[TEXT_ROOM];
	uint64_t start_us;
	struct account *a;

	if (sscanf(words, "%63s %" SCNu64, id, &start_us) != 2)
		abort();
	a = find(t, id, start_us);
	if (a->used > a->booked)
		append(t->ledger, a->id, a->start_us, a->used - a->booked);
	a->booked = a->used;
	wait_for_answer(t, a);
	ask(t, a, true);
	wait_for_answer(t, a);
	puts(err_text(a->last.err));
}

static void settle_command(struct tool *t, const char *words)
{
	char id[TEXT_ROOM];
	uint64_t start_us, end_us;
	struct account *a;
	int closed;

	if (sscanf(words, "%63s %" SCNu64 " %" SCNu64 " %d", id, &start_us, &end_us, &closed) != 4)
		abort();
	a = find(t, id, start_us);
	a->end_us = end_us;
	wait_for_answer(t, a);
	settle(t, a, closed);
	wait_for_answer(t, a);
	puts(a->settling ? "no answer" : err_text(a->last.err));
}

static void stand(struct tool *t, const char *words)
{
	char id[TEXT_ROOM];
	uint64_t start_us;
	struct account *a;

	if (sscanf(words, "%63s %" SCNu64, id, &start_us) != 2)
		abort();
	a = find(t, id, start_us);
	wait_for_answer(t, a);
	ask(t, a, false);
	wait_for_answer(t, a);
	printf("used %" PRId64 " granted %" PRId64 " leased %" PRId64 " spent %" PRId64
	       " marks %u err %d\n",
	       a->used, a->granted, a->last.leased, a->last.spent, a->last.marks, (int)a->last.err);
}

static void bench(struct tool *t, const char *words)
{
	uint64_t n = strtoull(words, NULL, 10);
	struct mono began = in_ms(0), by = in_ms(60000);
	struct lease_counts counts;
	char id[TEXT_ROOM];

	t->bench_left = n;
	for (uint64_t i = 0; i < n; i++) {
		struct lease_request q = {
			.id = id, .window_us = began.us, .limit = INT64_MAX, .need = 1, .want = 1000
		};

		snprintf(id, sizeof(id), "bench-%" PRIu64, i % 256);
		while (t->bench_left + i - n > 256) /* that many under way */
			wait_until(t, by);
		if (lease_ask(t->agent, &q, 1) != 1)
			abort();
	}
	while (t->bench_left > 0 && wait_until(t, by))
		;
	counts = lease_counts(t->agent);
	printf("%" PRIu64 " asks/s, mean %" PRIu64 " us\n",
	       n * US_PER_SEC / (t->bench_us - began.us + 1),
	       counts.redis.latency_us_sum / (counts.redis.answers + 1));
}

static void counts(struct tool *t)
{
	struct lease_counts c = lease_counts(t->agent);

	printf("commands %" PRIu64 " calls %" PRIu64 " answers %" PRIu64 " slow %" PRIu64
	       " not_sent %" PRIu64 " lost %" PRIu64 " connects %" PRIu64 " breaks %" PRIu64
	       " asked %" PRIu64 " granted %" PRIu64 " short_of %" PRIu64 " failed %" PRIu64
	       " epochs %" PRIu64 " settled %" PRIu64 " evicts %d up %d clock %" PRId64,
	       c.redis.commands, c.redis.calls, c.redis.answers, c.redis.slow, c.redis.not_sent,
	       c.redis.lost, c.redis.connects, c.redis.breaks, c.asked, c.granted, c.short_of,
	       c.failed, c.epochs, c.settled, c.redis.evicts, c.up, c.clock_ahead_us);
	for (unsigned i = 0; i < REPLY_CLASSES; i++)
		printf(" %s %" PRIu64, redis_reply_name((enum redis_reply_class)i),
		       c.redis.refused[i]);
	putchar('\n');
}

static void wait_up(struct tool *t, const char *words)
{
	struct mono by = in_ms(strtoull(words, NULL, 10));

	while (!lease_counts(t->agent).up && wait_until(t, by))
		;
	puts(lease_counts(t->agent).up ? "up" : "away");
}

static bool obey(struct tool *t, const char *line)
{
	const char *words = line + strcspn(line, " ");

	if (strncmp(line, "up ", 3) == 0)
		wait_up(t, words);
	else if (strncmp(line, "slack ", 6) == 0)
		printf("slack %" PRId64 "\n", t->slack = strtoll(words, NULL, 10));
	else if (strncmp(line, "take ", 5) == 0)
		take(t, words);
	else if (strncmp(line, "book ", 5) == 0)
		book(t, words);
	else if (strncmp(line, "settle ", 7) == 0)
		settle_command(t, words);
	else if (strncmp(line, "stand ", 6) == 0)
		stand(t, words);
	else if (strncmp(line, "bench ", 6) == 0)
		bench(t, words);
	else if (strncmp(line, "counts", 6) == 0)
		counts(t);
	else
		return false;
	fflush(stdout);
	return true;
}

static struct tool *tool_new(char **argv)
{
	struct tool *t = calloc(1, sizeof(*t));
	struct lease_options o = { .url = argv[1],
				   .instance = argv[2],
				   .lease_us = strtoull(argv[5], NULL, 10) * US_PER_MS,
				   .give_up_us = strtoull(argv[6], NULL, 10) * US_PER_MS,
				   .deadline_us = strtoull(argv[7], NULL, 10) * US_PER_MS };
	struct lease_callbacks c = { t, on_answer, on_look, on_settled, on_tick };
	pthread_condattr_t monotonic;
	const char *why;

	if (!t)
		abort();
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&t->news, &monotonic);
	pthread_mutex_init(&t->lock, NULL);
	t->ledger = argv[3];
	t->provider = argv[4];
	if (lease_agent_start(&o, &c, &t->agent, &why) != ERR_OK) {
		fprintf(stderr, "lease_tool: %s\n", why);
		exit(1);
	}
	return t;
}

int main(int argc, char **argv)
{
	char line[512];
	bool going_on = true;
	struct tool *t;

	if (argc != 8) {
		fputs("usage: lease_tool URL INSTANCE LEDGER PROVIDER LEASE_MS GIVE_UP_MS "
		      "DEADLINE_MS\n",
		      stderr);
		return 2;
	}
	t = tool_new(argv);
	while (going_on && fgets(line, sizeof(line), stdin)) {
		pthread_mutex_lock(&t->lock);
		going_on = obey(t, line);
		pthread_mutex_unlock(&t->lock);
	}
	lease_agent_stop(t->agent);
	free(t);
	return 0;
}
