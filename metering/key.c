/* key.c - the text of a key; what is secret in it is never compared, only digested. */
#include "metering/key.h"
#include <stdio.h>
#include "base/crc32.h"
#include "base/must.h"

#define ID_AT       (sizeof(KEY_PREFIX) - 1)
#define DASH_AT     (ID_AT + KEY_ID_LEN)
#define CHECKSUM_AT (KEY_LEN - KEY_CHECKSUM_LEN)

_Static_assert(KEY_LEN == DASH_AT + 1 + KEY_SECRET_LEN + KEY_CHECKSUM_LEN, "the parts of a key");

static const char letters[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
#define LETTERS (sizeof(letters) - 1)

/* len random letters, each as likely as any other: bytes beyond the last whole multiple
 * of the alphabet are thrown away. */
static void put_random(char *to, size_t len)
{
	const unsigned fair = 256 / LETTERS * LETTERS;

	while (len > 0) {
		uint8_t bytes[64];

		digest_random(bytes, sizeof(bytes));
		for (size_t i = 0; i < sizeof(bytes) && len > 0; i++) {
			if (bytes[i] >= fair)
				continue;
			*to++ = letters[bytes[i] % LETTERS];
			len--;
		}
	}
}

/* The checksum of a key's other bytes; 62^6 is more than 2^32. */
static void put_checksum(const char *key, char to[KEY_CHECKSUM_LEN])
{
	uint32_t sum = crc32_ieee(0, (struct span){ key, CHECKSUM_AT });

	for (size_t i = KEY_CHECKSUM_LEN; i > 0; i--) {
		to[i - 1] = letters[sum % LETTERS];
		sum /= LETTERS;
	}
}

void key_make(char to[KEY_ROOM])
{
	memcpy(to, KEY_PREFIX, ID_AT);
	put_random(to + ID_AT, KEY_ID_LEN);
	to[DASH_AT] = '-';
	put_random(to + DASH_AT + 1, KEY_SECRET_LEN);
	put_checksum(to, to + CHECKSUM_AT);
	to[KEY_LEN] = '\0';
}

static bool is_letter(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

bool key_check(struct span key)
{
	char sum[KEY_CHECKSUM_LEN];

	if (key.len != KEY_LEN || !span_starts(key, SPAN(KEY_PREFIX)))
		return false;
	for (size_t i = ID_AT; i < KEY_LEN; i++)
		if (i == DASH_AT ? key.at[i] != '-' : !is_letter(key.at[i]))
			return false;
	put_checksum(key.at, sum);
	return memcmp(sum, key.at + CHECKSUM_AT, KEY_CHECKSUM_LEN) == 0;
}

void key_hash(struct span key, uint8_t out[SHA256_BYTES])
{
	digest_sha256(key, out);
}

struct span key_public_id(struct span key)
{
	MUST(key.len == KEY_LEN);
	return (struct span){ key.at + ID_AT, KEY_ID_LEN };
}

void key_mask(struct span key, char to[KEY_MASK_ROOM])
{
	if (key_check(key))
		snprintf(to, KEY_MASK_ROOM, KEY_PREFIX "%.*s-****", SPAN_ARG(key_public_id(key)));
	else
		snprintf(to, KEY_MASK_ROOM, "****");
}
