/* sharing.c - see sharing.h. */
#include "ops/sharing.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "base/decimal.h"
#include "base/digest.h"
#include "conf/conf.h"
#include "metering/lessor.h"
#include "metering/registry.h"
#include "ops/house.h"

#define NAME_BYTES 12
#define NAME_LEN   (2 * NAME_BYTES)
#define NAME_ROOM  (NAME_LEN + 1)

/* ---- the name of this instance, the same after a restart ---- */

static enum err make_name(const char *path, char name[NAME_ROOM])
{
	uint8_t bytes[NAME_BYTES];
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	enum err e;

	if (fd < 0)
		return ERR_AWAY;
	digest_random(bytes, sizeof(bytes));
	digest_hex(bytes, sizeof(bytes), name);
	e = write(fd, name, NAME_LEN) == NAME_LEN && fsync(fd) == 0 ? ERR_OK : ERR_AWAY;
	close(fd);
	return e;
}

/* A file that was cut short by a crash has named nobody yet. */
static enum err read_name(const char *path, char name[NAME_ROOM])
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t len;

	if (fd < 0)
		return errno == ENOENT ? make_name(path, name) : ERR_AWAY;
	len = read(fd, name, NAME_LEN);
	close(fd);
	if (len < 0)
		return ERR_AWAY;
	if (len < NAME_LEN)
		return make_name(path, name);
	name[NAME_LEN] = '\0';
	return strspn(name, "0123456789abcdef") == NAME_LEN ? ERR_OK : ERR_GARBLED;
}

/* ---- the lessor ---- */

static enum err start(struct house *h, const char *url, char *why, size_t room)
{
	char name[NAME_ROOM], path[4096];
	struct lessor_options o = { .url = url,
				    .instance = name,
				    .deadline_us = h->conf->quota.deadline_us };
	const char *problem;
	enum err e;

	snprintf(path, sizeof(path), "%s/instance", h->conf->state_dir);
	e = read_name(path, name);
	if (e != ERR_OK) {
		snprintf(why, room, "%s: %s", path, err_text(e));
		return e;
	}
	e = lessor_start(&o, h->purses, &h->lessor, &problem);
	if (e != ERR_OK)
		snprintf(why, room, "quota: redis: %s", problem);
	return e;
}

enum err sharing_open(struct house *h, char *why, size_t room)
{
	struct span url = conf_secret(h->conf->quota.url);

	if (h->conf->quota.backend != CHOICE_quota_backend_redis)
		return ERR_OK;
	if (url.len > 0)
		return start(h, url.at, why, room);
	snprintf(why, room, "quota: backend: redis needs a url");
	return ERR_MISSING;
}

void sharing_meet(struct house *h, const struct registry *r)
{
	struct purse *const *purses;
	size_t n = registry_purses(r, &purses);

	if (h->lessor)
		lessor_meet(h->lessor, purses, n, clk_wall());
}

static void ring(void *workers)
{
	workers_ring(workers);
}

void sharing_ring(struct house *h)
{
	if (h->lessor)
		lessor_hear(h->lessor, ring, h->workers);
}

void sharing_hush(struct house *h)
{
	if (h->lessor)
		lessor_hear(h->lessor, NULL, NULL);
}

/* ---- what is told of it ---- */

const char *sharing_state(const struct house *h)
{
	if (!h->lessor)
		return "";
	return lessor_counts(h->lessor).lease.up
		   ? "limits are shared through Redis\n"
		   : "Redis is away: limits are spent as each quota's on_outage says\n";
}

/* METRIC(type, "name", value, "help") */
#define LEASE_METRICS(METRIC)                                                                      \
	METRIC(gauge, "weir_quota_redis_up", (uint64_t)c.lease.up, "1 while Redis answers")        \
	METRIC(gauge, "weir_quota_purses", c.purses, "limits with a slice or something to tell")   \
	METRIC(counter, "weir_quota_asked_total", c.lease.asked, "questions for slices")           \
	METRIC(counter, "weir_quota_granted_total", c.lease.granted,                               \
	       "questions that got what they needed")                                              \
	METRIC(counter, "weir_quota_short_total", c.lease.short_of,                                \
	       "questions that found no room")                                                     \
	METRIC(counter, "weir_quota_failed_total", c.lease.failed,                                 \
	       "questions without an answer in time")                                              \
	METRIC(counter, "weir_quota_settled_total", c.lease.settled,                               \
	       "limits in which what an earlier process had leased was given up")                  \
	METRIC(counter, "weir_quota_epochs_total", c.lease.epochs,                                 \
	       "times that Redis was seen to have lost its memory")                                \
	METRIC(counter, "weir_quota_redis_commands_total", c.lease.redis.commands,                 \
	       "commands sent to Redis")

static bool add_usd(struct buf *to, const char *name, int64_t pusd, const char *help)
{
	char text[DECIMAL_TEXT_ROOM];

	decimal_pusd_text(pusd, text);
	return buf_addf(to, "# HELP %s %s\n# TYPE %s gauge\n%s %s\n", name, help, name, name, text);
}

bool sharing_metrics(const struct house *h, struct buf *to)
{
	struct lessor_counts c;
	bool ok = true;

	if (!h->lessor)
		return true;
	c = lessor_counts(h->lessor);
#define METRIC(type, name, value, help)                                                            \
	ok = ok && buf_addf(to,                                                                    \
			    "# HELP " name " " help "\n# TYPE " name " " #type "\n" name           \
			    " %" PRIu64 "\n",                                                      \
			    value);
	LEASE_METRICS(METRIC)
#undef METRIC
	return ok &&
	       add_usd(to, "weir_quota_slices_left_usd", c.slices_left_pusd,
		       "leased and not used: what this process can spend while Redis is away, and "
		       "the most it can overspend should Redis lose its memory meanwhile") &&
	       add_usd(
		   to, "weir_quota_beyond_slices_usd", c.beyond_pusd,
		   "used beyond what is leased, as on_outage: open allows, up to the limit by each "
		   "process");
}
