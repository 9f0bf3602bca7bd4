/* Counts the instructions of the parts of the host's work, by the machine's counter. Replaces
 * host.c and bench.c: the guest gets its events from here, and its effects are dropped. The stimuli
 * hold signed commands for epoch 1. Results are records of one word, in the order of FIGURE in
 * tests/bench/boards.ts. */
#include <assert.h>
#include <string.h>

#include "bench.h"
#include "device_twin.h"
#include "gate.h"
#include "gate_twin.h"
#include "guest.h"
#include "mac.h"

#define LIVE_WORD 0x007fff80u
#define SAMPLES 8u

static uint32_t mac_count, accepted;
static bool ready;
static uintptr_t floor_address;
static uint8_t store[3][KS_JOURNAL_SLOTS * KS_JOURNAL_SLOT_BYTES];

/* --- what the imports ask of the host --- */

_Noreturn void host_trap(void) {
    machine_answer(ANSWER_HUNG);
    for (;;) machine_wait();
}
void host_count_call(void) {}
bool host_guest_ready(void) { return ready; }
void host_request_radio(bool on) { (void)on; }
bool host_may_send(void) { return true; }
bool host_queue_send(uint32_t channel, const uint8_t *bytes, uint32_t len) {
    static uint8_t sent[KS_MESSAGE_MAX];
    (void)channel;
    memcpy(sent, bytes, len);
    return true;
}
uintptr_t host_stack_floor(void) { return floor_address; }
bool host_in_guest(uint32_t *progress) {
    *progress = 0;
    return ready;
}

bool hal_gpio(uint32_t pin, uint32_t level) {
    (void)pin, (void)level;
    return false;
}
void hal_random(uint8_t *bytes, uint32_t len) { memset(bytes, 1, len); }
bool hal_storage_read(uint32_t region, uint32_t offset, uint8_t *bytes, uint32_t len) {
    memcpy(bytes, store[region] + offset, len);
    return true;
}
bool hal_storage_write(uint32_t region, uint32_t offset, const uint8_t *bytes, uint32_t len) {
    memcpy(store[region] + offset, bytes, len);
    return true;
}
bool hal_mac(uint32_t principal, const uint8_t *bytes, uint32_t len, uint8_t *tag) {
    const uint32_t before = machine_count();
    mac_hmac(page_in->key[principal], page_in->key_len[principal], bytes, len, tag);
    mac_count += machine_count() - before;
    return true;
}
/* The one trace line that is read: whether the command was accepted. */
void hal_trace(const char *line, uint32_t len) {
    static const char line_accepted[] = "mark name=ACCEPTED";
    if (len == sizeof line_accepted - 1 && memcmp(line, line_accepted, len) == 0) accepted++;
}
void hal_interrupts(bool on) { (void)on; }

void bench_doorbell(uint32_t entry) { (void)entry; }
void bench_timer(uint32_t ms) { (void)ms; }

/* --- measuring --- */

static uint32_t skew; /* of two readings of the counter with nothing between them */

static void figure(uint32_t value) {
    uint8_t *at = page_out->records + page_out->records_len;
    const uint32_t words[3] = {RECORD_TRACE, 4, value};
    memcpy(at, words, sizeof words);
    page_out->records_len += sizeof words;
}

static const uint32_t samples[SAMPLES][2] = {
    {LIVE_WORD, 0x105},  {LIVE_WORD, 0x104},  {LIVE_WORD, 0x106},  {LIVE_WORD, 0x107},
    {0xffff0000, 0x102}, {0xffff0000, 0x106}, {0xccff3300, 0x101}, {0xf0ff0f00, 0x100},
};

/* Instructions for the samples that matter, all together; of the loop alone, if `step` is nothing.
 */
#define COUNT_STEPS(step)                                                                          \
    ({                                                                                             \
        volatile uint32_t sink = 0;                                                                \
        const uint32_t start = machine_count();                                                    \
        for (uint32_t i = 0; i < SAMPLES; i++) sink = step(samples[i][0], samples[i][1]);          \
        (void)sink;                                                                                \
        machine_count() - start - skew;                                                            \
    })
#define TRANSLATED(word, inputs) w2c_gate_step(NULL, word, inputs)

static uint32_t count_event(uint32_t kind, uint32_t a, uint32_t b) {
    const uint32_t before = machine_count();
    guest_on_event(kind, a, b);
    return machine_count() - before - skew;
}

static uint32_t count_load(const uint8_t *guest, uint32_t *checked) {
    const uint32_t before = machine_count();
    const char *refused = guest_load(guest, page_in->guest_len);
    *checked = machine_count() - before - skew;
    assert(refused == NULL);
    guest_start();
    ready = true;
    guest_init(KS_BOOT_POWER_ON);
    return machine_count() - before - skew;
}

/* Every command that the stimuli hold: its instructions, and those of its MACs. */
static void commands(void) {
    uint32_t at = 0, count = 0;
    while (at < page_in->stimuli_len) {
        uint32_t len;
        memcpy(&len, page_in->stimuli + at, sizeof len);
        uint8_t *buffer = guest_range(guest_rx_buffer(), KS_MESSAGE_MAX);
        assert(buffer != NULL && len <= KS_MESSAGE_MAX);
        memcpy(buffer, page_in->stimuli + at + 4, len);
        at += 4 + len;
        mac_count = 0;
        figure(count_event(KS_EVENT_RX, 1000 + count++, len));
        figure(mac_count);
    }
    figure(accepted == count && count > 0);
}

/* The last command of the stimuli, and a tick, by the device written in C. */
static void twins(void) {
    static const uint8_t epoch[KS_EPOCH_BYTES] = {1};
    static uint8_t message[KS_MESSAGE_MAX];
    uint32_t at = 0, len = 0;
    for (; at < page_in->stimuli_len; at += 4 + len) {
        memcpy(&len, page_in->stimuli + at, sizeof len);
        memcpy(message, page_in->stimuli + at + 4, len);
    }
    device_twin_begin(epoch);
    device_twin_tick(250, 0);
    uint32_t before = machine_count();
    device_twin_tick(500, 0);
    figure(machine_count() - before - skew);
    mac_count = 0;
    before = machine_count();
    const bool answered = device_twin_command(message, len);
    figure(machine_count() - before - skew);
    figure(mac_count);
    figure(answered);
}

_Noreturn void bench_main(const uint8_t *guest, uintptr_t stack_floor) {
    uint32_t checked;
    floor_address = stack_floor;
    page_out->records_len = 0;
    const uint32_t before = machine_count();
    skew = machine_count() - before;
    memset(store, 0xff, sizeof store);
    figure(COUNT_STEPS(TRANSLATED));
    figure(COUNT_STEPS(gate_twin_step));
    const uint32_t load = count_load(guest, &checked);
    const uint32_t event = count_event(KS_EVENT_TICK, 0, 0);
    figure(checked);
    figure(load);
    figure(load + event);
    guest_on_event(KS_EVENT_EPOCH, 1, 0);
    guest_on_event(KS_EVENT_GATE, 50, KS_PHASE_LIVE);
    guest_on_event(KS_EVENT_LINK, 90, 1);
    uint32_t tick = 0;
    for (uint32_t now = 250; now <= 1000; now += KS_TICK_MS)
        tick = count_event(KS_EVENT_TICK, now, KS_PHASE_LIVE | KS_INPUT_LINK | KS_INPUT_RAIL);
    figure(tick);
    commands();
    figure(guest_arena_used());
    twins();
    machine_answer(ANSWER_DONE);
    for (;;) machine_wait();
}
