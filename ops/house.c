/* house.c - see house.h. */
#include "ops/house.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/log.h"
#include "conf/conf.h"
#include "metering/account.h"
#include "metering/learn.h"
#include "metering/lessor.h"
#include "metering/owners.h"
#include "metering/price_book.h"
#include "metering/registry.h"
#include "metering/tok.h"
#include "ops/learning.h"
#include "ops/people.h"
#include "ops/plans.h"
#include "ops/pricing.h"
#include "ops/sharing.h"
#include "store/books.h"
#include "store/inflight.h"
#include "store/ledger.h"

#define ERRORS_MAX   16384
#define DIALECTS_MAX 64
#define RECOVER_US   (60 * US_PER_SEC) /* a crash may have left a long journal */
#define OWNERS_ROWS  4096              /* read at the start */
#define STOP_US      (10 * US_PER_SEC) /* what is not in the ledger by then waits in the journal */

static void name_dialects(const char *names[DIALECTS_MAX + 1])
{
	const struct dialect *d;
	unsigned n = 0;

	while (n < DIALECTS_MAX && (d = dialect_at(n)) != NULL)
		names[n++] = d->name;
	names[n] = NULL;
}

enum err house_read_conf(const char *path, struct conf **out)
{
	const char *dialects[DIALECTS_MAX + 1];
	struct buf errors;
	enum err e;

	name_dialects(dialects);
	buf_init(&errors, ERRORS_MAX);
	e = conf_load(path, dialects, out, &errors);
	if (e == ERR_OK) {
		e = pricing_check(*out, &errors);
		if (e == ERR_OK)
			e = plans_check(*out, &errors);
		if (e != ERR_OK)
			conf_unref(*out);
	}
	fprintf(stderr, "%.*s", SPAN_ARG(buf_span(&errors)));
	if (e != ERR_OK && errors.len == 0)
		fprintf(stderr, "%s: %s\n", path, err_text(e));
	buf_release(&errors);
	return e;
}

/* ---- opening ---- */

/* The directory is ours alone, or what stands in it cannot be trusted. */
static enum err open_state_dir(struct house *h, char *why, size_t room)
{
	const char *dir = h->conf->state_dir;
	struct stat st;

	if (mkdir(dir, 0700) < 0 && errno != EEXIST) {
		snprintf(why, room, "state_dir %s: %s", dir, strerror(errno));
		return ERR_AWAY;
	}
	if (stat(dir, &st) < 0 || !S_ISDIR(st.st_mode)) {
		snprintf(why, room, "state_dir %s is no directory", dir);
		return ERR_AWAY;
	}
	if (st.st_uid != geteuid() || (st.st_mode & 022)) {
		snprintf(why, room,
			 "state_dir %s: it must belong to the user that runs weir, and "
			 "nobody else may write to it (chmod 700)",
			 dir);
		return ERR_REFUSED;
	}
	return ERR_OK;
}

static enum err open_ledger(const struct conf *conf, struct ledger **out, char *why, size_t room)
{
	const char *backend = conf_choice_word(conf->ledger.backend), *problem = "";
	struct span url = conf_secret(conf->ledger.url);
	char path[4096];
	enum err e;

	snprintf(path, sizeof(path), "%s/ledger.sqlite", conf->state_dir);
	e = ledger_open(backend, url.len > 0 ? url.at : path, out, &problem);
	if (e == ERR_MISSING)
		snprintf(why, room, "ledger: this weir was built without %s", backend);
	else if (e != ERR_OK)
		snprintf(why, room, "ledger (%s): %s", backend, problem);
	return e;
}

/* One for each of the two threads that ask it. */
static enum err open_ledgers(struct house *h, char *why, size_t room)
{
	enum err e = open_ledger(h->conf, &h->books_ledger, why, room);

	return e == ERR_OK ? open_ledger(h->conf, &h->ledger, why, room) : e;
}

static enum err open_inflight(struct house *h, char *why, size_t room)
{
	const char *problem = "";
	char path[4096];
	enum err e;

	snprintf(path, sizeof(path), "%s/inflight", h->conf->state_dir);
	e = inflight_open(path, (uint32_t)h->conf->limits.inflight, &h->inflight, &problem);
	if (e != ERR_OK)
		snprintf(why, room, "%s: %s", path, problem);
	return e;
}

static enum err start_books(struct house *h, char *why, size_t room)
{
	struct books_options o = { .sync_interval_us = h->conf->journal.sync_interval_us,
				   .journal_max_bytes = h->conf->journal.max_bytes };
	const char *problem = "";
	char path[4096];
	enum err e;

	snprintf(path, sizeof(path), "%s/journal", h->conf->state_dir);
	o.journal_dir = path;
	e = books_start(&o, h->inflight, h->books_ledger, &h->books, &problem);
	if (e != ERR_OK)
		snprintf(why, room, "%s: %s", path, problem);
	return e;
}

/* ---- what a crash left ---- */

struct recovery {
	struct house *house;
	unsigned exchanges;
};

static void on_orphan(void *arg, struct slot *s)
{
	struct recovery *r = arg;

	if (atomic_load_explicit(&s->state, memory_order_acquire) == SLOT_OPEN) {
		account_close_orphan(&s->row, pricing_book(r->house), clk_wall());
		slot_close(s);
	}
	books_hand(r->house->books, s);
	r->exchanges++;
}

/* Every exchange that was under way becomes a row, before budgets are counted. */
static enum err recover(struct house *h, char *why, size_t room)
{
	struct recovery r = { h, 0 };
	enum err e;

	inflight_each_orphan(h->inflight, on_orphan, &r);
	if (r.exchanges > 0)
		log_event(LOG_LEVEL_WARN, "recovered",
			  "%u exchanges of a killed process are closed", r.exchanges);
	e = books_flush(h->books, RECOVER_US);
	if (e != ERR_OK)
		snprintf(why, room, "the ledger does not take what the last run left: %s",
			 err_text(e));
	return e;
}

/* ---- whose answers the providers keep ---- */

static bool on_row(void *arg, const struct row *r)
{
	struct owners *owners = arg;

	for (unsigned s = 0; s < SHAPE_COUNT; s++)
		if (owners_matter(s) && strcmp(shape_name(s), r->shape) == 0 && r->response_id[0])
			owners_note(owners, span_of(r->tenant), span_of(r->provider),
				    span_of(r->response_id));
	return true;
}

/* As far back as it takes no time to speak of; older answers are strangers after a restart. */
static enum err remember_owners(struct house *h, char *why, size_t room)
{
	struct ledger_filter any = { 0 };
	enum err e;

	h->owners = owners_new(h->conf->limits.answers);
	if (!h->owners) {
		snprintf(why, room, "out of memory");
		return ERR_NOMEM;
	}
	e = ledger_request_each(h->ledger, &any, true, OWNERS_ROWS, on_row, h->owners);
	if (e != ERR_OK)
		snprintf(why, room, "ledger: %s", ledger_trouble(h->ledger));
	return e;
}

/* ---- the vocabularies, which are made while the rest is opened ---- */

static void *make_vocabs(void *arg)
{
	struct house *h = arg;

	return vocabs_new(&h->vocabs) == ERR_OK ? h->vocabs : NULL;
}

static enum err begin_vocabs(struct house *h, char *why, size_t room)
{
	h->vocabs_begun = pthread_create(&h->vocabs_thread, NULL, make_vocabs, h) == 0;
	if (h->vocabs_begun)
		return ERR_OK;
	snprintf(why, room, "no thread can be started");
	return ERR_AWAY;
}

static void join_vocabs(struct house *h)
{
	if (h->vocabs_begun)
		pthread_join(h->vocabs_thread, NULL);
	h->vocabs_begun = false;
}

static enum err finish_vocabs(struct house *h, char *why, size_t room)
{
	join_vocabs(h);
	h->tok = h->vocabs ? tok_new(h->vocabs) : NULL;
	if (h->tok)
		return ERR_OK;
	snprintf(why, room, "out of memory for the vocabularies");
	return ERR_NOMEM;
}

/* ---- all of it ---- */

static enum err publish_prices(struct house *h, char *why, size_t room)
{
	return pricing_publish(h, h->conf, why, room);
}

enum err house_open(struct house *h, struct conf *conf, char *why, size_t room)
{
	static enum err (*const steps[])(struct house * h, char *why, size_t room) = {
		open_state_dir, open_inflight, /* before what it locks out a second weir from */
		begin_vocabs,   open_ledgers,  learning_open,   start_books,    publish_prices,
		recover,        sharing_open,  remember_owners, people_publish, finish_vocabs,
	};
	enum err e;

	*h = (struct house){ .conf = conf, .started = clk_mono() };
	registry_box_init(&h->registry);
	price_book_box_init(&h->prices);
	h->zones = zones_new(ZONES_DIR);
	h->purses = purses_new();
	snprintf(why, room, "out of memory");
	e = h->zones && h->purses ? ERR_OK : ERR_NOMEM;
	for (size_t i = 0; e == ERR_OK && i < sizeof(steps) / sizeof(steps[0]); i++)
		e = steps[i](h, why, room);
	return e;
}

enum err house_carry(struct house *h, char *why, size_t room)
{
	enum err e;

	h->shared = (struct worker_shared){ .conf = h->conf,
					    .registry = &h->registry,
					    .prices = &h->prices,
					    .inflight = h->inflight,
					    .vocabs = h->vocabs,
					    .learn = h->learn,
					    .books = h->books,
					    .owners = h->owners };
	h->traffic_conf = conf_ref(h->conf);
	e = workers_start(&h->shared, &h->workers, why, room);
	if (e == ERR_OK)
		sharing_ring(h);
	return e;
}

enum err house_reload(struct house *h, const char *path, char *why, size_t room)
{
	struct conf *next, *old = h->conf;
	enum err e = house_read_conf(path, &next);

	if (e != ERR_OK) {
		snprintf(why, room, "the configuration has errors");
		return e;
	}
	h->conf = next;
	e = people_publish(h, why, room);
	if (e == ERR_OK)
		e = pricing_publish(h, next, why, room);
	if (e != ERR_OK) {
		char ignored[256];

		h->conf = old;
		if (people_publish(h, ignored, sizeof(ignored)) != ERR_OK)
			log_event(LOG_LEVEL_ERROR, "reload", "quotas of plans stay as reloaded: %s",
				  ignored);
	}
	conf_unref(e == ERR_OK ? old : next);
	return e;
}

void house_close(struct house *h)
{
	sharing_hush(h);
	if (h->workers)
		workers_stop(h->workers);
	lessor_stop(h->lessor);
	if (h->books)
		books_stop(h->books, STOP_US);
	box_unpin(&h->registry, &h->registry_pin);
	box_unpin(&h->prices, &h->book_pin);
	box_release(&h->registry);
	box_release(&h->prices);
	purses_free(h->purses);
	zones_free(h->zones);
	owners_free(h->owners);
	if (h->learn)
		learning_keep(h);
	learn_free(h->learn);
	join_vocabs(h);
	tok_free(h->tok);
	vocabs_free(h->vocabs);
	ledger_close(h->ledger);
	ledger_close(h->books_ledger);
	inflight_close(h->inflight);
	if (h->traffic_conf)
		conf_unref(h->traffic_conf);
	conf_unref(h->conf);
	*h = (struct house){ .workers = NULL };
}
