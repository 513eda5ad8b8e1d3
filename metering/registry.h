/* registry.h - who may ask for what: an immutable snapshot of tenants, keys and quotas.
 *
 * Built by whoever changes something, published in a box (base/box.h), read by workers
 * without a lock. Counted: it goes when the last worker has seen a newer one.
 *
 * Keys are found by the SHA-256 of what the client presented. Comparing digests needs no
 * constant time: whoever could steer a digest byte by byte would have broken SHA-256.
 *
 * Limit    REGISTRY_KEYS_MAX keys, REGISTRY_ROWS_MAX tenants and quotas, QUOTAS_EACH_MAX
 *          quotas of a scope and id that one resource falls under.
 * Errors   rows that make no sense (unknown tenant, scope, period ...) refuse the whole
 *          set: half a set of budgets would be a hole.
 */
#ifndef METERING_REGISTRY_H
#define METERING_REGISTRY_H
#include <stdbool.h>
#include <stddef.h>
#include "base/box.h"
#include "base/clk.h"
#include "base/digest.h"
#include "base/err.h"
#include "base/must.h"
#include "base/span.h"
#include "metering/allowance.h"
#include "store/record.h"

#define REGISTRY_KEYS_MAX (1u << 20)
#define REGISTRY_ROWS_MAX (1u << 20)

struct registry;

struct registry_rows { /* borrowed for the call, but for the zones, which outlive all */
	const struct tenant_row *tenant;
	const struct key_row *key;
	const struct quota_row *quota;
	size_t tenants, keys, quotas;
	struct zones *zones;
};

/* Builds a snapshot; its quotas are listed in `purses`, which must outlive it. On error
 * why_room bytes at `why` say which row and what is wrong with it. purses: NULL only checks
 * the rows; then *out is not touched. */
enum err registry_new(const struct registry_rows *rows, struct purses *purses,
		      struct registry **out, char *why, size_t why_room) MUST_USE;

/* One reference more; returns r. */
struct registry *registry_ref(struct registry *r);

/* One less; the last one frees it and gives its purses' listings back. NULL is fine. */
void registry_unref(struct registry *r);

struct key_entry { /* lives as long as its snapshot */
	const char *id, *tenant, *team, *user, *label, *models;
	uint64_t expires_us, revoked_us;
	bool tenant_disabled;
	struct allowance llm, e2b; /* the quotas of all but tags, for it and `all` */
};

/* The key with that digest; NULL: no such key. */
const struct key_entry *registry_find(const struct registry *r, const uint8_t hash[SHA256_BYTES]);

/* What a request of this key falls under: what the key does, and what its user (where the key
 * names none itself) and its comma-separated tags do. room: ALLOWANCE_PURSES_MAX purses, not
 * used where the key's own allowance is all there is. ERR_TOO_BIG: tags with more than
 * QUOTAS_EACH_MAX quotas together. */
enum err registry_allowance(const struct registry *r, const struct key_entry *k,
			    enum resource resource, struct span user, struct span tags,
			    struct purse *room[ALLOWANCE_PURSES_MAX],
			    struct allowance *out) MUST_USE;

/* What is wrong with a key at `now`; the worst first. */
enum key_state {
	KEY_OK,
	KEY_TENANT_DISABLED,
	KEY_REVOKED,
	KEY_EXPIRED
};
enum key_state key_entry_state(const struct key_entry *k, struct wall now);

/* May the key use this model? Byte for byte, or by a pattern that ends in '*'. */
bool key_entry_allows(const struct key_entry *k, struct span model);

/* The key of that public id, whatever its state; for rows found after a crash. NULL: none. */
const struct key_entry *registry_find_id(const struct registry *r, const char *id);

/* The purses of all quotas, in the order of quota_order(); for seeding and
 * listings. */
size_t registry_purses(const struct registry *r, struct purse *const **out);

/* Makes b a box of registries (base/box.h): publish with box_publish(), see the newest
 * with box_see(). */
void registry_box_init(struct box *b);

#endif
