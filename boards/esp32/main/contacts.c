/* See contacts.h. Interrupts call into this file, so it is placed in RAM (linker.lf): a write to
 * flash disables the cache and must not delay a kill. */
#include "contacts.h"

#include <assert.h>

#include "driver/gpio.h"
#include "esp_err.h"
#include "pins.h"
#include "sdkconfig.h"
#include "soc/gpio_reg.h"
#include "soc/soc.h"

/* Above the timer's level, and below the level that FreeRTOS masks in a critical section, because
 * the handler calls FreeRTOS. On a RISC-V chip ESP-IDF 5.1 turns level n into priority n + 1, and
 * priority 4 is not masked there: at level 3 an edge within a critical section masked all other
 * interrupts for good. */
#define EDGE_LEVEL ESP_INTR_FLAG_LEVEL2

/* KS_GPIO_INPUTS, in order. */
enum { NO, NC, BUTTON, LINES };
static const int8_t inputs[] = {KS_GPIO_INPUTS};

/* Erratum GPIO-3.14 of the ESP32: an edge can be lost if another pin of its group (0 to 31, 32 to
 * 39) has an interrupt too. So NO and NC alone have one there, in different groups (board.json);
 * the timer samples the other inputs. */
static bool has_edge(uint32_t input) {
#if CONFIG_IDF_TARGET_ESP32
    if (input > NC) return false;
#endif
    return inputs[input] >= 0;
}

static bool level(uint32_t input) {
    const int32_t pin = inputs[input];
    if (pin < 0) return pin == PIN_HIGH;
#ifdef GPIO_IN1_REG
    if (pin >= 32) return ((REG_READ(GPIO_IN1_REG) >> (pin - 32)) & 1u) != 0;
#endif
    return ((REG_READ(GPIO_IN_REG) >> pin) & 1u) != 0;
}

bool contacts_sampled(void) { return !has_edge(sizeof inputs - 1) && sizeof inputs > LINES; }

uint32_t contacts_level(void) { return (level(NO) ? 1u : 0) | (level(NC) ? 2u : 0); }

bool contacts_button(void) { return level(BUTTON); }

uint32_t contacts_lines(void) {
    uint32_t levels = 0;
    for (uint32_t input = LINES; input < sizeof inputs; input++)
        if (level(input)) levels |= 1u << (input - LINES);
    return levels;
}

void contacts_pins(void) {
    for (uint32_t input = 0; input < sizeof inputs; input++) {
        if (inputs[input] < 0) continue;
        const gpio_config_t config = {
            .pin_bit_mask = 1ull << inputs[input],
            .mode = GPIO_MODE_INPUT,
            .pull_up_en = GPIO_PULLUP_DISABLE,
            .pull_down_en = GPIO_PULLDOWN_ENABLE,
            .intr_type = has_edge(input) ? GPIO_INTR_ANYEDGE : GPIO_INTR_DISABLE,
        };
        ESP_ERROR_CHECK(gpio_config(&config));
    }
}

void contacts_start(void (*on_edge)(void *)) {
#ifdef RVHAL_EXCM_LEVEL
    assert(esp_intr_flags_to_level(EDGE_LEVEL) < RVHAL_EXCM_LEVEL);
#endif
    ESP_ERROR_CHECK(gpio_install_isr_service(ESP_INTR_FLAG_IRAM | EDGE_LEVEL));
    for (uint32_t input = 0; input < sizeof inputs; input++)
        if (has_edge(input)) ESP_ERROR_CHECK(gpio_isr_handler_add(inputs[input], on_edge, NULL));
}
