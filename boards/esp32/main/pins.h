/* Which GPIO is what, as the build writes it from board.json: KS_GPIO_INPUTS are NO, NC, the button
 * and the lines that a fixture senses; KS_GPIO_OUTPUTS are by KS_PIN. Must not know any number. */
#ifndef PINS_H
#define PINS_H

#include "pins.gen.h"

/* No GPIO: an input that reads low or high for ever, an output that goes nowhere. */
#define PIN_LOW (-1)
#define PIN_HIGH (-2)
/* Outputs, a bit each, that pull their wire low for 1 and let go of it for 0: a reset pin. */
#define PIN_SINKS (KS_GPIO_SINKS)

#endif
