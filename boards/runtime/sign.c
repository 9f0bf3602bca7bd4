/* See sign.h. */
#include "sign.h"

#include <assert.h>
#include <string.h>

#include "sign_wasm.h"

/* The module's memory; its page is not backed beyond. */
uint8_t sign_memory[KS_SIGN_MEMORY];
static w2c_sign signer;
static bool instantiated;

static void put_in(uint32_t at, const uint8_t *bytes, uint32_t len) {
    assert(at <= KS_SIGN_MEMORY && len <= KS_SIGN_MEMORY - at);
    memcpy(sign_memory + at, bytes, len);
}

static void take_out(uint32_t at, uint8_t *bytes, uint32_t len) {
    assert(at <= KS_SIGN_MEMORY && len <= KS_SIGN_MEMORY - at);
    memcpy(bytes, sign_memory + at, len);
}

static void instantiate(void) {
    if (instantiated) return;
    wasm_rt_next_memory(sign_memory, sizeof sign_memory);
    wasm2c_sign_instantiate(&signer);
    instantiated = true;
}

void sign_begin(const uint8_t *seed, const uint8_t *message, uint32_t len) {
    assert(len <= SIGN_MESSAGE_MAX);
    instantiate();
    put_in(w2c_sign_seed_ptr(&signer), seed, SIGN_SEED_BYTES);
    put_in(w2c_sign_message_ptr(&signer), message, len);
    w2c_sign_sign_begin(&signer, len);
}

bool sign_step(void) { return w2c_sign_step(&signer) != 0; }

void sign_result(uint8_t *public_key, uint8_t *signature) {
    take_out(w2c_sign_public_ptr(&signer), public_key, SIGN_PUBLIC_BYTES);
    take_out(w2c_sign_signature_ptr(&signer), signature, SIGN_SIGNATURE_BYTES);
}

void sign_digest_begin(void) {
    instantiate();
    w2c_sign_digest_begin(&signer);
}

void sign_digest_add(const uint8_t *bytes, uint32_t len) {
    assert(len <= SIGN_MESSAGE_MAX);
    put_in(w2c_sign_message_ptr(&signer), bytes, len);
    w2c_sign_digest_add(&signer, len);
}

void sign_digest_end(uint8_t *digest) {
    w2c_sign_digest_end(&signer);
    take_out(w2c_sign_digest_ptr(&signer), digest, SIGN_DIGEST_BYTES);
}
