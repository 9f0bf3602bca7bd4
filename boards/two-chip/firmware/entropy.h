/* Randomness from a weak source: health tests of NIST SP 800-90B on its bits, HMAC-SHA256 as the
 * conditioner (3.1.5.1.1), and a seed that is replaced at each boot, so that a source which has
 * become predictable still gives no epoch twice. Pure: the bits and the seed are handed in. */
#ifndef ENTROPY_H
#define ENTROPY_H

#include <stdbool.h>
#include <stdint.h>

/* Bits collected at a boot: the start-up test's least, and one window of the proportion test. */
#define ENTROPY_SAMPLES 1024u
#define ENTROPY_SEED_BYTES 32u
#define ENTROPY_EPOCH_BYTES 8u

struct entropy {
    uint8_t pool[ENTROPY_SAMPLES / 8u];
    uint32_t count;
    uint32_t last, repeated, first, same;
    const char *fault; /* null, "repetition" or "proportion" */
    uint8_t key[ENTROPY_SEED_BYTES];
    uint32_t drawn;
    uint8_t block[ENTROPY_SEED_BYTES];
};

void entropy_begin(struct entropy *entropy);
/* One bit of the source. */
void entropy_sample(struct entropy *entropy, uint32_t bit);
/* After ENTROPY_SAMPLES: mixes the bits into `seed` (all zero if there is none). `next` is the seed
 * of the next boot, to be stored before anything is drawn; `epoch` is for this boot. False if a
 * test failed. */
bool entropy_finish(struct entropy *entropy, const uint8_t *seed, uint8_t *next, uint8_t *epoch);
/* More bytes, after entropy_finish(). */
void entropy_draw(struct entropy *entropy, uint8_t *bytes, uint32_t len);

#endif
