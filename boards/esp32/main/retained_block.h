/* Layout and check of the data that survive a restart but not a loss of supply: the guest's
 * retained region, the reason of the next boot, the clock, the levels of the pins.
 *
 * The clock is written every millisecond and has its own complement. A restart may come between any
 * two stores, so the clock is checked separately from the rest. */
#ifndef RETAINED_BLOCK_H
#define RETAINED_BLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "abi.gen.h"
#include "hal.h"

#define RETAINED_REGION_BYTES 64u

struct retained_block {
    uint32_t version;
    /* KS_BOOT of the restart that the host ordered; KS_BOOT_COUNT if it ordered none. */
    uint32_t reason;
    /* How long the next boot waits before it starts the host, in ms. */
    uint32_t delay_ms;
    /* Panics and watchdog resets since the supply came up, and those in a row: each within
     * PANIC_ROW_MS of its boot. */
    uint32_t panics, panics_in_row;
    /* hal_now() at this boot. */
    uint32_t booted;
    uint32_t levels[KS_BOARD_PINS];
    uint8_t region[RETAINED_REGION_BYTES];
    uint32_t checksum;
    /* hal_now() at its last call, and the complement. */
    uint32_t now, not_now;
};

/* Makes a valid block: all zero, no restart ordered. */
void retained_clear(struct retained_block *block);
/* To be called after each change except of the clock. */
void retained_seal(struct retained_block *block);
bool retained_good(const struct retained_block *block);
/* 0 if the clock does not match its complement. */
uint32_t retained_clock(const struct retained_block *block);

#endif
