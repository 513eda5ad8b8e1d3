#include "store/ledger.h"
#include "store/ledger_ops.h"

/* A further back-end is one line here and a file of its own. */
static const struct {
	const char *name;
	const struct ledger_ops *ops;
} backends[] = {
	{ "sqlite", &sqlite_ops },
};

enum err ledger_open(const char *backend, const char *where, struct ledger **out, const char **why)
{
	*out = NULL;
	for (size_t i = 0; i < sizeof(backends) / sizeof(backends[0]); i++)
		if (strcmp(backend, backends[i].name) == 0)
			return backends[i].ops->open(where, out, why);
	*why = "there is no ledger back-end of that name";
	return ERR_MISSING;
}

void ledger_close(struct ledger *l)
{
	if (l)
		l->ops->close(l);
}

const char *ledger_trouble(const struct ledger *l)
{
	return l->ops->trouble(l);
}

/* More than anything real, few enough to be summed a thousand times in 63 bits, and exact
 * for whoever reads JSON numbers as doubles. */
#define NUMBER_MAX (UINT64_C(1) << 53)

const char *ledger_unfit(const struct row *r)
{
	static const struct id none;

	if (memcmp(&r->id, &none, sizeof(none)) == 0)
		return "it has no id";
	if (r->cost_pusd < 0)
		return "its cost is negative";
	for (int i = 0; i < ROW_FIELDS; i++) {
		uint64_t number;

		if (row_fields[i].kind != ROW_U64)
			continue;
		memcpy(&number, (const char *)r + row_fields[i].offset, sizeof(number));
		if (number > NUMBER_MAX)
			return "a number is beyond 53 bits";
	}
	for (int q = 0; q < Q_COUNT; q++)
		if (r->quantity[q] > NUMBER_MAX || r->aux_quantity[q] > NUMBER_MAX)
			return "a quantity is beyond 53 bits";
	return NULL;
}

enum err ledger_commit(struct ledger *l, const struct row *rows, size_t n,
		       struct ledger_tally *tally)
{
	*tally = (struct ledger_tally){ 0 };
	MUST(n <= LEDGER_BATCH_MAX);
	return n == 0 ? ERR_OK : l->ops->commit(l, rows, n, tally);
}

enum err ledger_prune(struct ledger *l, uint64_t before_us, uint32_t limit, uint32_t *dropped)
{
	*dropped = 0;
	return l->ops->prune(l, before_us, limit, dropped);
}

enum err ledger_tenant_put(struct ledger *l, enum ledger_put how, const struct tenant_row *r)
{
	return l->ops->tenant_put(l, how, r);
}

enum err ledger_key_put(struct ledger *l, enum ledger_put how, const struct key_row *r)
{
	return l->ops->key_put(l, how, r);
}

enum err ledger_quota_put(struct ledger *l, enum ledger_put how, const struct quota_row *r)
{
	return l->ops->quota_put(l, how, r);
}

enum err ledger_price_put(struct ledger *l, enum ledger_put how, const struct price_row *r)
{
	return l->ops->price_put(l, how, r);
}

enum err ledger_quota_drop(struct ledger *l, const struct quota_row *r)
{
	return l->ops->quota_drop(l, r);
}

enum err ledger_tenant_each(struct ledger *l, bool (*each)(void *arg, const struct tenant_row *r),
			    void *arg)
{
	return l->ops->tenant_each(l, each, arg);
}

enum err ledger_key_each(struct ledger *l, bool (*each)(void *arg, const struct key_row *r),
			 void *arg)
{
	return l->ops->key_each(l, each, arg);
}

enum err ledger_quota_each(struct ledger *l, bool (*each)(void *arg, const struct quota_row *r),
			   void *arg)
{
	return l->ops->quota_each(l, each, arg);
}

enum err ledger_price_each(struct ledger *l, bool (*each)(void *arg, const struct price_row *r),
			   void *arg)
{
	return l->ops->price_each(l, each, arg);
}

enum err ledger_learned_put(struct ledger *l, const struct learned_row *rows, size_t n)
{
	return n == 0 ? ERR_OK : l->ops->learned_put(l, rows, n);
}

enum err ledger_learned_each(struct ledger *l, bool (*each)(void *arg, const struct learned_row *r),
			     void *arg)
{
	return l->ops->learned_each(l, each, arg);
}

enum err ledger_request_each(struct ledger *l, const struct ledger_filter *f, bool newest_first,
			     uint32_t limit, bool (*each)(void *arg, const struct row *r),
			     void *arg)
{
	return l->ops->request_each(l, f, newest_first, limit, each, arg);
}

enum err ledger_request_get(struct ledger *l, struct id id, struct row *out)
{
	return l->ops->request_get(l, id, out);
}

enum err ledger_usage_each(struct ledger *l, const struct ledger_filter *f, unsigned groups,
			   bool (*each)(void *arg, const struct usage_row *r), void *arg)
{
	return l->ops->usage_each(l, f, groups, each, arg);
}

enum err ledger_spend_each(struct ledger *l, uint64_t since_us,
			   bool (*each)(void *arg, const struct spend_row *r), void *arg)
{
	return l->ops->spend_each(l, since_us, each, arg);
}

enum err ledger_tag_spend_each(struct ledger *l, uint64_t since_us,
			       bool (*each)(void *arg, const struct tag_spend_row *r), void *arg)
{
	return l->ops->tag_spend_each(l, since_us, each, arg);
}
