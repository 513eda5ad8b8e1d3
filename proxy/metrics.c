#include "proxy/metrics.h"

static const struct metric_info {
	const char *kind, *name, *help;
	size_t offset;
} infos[] = {
#define KIND_COUNTER "counter"
#define KIND_GAUGE   "gauge"
#define METRIC(kind, name, unit, help)                                                             \
	{ KIND_##kind, "weir_" #name "_" #unit, help, offsetof(struct metrics, name##_##unit) },
#include "proxy/metrics.tbl.h"
};

static int64_t read_cell(const _Atomic int64_t *cell)
{
	return atomic_load_explicit(cell, memory_order_relaxed);
}

void metrics_sum(struct metrics *sum, const struct metrics *from)
{
	/* The struct is nothing but cells of one type. */
	_Atomic int64_t *to = (_Atomic int64_t *)sum;
	const _Atomic int64_t *cell = (const _Atomic int64_t *)from;

	_Static_assert(sizeof(struct metrics) % sizeof(_Atomic int64_t) == 0, "only cells");
	for (size_t i = 0; i < sizeof(*sum) / sizeof(*cell); i++)
		metric_add(&to[i], read_cell(&cell[i]));
}

bool metrics_text(const struct metrics *m, struct buf *to)
{
	bool ok = true;

	for (size_t i = 0; i < sizeof(infos) / sizeof(infos[0]); i++)
		ok = ok &&
		     buf_addf(to, "# HELP %s %s\n# TYPE %s %s\n%s %lld\n", infos[i].name,
			      infos[i].help, infos[i].name, infos[i].kind, infos[i].name,
			      (long long)read_cell(
				  (const _Atomic int64_t *)((const char *)m + infos[i].offset)));
	ok = ok && buf_addf(to, "# HELP weir_exchanges_ended_total exchanges by how they ended\n"
				"# TYPE weir_exchanges_ended_total counter\n");
	for (int e = END_NOT_YET + 1; e < END_COUNT; e++)
		ok = ok && buf_addf(to, "weir_exchanges_ended_total{end=\"%s\"} %lld\n",
				    exchange_ending_name(e), (long long)read_cell(&m->ended[e]));
	return ok;
}

bool metrics_states(const struct metrics *m, struct buf *to)
{
	bool ok = buf_add(to, SPAN("{\"states\":["));
	const char *comma = "";

	for (int s = 0; s < XS_COUNT; s++)
		ok = ok && buf_addf(to, "%s{\"state\":\"%s\",\"doing\":\"%s\"}", s ? "," : "",
				    exchange_state_name(s), exchange_state_doing(s));
	ok = ok && buf_add(to, SPAN("],\"edges\":["));
	for (int from = 0; from < XS_COUNT; from++) {
		for (int into = 0; into < XS_COUNT; into++) {
			const char *why = exchange_edge(from, into);

			if (!why)
				continue;
			ok = ok &&
			     buf_addf(to,
				      "%s{\"from\":\"%s\",\"to\":\"%s\",\"why\":\"%s\","
				      "\"taken\":%lld}",
				      comma, exchange_state_name(from), exchange_state_name(into),
				      why, (long long)read_cell(&m->edges[from][into]));
			comma = ",";
		}
	}
	return ok && buf_add(to, SPAN("]}"));
}
