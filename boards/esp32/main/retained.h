/* The block that survives a restart, in the chip's RTC memory, and the reason of this boot. */
#ifndef RETAINED_H
#define RETAINED_H

#include "retained_block.h"

/* Called once, before the rest of this file: keeps the block, or clears it if the supply was lost.
 * Returns KS_BOOT. */
uint32_t retained_boot(void);
struct retained_block *retained(void);
/* Panics and watchdog resets since the supply came up. */
uint32_t retained_panics(void);
/* Whether so many came in a row that the radio has to wait for a clean KILL position. */
bool retained_radio_held(void);
/* How long this boot has to wait, in ms; 0 from the second call on. */
uint32_t retained_delay(void);
/* hal_now(): continues through restarts. */
uint32_t retained_now(void);
/* Clears the block, as after a loss of supply. */
void retained_forget(void);

#endif
