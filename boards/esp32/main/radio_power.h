/* The radio's power, by registers: off at once, in an interrupt, with the cache off. */
#ifndef RADIO_POWER_H
#define RADIO_POWER_H

#include <stdbool.h>

/* Clocks off, modem in reset, analogue front end without supply. The radio works again only after
 * radio_power_on() and a new initialisation of Wi-Fi. */
void radio_power_off(void);
/* Sets the clocks as ESP-IDF's start-up leaves them. */
void radio_power_on(void);
/* Whether any clock of the radio runs, read back from the registers. */
bool radio_power_sense(void);

#endif
