/* Start-up. The contacts and the host start first; every other task starts when the host sleeps for
 * the first time. */
#include "console.h"
#include "console_out.h"
#include "contacts.h"
#include "esp_freertos_hooks.h"
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#include "hal_esp32.h"
#include "host.h"
#include "host_interrupts.h"
#include "network.h"
#include "outputs.h"
#include "partitions.h"
#include "radio_power.h"
#include "retained.h"
#include "temperature.h"

/* Above Wi-Fi's task, whose priority is 23. */
#define HOST_PRIORITY (configMAX_PRIORITIES - 1)

static StackType_t stack[KS_HOST_STACK / sizeof(StackType_t)];

static void host_task(void *argument) {
    static struct host_image image;
    static const uint8_t nothing[1];
    const char *refused;
    uint32_t len;
    const uint32_t delay = retained_delay();
    if (delay > 0) vTaskDelay(pdMS_TO_TICKS(delay) + 1);
    const uint8_t *guest = guest_partition(&len, &refused);
    image.reason = (uint32_t)(uintptr_t)argument;
    image.guest = guest == NULL ? nothing : guest;
    image.guest_len = len;
    image.radio_held = retained_radio_held();
    image.stack_floor = (uintptr_t)stack + KS_STACK_MARGIN;
    hal_start();
    /* The first tick has a temperature already, on a chip with a sensor. */
    temperature_poll();
    interrupts_start();
    host_boot(&image);
}

/* Works around a fault of the emulated ESP32-C3: an interrupt that arrives within another is lost
 * until the interrupt threshold is written, and the board then sleeps without end within seconds.
 * On the chip this costs two stores each time it idles. */
static bool before_sleep(void) {
    static portMUX_TYPE lock = portMUX_INITIALIZER_UNLOCKED;
    portENTER_CRITICAL(&lock);
    portEXIT_CRITICAL(&lock);
    return true;
}

void app_main(void) {
    static StaticTask_t task;
    contacts_pins();
    radio_power_off();
    console_out_boot();
    const uint32_t reason = retained_boot();
    outputs_start();
    (void)esp_register_freertos_idle_hook(before_sleep);
    (void)xTaskCreateStatic(host_task, "host", sizeof stack, (void *)(uintptr_t)reason,
                            HOST_PRIORITY, stack, &task);
    /* Here the host has slept for the first time. */
    console_start(reason);
    network_start();
}
