/* The interrupts that enter the host (edges of the contacts, and a timer of 1 to 10 ms), the host's
 * mask over them, and the host's sleep. */
#ifndef HOST_INTERRUPTS_H
#define HOST_INTERRUPTS_H

#include <stdbool.h>
#include <stdint.h>

/* Starts the interrupts, masked. To be called in the host's task. */
void interrupts_start(void);

/* While masked, no interrupt enters the host; one that arrives is served by interrupts_unmask(). */
void interrupts_mask(void);
/* Returns whether one had arrived. */
bool interrupts_unmask(void);
/* Called masked: sleeps until an interrupt gave the host something to do, or interrupts_wake() was
 * called. Returns unmasked. */
void interrupts_sleep(void);
/* Called from another task. */
void interrupts_wake(void);
/* Whether the button was pressed within the last minute. */
bool interrupts_pressed(void);
/* Bytes of the host's stack that were never used. */
uint32_t interrupts_stack_left(void);

#endif
