/* ledger_ops.h - what a back-end of the ledger implements; for store/ alone.
 *
 * Each function keeps the promise of the one of the same name in ledger.h. A back-end's
 * struct begins with a struct ledger. */
#ifndef STORE_LEDGER_OPS_H
#define STORE_LEDGER_OPS_H
#include "store/ledger.h"

struct ledger_ops {
	enum err (*open)(const char *where, struct ledger **out, const char **why);
	void (*close)(struct ledger *l);
	const char *(*trouble)(const struct ledger *l);

	enum err (*commit)(struct ledger *l, const struct row *rows, size_t n,
			   struct ledger_tally *tally);
	enum err (*prune)(struct ledger *l, uint64_t before_us, uint32_t limit, uint32_t *dropped);

	enum err (*tenant_put)(struct ledger *l, enum ledger_put how, const struct tenant_row *r);
	enum err (*key_put)(struct ledger *l, enum ledger_put how, const struct key_row *r);
	enum err (*quota_put)(struct ledger *l, enum ledger_put how, const struct quota_row *r);
	enum err (*price_put)(struct ledger *l, enum ledger_put how, const struct price_row *r);
	enum err (*quota_drop)(struct ledger *l, const struct quota_row *r);

	enum err (*tenant_each)(struct ledger *l,
				bool (*each)(void *arg, const struct tenant_row *r), void *arg);
	enum err (*key_each)(struct ledger *l, bool (*each)(void *arg, const struct key_row *r),
			     void *arg);
	enum err (*quota_each)(struct ledger *l, bool (*each)(void *arg, const struct quota_row *r),
			       void *arg);
	enum err (*price_each)(struct ledger *l, bool (*each)(void *arg, const struct price_row *r),
			       void *arg);

	enum err (*learned_put)(struct ledger *l, const struct learned_row *rows, size_t n);
	enum err (*learned_each)(struct ledger *l,
				 bool (*each)(void *arg, const struct learned_row *r), void *arg);

	enum err (*request_each)(struct ledger *l, const struct ledger_filter *f, bool newest_first,
				 uint32_t limit, bool (*each)(void *arg, const struct row *r),
				 void *arg);
	enum err (*request_get)(struct ledger *l, struct id id, struct row *out);
	enum err (*usage_each)(struct ledger *l, const struct ledger_filter *f, unsigned groups,
			       bool (*each)(void *arg, const struct usage_row *r), void *arg);
	enum err (*spend_each)(struct ledger *l, uint64_t since_us,
			       bool (*each)(void *arg, const struct spend_row *r), void *arg);
	enum err (*tag_spend_each)(struct ledger *l, uint64_t since_us,
				   bool (*each)(void *arg, const struct tag_spend_row *r),
				   void *arg);
};

struct ledger {
	const struct ledger_ops *ops;
};

/* Why no back-end shall hold r: static text; NULL when all can. */
const char *ledger_unfit(const struct row *r);

extern const struct ledger_ops sqlite_ops;

#endif
