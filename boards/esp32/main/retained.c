/* See retained.h. */
#include "retained.h"

#include "esp_attr.h"
#include "esp_system.h"
#include "esp_timer.h"
#include "hal.h"

#define US_PER_MS 1000

static RTC_NOINIT_ATTR struct retained_block block;
/* hal_now() at this boot, and the chip's clock at that moment, in us (an emulated chip's clock
 * continues through a restart). The time of the reset itself, about 0.3 s, is not counted. */
static uint32_t since;
static int64_t began;

struct retained_block *retained(void) {
    return &block;
}

/* KS_BOOT from the chip's reset reason and, for a restart by the host, from the host's reason. */
static uint32_t reason_of(esp_reset_reason_t reset, uint32_t asked) {
    switch (reset) {
    case ESP_RST_POWERON:
    case ESP_RST_UNKNOWN: return KS_BOOT_POWER_ON;
    case ESP_RST_BROWNOUT: return KS_BOOT_BROWN_OUT;
    case ESP_RST_SW: return asked < KS_BOOT_COUNT ? asked : KS_BOOT_RESET;
    case ESP_RST_PANIC:
    case ESP_RST_INT_WDT:
    case ESP_RST_TASK_WDT:
    case ESP_RST_WDT: return KS_BOOT_WATCHDOG;
    default: return KS_BOOT_RESET;
    }
}

uint32_t retained_boot(void) {
    const bool good = retained_good(&block);
    const uint32_t reason = reason_of(esp_reset_reason(), good ? block.reason : KS_BOOT_COUNT);
    if (!good || reason == KS_BOOT_POWER_ON || reason == KS_BOOT_BROWN_OUT) retained_clear(&block);
    block.reason = KS_BOOT_COUNT;
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
