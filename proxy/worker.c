#include "proxy/worker.h"
#include <event2/dns.h>
#include <event2/event.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>
#include "base/log.h"
#include "conf/conf.h"
#include "metering/dialect.h"
#include "proxy/tls.h"
#include "proxy/worker_internal.h"

#define STALL_US   (100 * US_PER_MS)
#define PARKED_MAX 4096 /* in one worker */

struct workers {
	const struct worker_shared *shared;
	struct worker *at;
	unsigned count, started;
	unsigned clients_most; /* of each worker */
	uint16_t port;
	struct tls_context **provider_tls, **listener_tls; /* by their index in the config */
};

/* --- what the files of this room ask of their worker --- */

void worker_deadline(struct worker *w, struct deadline *d, uint64_t us)
{
	deadline_set(&w->wheel, d, (struct mono){ clk_mono().us + us });
}

struct span worker_date(struct worker *w)
{
	uint64_t second = clk_wall().us / US_PER_SEC;

	if (second != w->date_second) {
		head_date(clk_wall(), w->date);
		w->date_second = second;
	}
	return (struct span){ w->date, HEAD_DATE_ROOM - 1 };
}

enum err worker_count_body(struct worker *w, struct exchange *x)
{
	size_t grown = x->request->body.len - x->body_counted_bytes;

	if (w->bodies_bytes + grown > w->conf->limits.bodies_bytes)
		return ERR_TOO_BIG;
	w->bodies_bytes += grown;
	x->body_counted_bytes += grown;
	return ERR_OK;
}

void worker_adopt_client(struct worker *w, struct client *c)
{
	c->next = w->clients;
	c->link = &w->clients;
	if (c->next)
		c->next->link = &c->next;
	w->clients = c;
	metric_add(&w->metrics.client_connections_current, 1);
}

void worker_bury_client(struct worker *w, struct client *c)
{
	*c->link = c->next;
	if (c->next)
		c->next->link = c->link;
	c->next = w->dead_clients;
	w->dead_clients = c;
	metric_add(&w->metrics.client_connections_current, -1);
}

void worker_adopt_exchange(struct worker *w, struct exchange *x)
{
	x->next = w->exchanges;
	x->link = &w->exchanges;
	if (x->next)
		x->next->link = &x->next;
	w->exchanges = x;
	metric_add(&w->metrics.exchanges_current, 1);
}

void worker_run_later(struct worker *w, struct exchange *x)
{
	if (x->later)
		return;
	x->later = true;
	x->next_later = NULL;
	*w->later_end = x;
	w->later_end = &x->next_later;
}

static void forget_later(struct worker *w, struct exchange *x)
{
	struct exchange **link = &w->later;

	while (*link != x)
		link = &(*link)->next_later;
	*link = x->next_later;
	if (!*link)
		w->later_end = link;
	x->later = false;
}

/* One for each turn: what is done in slices holds nobody else up. */
static void wake_later(struct worker *w)
{
	struct exchange *x = w->later;

	if (!x)
		return;
	forget_later(w, x);
	exchange_wake(x);
}

void worker_bury_exchange(struct worker *w, struct exchange *x)
{
	*x->link = x->next;
	if (x->next)
		x->next->link = x->link;
	x->next = w->dead_exchanges;
	w->dead_exchanges = x;
	metric_add(&w->metrics.exchanges_current, -1);
	if (x->later)
		forget_later(w, x);
}

/* --- waiting for more of a shared limit --- */

/* Arms the timer for the oldest that is not yet told that its time is over. */
static void await_oldest(struct worker *w)
{
	const struct exchange *x = w->parked_oldest;
	uint64_t most_us = w->conf->quota.deadline_us, left_us;
	struct timeval t;

	while (x && x->facts.unanswered)
		x = x->parked_newer;
	if (!x)
		return;
	left_us = clk_since_us(x->parked_at) < most_us ? most_us - clk_since_us(x->parked_at) : 0;
	t = (struct timeval){ .tv_sec = (time_t)(left_us / US_PER_SEC),
			      .tv_usec = (suseconds_t)(left_us % US_PER_SEC) };
	event_add(w->parked_due, &t);
}

static void on_parked_due(evutil_socket_t fd, short what, void *arg)
{
	struct worker *w = arg;

	(void)fd;
	(void)what;
	clk_refresh();
	for (struct exchange *x = w->parked_oldest; x; x = x->parked_newer) {
		if (clk_since_us(x->parked_at) < w->conf->quota.deadline_us)
			break;
		x->facts.unanswered = true;
		exchange_wake(x);
	}
	await_oldest(w);
}

bool worker_park(struct worker *w, struct exchange *x)
{
	if (x->parked)
		return true;
	if (w->parked_count == PARKED_MAX)
		return false;
	x->parked = true;
	x->parked_at = clk_mono();
	x->parked_newer = NULL;
	x->parked_older = w->parked_newest;
	*(w->parked_newest ? &w->parked_newest->parked_newer : &w->parked_oldest) = x;
	w->parked_newest = x;
	metric_add(&w->metrics.quota_parks_total, 1);
	metric_add(&w->metrics.quota_parked_current, 1);
	if (w->parked_count++ == 0)
		await_oldest(w);
	return true;
}

void worker_unpark(struct worker *w, struct exchange *x)
{
	if (!x->parked)
		return;
	x->parked = x->facts.unanswered = false;
	*(x->parked_older ? &x->parked_older->parked_newer : &w->parked_oldest) = x->parked_newer;
	*(x->parked_newer ? &x->parked_newer->parked_older : &w->parked_newest) = x->parked_older;
	metric_add(&w->metrics.quota_parked_current, -1);
	if (--w->parked_count == 0)
		event_del(w->parked_due);
}

/* The last to be woken is the first to run: the oldest. */
static void wake_parked(struct worker *w)
{
	for (struct exchange *x = w->parked_newest; x; x = x->parked_older)
		exchange_wake(x);
}

void worker_bury_upstream(struct worker *w, struct upstream *u)
{
	u->next = w->dead_upstreams;
	w->dead_upstreams = u;
}

void worker_revisit_client(struct worker *w, struct client *c)
{
	if (c->revisit)
		return;
	c->revisit = true;
	c->next_revisit = w->revisits;
	w->revisits = c;
}

void worker_note_crossing(void *worker, const struct crossing *c)
{
	const struct quota_identity *whose = purse_identity(c->purse);
	struct worker *w = worker;

	metric_add(&w->metrics.budget_warnings_total, 1);
	log_event(LOG_LEVEL_WARN, "budget_warning",
		  "worker=%u pct=%u scope=%s tenant=%s id=%s resource=%s unit=%s period=%s "
		  "spent=%lld held=%lld limit=%lld",
		  w->index, c->pct, scope_name(whose->scope), whose->tenant, whose->scope_id,
		  resource_name(whose->resource), unit_name(whose->unit),
		  period_name(whose->period), (long long)c->view.spent, (long long)c->view.held,
		  (long long)c->view.limit);
}

/* --- the three beats --- */

static void run_woken(struct worker *w)
{
	while (w->woken || w->revisits) {
		while (w->woken) {
			struct exchange *x = w->woken;

			w->woken = x->next_woken;
			exchange_run(x);
		}
		while (w->revisits) {
			struct client *c = w->revisits;

			w->revisits = c->next_revisit;
			c->revisit = false;
			if (c->phase == CLIENT_IDLE)
				wire_again(&c->wire);
		}
	}
}

static void sweep(struct worker *w)
{
	while (w->dead_exchanges) {
		struct exchange *x = w->dead_exchanges;

		w->dead_exchanges = x->next;
		exchange_free(x);
	}
	while (w->dead_upstreams) {
		struct upstream *u = w->dead_upstreams;

		w->dead_upstreams = u->next;
		upstream_free(u);
	}
	while (w->dead_clients) {
		struct client *c = w->dead_clients;

		w->dead_clients = c->next;
		client_free(c);
	}
}

static void turn(struct worker *w, int flags)
{
	event_base_loop(w->base, EVLOOP_ONCE | flags | (w->later ? EVLOOP_NONBLOCK : 0));
	wake_later(w);
	run_woken(w);
	sweep(w);
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct worker *w = arg;
	uint64_t late_us;

	(void)fd;
	(void)what;
	clk_refresh();
	late_us = clk_since_us(w->ticked);
	if (late_us > WHEEL_TICK_US + STALL_US) {
		metric_add(&w->metrics.loop_stalls_total, 1);
		log_event(LOG_LEVEL_WARN, "loop_stalled", "worker=%u ms=%llu", w->index,
			  (unsigned long long)((late_us - WHEEL_TICK_US) / US_PER_MS));
	}
	w->ticked = clk_mono();
	wheel_turn(&w->wheel, clk_mono());
	for (unsigned i = 0; i < w->listeners_count; i++)
		listener_resume(&w->listeners[i]);
	access_log_flush(&w->access);
}

/* --- orders --- */

static bool anyone(const struct client *c)
{
	(void)c;
	return true;
}

static bool is_idle(const struct client *c)
{
	return c->phase == CLIENT_IDLE;
}

static bool was_idle_for_long(const struct client *c)
{
	return (c->phase == CLIENT_IDLE || c->phase == CLIENT_LINGERING) &&
	       clk_since_us(c->idle_since) >= US_PER_SEC;
}

static void kill_clients(struct worker *w, bool (*doomed)(const struct client *c))
{
	struct client *next;

	for (struct client *c = w->clients; c; c = next) {
		next = c->next;
		if (doomed(c))
			client_kill(c);
	}
}

void worker_close_idle(struct worker *w)
{
	kill_clients(w, was_idle_for_long);
}

static void drain(struct worker *w)
{
	if (w->draining)
		return;
	w->draining = true;
	for (unsigned i = 0; i < w->listeners_count; i++)
		listener_close(&w->listeners[i]);
	w->listeners_count = 0;
	kill_clients(w, is_idle);
}

static void on_bell(evutil_socket_t fd, short what, void *arg)
{
	struct worker *w = arg;
	uint64_t rings;

	(void)what;
	if (read(fd, &rings, sizeof(rings)) != sizeof(rings))
		return;
	clk_refresh();
	wake_parked(w);
	if (atomic_load(&w->order) >= ORDER_DRAIN)
		drain(w);
}

static void end_exchanges(struct worker *w)
{
	for (struct exchange *x = w->exchanges; x; x = x->next) {
		x->facts.shutdown = true;
		exchange_wake(x);
	}
	run_woken(w);
	MUST(!w->exchanges);
	kill_clients(w, anyone);
	for (unsigned i = 0; i < w->conf->providers.count; i++)
		origin_release(&w->origins[i]);
	sweep(w);
}

static void *work(void *arg)
{
	struct worker *w = arg;

	clk_refresh();
	w->ticked = clk_mono();
	wheel_init(&w->wheel, clk_mono());
	while (atomic_load(&w->order) != ORDER_STOP)
		turn(w, 0);
	drain(w);
	end_exchanges(w);
	return NULL;
}

void workers_ring(struct workers *g)
{
	uint64_t ring = 1;

	for (unsigned i = 0; i < g->started; i++)
		if (write(g->at[i].bell, &ring, sizeof(ring)) != sizeof(ring))
			log_event(LOG_LEVEL_ERROR, "worker_bell", "worker=%u", i);
}

static void give_order(struct workers *g, enum worker_order order)
{
	for (unsigned i = 0; i < g->started; i++)
		atomic_store(&g->at[i].order, order);
	workers_ring(g);
}

/* --- building one --- */

static bool open_loop(struct worker *w)
{
	struct event_config *config = event_config_new();

	if (!config)
		return false;
	event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK);
	event_config_set_flag(config, EVENT_BASE_FLAG_EPOLL_USE_CHANGELIST);
	w->base = event_base_new_with_config(config);
	event_config_free(config);
	if (!w->base)
		return false;
	w->loop = (struct wire_loop){ .base = w->base,
				      .scratch = malloc(WIRE_SCRATCH_BYTES),
				      .gather = malloc(WIRE_SCRATCH_BYTES) };
	w->bell = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	w->bell_event = event_new(w->base, w->bell, EV_READ | EV_PERSIST, on_bell, w);
	w->tick = event_new(w->base, -1, EV_PERSIST, on_tick, w);
	w->parked_due = event_new(w->base, -1, 0, on_parked_due, w);
	w->dns = evdns_base_new(w->base, EVDNS_BASE_DISABLE_WHEN_INACTIVE);
	return w->loop.scratch && w->loop.gather && w->bell >= 0 && w->bell_event && w->tick &&
	       w->parked_due && w->dns;
}

/* Failing to read either file is no failure: then names simply do not resolve. */
static void start_loop(struct worker *w)
{
	struct timeval tick = { .tv_usec = WHEEL_TICK_US };

	(void)evdns_base_resolv_conf_parse(w->dns, DNS_OPTIONS_ALL, "/etc/resolv.conf");
	event_add(w->bell_event, NULL);
	event_add(w->tick, &tick);
}

static bool make_credential(struct origin *o, enum auth_style style)
{
	static const char *const names[] = {
		[AUTH_bearer] = "authorization",
		[AUTH_x_api_key] = "x-api-key",
		[AUTH_api_key] = "api-key",
		[AUTH_x_goog_api_key] = "x-goog-api-key",
		[AUTH_none] = NULL,
	};
	struct span key = conf_secret(o->provider->api_key);

	if (key.len == 0 || !names[style])
		return true;
	o->auth_name = names[style];
	return asprintf(&o->auth_value, "%s%.*s", style == AUTH_bearer ? "Bearer " : "",
			SPAN_ARG(key)) >= 0;
}

static bool open_origins(struct worker *w, struct workers *g)
{
	w->origins = calloc(w->conf->providers.count, sizeof(*w->origins));
	if (!w->origins)
		return false;
	for (unsigned i = 0; i < w->conf->providers.count; i++) {
		struct origin *o = &w->origins[i];

		o->provider = &w->conf->providers.at[i];
		o->worker = w;
		o->tls = g->provider_tls[i];
		if (!make_credential(o, dialect_find(span_of(o->provider->dialect))->auth))
			return false;
	}
	return true;
}

static enum err open_listeners(struct worker *w, struct workers *g, char *why, size_t room)
{
	const struct conf *c = w->conf;

	w->listeners = calloc(c->listen.count, sizeof(*w->listeners));
	if (!w->listeners)
		return ERR_NOMEM;
	for (unsigned i = 0; i < c->listen.count; i++) {
		uint16_t port = i == 0 ? g->port : 0;
		enum err e;

		if (i > 0 && w->index > 0)
			port = g->at[0].listeners[i].port;
		e = listener_open(&w->listeners[i], w, &c->listen.at[i].address, g->listener_tls[i],
				  port, why, room);
		w->listeners_count = i + 1;
		if (e != ERR_OK)
			return e;
		if (i == 0)
			g->port = w->listeners[0].port;
	}
	return ERR_OK;
}

static bool open_kit(struct worker *w)
{
	w->later_end = &w->later;
	w->kit.learn = w->shared->learn;
	if (!w->shared->vocabs)
		return true;
	w->kit.tok = tok_new(w->shared->vocabs);
	return w->kit.tok;
}

static enum err open_worker(struct worker *w, struct workers *g, unsigned index, char *why,
			    size_t room)
{
	const struct conf *c = g->shared->conf;

	w->shared = g->shared;
	w->conf = c;
	w->index = index;
	w->clients_most = g->clients_most;
	w->limits = http1_limits_usual;
	w->limits.head_bytes = (uint32_t)c->limits.head_bytes;
	w->limits.fields = c->limits.headers < HTTP1_FIELDS_MAX ? (uint32_t)c->limits.headers
								: HTTP1_FIELDS_MAX;
	snprintf(why, room, "out of memory or file descriptors");
	if (!open_loop(w) || !open_origins(w, g) || !open_kit(w))
		return ERR_NOMEM;
	if (access_log_open(&w->access, c->log.access) != ERR_OK) {
		snprintf(why, room, "cannot open the access log %s", c->log.access);
		return ERR_AWAY;
	}
	start_loop(w);
	return open_listeners(w, g, why, room);
}

static void close_worker(struct worker *w)
{
	for (unsigned i = 0; i < w->listeners_count; i++)
		listener_close(&w->listeners[i]);
	free(w->listeners);
	for (unsigned i = 0; w->origins && i < w->conf->providers.count; i++)
		origin_release(&w->origins[i]);
	free(w->origins);
	if (w->dns)
		evdns_base_free(w->dns, 0);
	if (w->tick)
		event_free(w->tick);
	if (w->parked_due)
		event_free(w->parked_due);
	if (w->bell_event)
		event_free(w->bell_event);
	if (w->bell > 0)
		close(w->bell);
	if (w->base)
		event_base_free(w->base);
	tok_free(w->kit.tok);
	free(w->loop.scratch);
	free(w->loop.gather);
	access_log_close(&w->access);
	box_unpin(w->shared->registry, &w->registry);
	box_unpin(w->shared->prices, &w->prices);
}

/* --- the group --- */

static enum err open_tls(struct workers *g, char *why, size_t room)
{
	const struct conf *c = g->shared->conf;
	bool only_1_3 = c->tls.min_version == CHOICE_tls_version_1_3;

	g->provider_tls = calloc(c->providers.count, sizeof(*g->provider_tls));
	g->listener_tls = calloc(c->listen.count, sizeof(*g->listener_tls));
	if (!g->provider_tls || !g->listener_tls)
		return ERR_NOMEM;
	for (unsigned i = 0; i < c->providers.count; i++) {
		const struct conf_provider *p = &c->providers.at[i];

		if (!p->base_url.tls)
			continue;
		g->provider_tls[i] = tls_context_upstream(p->ca_file ? p->ca_file : c->tls.ca_file,
							  only_1_3, why, room);
		if (!g->provider_tls[i])
			return ERR_AWAY;
	}
	for (unsigned i = 0; i < c->listen.count; i++) {
		const struct conf_listener *l = &c->listen.at[i];

		if (!l->cert)
			continue;
		g->listener_tls[i] = tls_context_listener(l->cert, l->key, only_1_3, why, room);
		if (!g->listener_tls[i])
			return ERR_AWAY;
	}
	return ERR_OK;
}

static void free_group(struct workers *g)
{
	const struct conf *c = g->shared->conf;

	for (unsigned i = 0; g->at && i < g->count; i++)
		if (g->at[i].shared)
			close_worker(&g->at[i]);
	for (unsigned i = 0; g->provider_tls && i < c->providers.count; i++)
		tls_context_free(g->provider_tls[i]);
	for (unsigned i = 0; g->listener_tls && i < c->listen.count; i++)
		tls_context_free(g->listener_tls[i]);
	free(g->provider_tls);
	free(g->listener_tls);
	free(g->at);
	free(g);
}

static unsigned workers_wanted(const struct conf *c)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);

	if (c->workers > 0)
		return (unsigned)c->workers;
	return cores > 0 ? (unsigned)cores : 1;
}

/* Each client may need a connection to a provider; what is left is for the journal, the ledger, the
 * admin API and the loops. */
static unsigned clients_most(const struct conf *c, unsigned workers)
{
	struct rlimit files;
	uint64_t most, ours = 48 + 8 * (uint64_t)workers;

	if (getrlimit(RLIMIT_NOFILE, &files) != 0)
		return (unsigned)c->limits.clients;
	most = files.rlim_cur > ours ? (files.rlim_cur - ours) / workers / 2 : 0;
	if (most >= c->limits.clients)
		return (unsigned)c->limits.clients;
	log_event(LOG_LEVEL_INFO, "file_limit",
		  "a worker takes %llu clients, not limits.clients=%llu: the process may have %llu "
		  "files",
		  (unsigned long long)most, (unsigned long long)c->limits.clients,
		  (unsigned long long)files.rlim_cur);
	return most > 0 ? (unsigned)most : 1;
}

static enum err start_threads(struct workers *g, char *why, size_t room)
{
	sigset_t all, before;

	/* Signals are the main thread's. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	while (g->started < g->count) {
		struct worker *w = &g->at[g->started];

		if (pthread_create(&w->thread, NULL, work, w) != 0)
			break;
		g->started++;
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (g->started == g->count)
		return ERR_OK;
	snprintf(why, room, "cannot start worker threads");
	return ERR_AWAY;
}

enum err workers_start(const struct worker_shared *shared, struct workers **out, char *why,
		       size_t room)
{
	struct workers *g = calloc(1, sizeof(*g));
	enum err e = ERR_NOMEM;

	snprintf(why, room, "out of memory");
	if (!g)
		return ERR_NOMEM;
	g->shared = shared;
	g->count = workers_wanted(shared->conf);
	g->clients_most = clients_most(shared->conf, g->count);
	g->at = calloc(g->count, sizeof(*g->at));
	if (g->at)
		e = open_tls(g, why, room);
	for (unsigned i = 0; e == ERR_OK && i < g->count; i++)
		e = open_worker(&g->at[i], g, i, why, room);
	if (e == ERR_OK)
		e = start_threads(g, why, room);
	if (e != ERR_OK) {
		workers_stop(g);
		return e;
	}
	*out = g;
	return ERR_OK;
}

uint16_t workers_port(const struct workers *g)
{
	return g->port;
}

void workers_drain(struct workers *g)
{
	give_order(g, ORDER_DRAIN);
}

uint64_t workers_active(const struct workers *g)
{
	int64_t sum = 0;

	for (unsigned i = 0; i < g->count; i++)
		sum += atomic_load_explicit(&g->at[i].metrics.exchanges_current,
					    memory_order_relaxed);
	return sum > 0 ? (uint64_t)sum : 0;
}

void workers_stop(struct workers *g)
{
	give_order(g, ORDER_STOP);
	for (unsigned i = 0; i < g->started; i++)
		pthread_join(g->at[i].thread, NULL);
	free_group(g);
}

static void sum_metrics(const struct workers *g, struct metrics *sum)
{
	memset(sum, 0, sizeof(*sum));
	for (unsigned i = 0; i < g->count; i++)
		metrics_sum(sum, &g->at[i].metrics);
}

bool workers_metrics(const struct workers *g, struct buf *to)
{
	struct metrics sum;

	sum_metrics(g, &sum);
	return metrics_text(&sum, to);
}

bool workers_states(const struct workers *g, struct buf *to)
{
	struct metrics sum;

	sum_metrics(g, &sum);
	return metrics_states(&sum, to);
}
