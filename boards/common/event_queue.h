/* Events that wait for the guest, and the messages that belong to them. Bounded. Interrupts push,
 * the loop pops. Every function is called with interrupts masked, except rx_oldest() by its reader.
 */
#ifndef EVENT_QUEUE_H
#define EVENT_QUEUE_H

#include "abi.gen.h"
#include "hal.h"

#define QUEUE_MAX 32u
#define RX_MAX 4u

struct event {
    uint32_t kind; /* KS_EVENT */
    uint32_t a;
    uint32_t b;
};

/* False if there is no room. */
KS_MUST_USE bool queue_push(uint32_t kind, uint32_t a, uint32_t b);
KS_MUST_USE bool queue_pop(struct event *event);

/* Room for one more message. */
bool rx_room(void);
/* Copies a message of at most KS_MESSAGE_MAX bytes in; its RX event is pushed by the caller. */
void rx_put(const uint8_t *bytes, uint32_t len);
/* The oldest message; valid until rx_release(). */
const uint8_t *rx_oldest(void);
void rx_release(void);

#endif
