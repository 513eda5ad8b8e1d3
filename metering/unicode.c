/* unicode.c - the two-stage table behind unicode.h: blocks of 128 code points, each kept once. */
#include "metering/unicode.h"

const uint8_t unicode_blocks[UNICODE_END >> UNICODE_BLOCK_SHIFT] = {
#define UNICODE_AT(...) __VA_ARGS__,
#define UNICODE_BLOCK(text)
#include "metering/unicode.tbl.h"
#undef UNICODE_AT
#undef UNICODE_BLOCK
};

const char unicode_letters[] =
#define UNICODE_AT(...)
#define UNICODE_BLOCK(text) text
#include "metering/unicode.tbl.h"
#undef UNICODE_AT
#undef UNICODE_BLOCK
    ;
