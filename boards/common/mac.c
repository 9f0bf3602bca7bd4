/* See mac.h. */
#include "mac.h"

#include <assert.h>
#include <string.h>

#include "abi.gen.h"
#include "mac_wasm.h"

_Static_assert(KS_MAC_MEMORY >= MAC_MESSAGE_MAX + MAC_KEY_MAX + KS_TAG_BYTES, "the buffers fit");

/* The module's memory; its page is not backed beyond. */
uint8_t mac_memory[KS_MAC_MEMORY];
static w2c_mac module;
static bool ready;

static void put(uint32_t at, const uint8_t *bytes, uint32_t len) {
    assert(at <= KS_MAC_MEMORY && len <= KS_MAC_MEMORY - at);
    memcpy(mac_memory + at, bytes, len);
}

void mac_hmac(const uint8_t *key, uint32_t key_len, const uint8_t *bytes, uint32_t len,
              uint8_t *tag) {
    assert(key_len <= MAC_KEY_MAX);
    assert(len <= MAC_MESSAGE_MAX);
    if (!ready) {
        wasm_rt_next_memory(mac_memory, sizeof mac_memory);
        wasm2c_mac_instantiate(&module);
        ready = true;
    }
    const uint32_t at = w2c_mac_key_ptr(&module);
    put(at, key, key_len);
    put(w2c_mac_message_ptr(&module), bytes, len);
    w2c_mac_hmac_sha256(&module, key_len, len);
    memset(mac_memory + at, 0, MAC_KEY_MAX);
    __asm__ volatile("" ::"r"(mac_memory) : "memory"); /* the wipe is not dead */
    memcpy(tag, mac_memory + w2c_mac_tag_ptr(&module), KS_TAG_BYTES);
}
