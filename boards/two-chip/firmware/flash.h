/* The flash chip: erases a sector, programs a page, reads. */
#ifndef FLASH_H
#define FLASH_H

#include <stdbool.h>
#include <stdint.h>

/* Whether the chip answers and accepts writes. */
bool flash_answers(void);
/* Offsets are bytes from the flash's beginning. False if the chip did not finish in time. */
bool flash_erase(uint32_t sector);
/* Within one page. */
bool flash_program(uint32_t at, const void *bytes, uint32_t len);
/* The address at which an offset can be read. */
const uint8_t *flash_at(uint32_t at);

#endif
