/* Records of 64 bytes by number in a ring of flash sectors. A record is written whole or not at
 * all, whatever the supply does: the newest whole copy counts. Sectors are used in turn; the one
 * that is about to be erased first gives its live records to the newest. Uses flash.h alone. */
#ifndef RECORD_LOG_H
#define RECORD_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "flash_map.h"

#define RECORD_BYTES 64u
#define RECORD_COUNT 515u
#define LOG_SECTORS (FLASH_STORAGE_BYTES / FLASH_SECTOR_BYTES)

/* Finds the records that are there; anything else in the flash counts as free. False if the flash
 * does not answer. */
bool log_mount(void);
/* Where a record is read; null if it was never written. It was compared when it was written, and
 * is not checked again. */
const uint8_t *log_find(uint32_t number);
/* False on an error: the record is then as it was. */
bool log_write(uint32_t number, const uint8_t *bytes);
/* Erases everything. */
bool log_forget(void);

#endif
