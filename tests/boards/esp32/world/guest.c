/* Stands in for the guest and for its engine: asks for the radio when the gate is LIVE, works the
 * relay by the button, and writes a journal record and answers for every message. Also stands in
 * for the MAC. */
#include "guest.h"

#include <string.h>

#include "abi.gen.h"
#include "host.h"
#include "imports.h"
#include "mac.h"
#include "world.h"

#define MEMORY_BYTES 4096u
#define RECORD 256u

static uint8_t memory[MEMORY_BYTES];
static bool relay;

const char *guest_load(const uint8_t *bytes, uint32_t len) {
    (void)bytes, (void)len;
    return NULL;
}

void guest_start(void) {}
uint32_t guest_abi_version(void) { return KS_ABI_VERSION; }
uint32_t guest_rx_buffer(void) { return MEMORY_BYTES - KS_MESSAGE_MAX; }
uint32_t guest_state_ptr(void) { return 0; }
uint32_t guest_state_len(void) { return 64; }
uint32_t guest_arena_used(void) { return 0; }

void guest_init(uint32_t reason) {
    (void)reason;
    (void)import_storage_read(KS_REGION_RETAINED, 0, 0, 4);
    relay = memory[0] != 0;
    import_gpio_write(KS_PIN_RELAY, relay);
}

static void turn(void) {
    relay = !relay;
    memory[0] = relay;
    (void)import_storage_write(KS_REGION_RETAINED, 0, 0, 4);
    import_gpio_write(KS_PIN_RELAY, relay);
}

void guest_on_event(uint32_t kind, uint32_t a, uint32_t b) {
    static bool told;
    (void)a;
    if (kind == KS_EVENT_TICK && !told) {
        told = true;
        world_say("temperature %d", (int16_t)(b >> KS_INPUT_TEMPERATURE_SHIFT));
    }
    if (kind == KS_EVENT_GATE) import_radio_request(b == KS_PHASE_LIVE);
    if (kind == KS_EVENT_GATE && b == KS_PHASE_LIVE && world->panics_left > 0) {
        world->panics_left--;
        world_panic("assert failed in the guest's place");
    }
    if (kind == KS_EVENT_BUTTON && b == 1) turn();
    if (kind != KS_EVENT_RX) return;
    static uint32_t record;
    memset(memory + RECORD, (int)record, KS_JOURNAL_SLOT_BYTES);
    (void)import_storage_write(KS_REGION_JOURNAL,
                               record++ % KS_JOURNAL_SLOTS * KS_JOURNAL_SLOT_BYTES, RECORD,
                               KS_JOURNAL_SLOT_BYTES);
    (void)import_net_send(KS_PRINCIPAL_OWNER, KS_CHANNEL_REPLY, 0, 16);
}

uint8_t *guest_range(uint32_t ptr, uint32_t len) {
    return ptr <= MEMORY_BYTES && len <= MEMORY_BYTES - ptr ? memory + ptr : NULL;
}

void mac_prepare(struct mac_key *prepared, const uint8_t *key, uint32_t key_len) {
    (void)key, (void)key_len;
    memset(prepared, 0, sizeof *prepared);
}

void mac_tag(const struct mac_key *key, const uint8_t *bytes, uint32_t len, uint8_t *tag) {
    (void)key, (void)bytes, (void)len;
    memset(tag, 0, KS_TAG_BYTES);
    return true;
}
