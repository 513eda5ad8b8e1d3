/* lease.c - the agent: takes questions from any thread, runs lease.lua for each, says what came
 * of it. It knows no account: all that is remembered stands in Redis and with who asks. */
#include "store/lease.h"
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include "base/digest.h"
#include "base/log.h"
#include "store/lease_script.h"

#define LEASE_US    (4 * US_PER_SEC)
#define GIVE_UP_US  (2 * 3600 * US_PER_SEC)
#define DEADLINE_US (20 * US_PER_MS)
#define SHARDS      64 /* hash tags, each with a marker; never change it */
#define PREFIX_MAX  63
#define KEY_ROOM    (PREFIX_MAX + LEASE_ID_MAX + 40)
#define NAME_ROOM   (LEASE_INSTANCE_MAX + 18)
#define WORD_ROOM   24 /* of a number */
#define NUMBERS_MAX 16
#define LOOK_WORDS  4 /* before those who are gone */
#define GONE_MAX    100
#define GONE_ROOM   (WORD_ROOM + NAME_ROOM)

enum job_kind {
	JOB_ASK,
	JOB_SETTLE, /* to look, and after that to settle */
	JOB_BASE,   /* what the ledger said to a ticket */
	JOB_MARK
};

/* Something to do for the agent; with the id of its account behind it. */
struct job {
	struct lease_agent *agent;
	struct job *next;
	enum job_kind kind;
	struct mono sent;
	unsigned shard;
	struct lease_request ask; /* the id, window and arg of any kind */
	bool books_closed;
	uint64_t ticket;
	enum err base_error;
	int64_t base; /* JOB_BASE: what the ledger's rows spent */

	char turn[WORD_ROOM]; /* JOB_SETTLE: what look said */
	int64_t booked, unbooked;
	unsigned gone_count;
	char *gone; /* GONE_ROOM each */
	char id[];
};

struct lease_agent {
	struct lease_options o;
	struct lease_callbacks c;
	struct redis_url url;
	struct redis *redis;
	char prefix[PREFIX_MAX + 1];
	char instance[LEASE_INSTANCE_MAX + 1];
	char name[NAME_ROOM]; /* instance.start */
	pthread_t thread;
	int bell;

	pthread_mutex_t lock; /* guards what follows up to counts */
	struct job *inbox, **inbox_end;
	size_t jobs; /* in the inbox or under way */
	bool rung, stops;
	uint64_t tickets;
	struct lease_counts counts;

	struct lease_counts own; /* the thread's, from here on */
	struct job *looked;      /* settlements that wait for the ledger */
	uint64_t sequence;
	uint64_t born[SHARDS]; /* the life of each marker; 0: not seen yet */
	struct mono tick_due, ticked_at;
	bool was_up, forgot;
};

/* --- jobs --- */

static unsigned shard_of(const char *id)
{
	uint32_t hash = 2166136261u;

	for (const char *c = id; *c != '\0'; c++)
		hash = (hash ^ (unsigned char)*c) * 16777619u;
	return hash % SHARDS;
}

static struct job *job_new(struct lease_agent *a, enum job_kind kind, const char *id)
{
	size_t len = id ? strlen(id) : 0;
	struct job *j;

	MUST(len <= LEASE_ID_MAX);
	j = calloc(1, sizeof(*j) + len + 1);
	if (!j)
		return NULL;
	j->agent = a;
	j->kind = kind;
	if (len > 0)
		memcpy(j->id, id, len);
	j->ask.id = j->id;
	j->shard = shard_of(j->id);
	return j;
}

static void job_free(struct job *j)
{
	struct lease_agent *a = j->agent;

	pthread_mutex_lock(&a->lock);
	a->jobs--;
	pthread_mutex_unlock(&a->lock);
	free(j->gone);
	free(j);
}

/* Puts the job into the inbox, or frees it when there is no room. */
static bool hand_in(struct lease_agent *a, struct job *j)
{
	uint64_t one = 1;
	bool fits, ring;

	pthread_mutex_lock(&a->lock);
	fits = a->jobs < LEASE_QUEUE_MAX && !a->stops;
	ring = fits && !a->rung;
	if (fits) {
		*a->inbox_end = j;
		a->inbox_end = &j->next;
		a->jobs++;
		a->rung = true;
	}
	pthread_mutex_unlock(&a->lock);
	if (!fits)
		free(j);
	while (ring && write(a->bell, &one, sizeof(one)) < 0 && errno == EINTR)
		;
	return fits;
}

static struct job *take_inbox(struct lease_agent *a)
{
	struct job *first;

	pthread_mutex_lock(&a->lock);
	first = a->inbox;
	a->inbox = NULL;
	a->inbox_end = &a->inbox;
	a->rung = false;
	pthread_mutex_unlock(&a->lock);
	return first;
}

/* --- what is said to the script --- */

struct words {
	struct span word[REDIS_WORDS_MAX];
	char number[NUMBERS_MAX][WORD_ROOM];
	char account[KEY_ROOM], marker[KEY_ROOM];
	size_t count, numbers;
};

static void add_word(struct words *w, struct span s)
{
	MUST(w->count < REDIS_WORDS_MAX);
	w->word[w->count++] = s;
}

static void add_number(struct words *w, uint64_t n)
{
	char *to = w->number[w->numbers];
	int len = snprintf(to, WORD_ROOM, "%" PRIu64, n);

	MUST(w->numbers++ < NUMBERS_MAX);
	add_word(w, (struct span){ to, (size_t)len });
}

/* The keys of a shard's marker and of an account in it: one hash tag, so one Cluster slot. */
static void begin_words(struct words *w, const struct job *j, const char *what)
{
	const struct lease_agent *a = j->agent;

	w->count = w->numbers = 0;
	snprintf(w->marker, sizeof(w->marker), "%s:{%02u}:epoch", a->prefix, j->shard);
	snprintf(w->account, sizeof(w->account), "%s:{%02u}:%s:%" PRIu64, a->prefix, j->shard,
		 j->id, j->ask.window_us);
	add_word(w, span_of(j->kind == JOB_MARK ? w->marker : w->account));
	add_word(w, span_of(w->marker));
	add_word(w, span_of(what));
	add_number(w, clk_wall().us);
	if (j->kind == JOB_MARK)
		return;
	add_number(w, j->ask.window_us);
	add_number(w, j->ask.ends_us);
	add_number(w, a->o.lease_us);
	add_number(w, a->o.give_up_us);
	add_word(w, span_of(a->name));
}

static enum err run(struct job *j, const struct words *w, redis_done *done)
{
	j->sent = clk_mono();
	return redis_eval(j->agent->redis, w->word, 2, w->count, done, j);
}

/* --- what the script says --- */

/* Digits as a number, INT64_MAX where it is more. */
static int64_t read_amount(struct span s)
{
	uint64_t n = 0;

	for (size_t i = 0; i < s.len && n <= INT64_MAX; i++)
		if (__builtin_mul_overflow(n, 10, &n) ||
		    __builtin_add_overflow(n, (uint64_t)(s.at[i] - '0'), &n))
			n = UINT64_MAX;
	return n < INT64_MAX ? (int64_t)n : INT64_MAX;
}

static bool begins(const struct span *word, size_t words, struct span with, size_t at_least)
{
	return words >= at_least && span_eq(word[0], with);
}

/* The next tick comes soon, though not at once if there was one just now. */
static void hurry(struct lease_agent *a)
{
	uint64_t soon_us = a->ticked_at.us + a->o.lease_us / 32;

	if (a->tick_due.us > soon_us)
		a->tick_due.us = soon_us;
}

/* Remembers the life of the shard's marker; another one than before: memory was lost. */
static void note_epoch(struct lease_agent *a, unsigned shard, uint64_t born, uint64_t now_us)
{
	if (a->born[shard] != 0 && a->born[shard] != born && !a->forgot) {
		a->forgot = true;
		hurry(a);
	}
	a->born[shard] = born;
	a->own.clock_ahead_us = (int64_t)(clk_wall().us - now_us);
}

static struct mono good_for(struct mono since, uint64_t us)
{
	return (struct mono){ since.us + us - us / 16 }; /* clocks run differently */
}

/* --- asking --- */

static void answer(struct job *j, const struct lease_answer *found)
{
	struct lease_agent *a = j->agent;

	if (found->err != ERR_OK)
		a->own.failed++;
	else if (found->granted < j->ask.need)
		a->own.short_of++;
	else
		a->own.granted++;
	a->c.answer(a->c.ctx, j->ask.arg, found);
	job_free(j);
}

/* Redis writes down a floor whatever it is, because it may be used already. Beyond what is used
 * it is ours only if there is room for it, or if the lease before has not ended yet: then nobody
 * else was given it. */
static bool is_ours(const struct job *j, const struct lease_answer *found)
{
	bool has_room = found->leased <= j->ask.limit &&
			!(found->marks & (LEASE_NO_BASE | LEASE_NOT_CALM | LEASE_CLOCKS));

	clk_refresh();
	return has_room || clk_mono().us < j->ask.floor_until.us;
}

static void on_sync(void *arg, enum err e, const struct span *word, size_t words)
{
	struct job *j = arg;
	struct lease_agent *a = j->agent;
	struct lease_answer found = { .err = e, .granted = j->ask.floor };

	if (e == ERR_OK && begins(word, words, SPAN("sync"), 9)) {
		found.marks = (unsigned)read_amount(word[1]);
		found.granted = read_amount(word[2]);
		found.leased = read_amount(word[3]);
		found.spent = read_amount(word[4]);
		found.idle = read_amount(word[5]);
		found.epoch = (uint64_t)read_amount(word[6]);
		found.calm_in_us = (uint64_t)read_amount(word[8]);
		found.good_until = good_for(j->sent, a->o.lease_us);
		found.known_until = good_for(j->sent, a->o.give_up_us);
		if (!is_ours(j, &found))
			found.granted = j->ask.used;
		note_epoch(a, j->shard, found.epoch, (uint64_t)read_amount(word[7]));
	} else if (e == ERR_OK) {
		found.err = begins(word, words, SPAN("late"), 1) ? ERR_AGAIN : ERR_GARBLED;
	}
	answer(j, &found);
}

static void begin_ask(struct job *j)
{
	struct lease_agent *a = j->agent;
	const struct lease_request *q = &j->ask;
	struct words w;

	a->own.asked++;
	begin_words(&w, j, "sync");
	add_number(&w, ++a->sequence);
	add_number(&w, (uint64_t)q->limit);
	add_number(&w, (uint64_t)q->used);
	add_number(&w, (uint64_t)q->booked);
	add_number(&w, (uint64_t)q->floor);
	add_number(&w, (uint64_t)q->need);
	add_number(&w, (uint64_t)q->want);
	add_number(&w, q->from_start);
	if (run(j, &w, on_sync) != ERR_OK)
		answer(j, &(struct lease_answer){ .err = ERR_NOMEM, .granted = q->floor });
}

/* --- settling --- */

static void end_settlement(struct job *j, enum err e)
{
	struct lease_agent *a = j->agent;

	if (e == ERR_OK)
		a->own.settled++;
	a->c.settled(a->c.ctx, j->ask.arg, e);
	job_free(j);
}

static enum err keep_look(struct job *j, const struct span *word, size_t words)
{
	j->booked = read_amount(word[2]);
	j->unbooked = read_amount(word[3]);
	if (!span_copy(word[1], j->turn, sizeof(j->turn)) || words > LOOK_WORDS + GONE_MAX)
		return ERR_GARBLED;
	j->gone_count = (unsigned)(words - LOOK_WORDS);
	j->gone = calloc(j->gone_count + 1, GONE_ROOM);
	if (!j->gone)
		return ERR_NOMEM;
	for (unsigned i = 0; i < j->gone_count; i++)
		if (!span_copy(word[LOOK_WORDS + i], j->gone + (size_t)i * GONE_ROOM, GONE_ROOM))
			return ERR_GARBLED;
	return ERR_OK;
}

static void on_look(void *arg, enum err e, const struct span *word, size_t words)
{
	struct job *j = arg;
	struct lease_agent *a = j->agent;

	if (e == ERR_OK)
		e = begins(word, words, SPAN("look"), LOOK_WORDS) ? keep_look(j, word, words)
								  : ERR_GARBLED;
	if (e != ERR_OK) {
		end_settlement(j, e);
		return;
	}
	j->next = a->looked;
	a->looked = j;
	a->c.look(a->c.ctx, j->ask.arg, j->ticket);
}

static void begin_settle(struct job *j)
{
	char closed[NAME_ROOM] = "";
	struct words w;
	enum err e;

	if (j->books_closed)
		snprintf(closed, sizeof(closed), "%s.", j->agent->instance);
	begin_words(&w, j, "look");
	add_word(&w, span_of(closed));
	e = run(j, &w, on_look);
	if (e != ERR_OK)
		end_settlement(j, e);
}

static void on_settled(void *arg, enum err e, const struct span *word, size_t words)
{
	if (e == ERR_OK && !begins(word, words, SPAN("settled"), 1))
		e = begins(word, words, SPAN("changed"), 1) ? ERR_AGAIN : ERR_GARBLED;
	end_settlement(arg, e);
}

/* The settlement that waits with this ticket, or NULL. */
static struct job *take_looked(struct lease_agent *a, uint64_t ticket)
{
	struct job **at = &a->looked, *j;

	while (*at && (*at)->ticket != ticket)
		at = &(*at)->next;
	j = *at;
	if (j)
		*at = j->next;
	return j;
}

static void settle_with(struct job *j, int64_t spent)
{
	struct words w;
	enum err e;

	begin_words(&w, j, "settle");
	add_word(&w, span_of(j->turn));
	add_number(&w, spent > j->booked ? (uint64_t)(spent - j->booked) : 0);
	add_number(&w, (uint64_t)j->booked);
	add_number(&w, (uint64_t)j->unbooked);
	for (unsigned i = 0; i < j->gone_count; i++)
		add_word(&w, span_of(j->gone + (size_t)i * GONE_ROOM));
	e = run(j, &w, on_settled);
	if (e != ERR_OK)
		end_settlement(j, e);
}

static void take_base(struct job *j)
{
	struct job *settlement = take_looked(j->agent, j->ticket);

	if (settlement && j->base_error != ERR_OK)
		end_settlement(settlement, j->base_error);
	else if (settlement)
		settle_with(settlement, j->base);
	job_free(j);
}

/* --- markers --- */

static void on_mark(void *arg, enum err e, const struct span *word, size_t words)
{
	struct job *j = arg;

	if (e == ERR_OK && begins(word, words, SPAN("mark"), 3))
		note_epoch(j->agent, j->shard, (uint64_t)read_amount(word[1]),
			   (uint64_t)read_amount(word[2]));
	job_free(j);
}

/* Sees to it that every shard has its marker, so that a loss is noticed at once and not when
 * somebody first asks. */
static void mark_shards(struct lease_agent *a)
{
	struct words w;

	for (unsigned shard = 0; shard < SHARDS; shard++) {
		struct job *j = job_new(a, JOB_MARK, NULL);

		if (!j)
			return;
		pthread_mutex_lock(&a->lock);
		a->jobs++;
		pthread_mutex_unlock(&a->lock);
		j->shard = shard;
		begin_words(&w, j, "mark");
		if (run(j, &w, on_mark) != ERR_OK)
			job_free(j);
	}
}

/* --- the thread --- */

static void begin(struct job *j)
{
	switch (j->kind) {
	case JOB_ASK: begin_ask(j); break;
	case JOB_SETTLE: begin_settle(j); break;
	default: take_base(j); break;
	}
}

static void tick(struct lease_agent *a)
{
	bool up = redis_up(a->redis), forgot = a->forgot;

	if (up && !a->was_up)
		hurry(a);
	a->was_up = up;
	if (clk_mono().us < a->tick_due.us)
		return;
	a->ticked_at = clk_mono();
	a->tick_due.us = a->ticked_at.us + a->o.lease_us / 4;
	a->forgot = false;
	if (forgot) {
		a->own.epochs++;
		log_event(LOG_LEVEL_WARN, "redis_forgot",
			  "Redis lost its memory: limits stand still for %" PRIu64
			  " ms and then go on as the ledger says",
			  a->o.lease_us / US_PER_MS);
	}
	if (up)
		mark_shards(a);
	a->c.tick(a->c.ctx, up, forgot);
}

static void publish_counts(struct lease_agent *a)
{
	a->own.redis = *redis_counts(a->redis);
	a->own.up = redis_up(a->redis);
	pthread_mutex_lock(&a->lock);
	a->counts = a->own;
	pthread_mutex_unlock(&a->lock);
}

static void sleep_and_turn(struct lease_agent *a)
{
	struct pollfd fds[REDIS_NODES_MAX + 2];
	struct mono due;
	size_t n = redis_watch(a->redis, fds, &due);
	struct timespec t = { 0 };
	uint64_t us, rings;

	if (a->tick_due.us < due.us)
		due = a->tick_due;
	us = due.us > clk_mono().us ? due.us - clk_mono().us : 0;
	t.tv_sec = (time_t)(us / US_PER_SEC);
	t.tv_nsec = (long)(us % US_PER_SEC * 1000);
	fds[n] = (struct pollfd){ .fd = a->bell, .events = POLLIN };
	if (ppoll(fds, n + 1, &t, NULL) <= 0)
		n = 0;
	else if (fds[n].revents != 0)
		while (read(a->bell, &rings, sizeof(rings)) < 0 && errno == EINTR)
			;
	clk_refresh();
	for (struct job *j = take_inbox(a), *next; j; j = next) {
		next = j->next;
		begin(j);
	}
	redis_turn(a->redis, fds, n);
}

/* Answers everything that nobody will answer any more. */
static void end_jobs(struct lease_agent *a)
{
	const struct lease_answer gone = { .err = ERR_GONE };
	struct job *j, *next;

	redis_free(a->redis);
	a->redis = NULL;
	for (j = take_inbox(a); j; j = next) {
		next = j->next;
		if (j->kind == JOB_ASK)
			answer(j, &gone);
		else if (j->kind == JOB_SETTLE)
			end_settlement(j, ERR_GONE);
		else
			job_free(j);
	}
	while (a->looked) {
		j = a->looked;
		a->looked = j->next;
		end_settlement(j, ERR_GONE);
	}
}

static bool shall_stop(struct lease_agent *a)
{
	bool stops;

	pthread_mutex_lock(&a->lock);
	stops = a->stops;
	pthread_mutex_unlock(&a->lock);
	return stops;
}

static void *agent_main(void *arg)
{
	struct lease_agent *a = arg;

	clk_refresh();
	while (!shall_stop(a)) {
		sleep_and_turn(a);
		tick(a);
		publish_counts(a);
	}
	end_jobs(a);
	return NULL;
}

/* --- the outside --- */

/* A name that begins with no other name and a dot. */
static bool good_instance(const char *name)
{
	size_t len = strspn(name,
			    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_");

	return len > 0 && len <= LEASE_INSTANCE_MAX && name[len] == '\0';
}

static const char *take_options(struct lease_agent *a, const struct lease_options *o)
{
	uint8_t start[8];
	char hex[2 * sizeof(start) + 1];

	a->o = *o;
	if (a->o.lease_us == 0)
		a->o.lease_us = LEASE_US;
	if (a->o.give_up_us == 0)
		a->o.give_up_us = GIVE_UP_US;
	if (a->o.deadline_us == 0)
		a->o.deadline_us = DEADLINE_US;
	if (!good_instance(o->instance))
		return "the name of this instance may hold letters, digits, - and _ only";
	if (!span_copy(span_of(o->prefix ? o->prefix : "weir"), a->prefix, sizeof(a->prefix)) ||
	    strpbrk(a->prefix, "{}"))
		return "the prefix of the keys is too long, or has a { or }";
	digest_random(start, sizeof(start));
	digest_hex(start, sizeof(start), hex);
	span_copy(span_of(o->instance), a->instance, sizeof(a->instance));
	snprintf(a->name, sizeof(a->name), "%s.%s", a->instance, hex);
	return NULL;
}

static void agent_free(struct lease_agent *a)
{
	if (a->bell >= 0)
		close(a->bell);
	redis_free(a->redis);
	pthread_mutex_destroy(&a->lock);
	free(a);
}

static enum err start_thread(struct lease_agent *a)
{
	sigset_t all, before;
	int error;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	error = pthread_create(&a->thread, NULL, agent_main, a);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return error == 0 ? ERR_OK : ERR_NOMEM;
}

enum err lease_agent_start(const struct lease_options *o, const struct lease_callbacks *c,
			   struct lease_agent **out, const char **why)
{
	struct redis_options redis;
	struct lease_agent *a = calloc(1, sizeof(*a));
	enum err e = ERR_NOMEM;

	*why = "out of memory";
	if (!a)
		return ERR_NOMEM;
	pthread_mutex_init(&a->lock, NULL);
	a->inbox_end = &a->inbox;
	a->c = *c;
	a->bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (a->bell < 0)
		goto out;
	e = ERR_REFUSED;
	*why = take_options(a, o);
	if (*why)
		goto out;
	e = redis_url_read(span_of(o->url), &a->url, why);
	if (e != ERR_OK)
		goto out;
	redis = (struct redis_options){ &a->url, lease_script(), a->o.deadline_us,
					a->o.lease_us / 8 };
	e = redis_new(&redis, &a->redis, why);
	if (e != ERR_OK)
		goto out;
	*why = "no thread can be started";
	e = start_thread(a);
out:
	if (e != ERR_OK) {
		agent_free(a);
		return e;
	}
	*why = NULL;
	*out = a;
	return ERR_OK;
}

void lease_agent_stop(struct lease_agent *a)
{
	uint64_t one = 1;

	pthread_mutex_lock(&a->lock);
	a->stops = true;
	pthread_mutex_unlock(&a->lock);
	while (write(a->bell, &one, sizeof(one)) < 0 && errno == EINTR)
		;
	pthread_join(a->thread, NULL);
	agent_free(a);
}

static bool is_sane(const struct lease_request *q)
{
	return q->limit >= 0 && q->booked >= 0 && q->booked <= q->used && q->used <= q->floor &&
	       q->floor <= q->need && q->need <= q->want;
}

size_t lease_ask(struct lease_agent *a, const struct lease_request *requests, size_t n)
{
	size_t taken = 0;

	while (taken < n) {
		const struct lease_request *q = &requests[taken];
		struct job *j = job_new(a, JOB_ASK, q->id);

		MUST(is_sane(q));
		if (!j)
			break;
		j->ask = *q;
		j->ask.id = j->id;
		if (!hand_in(a, j))
			break;
		taken++;
	}
	return taken;
}

enum err lease_settle(struct lease_agent *a, const struct lease_settlement *s)
{
	struct job *j = job_new(a, JOB_SETTLE, s->id);

	if (!j)
		return ERR_NOMEM;
	j->ask.window_us = s->window_us;
	j->ask.ends_us = s->ends_us;
	j->ask.arg = s->arg;
	j->books_closed = s->books_closed;
	pthread_mutex_lock(&a->lock);
	j->ticket = ++a->tickets;
	pthread_mutex_unlock(&a->lock);
	return hand_in(a, j) ? ERR_OK : ERR_NOMEM;
}

enum err lease_base(struct lease_agent *a, uint64_t ticket, enum err e, int64_t spent)
{
	struct job *j = job_new(a, JOB_BASE, NULL);

	if (!j)
		return ERR_NOMEM;
	j->ticket = ticket;
	j->base_error = e;
	j->base = spent;
	return hand_in(a, j) ? ERR_OK : ERR_NOMEM;
}

struct lease_counts lease_counts(struct lease_agent *a)
{
	struct lease_counts copy;

	pthread_mutex_lock(&a->lock);
	copy = a->counts;
	pthread_mutex_unlock(&a->lock);
	return copy;
}
