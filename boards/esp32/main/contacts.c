/* See contacts.h. What interrupts reach lies in RAM (linker.lf), so that writing to flash delays no
 * kill.
 *
 * The mask is a word and not a register: FreeRTOS may be called while masked, and a kill is not
 * late by what the host does masked. An interrupt that finds the host masked looks at the contacts;
 * if they are not cleanly ON it takes the radio's power away itself, and keeps what it saw for the
 * host, which draws the conclusion when it unmasks. One core runs all of this
 * (CONFIG_FREERTOS_UNICORE). */
#include "contacts.h"

#include <assert.h>

#include "driver/gpio.h"
#include "driver/gptimer.h"
#include "esp_err.h"
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#include "host.h"
#include "pins.h"
#include "radio_power.h"
#include "soc/gpio_reg.h"
#include "soc/soc.h"

#define TIMER_HZ 1000000u
/* How often the timer looks, in us: while the gate's word moves by itself; and otherwise, when an
 * edge that no interrupt told of is what it looks for. */
#define PERIOD_MOVING 1000u
#define PERIOD_SETTLED 10000u
#define CONTACTS_ON 1u
/* Above the timer, and below what FreeRTOS masks in its critical sections: the handler calls it. Of
 * level n ESP-IDF 5.1 makes priority n + 1 on a RISC-V chip, and priority 4 is not masked there: at
 * level 3 an edge within a critical section left all others masked for good. */
#define EDGE_LEVEL ESP_INTR_FLAG_LEVEL2

static TaskHandle_t host_task;
static volatile bool masked = true;
static volatile bool pending;
/* What an interrupt saw while the host was masked and the contacts were not ON. */
static volatile uint32_t seen;
static volatile bool seen_off;
static bool button;
static uint32_t lines;
/* The host has something to do from here on, in ms of hal_now(). */
static volatile uint32_t wake_at;
static gptimer_handle_t timer;
static uint32_t period;

/* KS_GPIO_INPUTS, in order. */
enum { NO, NC, BUTTON, LINES };
static const int8_t inputs[] = {KS_GPIO_INPUTS};

static bool level(uint32_t input) {
    const int32_t pin = inputs[input];
    if (pin < 0) return pin == PIN_HIGH;
#ifdef GPIO_IN1_REG
    if (pin >= 32) return ((REG_READ(GPIO_IN1_REG) >> (pin - 32)) & 1u) != 0;
#endif
    return ((REG_READ(GPIO_IN_REG) >> pin) & 1u) != 0;
}

static uint32_t level_now(void) { return (level(NO) ? 1u : 0) | (level(NC) ? 2u : 0); }

uint32_t contacts_level(void) {
    const uint32_t now = level_now();
    if (!seen_off) return now;
    seen_off = false;
    return seen;
}

bool contacts_button(void) { return level(BUTTON); }

uint32_t contacts_lines(void) {
    uint32_t levels = 0;
    for (uint32_t input = LINES; input < sizeof inputs; input++)
        if (level(input)) levels |= 1u << (input - LINES);
    return levels;
}

static void pace(uint32_t us) {
    if (us == period) return;
    const gptimer_alarm_config_t alarm = {
        .alarm_count = us,
        .flags.auto_reload_on_alarm = true,
    };
    period = us;
    ESP_ERROR_CHECK(gptimer_set_alarm_action(timer, &alarm));
}

/* Called masked. */
static void serve(void) {
    host_edge();
    const bool pressed = level(BUTTON);
    if (pressed != button) {
        button = pressed;
        host_button(pressed);
    }
    const uint32_t sensed = contacts_lines();
    if (sensed != lines) {
        lines = sensed;
        host_input();
    }
    host_sampled();
    pace(host_deadline() - hal_now() <= 1 ? PERIOD_MOVING : PERIOD_SETTLED);
}

/* An interrupt. Returns whether the host has something to do. */
static bool enter(bool edge) {
    if (masked) {
        const uint32_t now = level_now();
        if (now != CONTACTS_ON) {
            radio_power_off();
            seen = now;
            seen_off = true;
        }
        pending = true;
        return false;
    }
    /* One that came within another, after its last look, stands here still. */
    bool work = edge || pending;
    masked = true;
    do {
        pending = false;
        serve();
        work = work || pending;
    } while (pending);
    masked = false;
    return work || (int32_t)(hal_now() - wake_at) >= 0;
}

void contacts_mask(void) { masked = true; }

bool contacts_unmask(void) {
    bool served = false;
    for (;;) {
        while (pending) {
            pending = false;
            serve();
            served = true;
        }
        masked = false;
        if (!pending) return served;
        masked = true;
    }
}

static void on_edge(void *unused) {
    BaseType_t woken = pdFALSE;
    (void)unused;
    if (enter(true)) vTaskNotifyGiveFromISR(host_task, &woken);
    portYIELD_FROM_ISR(woken);
}

static bool on_timer(gptimer_handle_t from, const gptimer_alarm_event_data_t *event, void *unused) {
    BaseType_t woken = pdFALSE;
    (void)from, (void)event, (void)unused;
    if (enter(false)) vTaskNotifyGiveFromISR(host_task, &woken);
    return woken == pdTRUE;
}

void contacts_sleep(void) {
    wake_at = host_deadline();
    if (!contacts_unmask()) (void)ulTaskNotifyTake(pdTRUE, portMAX_DELAY);
}

void contacts_wake(void) {
    if (host_task != NULL) xTaskNotifyGive(host_task);
}

uint32_t contacts_stack_left(void) {
    return (uint32_t)(uxTaskGetStackHighWaterMark(host_task) * sizeof(StackType_t));
}

void contacts_pins(void) {
    gpio_config_t config = {
        .mode = GPIO_MODE_INPUT,
        .pull_up_en = GPIO_PULLUP_DISABLE,
        .pull_down_en = GPIO_PULLDOWN_ENABLE,
        .intr_type = GPIO_INTR_ANYEDGE,
    };
    for (uint32_t input = 0; input < sizeof inputs; input++)
        if (inputs[input] >= 0) config.pin_bit_mask |= 1ull << inputs[input];
    ESP_ERROR_CHECK(gpio_config(&config));
}

static void start_timer(void) {
    const gptimer_config_t config = {
        .clk_src = GPTIMER_CLK_SRC_DEFAULT,
        .direction = GPTIMER_COUNT_UP,
        .resolution_hz = TIMER_HZ,
    };
    const gptimer_event_callbacks_t callbacks = {.on_alarm = on_timer};
    ESP_ERROR_CHECK(gptimer_new_timer(&config, &timer));
    ESP_ERROR_CHECK(gptimer_register_event_callbacks(timer, &callbacks, NULL));
    pace(PERIOD_MOVING);
    ESP_ERROR_CHECK(gptimer_enable(timer));
    ESP_ERROR_CHECK(gptimer_start(timer));
}

void contacts_start(void) {
    host_task = xTaskGetCurrentTaskHandle();
    button = level(BUTTON);
    lines = contacts_lines();
#ifdef RVHAL_EXCM_LEVEL
    assert(esp_intr_flags_to_level(EDGE_LEVEL) < RVHAL_EXCM_LEVEL);
#endif
    ESP_ERROR_CHECK(gpio_install_isr_service(ESP_INTR_FLAG_IRAM | EDGE_LEVEL));
    for (uint32_t input = 0; input < sizeof inputs; input++)
        if (inputs[input] >= 0) ESP_ERROR_CHECK(gpio_isr_handler_add(inputs[input], on_edge, NULL));
    start_timer();
}
