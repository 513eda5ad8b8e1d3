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
	char plan[48]; /* whose quotas it begins with; empty: the default ones */
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

/* One limit; (scope, tenant, scope_id, resource, unit, period) is its identity. */
struct quota_row {
	char scope[12];    /* platform, tenant, team, user, key or tag */
	char tenant[48];   /* whose team, user or tag; empty for other scopes */
	char scope_id[64]; /* which one; empty for the platform */
	char resource[8];  /* llm, e2b or all */
	char unit[12];     /* usd, tokens, requests or concurrent */
	char period[8];    /* minute, hour, day, week, month or total */
	int64_t limit;     /* of its unit, usd in 1e-12 USD; -1: none, and none by default either */
	int64_t raised_limit; /* holds instead before raised_until_us */
	uint64_t raised_until_us;
	char warn[48];      /* percent of the limit, "80,90,100"; empty: do not warn */
	char zone[48];      /* whose days and months, e.g. Europe/Berlin; empty: UTC */
	char action[8];     /* block, or warn: it never refuses */
	char on_outage[8];  /* closed, local or open: while what replicas share is away */
	uint32_t in_shadow; /* 1: not enforced yet, only counted and warned of */
	uint64_t reset_us;  /* what was spent before does not count */
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
