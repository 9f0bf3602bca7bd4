/* The GPIO numbers, which the build writes from board.json. KS_GPIO_INPUTS: NO, NC, the button, and
 * the lines that a fixture senses. KS_GPIO_OUTPUTS: by KS_PIN. */
#ifndef PINS_H
#define PINS_H

#include "pins.gen.h"

/* No GPIO: an input that always reads low or high, an output without a pin. */
#define PIN_LOW (-1)
#define PIN_HIGH (-2)
/* Outputs, one bit each, that are open drain: 1 pulls low, 0 releases the wire. For a reset pin. */
#define PIN_SINKS (KS_GPIO_SINKS)

#endif
