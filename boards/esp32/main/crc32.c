/* See crc32.h. Bit by bit over nibbles, without a table in flash: it is called with the cache off.
 */
#include "crc32.h"

uint32_t crc32_update(uint32_t crc, const void *bytes, size_t len) {
    const uint8_t *at = bytes;
    crc = ~crc;
    for (size_t i = 0; i < len; i++) {
        crc ^= at[i];
        for (uint32_t bit = 0; bit < 8; bit++)
            crc = (crc >> 1) ^ ((crc & 1u) != 0 ? 0xedb88320u : 0u);
    }
    return ~crc;
}
