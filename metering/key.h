/* key.h - the keys that tenants present: making, checking, masking.
 *
 *   sk-weir-<public id>-<secret><checksum>
 *
 * All three parts are base62 and of fixed length. The public id names the key in logs,
 * listings and the ledger. The secret has over 128 random bits. The checksum (CRC-32 of
 * all before it) lets garbage be refused without a look-up; it protects nothing. What
 * is stored and looked up is the SHA-256 of the whole text, so nothing here compares a
 * secret.
 */
#ifndef METERING_KEY_H
#define METERING_KEY_H
#include <stdbool.h>
#include <stdint.h>
#include "base/digest.h"
#include "base/span.h"

#define KEY_PREFIX       "sk-weir-"
#define KEY_ID_LEN       12
#define KEY_SECRET_LEN   24
#define KEY_CHECKSUM_LEN 6
#define KEY_LEN          (8 + KEY_ID_LEN + 1 + KEY_SECRET_LEN + KEY_CHECKSUM_LEN)
#define KEY_ROOM         (KEY_LEN + 1)
#define KEY_MASK_ROOM    32

/* A new key from the kernel's random generator. */
void key_make(char to[KEY_ROOM]);

/* Is this text of the form above, with the right checksum? */
bool key_check(struct span key);

/* The digest under which a key is stored. */
void key_hash(struct span key, uint8_t out[SHA256_BYTES]);

/* The public id inside a key for which key_check() is true. */
struct span key_public_id(struct span key);

/* What may be shown of a presented credential: the public id if it is one of ours,
 * otherwise nothing but stars. */
void key_mask(struct span key, char to[KEY_MASK_ROOM]);

#endif
