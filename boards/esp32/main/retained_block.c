/* See retained_block.h. */
#include "retained_block.h"

#include <stddef.h>
#include <string.h>

#include "crc32.h"

/* Changes with the layout: a block of another version counts as lost. */
#define VERSION 0x4b535232u

static uint32_t checksum_of(const struct retained_block *block) {
    return crc32_update(0, block, offsetof(struct retained_block, checksum));
}

void retained_clear(struct retained_block *block) {
    memset(block, 0, sizeof *block);
    block->version = VERSION;
    block->reason = KS_BOOT_COUNT;
    block->not_now = UINT32_MAX;
    retained_seal(block);
}

void retained_seal(struct retained_block *block) { block->checksum = checksum_of(block); }

bool retained_good(const struct retained_block *block) {
    if (block->version != VERSION || block->checksum != checksum_of(block)) return false;
    for (uint32_t pin = 0; pin < KS_BOARD_PINS; pin++)
        if (block->levels[pin] > 1) return false;
    return block->reason <= KS_BOOT_COUNT;
}

uint32_t retained_clock(const struct retained_block *block) {
    return block->now == ~block->not_now ? block->now : 0;
}
