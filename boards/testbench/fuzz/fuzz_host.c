/* A host and a board for the guest's side alone: storage in memory, everything else to nowhere. */
#include <string.h>

#include "fuzz.h"

jmp_buf fuzz_over;
bool fuzz_ready;
static uint32_t calls;
static uint8_t *regions[KS_REGION_COUNT];
static const uint32_t sizes[KS_REGION_COUNT] = {64, 64, KS_JOURNAL_SLOTS *KS_JOURNAL_SLOT_BYTES};

void fuzz_engine_reset(void);
__attribute__((weak)) void fuzz_engine_reset(void) {}

void fuzz_reset(void) {
    fuzz_ready = false;
    calls = 0;
    fuzz_engine_reset();
    for (uint32_t i = 0; i < KS_REGION_COUNT; i++) {
        if (regions[i] == NULL) regions[i] = malloc(sizes[i]);
        if (regions[i] == NULL) abort();
        memset(regions[i], 0xff, 64);
    }
}

_Noreturn void host_trap(void) { longjmp(fuzz_over, 1); }
/* Fewer than on a board: a fuzzer's time is dear. */
void host_count_call(void) {
    if (++calls > 64) host_trap();
}
bool host_guest_ready(void) { return fuzz_ready; }
void host_request_radio(bool on) { (void)on; }
bool host_may_send(void) { return true; }
bool host_queue_send(uint32_t principal, uint32_t channel, const uint8_t *bytes, uint32_t len) {
    static uint8_t sent[KS_MESSAGE_MAX];
    if (principal >= KS_PRINCIPAL_COUNT || channel >= KS_CHANNEL_COUNT || len > KS_MESSAGE_MAX)
        abort();
    memcpy(sent, bytes, len);
    return true;
}
uintptr_t host_stack_floor(void) { return (uintptr_t)__builtin_frame_address(0) - 65536u; }

bool hal_gpio(uint32_t pin, uint32_t level) {
    if (pin >= KS_PIN_COUNT || level > 1) abort();
    return true;
}
void hal_random(uint8_t *bytes, uint32_t len) { memset(bytes, 7, len); }
bool hal_secret(uint32_t principal, uint8_t *secret) {
    memset(secret, 0x5a, KS_SECRET_BYTES);
    return principal == 0;
}
bool hal_storage_read(uint32_t region, uint32_t offset, uint8_t *bytes, uint32_t len) {
    memcpy(bytes, regions[region] + offset, len);
    return true;
}
bool hal_storage_write(uint32_t region, uint32_t offset, const uint8_t *bytes, uint32_t len) {
    memcpy(regions[region] + offset, bytes, len);
    return true;
}
void hal_trace(const char *line, uint32_t len) {
    if (len == 0 || line[0] == ' ') abort();
}
void hal_interrupts(bool on) { (void)on; }
