/* serve.c - see serve.h. The main thread is the ops thread: it starts everything, then runs
 * one event loop with the signals and the admin API until the end. */
#include "ops/serve.h"
#include <event2/event.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include "base/log.h"
#include "conf/conf.h"
#include "ops/admin.h"
#include "ops/house.h"
#include "ops/learning.h"

#define WHY_MAX     1024
#define WATCH_EVERY 20000 /* us between looks at what is still under way */

struct serve {
	const char *path; /* of the configuration */
	struct house house;
	struct event_base *loop;
	struct admin *admin;
	struct event *term, *interrupt, *hangup, *watch, *minute;
	struct mono drain_began;
};

/* ---- what the process needs of the kernel ---- */

/* As many descriptors as we may have: two for each exchange. */
static void raise_file_limit(void)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) < 0)
		return;
	files.rlim_cur = files.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &files) < 0)
		log_event(LOG_LEVEL_WARN, "file_limit", "cannot be raised to %llu",
			  (unsigned long long)files.rlim_max);
}

static void prepare_process(void)
{
	umask(077);
	prctl(PR_SET_DUMPABLE, 0); /* providers' keys are in this memory */
	signal(SIGPIPE, SIG_IGN);
	raise_file_limit();
}

static void set_log_level(const struct conf *conf)
{
	switch (conf->log.level) {
	case CHOICE_log_level_debug: log_set_level(LOG_LEVEL_DEBUG); break;
	case CHOICE_log_level_warn: log_set_level(LOG_LEVEL_WARN); break;
	case CHOICE_log_level_error: log_set_level(LOG_LEVEL_ERROR); break;
	default: log_set_level(LOG_LEVEL_INFO); break;
	}
}

/* ---- signals ---- */

static void on_stop(evutil_socket_t number, short what, void *arg)
{
	static const struct timeval every = { 0, WATCH_EVERY };
	struct serve *s = arg;

	(void)number, (void)what;
	clk_refresh();
	if (s->house.draining) {
		log_event(LOG_LEVEL_WARN, "stop", "asked for twice: ending %llu exchanges now",
			  (unsigned long long)workers_active(s->house.workers));
		event_base_loopbreak(s->loop);
		return;
	}
	log_event(LOG_LEVEL_INFO, "drain", "%llu exchanges are under way",
		  (unsigned long long)workers_active(s->house.workers));
	s->house.draining = true;
	s->drain_began = clk_mono();
	workers_drain(s->house.workers);
	event_add(s->watch, &every);
}

/* Is there nothing left to wait for, or no time left? */
static void on_watch(evutil_socket_t fd, short what, void *arg)
{
	struct serve *s = arg;
	uint64_t active = workers_active(s->house.workers);

	(void)fd, (void)what;
	clk_refresh();
	if (active > 0 && clk_since_us(s->drain_began) < s->house.conf->deadlines.drain_us)
		return;
	if (active > 0)
		log_event(LOG_LEVEL_WARN, "drain", "the deadline has passed: ending %llu exchanges",
			  (unsigned long long)active);
	event_base_loopbreak(s->loop);
}

static void on_hangup(evutil_socket_t number, short what, void *arg)
{
	struct serve *s = arg;
	char why[WHY_MAX];

	(void)number, (void)what;
	clk_refresh();
	if (house_reload(&s->house, s->path, why, sizeof(why)) != ERR_OK)
		log_event(LOG_LEVEL_ERROR, "reload", "nothing is changed: %s", why);
	else
		log_event(LOG_LEVEL_INFO, "reload",
			  "prices and tenant_defaults of %s are in force; anything else that "
			  "changed there needs a restart",
			  s->path);
}

/* ---- time ---- */

static void on_minute(evutil_socket_t fd, short what, void *arg)
{
	struct serve *s = arg;

	(void)fd, (void)what;
	clk_refresh();
	learning_keep(&s->house);
}

static bool watch_time(struct serve *s)
{
	static const struct timeval every = { LEARNING_EVERY_S, 0 };

	s->minute = event_new(s->loop, -1, EV_PERSIST, on_minute, s);
	return s->minute && event_add(s->minute, &every) == 0;
}

/* ---- from start to end ---- */

static bool watch_signals(struct serve *s)
{
	s->term = evsignal_new(s->loop, SIGTERM, on_stop, s);
	s->interrupt = evsignal_new(s->loop, SIGINT, on_stop, s);
	s->hangup = evsignal_new(s->loop, SIGHUP, on_hangup, s);
	s->watch = event_new(s->loop, -1, EV_PERSIST, on_watch, s);
	return s->term && s->interrupt && s->hangup && s->watch && event_add(s->term, NULL) == 0 &&
	       event_add(s->interrupt, NULL) == 0 && event_add(s->hangup, NULL) == 0;
}

/* "127.0.0.1:8080", with the port that was really bound. */
static void name_listener(const struct serve *s, char *to, size_t room)
{
	const struct conf_address *at = &s->house.conf->listen.at[0].address;

	snprintf(to, room, strchr(at->host, ':') ? "[%s]:%u" : "%s:%u", at->host,
		 workers_port(s->house.workers));
}

static enum err start(struct serve *s, char *why, size_t room)
{
	char listener[128];
	enum err e;

	snprintf(why, room, "out of memory");
	s->loop = event_base_new();
	if (!s->loop || !watch_signals(s) || !watch_time(s))
		return ERR_NOMEM;
	e = admin_new(&s->house, s->loop, &s->admin, why, room);
	if (e == ERR_OK)
		e = house_carry(&s->house, why, room);
	if (e != ERR_OK)
		return e;
	name_listener(s, listener, sizeof(listener));
	fprintf(stderr, "weir %s: serving on %s, admin on %s\n", WEIR_VERSION, listener,
		admin_places(s->admin));
	return ERR_OK;
}

static void stop(struct serve *s)
{
	struct event *const events[] = { s->term, s->interrupt, s->hangup, s->watch, s->minute };

	admin_free(s->admin);
	for (unsigned i = 0; i < sizeof(events) / sizeof(events[0]); i++)
		if (events[i])
			event_free(events[i]);
	if (s->loop)
		event_base_free(s->loop);
	house_close(&s->house);
}

int serve(const char *path)
{
	struct serve s = { .path = path };
	char why[WHY_MAX] = "";
	struct conf *conf;
	enum err e;

	prepare_process();
	if (house_read_conf(path, &conf) != ERR_OK)
		return 1;
	set_log_level(conf);
	e = house_open(&s.house, conf, why, sizeof(why));
	if (e == ERR_OK)
		e = start(&s, why, sizeof(why));
	if (e == ERR_OK)
		event_base_dispatch(s.loop);
	else
		fprintf(stderr, "weir: %s\n", why);
	stop(&s);
	if (e == ERR_OK)
		log_event(LOG_LEVEL_INFO, "stopped", "every row is in the ledger or the journal");
	return e == ERR_OK ? 0 : 1;
}
