/* learning.c - see learning.h. */
#include "ops/learning.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/clk.h"
#include "base/log.h"
#include "metering/learn.h"
#include "ops/house.h"
#include "store/ledger.h"

#define LINES_MAX (LEARN_MODELS_MAX * LEARN_KIND_COUNT)

/* ---- beginning ---- */

static bool on_kept(void *arg, const struct learned_row *r)
{
	char why[160];

	if (learn_read(arg, span_of(r->state), why, sizeof(why)) != ERR_OK)
		log_event(LOG_LEVEL_WARN, "learned", "%s is forgotten: %s", r->name, why);
	return true;
}

enum err learning_open(struct house *h, char *why, size_t room)
{
	enum err e = ERR_NOMEM;

	snprintf(why, room, "out of memory");
	h->learn = learn_new();
	if (h->learn)
		e = ledger_learned_each(h->ledger, on_kept, h->learn);
	if (e == ERR_AWAY)
		snprintf(why, room, "ledger: %s", ledger_trouble(h->ledger));
	return e;
}

/* ---- keeping ---- */

struct lines {
	struct buf text; /* name, NUL, line, NUL for each */
	size_t count;
	bool cut;
};

static bool on_line(void *arg, const char *name, struct span line)
{
	struct lines *lines = arg;

	lines->cut = !buf_add(&lines->text, (struct span){ name, strlen(name) + 1 }) ||
		     !buf_add(&lines->text, (struct span){ line.at, line.len + 1 });
	lines->count += !lines->cut;
	return !lines->cut;
}

static enum err put_lines(struct house *h, const struct lines *lines)
{
	struct learned_row *rows = calloc(lines->count, sizeof(*rows));
	const char *at = lines->text.at;
	enum err e;

	if (!rows)
		return ERR_NOMEM;
	for (size_t i = 0; i < lines->count; i++) {
		rows[i].name = at;
		rows[i].state = at + strlen(at) + 1;
		rows[i].saved_us = clk_wall().us;
		at = rows[i].state + strlen(rows[i].state) + 1;
	}
	e = ledger_learned_put(h->ledger, rows, lines->count);
	free(rows);
	return e;
}

static void on_news(void *arg, const struct learn_view *v)
{
	int size = v->bias_permil < 0 ? -v->bias_permil : v->bias_permil;

	(void)arg;
	if (v->drift)
		log_event(LOG_LEVEL_WARN, "estimate_drift",
			  "%s %s (%s): the provider reports %d.%d %% %s tokens than estimated%s",
			  v->provider, v->family, learn_kind_name(v->kind), size / 10, size % 10,
			  v->bias_permil < 0 ? "fewer" : "more",
			  v->frozen ? "; the estimates are frozen" : "");
	else
		log_event(LOG_LEVEL_INFO, "estimate_drift", "%s %s (%s): over", v->provider,
			  v->family, learn_kind_name(v->kind));
}

enum err learning_keep(struct house *h)
{
	struct lines lines = { .count = 0 };
	enum err e = ERR_OK;

	learn_each_news(h->learn, on_news, NULL);
	buf_init(&lines.text, (size_t)LINES_MAX * LEARN_LINE_MAX);
	learn_each_line(h->learn, true, on_line, &lines);
	if (lines.cut)
		e = ERR_NOMEM;
	else if (lines.count > 0)
		e = put_lines(h, &lines);
	buf_release(&lines.text);
	if (e == ERR_OK)
		return e;
	learn_unkept(h->learn);
	log_event(LOG_LEVEL_WARN, "learned", "not saved, will be tried again: %s",
		  e == ERR_AWAY ? ledger_trouble(h->ledger) : err_text(e));
	return e;
}

/* ---- metrics ---- */

struct page {
	struct buf *to;
	const char *name;
	uint64_t (*figure)(const struct learn_view *v); /* NULL: the histogram */
	unsigned shown;
	bool ok;
};

static bool add_figure(struct page *p, const struct learn_view *v, uint64_t figure)
{
	return buf_addf(p->to, "%s{provider=\"%s\",family=\"%s\",kind=\"%s\"} %" PRIu64 "\n",
			p->name, v->provider, v->family, learn_kind_name(v->kind), figure);
}

/* Buckets below 0.5, ... 1.02, ... and in all; the finer ones are added up. */
static bool add_histogram(struct page *p, const struct learn_view *v)
{
	static const uint32_t edges[] = { 500, 800, 900, 950, 980, 1020, 1050, 1100, 1250, 2000 };
	uint64_t sum = 0;
	unsigned i = 0;
	bool ok = true;

	for (unsigned edge = 0; ok && edge < sizeof(edges) / sizeof(edges[0]); edge++) {
		while (i < LEARN_BUCKETS - 1 && learn_edge_permil[i] <= edges[edge])
			sum += v->bucket[i++];
		ok = buf_addf(p->to,
			      "%s_bucket{provider=\"%s\",family=\"%s\",kind=\"%s\",le=\"%u.%02u\"} "
			      "%" PRIu64 "\n",
			      p->name, v->provider, v->family, learn_kind_name(v->kind),
			      edges[edge] / 1000, edges[edge] % 1000 / 10, sum);
	}
	return ok &&
	       buf_addf(p->to,
			"%s_bucket{provider=\"%s\",family=\"%s\",kind=\"%s\",le=\"+Inf\"} "
			"%" PRIu64 "\n",
			p->name, v->provider, v->family, learn_kind_name(v->kind), v->seen) &&
	       buf_addf(p->to,
			"%s_sum{provider=\"%s\",family=\"%s\",kind=\"%s\"} "
			"%" PRIu64 ".%03" PRIu64 "\n",
			p->name, v->provider, v->family, learn_kind_name(v->kind),
			v->ratio_sum_permil / 1000, v->ratio_sum_permil % 1000) &&
	       buf_addf(p->to, "%s_count{provider=\"%s\",family=\"%s\",kind=\"%s\"} %" PRIu64 "\n",
			p->name, v->provider, v->family, learn_kind_name(v->kind), v->seen);
}

static bool on_view(void *arg, const struct learn_view *v)
{
	struct page *p = arg;

	p->ok = p->figure ? add_figure(p, v, p->figure(v)) : add_histogram(p, v);
	return p->ok && ++p->shown < LEARNING_SHOWN_MAX;
}

static bool add_metric(struct house *h, struct buf *to, const char *name, const char *type,
		       const char *help, uint64_t (*figure)(const struct learn_view *v))
{
	struct page p = { .to = to, .name = name, .figure = figure };

	p.ok = buf_addf(to, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
	if (p.ok)
		learn_each(h->learn, on_view, &p);
	return p.ok;
}

static uint64_t samples_of(const struct learn_view *v)
{
	return v->samples;
}

static uint64_t drift_of(const struct learn_view *v)
{
	return v->drift;
}

static uint64_t frozen_of(const struct learn_view *v)
{
	return v->frozen;
}

bool learning_metrics(struct house *h, struct buf *to)
{
	return add_metric(h, to, "weir_calibration_samples_total", "counter",
			  "reported counts that estimates were learned from", samples_of) &&
	       add_metric(
		   h, to, "weir_calibration_drift", "gauge",
		   "1 while reported counts are more than 3 % off the estimates, in the mean",
		   drift_of) &&
	       add_metric(h, to, "weir_calibration_frozen", "gauge",
			  "1 while estimates do not learn, because they were told so", frozen_of) &&
	       add_metric(h, to, "weir_calibration_error_ratio", "histogram",
			  "reported tokens / estimated tokens, each estimate made before it knew",
			  NULL);
}
