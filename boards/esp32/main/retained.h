/* The block that outlives a restart, in the chip's RTC memory, and why this boot came. Must not
 * know what the guest keeps in it. */
#ifndef RETAINED_H
#define RETAINED_H

#include "retained_block.h"

/* Once, before all else: takes the block over, or begins a new one if the supply was gone. Returns
 * KS_BOOT. */
uint32_t retained_boot(void);
struct retained_block *retained(void);
/* How long this boot has to wait, in ms; 0 from the second call on. */
uint32_t retained_delay(void);
/* hal_now(): goes on through restarts. */
uint32_t retained_now(void);
/* Forgets everything: as after a loss of supply. */
void retained_forget(void);

#endif
