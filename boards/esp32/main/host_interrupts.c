/* See host_interrupts.h. All of it is placed in RAM (linker.lf), so that a write to flash does not
 * delay a kill.
 *
 * The mask is a variable and not a register: the masked host may call FreeRTOS, and what the host
 * does while masked must not delay a kill. An interrupt that finds the host masked calls
 * host_edge_masked(), which takes the radio's power if the gate would; the host does the rest when
 * it unmasks. All of this runs on one core (CONFIG_FREERTOS_UNICORE). */
#include "host_interrupts.h"

#include "contacts.h"
#include "driver/gptimer.h"
#include "esp_err.h"
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#include "host.h"

#define TIMER_HZ 1000000u
/* The timer's period, in us: while the gate's word changes with time alone; and otherwise, to catch
 * an edge whose interrupt was lost. */
#define PERIOD_MOVING 1000u
#define PERIOD_SETTLED 10000u
#define PRESSED_MS 60000u

static TaskHandle_t host_task;
static volatile bool masked = true;
static volatile bool pending;
static bool button;
/* The last press, if it is recent: a flag, because the clock wraps. */
static volatile bool recent;
static uint32_t pressed_at;
static uint32_t lines;
/* From here on the host has something to do, in ms of hal_now(). */
static volatile uint32_t wake_at;
static gptimer_handle_t timer;
static uint32_t period;

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
    const bool pressed = contacts_button();
    if (pressed) {
        recent = true;
        pressed_at = hal_now();
    } else if (recent && hal_now() - pressed_at > PRESSED_MS) recent = false;
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
    const bool moving = host_deadline() - hal_now() <= 1 || contacts_sampled();
    pace(moving ? PERIOD_MOVING : PERIOD_SETTLED);
}

/* An interrupt. Returns whether the host has something to do. */
static bool enter(bool edge) {
    if (masked) {
        host_edge_masked();
        pending = true;
        return false;
    }
    /* `pending` may still be set by an interrupt that arrived within another, after its last look.
     */
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

bool interrupts_pressed(void) { return recent; }

void interrupts_mask(void) { masked = true; }

bool interrupts_unmask(void) {
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

void interrupts_sleep(void) {
    wake_at = host_deadline();
    if (!interrupts_unmask()) (void)ulTaskNotifyTake(pdTRUE, portMAX_DELAY);
}

void interrupts_wake(void) {
    if (host_task != NULL) xTaskNotifyGive(host_task);
}

uint32_t interrupts_stack_left(void) {
    return (uint32_t)(uxTaskGetStackHighWaterMark(host_task) * sizeof(StackType_t));
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

void interrupts_start(void) {
    host_task = xTaskGetCurrentTaskHandle();
    button = contacts_button();
    lines = contacts_lines();
    contacts_start(on_edge);
    start_timer();
}
