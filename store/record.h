/* record.h - who may spend, as rows: tenants, their keys and their quotas; and prices.
 *
 * Flat copies of what the ledger keeps; text is NUL-terminated. The store neither
 * knows nor checks what a scope or a period means: metering/registry.c does, and
 * refuses a set of rows that it cannot read. Instants are us since 1970 UTC; 0 is never.
 */
#ifndef STORE_RECORD_H
#define STORE_RECORD_H
#include <stdint.h>
#include "base/digest.h"

struct tenant_row {
	char id[48];
	char name[96]; /* for people */
	uint64_t created_us;
	uint64_t disabled_us; /* since when none of its keys is served; 0: enabled */
};

struct key_row {
	char id[24];                /* the public part of the key */
	uint8_t hash[SHA256_BYTES]; /* of the whole key, which is never stored */
	char tenant[48];
	char team[48];
	char user[64];
	char label[64];   /* for people */
	char models[512]; /* comma separated, each exact or ending in '*'; empty: all */
	uint64_t created_us;
	uint64_t expires_us;
	uint64_t revoked_us;
};

/* One limit; (scope, scope_id, resource, period) is its identity. */
struct quota_row {
	char scope[12];    /* platform, tenant or key */
	char scope_id[48]; /* tenant id or key id; empty for the platform */
	char resource[8];  /* llm, e2b or all */
	char period[8];    /* hour, day, week, month or total */
	int64_t limit_pusd;
	uint32_t warn_pct; /* of the limit, 1 to 100; 0: do not warn */
	uint64_t reset_us; /* what was spent before does not count */
};

/* One dated price; (provider, model, valid_from_us) is its identity. */
struct price_row {
	char provider[32];
	char model[96];
	uint64_t valid_from_us;
	uint64_t valid_to_us; /* the first instant it no longer holds; 0: open */
	char version[24];     /* what rows keep as price_version */
	char source[96];      /* where it comes from, for people */
	char entry[4096];     /* the rates, in the form that metering/price.c reads */
	uint64_t created_us;
};

#endif
