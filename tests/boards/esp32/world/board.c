/* The chip behind ESP-IDF's drivers: reset, registers, pads with hold, timer, console, temperature.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "world.h"

#define REBOOT_MS 300u
#define RX_BYTES 4096u
/* A watchdog of the ROM ends a boot that reads a busy flash, in ms. */
#define ROM_WATCHDOG_MS 1000u

struct idf_uart {
    int unused;
};
uart_dev_t UART0;

extern uint8_t __start_rtc_noinit[], __stop_rtc_noinit[];

void world_say(const char *format, ...) {
    va_list values;
    printf("%llu ", (unsigned long long)(world->now / 1000));
    va_start(values, format);
    vprintf(format, values);
    va_end(values);
    printf("\n");
}

static void end_boot(esp_reset_reason_t reason, uint32_t delay_ms) {
    world->reset = reason;
    memcpy(world->rtc, __start_rtc_noinit, (size_t)(__stop_rtc_noinit - __start_rtc_noinit));
    for (uint32_t pin = 0; pin < WORLD_PINS; pin++) {
        world->output[pin] = false;
        if (!world->hold[pin] && world->pads[pin] && world->latch[pin]) pins_set(pin, false);
        world->latch[pin] = false;
    }
    world->now += (uint64_t)delay_ms * 1000;
    fflush(stdout);
}

_Noreturn void world_reset(esp_reset_reason_t reason, uint32_t delay_ms) {
    end_boot(reason, delay_ms);
    _Exit(0);
}

_Noreturn void world_panic(const char *why) {
    world_say("panic %s", why);
    world_reset(ESP_RST_PANIC, REBOOT_MS);
}

void idf_abort_unless_ok(esp_err_t error) {
    if (error != ESP_OK) world_panic("ESP_ERROR_CHECK");
}

void esp_rom_software_reset_system(void) {
    const bool busy = world->now < world->flash_busy_until;
    world_say("reset clock=%s flash=%s", world->clock_restored ? "default" : "pll",
              busy ? "busy" : "idle");
    if (!busy) world_reset(ESP_RST_SW, REBOOT_MS);
    /* The ROM reads rubbish; its watchdog resets the RTC domain too, so the pads are no longer
     * held. */
    for (uint32_t pin = 0; pin < WORLD_PINS; pin++) world->hold[pin] = false;
    world_reset(ESP_RST_WDT, ROM_WATCHDOG_MS + REBOOT_MS);
}

void rtc_clk_cpu_set_to_default_config(void) { world->clock_restored = true; }

void rtc_clk_cpu_freq_set_xtal(void) { world->clock_restored = true; }

void world_restore(void) {
    memcpy(__start_rtc_noinit, world->rtc, (size_t)(__stop_rtc_noinit - __start_rtc_noinit));
    world->clock_restored = false;
    world->boots++;
    pins_boot();
}

esp_reset_reason_t esp_reset_reason(void) { return world->reset; }
int64_t esp_timer_get_time(void) { return (int64_t)world->now; }

uint32_t esp_random(void) {
    world->seed = world->seed * 1664525u + 1013904223u;
    return world->seed ^ world->seed >> 16;
}

void esp_fill_random(void *bytes, size_t len) {
    for (size_t i = 0; i < len; i++) ((uint8_t *)bytes)[i] = (uint8_t)(esp_random() >> 8);
}

void bootloader_random_enable(void) {}
void bootloader_random_disable(void) {}
void esp_rom_delay_us(uint32_t us) { world_spend(us); }
vprintf_like_t esp_log_set_vprintf(vprintf_like_t writer) { return writer; }

esp_err_t esp_register_freertos_idle_hook(esp_freertos_idle_cb_t hook) {
    (void)hook;
    return ESP_OK;
}

/* --- pads --- */

#if CONFIG_IDF_TARGET_ESP32
#define EDGE_GROUP(pin) ((pin) / 32u)
#else
#define EDGE_GROUP(pin) (pin)
#endif

static gpio_isr_t handlers[WORLD_PINS];
static bool edges[WORLD_PINS];

/* Erratum GPIO-3.14 of the ESP32, at its worst: an edge is lost if another pin of its group has an
 * edge interrupt too. */
static bool edge_lost(uint32_t pin) {
    for (uint32_t other = 0; other < WORLD_PINS; other++)
        if (other != pin && edges[other] && EDGE_GROUP(other) == EDGE_GROUP(pin)) return true;
    return false;
}

static void pins_register(uint32_t pin) {
    const uint32_t bit = 1u << (pin % 32u);
#ifdef GPIO_IN1_REG
    volatile uint32_t *at =
        (volatile uint32_t *)(uintptr_t)(pin < 32u ? GPIO_IN_REG : GPIO_IN1_REG);
#else
    if (pin >= 32u) return;
    volatile uint32_t *at = (volatile uint32_t *)(uintptr_t)GPIO_IN_REG;
#endif
    if (world->pads[pin]) *at |= bit;
    else *at &= ~bit;
}

void pins_set(uint32_t pin, bool level) {
    if (world->pads[pin] == level) return;
    world->pads[pin] = level;
    world_say("pad %u=%d", pin, level);
    pins_register(pin);
    if (handlers[pin] == NULL || !edges[pin]) return;
    if (edge_lost(pin)) world_say("edge lost pin=%u", pin);
    else handlers[pin](NULL);
}

void pins_quietly(uint32_t pin, bool level) {
    world->pads[pin] = level;
    pins_register(pin);
}

void pins_boot(void) {
    for (uint32_t pin = 0; pin < WORLD_PINS; pin++) pins_register(pin);
}

static void pin_follow(uint32_t pin) {
    if (world->output[pin] && !world->hold[pin]) pins_set(pin, world->latch[pin]);
}

esp_err_t gpio_config(const gpio_config_t *config) {
    for (uint32_t pin = 0; pin < WORLD_PINS; pin++) {
        if ((config->pin_bit_mask >> pin & 1u) == 0) continue;
        edges[pin] = config->intr_type == GPIO_INTR_ANYEDGE;
        world->output[pin] = config->mode != GPIO_MODE_INPUT;
        pin_follow(pin);
    }
    return ESP_OK;
}

esp_err_t gpio_set_level(gpio_num_t pin, uint32_t level) {
    world->latch[pin] = level != 0;
    pin_follow((uint32_t)pin);
    return ESP_OK;
}

esp_err_t gpio_hold_en(gpio_num_t pin) {
    world->hold[pin] = true;
    return ESP_OK;
}

esp_err_t gpio_hold_dis(gpio_num_t pin) {
    world->hold[pin] = false;
    pin_follow((uint32_t)pin);
    return ESP_OK;
}

esp_err_t gpio_install_isr_service(int flags) {
    (void)flags;
    return ESP_OK;
}

esp_err_t gpio_isr_handler_add(gpio_num_t pin, gpio_isr_t handler, void *argument) {
    (void)argument;
    handlers[pin] = handler;
    return ESP_OK;
}

/* --- the timer --- */

static gptimer_event_callbacks_t callbacks;
static uint64_t period, timer_at = WORLD_NEVER;

esp_err_t gptimer_new_timer(const gptimer_config_t *config, gptimer_handle_t *timer) {
    (void)config;
    *timer = NULL;
    return ESP_OK;
}

esp_err_t gptimer_register_event_callbacks(gptimer_handle_t timer,
                                           const gptimer_event_callbacks_t *given, void *user) {
    (void)timer, (void)user;
    callbacks = *given;
    return ESP_OK;
}

esp_err_t gptimer_set_alarm_action(gptimer_handle_t timer, const gptimer_alarm_config_t *alarm) {
    (void)timer;
    period = alarm->alarm_count;
    /* On request the idle timer is slower, so that a day takes seconds. */
    if (world->coarse && period >= 10000u) period *= 10u;
    if (timer_at != WORLD_NEVER) timer_at = world->now + period;
    return ESP_OK;
}

esp_err_t gptimer_enable(gptimer_handle_t timer) {
    (void)timer;
    return ESP_OK;
}

esp_err_t gptimer_start(gptimer_handle_t timer) {
    (void)timer;
    timer_at = world->now + period;
    return ESP_OK;
}

uint64_t timer_due(void) { return timer_at; }

void timer_fire(void) {
    timer_at += period;
    (void)callbacks.on_alarm(NULL, NULL, NULL);
}

/* --- the console --- */

static uint8_t rx[RX_BYTES];
static uint32_t rx_len;

void uart_input(const uint8_t *bytes, uint32_t len) {
    if (len > RX_BYTES - rx_len) abort();
    memcpy(rx + rx_len, bytes, len);
    rx_len += len;
}

esp_err_t uart_driver_install(uart_port_t port, int size, int tx, int queue_len,
                              QueueHandle_t *queue, int flags) {
    (void)port, (void)size, (void)tx, (void)queue_len, (void)queue, (void)flags;
    return ESP_OK;
}

int uart_read_bytes(uart_port_t port, void *bytes, uint32_t len, TickType_t ticks) {
    (void)port;
    if (rx_len == 0) vTaskDelay(world->coarse ? ticks * 10 : ticks);
    if (len > rx_len) len = rx_len;
    memcpy(bytes, rx, len);
    memmove(rx, rx + len, rx_len - len);
    rx_len -= len;
    return (int)len;
}

uint32_t uart_ll_get_txfifo_len(uart_dev_t *uart) {
    (void)uart;
    return 127;
}

/* Bytes that are not printable, and the backslash, as \xNN. */
void uart_ll_write_txfifo(uart_dev_t *uart, const uint8_t *bytes, uint32_t len) {
    static bool inside;
    (void)uart;
    for (uint32_t i = 0; i < len; i++) {
        if (!inside) printf("%llu > ", (unsigned long long)(world->now / 1000));
        inside = bytes[i] != '\n';
        if (bytes[i] == '\n') printf("\n");
        else if (bytes[i] == '\r') continue;
        else if (bytes[i] < 0x20 || bytes[i] > 0x7e || bytes[i] == '\\')
            printf("\\x%02x", bytes[i]);
        else printf("%c", bytes[i]);
    }
}

bool uart_ll_is_tx_idle(uart_dev_t *uart) {
    (void)uart;
    return true;
}

int usb_serial_jtag_ll_txfifo_writable(void) { return 0; }
int usb_serial_jtag_ll_write_txfifo(const uint8_t *bytes, uint32_t len) {
    (void)bytes;
    return (int)len;
}
void usb_serial_jtag_ll_txfifo_flush(void) {}
int usb_serial_jtag_ll_read_rxfifo(uint8_t *bytes, uint32_t max) {
    (void)bytes, (void)max;
    return 0;
}

esp_err_t temperature_sensor_install(const temperature_sensor_config_t *config,
                                     temperature_sensor_handle_t *sensor) {
    (void)config, (void)sensor;
    return ESP_OK;
}

esp_err_t temperature_sensor_enable(temperature_sensor_handle_t sensor) {
    (void)sensor;
    return ESP_OK;
}

esp_err_t temperature_sensor_get_celsius(temperature_sensor_handle_t sensor, float *degrees) {
    (void)sensor;
    *degrees = 31.4f;
    return ESP_OK;
}
