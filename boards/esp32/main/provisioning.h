/* What the serial line carries besides commands. A device: provisioning, what an Improv frame asks
 * and the answer. A fixture: its messages. Must not know the line nor how Wi-Fi joins. */
#ifndef PROVISIONING_H
#define PROVISIONING_H

#include "improv.h"

/* Says what is missing, once. */
void provisioning_greet(void);
/* Answers an RPC frame. */
void provisioning_frame(enum improv_type type, const uint8_t *data, uint8_t len);
/* A frame that is damaged. */
void provisioning_broken(void);
/* A line that is no command: whether it was meant for somebody here. */
bool provisioning_line(const char *line);
/* Now and then: tells how a join that was asked for came out. */
void provisioning_poll(void);

#endif
