#include "base/digest.h"
#include <openssl/evp.h>
#include <sys/random.h>
#include "base/must.h"

void digest_sha256(struct span s, uint8_t out[SHA256_BYTES])
{
	MUST(EVP_Digest(s.at ? s.at : "", s.len, out, NULL, EVP_sha256(), NULL) == 1);
}

void digest_hex(const uint8_t *bytes, size_t n, char *to)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < n; i++) {
		*to++ = digits[bytes[i] >> 4];
		*to++ = digits[bytes[i] & 15];
	}
	*to = '\0';
}

void digest_random(void *to, size_t n)
{
	MUST(n <= 256); /* up to there getrandom() is never cut short */
	MUST(getrandom(to, n, 0) == (ssize_t)n);
}
