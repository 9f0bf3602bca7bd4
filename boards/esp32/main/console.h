/* The console: the owner's local commands and provisioning, over UART0 and, where the chip has it,
 * its own USB. No command moves the switch. */
#ifndef CONSOLE_H
#define CONSOLE_H

#include <stdint.h>

/* Creates the task, the only writer on the console. `reason`: KS_BOOT of this boot. */
void console_start(uint32_t reason);

#endif
