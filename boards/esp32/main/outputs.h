/* The pins that the guest drives (KS_PIN). The pad hold is on except while a level changes, so that
 * a reset does not move them. */
#ifndef OUTPUTS_H
#define OUTPUTS_H

#include <stdbool.h>
#include <stdint.h>

/* Drives the pins at the levels of the retained block. */
void outputs_start(void);
/* Returns whether the level changed. Called from a task. */
bool outputs_set(uint32_t pin, uint32_t level);

#endif
