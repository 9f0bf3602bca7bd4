/* Two rings over static storage. See event_queue.h. */
#include "event_queue.h"

#include <assert.h>
#include <string.h>

static struct event events[QUEUE_MAX];
static uint32_t first, count;
static uint8_t messages[RX_MAX][KS_MESSAGE_MAX];
static uint32_t rx_first, rx_count;

bool queue_push(uint32_t kind, uint32_t a, uint32_t b) {
    if (count >= QUEUE_MAX) return false;
    events[(first + count) % QUEUE_MAX] = (struct event){kind, a, b};
    count++;
    return true;
}

bool queue_pop(struct event *event) {
    if (count == 0) return false;
    *event = events[first];
    first = (first + 1) % QUEUE_MAX;
    count--;
    return true;
}

bool rx_room(void) { return rx_count < RX_MAX; }

void rx_put(const uint8_t *bytes, uint32_t len) {
    assert(rx_count < RX_MAX);
    assert(len <= KS_MESSAGE_MAX);
    memcpy(messages[(rx_first + rx_count) % RX_MAX], bytes, len);
    rx_count++;
}

const uint8_t *rx_oldest(void) {
    assert(rx_count > 0);
    return messages[rx_first];
}

void rx_release(void) {
    assert(rx_count > 0);
    rx_first = (rx_first + 1) % RX_MAX;
    rx_count--;
}
