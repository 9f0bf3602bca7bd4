/* What outlives a restart of the chip and not a loss of supply: the guest's retained region, why
 * the board boots, the clock, the levels of the pins. Only its layout and its check: knows no chip.
 *
 * The clock is written every millisecond and carries its own complement; a restart may come between
 * any two stores, so the rest is checked apart from it. */
#ifndef RETAINED_BLOCK_H
#define RETAINED_BLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "abi.gen.h"
#include "hal.h"

#define RETAINED_REGION_BYTES 64u

struct retained_block {
    uint32_t version;
    /* KS_BOOT of the restart that was asked for; KS_BOOT_COUNT if none was. */
    uint32_t reason;
    /* The next boot comes no sooner than this, in ms. */
    uint32_t delay_ms;
    uint32_t levels[KS_BOARD_PINS];
    uint8_t region[RETAINED_REGION_BYTES];
    uint32_t checksum;
    /* hal_now() when it was last written, and its complement. */
    uint32_t now, not_now;
};

/* All zero, no restart asked for, good. */
void retained_clear(struct retained_block *block);
/* After each change but that of the clock. */
void retained_seal(struct retained_block *block);
bool retained_good(const struct retained_block *block);
/* 0 for a clock that does not check. */
uint32_t retained_clock(const struct retained_block *block);

#endif
