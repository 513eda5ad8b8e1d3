/* owners.c - see owners.h. Hashes in buckets as wide as a cache line; a full bucket loses one of
 * its own. */
#include "metering/owners.h"
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/digest.h"

#define BUCKET    8
#define NAMES_MAX 256 /* a row has no room for longer ones */

struct owners {
	uint64_t mask; /* of the buckets */
	_Atomic unsigned turn;
	_Atomic uint64_t hash[]; /* 0: none */
};

struct owners *owners_new(uint64_t answers)
{
	uint64_t buckets = 1;
	struct owners *o;

	while (buckets * BUCKET < answers)
		buckets *= 2;
	o = calloc(1, sizeof(*o) + buckets * BUCKET * sizeof(o->hash[0]));
	if (o)
		o->mask = buckets - 1;
	return o;
}

void owners_free(struct owners *o)
{
	free(o);
}

/* No name holds a NUL, so that two different triples never look the same. 0: they are too long. */
static uint64_t hash_of(struct span tenant, struct span provider, struct span id)
{
	char text[NAMES_MAX];
	struct span whole = { text, tenant.len + provider.len + id.len + 2 };
	uint8_t sum[SHA256_BYTES];
	uint64_t hash;

	if (whole.len > sizeof(text))
		return 0;
	snprintf(text, sizeof(text), "%.*s%c%.*s%c", SPAN_ARG(tenant), 0, SPAN_ARG(provider), 0);
	memcpy(text + tenant.len + provider.len + 2, id.at, id.len);
	digest_sha256(whole, sum);
	memcpy(&hash, sum, sizeof(hash));
	return hash | (uint64_t)(hash == 0);
}

static uint64_t bucket_of(const struct owners *o, uint64_t hash)
{
	return (hash >> 32 & o->mask) * BUCKET;
}

static bool has(const struct owners *o, uint64_t hash)
{
	uint64_t at = bucket_of(o, hash);

	for (unsigned i = 0; i < BUCKET; i++)
		if (atomic_load_explicit(&o->hash[at + i], memory_order_relaxed) == hash)
			return true;
	return false;
}

/* Two threads may take the same free place: then one of the two answers is forgotten early. */
void owners_note(struct owners *o, struct span tenant, struct span provider, struct span id)
{
	uint64_t hash = hash_of(tenant, provider, id), at = bucket_of(o, hash);
	unsigned i = 0;

	if (hash == 0 || has(o, hash))
		return;
	while (i < BUCKET && atomic_load_explicit(&o->hash[at + i], memory_order_relaxed) != 0)
		i++;
	if (i == BUCKET)
		i = atomic_fetch_add_explicit(&o->turn, 1, memory_order_relaxed) % BUCKET;
	atomic_store_explicit(&o->hash[at + i], hash, memory_order_relaxed);
}

bool owners_know(const struct owners *o, struct span tenant, struct span provider, struct span id)
{
	uint64_t hash = hash_of(tenant, provider, id);

	return hash != 0 && id.len > 0 && has(o, hash);
}
