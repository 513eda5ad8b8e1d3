#include "base/id.h"
#include "base/digest.h"

/* 74 random bits are drawn once per thread and then counted up, so that an id
 * costs no system call and two of one millisecond still sort in order. */
static _Thread_local struct {
	uint64_t high, low; /* 12 and 62 bits in use */
	bool seeded;
} state;

struct id id_new(struct wall now)
{
	struct id id;
	uint64_t ms = now.us / US_PER_MS, high, low;

	if (!state.seeded) {
		digest_random(&state.high, sizeof(state.high));
		digest_random(&state.low, sizeof(state.low));
		state.seeded = true;
	}
	if (++state.low == 0)
		state.high++;
	high = ms << 16 | 0x7000 | (state.high & 0xfff);
	low = (state.low & UINT64_C(0x3fffffffffffffff)) | UINT64_C(1) << 63;
	for (int i = 0; i < 8; i++) {
		id.byte[i] = (uint8_t)(high >> (56 - 8 * i));
		id.byte[8 + i] = (uint8_t)(low >> (56 - 8 * i));
	}
	return id;
}

void id_text(struct id id, char to[ID_TEXT_ROOM])
{
	static const size_t groups[] = { 4, 2, 2, 2, 6 };
	const uint8_t *from = id.byte;

	for (size_t g = 0; g < 5; g++) {
		digest_hex(from, groups[g], to);
		from += groups[g];
		to += 2 * groups[g];
		*to++ = g < 4 ? '-' : '\0';
	}
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

bool id_parse(struct span s, struct id *out)
{
	size_t at = 0;

	if (s.len != ID_TEXT_ROOM - 1)
		return false;
	for (size_t i = 0; i < ID_BYTES; i++) {
		int high, low;

		if (i == 4 || i == 6 || i == 8 || i == 10)
			if (s.at[at++] != '-')
				return false;
		high = hex_value(s.at[at++]);
		low = hex_value(s.at[at++]);
		if (high < 0 || low < 0)
			return false;
		out->byte[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}
