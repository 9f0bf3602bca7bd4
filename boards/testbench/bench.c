/* hal.h over the shared page. A doorbell is answered when the host has nothing left to do, or when
 * its guest is found hung, so the harness always knows what the board has done. */
#include "bench.h"

#include <assert.h>
#include <string.h>

#include "attest.h"
#include "guest.h"

static bool asked;       /* a doorbell is not yet answered */
static bool booted;      /* the host runs */
static bool due;         /* time to boot */
static bool more;        /* waiting for the harness to take the records */
static bool hung;        /* the guest was given up */
static bool interrupted; /* within bench_doorbell() */
static uint32_t idle_ms; /* processor time since the guest's last import call */
static uint32_t last_calls;
static uint32_t spent; /* bytes written to storage since the doorbell */

/* Above this the harness takes the records before the guest goes on. The rest is room for the
 * records of interrupts in the meantime. */
#define RECORDS_FLUSH (PAGE_RECORDS_BYTES / 2u)

static void answer(uint8_t what) {
    asked = false;
    page_out->arena_used = guest_arena_used();
    machine_answer(what);
}

/* --- records --- */

static void flush(void) {
    more = true;
    answer(ANSWER_MORE);
    while (more) machine_wait();
}

static void record(uint32_t kind, const void *head, uint32_t head_len, const void *bytes,
                   uint32_t len) {
    const uint32_t total = head_len + len;
    const uint32_t size = 8u + ((total + 3u) & ~3u);
    const uint32_t words[2] = {kind, total};
    const bool before = machine_interrupts(false);
    if (!interrupted && page_out->records_len > RECORDS_FLUSH) flush();
    uint8_t *at = page_out->records + page_out->records_len;
    assert(size <= PAGE_RECORDS_BYTES - page_out->records_len);
    memcpy(at, words, sizeof words);
    memcpy(at + 8, head, head_len);
    if (len > 0) memcpy(at + 8 + head_len, bytes, len);
    page_out->records_len += size;
    (void)machine_interrupts(before);
}

static void record_words(uint32_t kind, uint32_t a, uint32_t b, uint32_t c) {
    const uint32_t words[3] = {a, b, c};
    record(kind, words, sizeof words, NULL, 0);
}

/* --- interrupts --- */

static uint32_t word(const uint8_t *at) {
    uint32_t value;
    memcpy(&value, at, sizeof value);
    return value;
}

static void attest_request(const uint8_t *nonce, uint32_t len) {
    if (len != ATTEST_NONCE_BYTES || !attest_ask(nonce)) hal_attested(NULL, 0);
}

static void stimuli(void) {
    const uint32_t end = page_in->stimuli_len;
    assert(end <= PAGE_STIMULI_BYTES);
    for (uint32_t at = 0; at < end;) {
        assert(end - at >= 8);
        const uint32_t kind = word(page_in->stimuli + at);
        const uint32_t len = word(page_in->stimuli + at + 4);
        const uint8_t *bytes = page_in->stimuli + at + 8;
        /* Of a message too long for the board only its length comes. */
        const uint32_t stored = len <= KS_MESSAGE_MAX ? (len + 3u) & ~3u : 0;
        assert(stored <= end - at - 8);
        if (kind == STIMULUS_MESSAGE) host_received(bytes, len);
        else if (kind == STIMULUS_LINK) host_link(bytes[0] != 0);
        else if (kind == STIMULUS_INPUT) host_input();
        else if (kind == STIMULUS_ATTEST) attest_request(bytes, len);
        else host_button(bytes[0] != 0);
        at += 8 + stored;
    }
}

static void measure(uint32_t entry, bool was_on) {
    if (!was_on || page_out->radio != 0) return;
    page_out->edge_entry = entry;
}

void bench_doorbell(uint32_t entry) {
    asked = true;
    idle_ms = 0;
    spent = 0;
    page_out->records_len = 0;
    if (page_in->request == REQUEST_CONTINUE) {
        more = false;
        return;
    }
    if (!booted) {
        due = (int32_t)(page_in->now - page_out->boot_at) >= 0;
        if (!due) answer(ANSWER_DONE);
        return;
    }
    const bool was_on = page_out->radio != 0;
    interrupted = true;
    if (page_in->request == REQUEST_POLL) host_edge();
    measure(entry, was_on);
    stimuli();
    if (page_in->request == REQUEST_POLL) host_sampled();
    interrupted = false;
    if (hung) {
        page_out->deadline = host_deadline();
        answer(ANSWER_HUNG);
    }
}

void bench_timer(uint32_t ms) {
    uint32_t calls;
    if (!booted || !asked || hung || !host_in_guest(&calls)) return;
    idle_ms = calls == last_calls ? idle_ms + ms : 0;
    last_calls = calls;
    if (idle_ms < page_in->hung_ms) return;
    /* A guest that is given up does not go on: the processor stays here until the restart. */
    hung = true;
    page_out->deadline = host_deadline();
    answer(ANSWER_HUNG);
    for (;;) machine_wait();
}

static _Noreturn void boot_when_due(const uint8_t *guest, uintptr_t stack_floor) {
    static struct host_image image;
    while (!due) machine_wait();
    booted = true;
    image = (struct host_image){
        .reason = page_out->boot_reason,
        .guest = guest,
        .guest_len = page_in->guest_len,
        .stack_floor = stack_floor,
    };
    host_boot(&image);
}

_Noreturn void bench_main(const uint8_t *guest, uintptr_t stack_floor) {
    page_out->deadline = page_out->boot_at;
    answer(ANSWER_DONE);
    boot_when_due(guest, stack_floor);
}

/* --- hal.h --- */

uint32_t hal_now(void) { return page_in->now; }

uint32_t hal_sense(void) { return page_in->sense; }

uint32_t hal_inputs(void) { return page_in->inputs; }

void hal_radio(bool on) {
    page_out->radio = on;
    if (!on) page_out->edge_radio_off = machine_count();
    record_words(RECORD_RADIO, on, 0, 0);
}

bool hal_gpio(uint32_t pin, uint32_t level) {
    assert(pin < KS_PIN_COUNT);
    if (page_out->pins[pin] == level) return false;
    page_out->pins[pin] = level;
    record_words(RECORD_GPIO, pin, level, 0);
    return true;
}

void hal_link_send(uint32_t principal, uint32_t channel, const uint8_t *bytes, uint32_t len) {
    const uint32_t words[2] = {principal, channel};
    record(RECORD_SEND, words, sizeof words, bytes, len);
}

/* sfc32 (host-sim/base/prng.ts). Its state is in the part of the page that a restart does not
 * touch. */
static uint32_t draw(void) {
    uint32_t *s = page_out->random;
    const uint32_t sum = s[0] + s[1] + s[3]++;
    s[0] = s[1] ^ (s[1] >> 9);
    s[1] = s[2] + (s[2] << 3);
    s[2] = ((s[2] << 21) | (s[2] >> 11)) + sum;
    return sum;
}

void hal_random(uint8_t *bytes, uint32_t len) {
    uint32_t drawn = 0;
    if (page_out->random_ready == 0) {
        page_out->random_ready = 1;
        const uint32_t state[4] = {page_in->seed, 0x9e3779b9, 0x243f6a88, 1};
        memcpy(page_out->random, state, sizeof state);
        for (uint32_t round = 0; round < 12; round++) draw();
    }
    for (uint32_t i = 0; i < len; i++) {
        if (i % 4 == 0) drawn = draw();
        bytes[i] = (uint8_t)drawn;
        drawn >>= 8;
    }
}

bool hal_secret(uint32_t principal, uint8_t *secret) {
    assert(principal < KS_PRINCIPAL_COUNT);
    if (page_in->key_len[principal] == 0) return false;
    assert(page_in->key_len[principal] == KS_SECRET_BYTES);
    memcpy(secret, page_in->key[principal], KS_SECRET_BYTES);
    return true;
}

uint32_t hal_device(uint8_t *name) {
    assert(page_in->device_len <= HAL_DEVICE_MAX);
    memcpy(name, page_in->device, page_in->device_len);
    return page_in->device_len;
}

void hal_attested(const uint8_t *bytes, uint32_t len) {
    record(RECORD_ATTESTED, "", 0, bytes, len);
}

static uint8_t *storage(uint32_t region) {
    if (region == KS_REGION_RETAINED) return page_out->retained;
    if (region == KS_REGION_CONFIG) return page_out->config;
    if (region == HAL_REGION_IDENTITY) return page_out->identity;
    assert(region == KS_REGION_JOURNAL);
    return page_out->journal;
}

bool hal_storage_read(uint32_t region, uint32_t offset, uint8_t *bytes, uint32_t len) {
    if ((page_in->flags & FLAG_STORAGE_FAILS) != 0) return false;
    memcpy(bytes, storage(region) + offset, len);
    return true;
}

bool hal_storage_write(uint32_t region, uint32_t offset, const uint8_t *bytes, uint32_t len) {
    if ((page_in->flags & FLAG_STORAGE_FAILS) != 0) return false;
    const uint32_t left = page_in->write_budget - spent;
    const bool loss = page_in->write_budget != UINT32_MAX && len > left;
    memcpy(storage(region) + offset, bytes, loss ? left : len);
    record_words(RECORD_WRITE, region, offset, len);
    if (loss) {
        (void)machine_interrupts(false);
        answer(ANSWER_POWER_LOSS);
        for (;;) machine_wait();
    }
    if (page_in->write_budget != UINT32_MAX) spent += len;
    return true;
}

void hal_trace(const char *line, uint32_t len) { record(RECORD_TRACE, line, len, NULL, 0); }

_Noreturn void hal_restart(uint32_t reason, uint32_t delay_ms) {
    page_out->boot_reason = reason;
    page_out->boot_at = page_in->now + page_in->boot_ms + delay_ms;
    machine_reset();
}

void hal_interrupts(bool on) { (void)machine_interrupts(on); }

void hal_idle(void) {
    if (asked) {
        page_out->deadline = host_deadline();
        answer(ANSWER_DONE);
    }
    machine_wait();
    (void)machine_interrupts(true);
}
