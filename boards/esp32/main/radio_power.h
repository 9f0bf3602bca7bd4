/* The radio's power at the level of registers: off at once, in an interrupt, with the cache off.
 * Must not know Wi-Fi, why the radio goes off, or who asks. */
#ifndef RADIO_POWER_H
#define RADIO_POWER_H

#include <stdbool.h>

/* Clocks off, modem in reset, analogue front end without supply. Nothing of the radio works until
 * radio_power_on() and its initialisation anew. */
void radio_power_off(void);
/* Clocks as ESP-IDF's start-up leaves them. */
void radio_power_on(void);
/* Whether any clock of the radio runs: read back from the chip. */
bool radio_power_sense(void);

#endif
