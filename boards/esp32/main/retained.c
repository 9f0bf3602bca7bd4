/* See retained.h. */
#include "retained.h"

#include "esp_attr.h"
#include "esp_system.h"
#include "esp_timer.h"
#include "hal.h"

#define US_PER_MS 1000
/* A panic later than this after the boot begins a new row. */
#define PANIC_ROW_MS 600000u
#define PANICS_IN_ROW_MAX 3u

static RTC_NOINIT_ATTR struct retained_block block;
/* hal_now() at this boot, and the chip's clock at that moment, in us (an emulated chip's clock
 * continues through a restart). The time of the reset itself, about 0.3 s, is not counted. */
static uint32_t since;
static int64_t began;

struct retained_block *retained(void) {
    return &block;
}

/* KS_BOOT from the chip's reset reason and, for a restart by the host, from the host's reason: also
 * if a watchdog of the ROM then reset the chip again, as while the flash still erases. */
static uint32_t reason_of(esp_reset_reason_t reset, uint32_t ordered) {
    if (reset == ESP_RST_POWERON || reset == ESP_RST_UNKNOWN) return KS_BOOT_POWER_ON;
    if (reset == ESP_RST_BROWNOUT) return KS_BOOT_BROWN_OUT;
    if (ordered < KS_BOOT_COUNT) return ordered;
    switch (reset) {
    case ESP_RST_PANIC:
    case ESP_RST_INT_WDT:
    case ESP_RST_TASK_WDT:
    case ESP_RST_WDT: return KS_BOOT_WATCHDOG;
    default: return KS_BOOT_RESET;
    }
}

static void count_panic(bool panic) {
    const bool soon = retained_clock(&block) - block.booted < PANIC_ROW_MS;
    if (!panic) block.panics_in_row = 0;
    else {
        block.panics++;
        block.panics_in_row = soon ? block.panics_in_row + 1 : 1;
    }
    block.booted = retained_clock(&block);
}

uint32_t retained_panics(void) { return block.panics; }

bool retained_radio_held(void) { return block.panics_in_row >= PANICS_IN_ROW_MAX; }

uint32_t retained_boot(void) {
    const bool good = retained_good(&block);
    const uint32_t reason = reason_of(esp_reset_reason(), good ? block.reason : KS_BOOT_COUNT);
    if (!good || reason == KS_BOOT_POWER_ON || reason == KS_BOOT_BROWN_OUT) retained_clear(&block);
    block.reason = KS_BOOT_COUNT;
    count_panic(reason == KS_BOOT_WATCHDOG);
    retained_seal(&block);
    since = retained_clock(&block);
    began = esp_timer_get_time();
    return reason;
}

uint32_t retained_delay(void) {
    const uint32_t delay = block.delay_ms;
    block.delay_ms = 0;
    retained_seal(&block);
    return delay;
}

uint32_t retained_now(void) {
    const uint32_t now = since + (uint32_t)((esp_timer_get_time() - began) / US_PER_MS);
    block.now = now;
    block.not_now = ~now;
    return now;
}

void retained_forget(void) { retained_clear(&block); }
