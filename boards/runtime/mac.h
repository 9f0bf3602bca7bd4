/* HMAC-SHA256 by mac.wasm, translated to C: for boards without an engine of their own. */
#ifndef MAC_H
#define MAC_H

#include "hal.h"

/* Longest message, in bytes: what mac.wasm takes. */
#define MAC_MESSAGE_MAX 2048u
/* Longest key, in bytes: one block of the hash. */
#define MAC_KEY_MAX 64u

/* A key, prepared: the hash states after HMAC's inner and outer pad. As secret as the key. */
struct mac_key {
    uint8_t prepared[64];
};

/* Prepares a key. It is wiped from the module's memory. */
void mac_prepare(struct mac_key *prepared, const uint8_t *key, uint32_t key_len);

/* The tag (KS_TAG_BYTES) of a message under a key. The key is wiped from the module's memory. */
void mac_tag(const struct mac_key *key, const uint8_t *bytes, uint32_t len, uint8_t *tag);

/* Both in one: for a key that is used once. */
void mac_hmac(const uint8_t *key, uint32_t key_len, const uint8_t *bytes, uint32_t len,
              uint8_t *tag);

#endif
