/* crc32.h - the two 32-bit checksums of this trade. Neither protects against intent. */
#ifndef BASE_CRC32_H
#define BASE_CRC32_H
#include <stdint.h>
#include "base/span.h"

/* CRC-32 (IEEE 802.3, zlib, gzip, AWS event streams) of s. To go on over several
 * pieces pass the result for the pieces before; 0 to begin. */
uint32_t crc32_ieee(uint32_t before, struct span s);

/* CRC-32C (Castagnoli: iSCSI, ext4, our journal) of s; chained the same way. */
uint32_t crc32_castagnoli(uint32_t before, struct span s);

#endif
