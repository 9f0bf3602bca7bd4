/* What start-up and the other tasks tell the HAL. */
#ifndef HAL_ESP32_H
#define HAL_ESP32_H

#include <stdint.h>

/* Once, with the radio off: draws the chance that the first epochs are made of. */
void hal_start(void);
/* The chip's temperature, in 0.1 degrees Celsius; 0 until the first. */
void hal_temperature(int16_t tenths);

#endif
