/* hal_random() on the ring oscillator. The epoch of this boot is made before the guest is loaded,
 * because it is drawn in an interrupt. A source that fails its tests, and a flash that does not
 * take the next seed, make no epoch: NO then never reads closed (hal_sense), which at ON the gate
 * takes for a fault. */
#include "board.h"

#include <string.h>

#include "entropy.h"
#include "hal.h"

/* Turns of 3 cycles: 10.5 us at the crystal's 12 MHz, besides the rest of the loop. */
#define SAMPLE_TURNS 42u

void spin(uint32_t turns);

static struct entropy entropy;
static uint8_t epoch[ENTROPY_EPOCH_BYTES];
static const char *fault = "pending";
static bool epoch_taken;

void random_collect(void) {
    uint8_t seed[ENTROPY_SEED_BYTES] = {0}, next[ENTROPY_SEED_BYTES];
    entropy_begin(&entropy);
    clocks_slow();
    for (uint32_t i = 0; i < ENTROPY_SAMPLES && entropy.fault == NULL; i++) {
        spin(SAMPLE_TURNS);
        entropy_sample(&entropy, REG(ROSC_RANDOMBIT) & 1u);
    }
    clocks_fast();
    (void)storage_seed_read(seed);
    if (!entropy_finish(&entropy, seed, next, epoch)) fault = entropy.fault;
    /* Stored before it is used: a boot that loses its supply here repeats nothing. */
    else fault = storage_seed_write(next) ? NULL : "seed";
    if (fault != NULL) console_answer("fault random=", fault);
    contacts_pend();
}

const char *random_fault(void) { return fault; }

void hal_random(uint8_t *bytes, uint32_t len) {
    if (!contacts_serving()) {
        entropy_draw(&entropy, bytes, len);
        return;
    }
    /* One epoch for each boot, because the gate leaves LIVE only by a restart. */
    if (len > sizeof epoch || epoch_taken || fault != NULL) hal_restart(KS_BOOT_RESET, 0);
    memcpy(bytes, epoch, len);
    epoch_taken = true;
}
