/* CRC-32 (ISO-HDLC). */
#ifndef CRC32_H
#define CRC32_H

#include <stddef.h>
#include <stdint.h>

/* Goes on from `crc`; begins with 0. */
uint32_t crc32_update(uint32_t crc, const void *bytes, size_t len);

#endif
