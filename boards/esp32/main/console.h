/* The serial line and the chip's own USB, where it has one, as one: the owner's local commands and
 * provisioning. Nothing on it moves the switch. */
#ifndef CONSOLE_H
#define CONSOLE_H

#include <stdint.h>

/* Makes the task, which is the line's only writer. `reason`: of this boot. */
void console_start(uint32_t reason);

#endif
