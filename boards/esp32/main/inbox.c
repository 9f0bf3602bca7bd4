/* See inbox.h. */
#include "inbox.h"

#include <string.h>

#include "abi.gen.h"
#include "freertos/FreeRTOS.h"
#include "host.h"
#include "host_interrupts.h"

#define WAITING_MAX 2u

static struct {
    uint32_t len;
    uint8_t bytes[KS_MESSAGE_MAX];
} waiting[WAITING_MAX];
static uint32_t first, count;
static bool up, told;
/* A session ended since the host was last informed. */
static bool changed;
static portMUX_TYPE lock = portMUX_INITIALIZER_UNLOCKED;

void inbox_link(bool state) {
    portENTER_CRITICAL(&lock);
    if (up && !state) changed = true;
    up = state;
    count = 0;
    portEXIT_CRITICAL(&lock);
    interrupts_wake();
}

void inbox_message(const uint8_t *bytes, uint32_t len) {
    portENTER_CRITICAL(&lock);
    if (up && count < WAITING_MAX) {
        const uint32_t slot = (first + count++) % WAITING_MAX;
        waiting[slot].len = len;
        if (len <= KS_MESSAGE_MAX) memcpy(waiting[slot].bytes, bytes, len);
    }
    portEXIT_CRITICAL(&lock);
    interrupts_wake();
}

static bool tell_link(void) {
    portENTER_CRITICAL(&lock);
    const bool down = told && (changed || !up);
    const bool came = up && (!told || down);
    changed = false;
    told = up;
    portEXIT_CRITICAL(&lock);
    if (down) host_link(false);
    if (came) host_link(true);
    return down || came;
}

bool inbox_feed(void) {
    bool any = tell_link();
    /* The slot stays occupied while the host copies it: only this task frees slots. */
    while (count > 0) {
        host_received(waiting[first].bytes, waiting[first].len);
        portENTER_CRITICAL(&lock);
        if (count > 0) {
            first = (first + 1) % WAITING_MAX;
            count--;
        }
        portEXIT_CRITICAL(&lock);
        any = true;
    }
    return any;
}
