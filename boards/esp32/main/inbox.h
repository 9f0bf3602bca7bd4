/* What the network has for the host: the session's state and messages. Filled by the network's
 * tasks, emptied by the host's when it is idle. Must not know MQTT or the host's queue. */
#ifndef INBOX_H
#define INBOX_H

#include <stdbool.h>
#include <stdint.h>

/* A session came up, or the session went down and with it what of it was not yet taken. */
void inbox_link(bool up);
/* A message of `len` bytes; of one longer than KS_MESSAGE_MAX, `bytes` may be null. Dropped without
 * room. */
void inbox_message(const uint8_t *bytes, uint32_t len);

/* The host's, masked: hands over what is there. Returns whether there was anything. */
bool inbox_feed(void);

#endif
