/* The console's `status`: the state of the board in one line. */
#ifndef STATUS_H
#define STATUS_H

#include <stdint.h>

/* `reason`: KS_BOOT of this boot. */
void status_answer(uint32_t reason);

#endif
