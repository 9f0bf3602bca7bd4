/* The guest module and the owner's data, in their partitions. */
#ifndef PARTITIONS_H
#define PARTITIONS_H

#include "image_format.h"

/* The guest module, checked, in mapped flash; null if it is refused, with the reason and a length
 * of 0. Checked once: later calls return the same. */
const uint8_t *guest_partition(uint32_t *len, const char **refused);
/* CRC-32 of the module; 0 if there is none. */
uint32_t guest_partition_crc(void);

/* The owner's data; null with a reason if there are none. */
const struct owner *owner_partition(const char **refused);

#endif
