/* Provisioning over the serial line: what an Improv frame asks, and the answer. Must not know the
 * line nor how Wi-Fi joins. */
#ifndef PROVISIONING_H
#define PROVISIONING_H

#include "improv.h"

/* Answers an RPC frame. */
void provisioning_frame(enum improv_type type, const uint8_t *data, uint8_t len);
/* A frame that is damaged. */
void provisioning_broken(void);
/* Now and then: tells how a join that was asked for came out. */
void provisioning_poll(void);

#endif
