/* What the console carries besides commands. On a device: provisioning of Wi-Fi by Improv frames.
 * On a fixture: its messages. */
#ifndef PROVISIONING_H
#define PROVISIONING_H

#include "improv.h"

/* Prints what the board lacks. Called once. */
void provisioning_greet(void);
/* Answers an RPC frame. */
void provisioning_frame(enum improv_type type, const uint8_t *data, uint8_t len);
/* Answers a damaged frame. */
void provisioning_broken(void);
/* Takes a line that is no command; false if it is no message either. */
bool provisioning_line(const char *line);
/* To be called often: reports the result of a join or a scan. */
void provisioning_poll(void);

#endif
