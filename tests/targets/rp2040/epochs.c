/* Restarts a model of the board's randomness: `epochs SOURCE RESTARTS`. Prints how many epochs were
 * made and how many of them were repeated. Sources: good (biased, independent bits), same (the same
 * bits at every boot), dead, stuck (dies after 512 bits), slow (long runs). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "entropy.h"

/* Called by a trap of the translated MAC. */
_Noreturn void host_trap(void);
_Noreturn void host_trap(void) { abort(); }

static uint64_t state = 0x9e3779b97f4a7c15u;

static uint32_t draw(void) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (uint32_t)(state >> 32);
}

static uint32_t bit_of(char source, uint32_t i) {
    if (source == 'd') return 1;
    if (source == 's') return (i * 2654435761u >> 28) & 1u;  /* same */
    if (source == 't') return i < 512 ? draw() % 10 < 6 : 0; /* stuck */
    if (source == 'l') return (i / 220u) & 1u;               /* slow */
    return draw() % 10 < 6;
}

static int compare(const void *a, const void *b) {
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

int main(int count, char **words) {
    if (count != 3) return 2;
    const char source = strcmp(words[1], "stuck") == 0  ? 't'
                        : strcmp(words[1], "slow") == 0 ? 'l'
                                                        : words[1][0];
    const uint32_t restarts = (uint32_t)strtoul(words[2], NULL, 10);
    uint64_t *epochs = malloc(restarts * sizeof *epochs);
    uint8_t seed[ENTROPY_SEED_BYTES] = {0};
    uint32_t made = 0, twice = 0;
    static struct entropy entropy;
    if (epochs == NULL) return 2;
    for (uint32_t boot = 0; boot < restarts; boot++) {
        uint8_t next[ENTROPY_SEED_BYTES], epoch[ENTROPY_EPOCH_BYTES];
        entropy_begin(&entropy);
        for (uint32_t i = 0; i < ENTROPY_SAMPLES && entropy.fault == NULL; i++)
            entropy_sample(&entropy, bit_of(source, i));
        if (!entropy_finish(&entropy, seed, next, epoch)) continue;
        /* The supply fails before the seed is stored: its epoch is never drawn. */
        if (boot % 7 == 3) continue;
        memcpy(seed, next, sizeof seed);
        memcpy(&epochs[made++], epoch, sizeof epoch);
    }
    qsort(epochs, made, sizeof *epochs, compare);
    for (uint32_t i = 1; i < made; i++) twice += epochs[i] == epochs[i - 1];
    printf("made=%u twice=%u fault=%s\n", made, twice,
           entropy.fault == NULL ? "none" : entropy.fault);
    free(epochs);
    return 0;
}
