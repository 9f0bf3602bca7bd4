/* See flash_busy.h. Placed in RAM (linker.lf), because an interrupt calls it while the cache is
 * off. */
#include "flash_busy.h"

#include <stdint.h>

#include "esp_rom_sys.h"
#include "freertos/FreeRTOS.h"

/* A sector's erase takes 45 to 100 ms by the data sheets of common flash chips, 400 ms at the
 * worst. The interrupt watchdog bites after 300 ms. In us. */
#define SETTLE_US 200000u

static portMUX_TYPE lock = portMUX_INITIALIZER_UNLOCKED;
static volatile uint32_t writers;

void flash_busy_begin(void) {
    portENTER_CRITICAL(&lock);
    writers = writers + 1;
    portEXIT_CRITICAL(&lock);
}

void flash_busy_end(void) {
    portENTER_CRITICAL(&lock);
    writers = writers - 1;
    portEXIT_CRITICAL(&lock);
}

void flash_busy_settle(void) {
    if (writers > 0) esp_rom_delay_us(SETTLE_US);
}
