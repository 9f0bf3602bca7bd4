/* Start-up. The contacts and the host come first; nothing else of the system begins before the host
 * has nothing left to do. Must not know what any part does. */
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

/* Above Wi-Fi's task, which has 23. */
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
    image.stack_floor = (uintptr_t)stack + KS_STACK_MARGIN;
    hal_start();
    interrupts_start();
    host_boot(&image);
}

/* An emulated ESP32-C3 forgets an interrupt that comes within another until the interrupt threshold
 * is written: without this it sleeps for ever within seconds. On the chip it is two stores an
 * idling. */
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
    /* The host has slept for the first time. */
    console_start(reason);
    network_start();
}
