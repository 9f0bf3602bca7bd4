/* hal.h on the chip: time, inputs, randomness, restart, and calls into the files that do the rest.
 * Interrupts call into this file, so it is placed in RAM (linker.lf). */
#include "hal.h"

#include <string.h>

#include "bootloader_random.h"
#include "console_out.h"
#include "contacts.h"
#include "esp_idf_version.h"
#include "esp_random.h"
#include "esp_rom_sys.h"
#include "flash_busy.h"
#include "hal_esp32.h"
#include "host_interrupts.h"
#include "inbox.h"
#include "network.h"
#include "outputs.h"
#include "partitions.h"
#include "radio_power.h"
#include "retained.h"

/* The header of the function that esp_restart() uses since 5.2. */
#if ESP_IDF_VERSION >= ESP_IDF_VERSION_VAL(5, 2, 0)
#include "esp_private/rtc_clk.h"
#else
#include "soc/rtc.h"
#endif

#define POOL_BYTES 64u

static uint8_t pool[POOL_BYTES];
static uint32_t drawn;
static volatile uint32_t temperature = (uint16_t)HAL_NO_TEMPERATURE;

void hal_start(void) {
    /* Hardware entropy while the radio is off: esp_random() alone is pseudo-random then. The source
     * is noise of the analogue converter (ESP-IDF, "Random Number Generation"). An epoch is drawn
     * before the radio is up, and in an interrupt. */
    bootloader_random_enable();
    esp_fill_random(pool, sizeof pool);
    bootloader_random_disable();
}

void hal_temperature(int16_t tenths) { temperature = (uint16_t)tenths; }

uint32_t hal_now(void) { return retained_now(); }

uint32_t hal_sense(void) { return contacts_level() | (radio_power_sense() ? 4u : 0); }

uint32_t hal_inputs(void) {
    return (contacts_button() ? KS_INPUT_BUTTON : 0) | contacts_lines() << KS_INPUT_LINES_SHIFT |
           temperature << KS_INPUT_TEMPERATURE_SHIFT;
}

void hal_radio(bool on) {
    if (on) network_radio();
    else radio_power_off();
}

bool hal_gpio(uint32_t pin, uint32_t level) { return outputs_set(pin, level); }

void hal_link_send(uint32_t principal, uint32_t channel, const uint8_t *bytes, uint32_t len) {
    network_send(principal, channel, bytes, len);
}

/* The pool covers the first 64 bytes of a boot. Later bytes depend on the chip's generator, which
 * has hardware entropy while the radio is on. */
void hal_random(uint8_t *bytes, uint32_t len) {
    for (uint32_t i = 0; i < len; i++) {
        bytes[i] = (uint8_t)(pool[drawn] ^ (uint8_t)esp_random());
        drawn = (drawn + 1) % POOL_BYTES;
    }
}

bool hal_secret(uint32_t principal, uint8_t *secret) {
    const char *refused;
    const struct owner *owner = owner_partition(&refused);
    return owner != NULL && owner_secret(owner, principal, secret);
}

void hal_trace(const char *line, uint32_t len) { console_trace(line, len); }

static void clock_default(void) {
#if ESP_IDF_VERSION >= ESP_IDF_VERSION_VAL(5, 2, 0)
    rtc_clk_cpu_set_to_default_config();
#else
    rtc_clk_cpu_freq_set_xtal();
#endif
}

_Noreturn void hal_restart(uint32_t reason, uint32_t delay_ms) {
    interrupts_mask();
    radio_power_off();
    retained()->reason = reason;
    retained()->delay_ms = delay_ms;
    retained_seal(retained());
    (void)retained_now();
    flash_busy_settle();
    console_finish();
    /* The reset of the ESP32 keeps the RTC domain, and with it the CPU's clock source: the ROM
     * expects the crystal, as after esp_restart(). */
    clock_default();
    esp_rom_software_reset_system();
    for (;;) continue;
}

void hal_interrupts(bool on) {
    if (on) (void)interrupts_unmask();
    else interrupts_mask();
}

void hal_idle(void) {
    if (inbox_feed()) (void)interrupts_unmask();
    else interrupts_sleep();
}
