/* digest.h - SHA-256 and random bytes; the door to libcrypto for all that need no TLS. */
#ifndef BASE_DIGEST_H
#define BASE_DIGEST_H
#include <stdint.h>
#include "base/span.h"

#define SHA256_BYTES 32

/* SHA-256 of s. */
void digest_sha256(struct span s, uint8_t out[SHA256_BYTES]);

/* Writes 2 * n lower-case hex digits and a NUL. */
void digest_hex(const uint8_t *bytes, size_t n, char *to);

/* n bytes from the kernel's generator; aborts when there are none. */
void digest_random(void *to, size_t n);

#endif
