/* See entropy.h. The cut-offs are those of SP 800-90B, 4.4, for 0.1 bits of min-entropy a sample
 * and a false alarm in 2^20: RANDOMBIT of the RP2040 is biased and by its data sheet (2.17.5) no
 * source for security, so little is claimed of it. 1024 samples then carry 102 bits. */
#include "entropy.h"

#include <string.h>

#include "mac.h"

/* 1 + ceil(20 / 0.1). */
#define REPETITION_CUTOFF 201u
/* 1 + critbinom(1024, 2^-0.1, 1 - 2^-20). */
#define PROPORTION_CUTOFF 991u
#define WINDOW 1024u

/* What a derived value is for: the last byte of the message under the key. */
enum { FOR_KEY = 1, FOR_NEXT = 2, FOR_EPOCH = 3, FOR_BLOCK = 4 };

void entropy_begin(struct entropy *entropy) { memset(entropy, 0, sizeof *entropy); }

void entropy_sample(struct entropy *entropy, uint32_t bit) {
    const uint32_t at = entropy->count++;
    if (at < ENTROPY_SAMPLES && bit != 0) entropy->pool[at / 8u] |= (uint8_t)(1u << at % 8u);
    if (at > 0 && bit == entropy->last) entropy->repeated++;
    else entropy->repeated = 1;
    entropy->last = bit;
    if (entropy->repeated >= REPETITION_CUTOFF) entropy->fault = "repetition";
    if (at % WINDOW == 0) {
        entropy->first = bit;
        entropy->same = 1;
    } else if (bit == entropy->first && ++entropy->same >= PROPORTION_CUTOFF)
        entropy->fault = "proportion";
}

static void derive(const uint8_t *key, uint8_t what, uint32_t number, uint8_t *to) {
    const uint8_t message[] = {what, (uint8_t)number, (uint8_t)(number >> 8),
                               (uint8_t)(number >> 16), (uint8_t)(number >> 24)};
    mac_hmac(key, ENTROPY_SEED_BYTES, message, sizeof message, to);
}

bool entropy_finish(struct entropy *entropy, const uint8_t *seed, uint8_t *next, uint8_t *epoch) {
    uint8_t value[ENTROPY_SEED_BYTES];
    if (entropy->fault == NULL && entropy->count < ENTROPY_SAMPLES) entropy->fault = "count";
    if (entropy->fault != NULL) return false;
    mac_hmac(seed, ENTROPY_SEED_BYTES, entropy->pool, sizeof entropy->pool, entropy->key);
    derive(entropy->key, FOR_NEXT, 0, next);
    derive(entropy->key, FOR_EPOCH, 0, value);
    memcpy(epoch, value, ENTROPY_EPOCH_BYTES);
    derive(entropy->key, FOR_KEY, 0, value);
    memcpy(entropy->key, value, sizeof entropy->key);
    memset(entropy->pool, 0, sizeof entropy->pool);
    return true;
}

void entropy_draw(struct entropy *entropy, uint8_t *bytes, uint32_t len) {
    for (uint32_t i = 0; i < len; i++) {
        const uint32_t at = entropy->drawn % ENTROPY_SEED_BYTES;
        if (at == 0)
            derive(entropy->key, FOR_BLOCK, entropy->drawn / ENTROPY_SEED_BYTES, entropy->block);
        entropy->drawn++;
        bytes[i] = entropy->block[at];
    }
}
