/* Passes the session's state and messages from the network to the host. The network's tasks fill
 * it; the host empties it when it is idle. */
#ifndef INBOX_H
#define INBOX_H

#include <stdbool.h>
#include <stdint.h>

/* A session came up, or it went down; then its messages not yet delivered are dropped. */
void inbox_link(bool up);
/* Queues a message; dropped without room. `bytes` may be null if `len` exceeds KS_MESSAGE_MAX. */
void inbox_message(const uint8_t *bytes, uint32_t len);

/* Called by the host, masked: delivers what is there. Returns whether there was anything. */
bool inbox_feed(void);

#endif
