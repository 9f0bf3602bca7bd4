/*
 * Tags of messages: HMAC-SHA-256 by the module mac, translated to C. Each key is prepared once, so
 * a tag costs no hash of the key's blocks.
 */
#include "mac.h"

#include <assert.h>
#include <string.h>

#include "abi.gen.h"
#include "mac_wasm.h"
#include "wipe.h"

_Static_assert(KS_MAC_MEMORY >= MAC_MESSAGE_MAX + MAC_KEY_MAX + KS_TAG_BYTES, "the buffers fit");

/* The module's memory; its page is not backed beyond. */
uint8_t mac_memory[KS_MAC_MEMORY];
static w2c_mac module;
static bool ready;

static void put(uint32_t at, const uint8_t *bytes, uint32_t len) {
    assert(at <= KS_MAC_MEMORY && len <= KS_MAC_MEMORY - at);
    memcpy(mac_memory + at, bytes, len);
}

static void begin(void) {
    if (ready) return;
    wasm_rt_next_memory(mac_memory, sizeof mac_memory);
    wasm2c_mac_instantiate(&module);
    ready = true;
}

static void wipe_at(uint32_t at, uint32_t len) { wipe(mac_memory + at, len); }

void mac_prepare(struct mac_key *prepared, const uint8_t *key, uint32_t key_len) {
    assert(key_len <= MAC_KEY_MAX);
    begin();
    const uint32_t at = w2c_mac_key_ptr(&module);
    const uint32_t states = w2c_mac_prepared_ptr(&module);
    put(at, key, key_len);
    w2c_mac_hmac_prepare(&module, key_len);
    memcpy(prepared->prepared, mac_memory + states, sizeof prepared->prepared);
    wipe_at(at, MAC_KEY_MAX);
    wipe_at(states, sizeof prepared->prepared);
}

void mac_tag(const struct mac_key *key, const uint8_t *bytes, uint32_t len, uint8_t *tag) {
    assert(len <= MAC_MESSAGE_MAX);
    begin();
    const uint32_t states = w2c_mac_prepared_ptr(&module);
    put(states, key->prepared, sizeof key->prepared);
    put(w2c_mac_message_ptr(&module), bytes, len);
    w2c_mac_hmac_prepared(&module, len);
    memcpy(tag, mac_memory + w2c_mac_tag_ptr(&module), KS_TAG_BYTES);
    wipe_at(states, sizeof key->prepared);
}

void mac_hmac(const uint8_t *key, uint32_t key_len, const uint8_t *bytes, uint32_t len,
              uint8_t *tag) {
    struct mac_key prepared;
    mac_prepare(&prepared, key, key_len);
    mac_tag(&prepared, bytes, len, tag);
    wipe(&prepared, sizeof prepared);
}
