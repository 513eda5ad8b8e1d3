/* declined.c - see declined.h. */
#include "proxy/declined.h"
#include "base/digest.h"

uint64_t declined_kind(struct span model, struct span path, struct span query)
{
	uint8_t hashes[3][SHA256_BYTES], hash[SHA256_BYTES];
	uint64_t kind;

	digest_sha256(model, hashes[0]);
	digest_sha256(path, hashes[1]);
	digest_sha256(query, hashes[2]);
	digest_sha256((struct span){ (const char *)hashes, sizeof(hashes) }, hash);
	memcpy(&kind, hash, sizeof(kind));
	return kind | 1; /* 0 stands for none */
}

bool declined_knows(const struct declined *d, uint64_t kind)
{
	for (unsigned i = 0; i < DECLINED_MAX; i++)
		if (d->at[i].kind == kind && clk_since_us(d->at[i].since) < DECLINED_TIME_US)
			return true;
	return false;
}

bool declined_is_empty(const struct declined *d)
{
	return d->at[0].kind == 0;
}

void declined_note(struct declined *d, uint64_t kind)
{
	unsigned i = 0;

	while (i < DECLINED_MAX && d->at[i].kind != kind)
		i++;
	if (i == DECLINED_MAX) {
		i = d->next;
		d->next = (d->next + 1) % DECLINED_MAX;
	}
	d->at[i].kind = kind;
	d->at[i].since = clk_mono();
}

bool declined_says(struct span body)
{
	return body.len > 0 && memmem(body.at, body.len, "stream_options", 14) != NULL;
}
