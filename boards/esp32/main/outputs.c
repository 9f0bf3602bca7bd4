/* See outputs.h. */
#include "outputs.h"

#include <assert.h>

#include "driver/gpio.h"
#include "esp_err.h"
#include "pins.h"
#include "retained.h"

static const int8_t pins[KS_BOARD_PINS] = {KS_GPIO_OUTPUTS};

static bool sinks(uint32_t pin) { return (PIN_SINKS >> pin & 1u) != 0; }

static void put(uint32_t pin) {
    const uint32_t level = retained()->levels[pin];
    ESP_ERROR_CHECK(gpio_set_level(pins[pin], sinks(pin) ? 1u - level : level));
}

/* Sets the output latch before releasing the pad hold, to avoid a glitch. */
static void drive(uint32_t pin) {
    if (pins[pin] < 0) return;
    put(pin);
    ESP_ERROR_CHECK(gpio_hold_dis(pins[pin]));
    ESP_ERROR_CHECK(gpio_hold_en(pins[pin]));
}

void outputs_start(void) {
    for (uint32_t pin = 0; pin < KS_BOARD_PINS; pin++) {
        if (pins[pin] < 0) continue;
        const gpio_config_t output = {
            .pin_bit_mask = 1ull << pins[pin],
            .mode = sinks(pin) ? GPIO_MODE_OUTPUT_OD : GPIO_MODE_OUTPUT,
            .pull_up_en = GPIO_PULLUP_DISABLE,
            .pull_down_en = GPIO_PULLDOWN_DISABLE,
            .intr_type = GPIO_INTR_DISABLE,
        };
        /* The level before the direction, so that the pin never drives a wrong level. */
        put(pin);
        ESP_ERROR_CHECK(gpio_config(&output));
        drive(pin);
    }
}

bool outputs_set(uint32_t pin, uint32_t level) {
    assert(pin < KS_BOARD_PINS && level <= 1);
    if (retained()->levels[pin] == level) return false;
    retained()->levels[pin] = level;
    retained_seal(retained());
    drive(pin);
    return true;
}
