/* The pins that the guest drives (KS_PIN). Held by the chip at all times but while one changes, so
 * that no reset moves them. Must not know what hangs on them. */
#ifndef OUTPUTS_H
#define OUTPUTS_H

#include <stdbool.h>
#include <stdint.h>

/* Takes the pins over at the levels of the retained block. */
void outputs_start(void);
/* Returns whether the level changed. In a task. */
bool outputs_set(uint32_t pin, uint32_t level);

#endif
