/* The least of the device, written by hand in C, to measure the guest against: a tick with nothing
 * to do, and relay.get from parsing to reply, with the guest's checks on that path and no other.
 * Not conformant, not shipped; nothing but the figures uses it. Behaviour: firmware/device/. */
#include "device_twin.h"

#include <string.h>

#include "host.h"
#include "keys.h"

#define STEP_MAX 5000u
#define BLINK_MASK 3u
#define USUAL_LEN 8u
#define TAG_HEAD_LEN 2u

static struct {
    uint32_t now, hold, quiet, identify, refused, telemetry, telemetry_s;
    uint32_t last_seq[3], executed, clock;
    uint8_t last_tag[3][KS_REPLY_TAG_BYTES];
    uint16_t temperature;
    uint8_t epoch[KS_EPOCH_BYTES];
    uint8_t phase, linked, relay, lamp, blink, boot_due, status_due;
} state;

void device_twin_begin(const uint8_t *epoch) {
    memcpy(state.epoch, epoch, sizeof state.epoch);
    state.phase = KS_PHASE_LIVE;
    state.linked = state.lamp = 1;
    state.telemetry_s = 10;
    state.telemetry = 10000;
}

static void run_down(uint32_t *countdown, uint32_t ms) {
    *countdown = *countdown > ms ? *countdown - ms : 0;
}

void device_twin_tick(uint32_t now, uint32_t inputs) {
    const uint32_t passed = now - state.now;
    state.now = now;
    state.clock += passed;
    if (state.boot_due != 0) state.boot_due = 0;
    else if ((int32_t)passed > 0) {
        const uint32_t ms = passed < STEP_MAX ? passed : STEP_MAX;
        const uint32_t period = state.telemetry_s * 1000;
        if ((state.hold | state.quiet | state.identify | state.refused) != 0) {
            run_down(&state.hold, ms);
            run_down(&state.quiet, ms);
            run_down(&state.identify, ms);
            run_down(&state.refused, ms);
        }
        if (period == 0 || state.linked == 0 || state.phase != KS_PHASE_LIVE)
            state.telemetry = period;
        else if (state.telemetry > ms) state.telemetry -= ms;
        else state.telemetry = period;
    }
    state.temperature = (uint16_t)(inputs >> KS_INPUT_TEMPERATURE_SHIFT);
    state.blink = (state.blink + 1) & BLINK_MASK;
    uint32_t level = 0;
    if (state.identify != 0) level = state.blink & 1u;
    else if (state.phase == KS_PHASE_LIVE) level = 1;
    else if (state.phase >= KS_PHASE_FAULT_CONTACT && state.blink == 0) level = 1;
    if (state.lamp != level) {
        state.lamp = (uint8_t)level;
        (void)hal_gpio(KS_PIN_LAMP, level);
    }
    if (state.status_due != 0 && state.linked != 0) state.status_due = 0;
}

/* --- relay.get --- */

static const uint8_t usual[USUAL_LEN] = {0xd1, 0x84, 0x43, 0xa1, 0x01, 0x05, 0xa1, 0x04};
static const uint8_t before[11] = {0x84, 0x64, 'M', 'A', 'C', '0', 0x43, 0xa1, 0x01, 0x05, 0x40};
static const uint8_t owner[] = {0x45, 'o', 'w', 'n', 'e', 'r'};

/* A head of type 0 or 2 with its argument in at most two bytes more; null if it is another. */
static const uint8_t *head(const uint8_t *at, const uint8_t *end, uint32_t major, uint32_t *value) {
    if (at >= end || *at >> 5 != major) return NULL;
    const uint32_t info = *at & 31u;
    *value = info;
    if (info < 24) return at + 1;
    if (info == 25 && end - at >= 3) {
        *value = (uint32_t)(at[1] << 8 | at[2]);
        return at + 3;
    }
    if (info != 24 || end - at < 2 || at[1] < 24) return NULL;
    *value = at[1];
    return at + 2;
}

static bool authentic(uint32_t principal, uint8_t *at, const uint8_t *tag) {
    uint8_t own[KS_TAG_BYTES];
    uint32_t different = 0;
    memcpy(at - sizeof before, before, sizeof before);
    const uint8_t *start = at - sizeof before;
    const uint32_t len = (uint32_t)(tag - TAG_HEAD_LEN - start);
    if (!keys_tag(principal, KS_KEY_COMMAND, start, len, own)) return false;
    for (uint32_t i = 0; i < KS_TAG_BYTES; i++) different |= (uint32_t)(own[i] ^ tag[i]);
    return different == 0;
}

static void reply(uint32_t principal, const uint8_t *tag) {
    static uint8_t out[160];
    uint8_t *const payload = out + 32;
    uint8_t *at = payload;
    *at++ = 0x86;
    *at++ = 0x00;
    *at++ = 0x50;
    memcpy(at, tag, KS_REPLY_TAG_BYTES);
    at += KS_REPLY_TAG_BYTES;
    *at++ = 0x48;
    memcpy(at, state.epoch, sizeof state.epoch);
    at += sizeof state.epoch;
    *at++ = 0x19; /* the figures' clock has two bytes */
    *at++ = (uint8_t)(state.clock >> 8);
    *at++ = (uint8_t)state.clock;
    *at++ = KS_CODE_OK;
    *at++ = 0xa1;
    *at++ = 0x01;
    *at++ = state.relay != 0 ? 0xf5 : 0xf4;
    *at++ = 0x58;
    *at++ = KS_TAG_BYTES;
    uint8_t *start = payload - 2;
    start[0] = 0x58;
    start[1] = (uint8_t)(at - TAG_HEAD_LEN - payload);
    memcpy(start - sizeof before, before, sizeof before);
    const uint8_t *structure = start - sizeof before;
    const uint32_t len = (uint32_t)(at - TAG_HEAD_LEN - structure);
    if (!keys_tag(principal, KS_KEY_REPLY, structure, len, at)) return;
    start -= sizeof owner;
    memcpy(start, owner, sizeof owner);
    start -= USUAL_LEN;
    memcpy(start, usual, USUAL_LEN);
    const uint32_t size = (uint32_t)(at + KS_TAG_BYTES - start);
    (void)host_queue_send(principal, KS_CHANNEL_REPLY, start, size);
}

bool device_twin_command(uint8_t *message, uint32_t len) {
    const uint8_t *const end = message + len;
    uint8_t *const payload_head = message + USUAL_LEN + sizeof owner;
    uint32_t size, seq, deadline, op;
    if (state.phase != KS_PHASE_LIVE || len > KS_MESSAGE_MAX) return false;
    if (len < USUAL_LEN + sizeof owner || memcmp(message, usual, USUAL_LEN) != 0) return false;
    if (memcmp(message + USUAL_LEN, owner, sizeof owner) != 0) return false;
    const uint8_t *at = head(payload_head, end, 2, &size);
    if (at == NULL || (uint32_t)(end - at) != size + TAG_HEAD_LEN + KS_TAG_BYTES) return false;
    const uint8_t *const tag = at + size + TAG_HEAD_LEN;
    const uint8_t *const payload_end = at + size;
    if (payload_end[0] != 0x58 || payload_end[1] != KS_TAG_BYTES) return false;
    if (!authentic(KS_PRINCIPAL_OWNER, payload_head, tag)) return false;
    if (size < 14 || at[0] != 0x85 || at[1] != 0x48) return false;
    const uint8_t *const epoch = at + 2;
    at = head(epoch + KS_EPOCH_BYTES, payload_end, 0, &seq);
    at = at == NULL ? NULL : head(at, payload_end, 0, &deadline);
    at = at == NULL ? NULL : head(at, payload_end, 0, &op);
    if (at == NULL || payload_end - at != 1 || *at != 0xa0 || op != KS_OP_RELAY_GET) return false;
    if (memcmp(epoch, state.epoch, sizeof state.epoch) != 0) return false;
    if (seq <= state.last_seq[KS_PRINCIPAL_OWNER]) return false;
    state.last_seq[KS_PRINCIPAL_OWNER] = seq;
    memcpy(state.last_tag[KS_PRINCIPAL_OWNER], tag, KS_REPLY_TAG_BYTES);
    if (deadline - state.clock - 1 >= KS_DEADLINE_MAX_MS) return false;
    hal_trace("mark name=ACCEPTED", 18);
    state.executed++;
    reply(KS_PRINCIPAL_OWNER, tag);
    return true;
}
