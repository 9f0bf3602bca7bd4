/* The HAL's interface for start-up and the other tasks. */
#ifndef HAL_ESP32_H
#define HAL_ESP32_H

#include <stdint.h>

/* Called once, with the radio off: fills the pool that the first epochs are drawn from. */
void hal_start(void);
/* Sets the chip's temperature, in 0.1 degrees Celsius; HAL_NO_TEMPERATURE until the
 * first call. */
void hal_temperature(int16_t tenths);

#endif
