/* See status.h. */
#include "status.h"

#include <stdio.h>

#include "console_out.h"
#include "esp_system.h"
#include "guest.h"
#include "network.h"
#include "partitions.h"
#include "host.h"
#include "host_interrupts.h"
#include "radio_power.h"
#include "retained.h"
#include "version.h"

#define WORD_BYTES 40u

static const char *const boot_names[] = {KS_BOOT_NAMES};
static const char *const phase_names[] = {KS_PHASE_NAMES};

static const char *word_of(char *text, enum network_state state, const char *trying,
                           const char *why) {
    if (state == NETWORK_OFF) return "off";
    if (state == NETWORK_TRYING) return trying;
    if (state == NETWORK_UP) return "up";
    (void)snprintf(text, WORD_BYTES, "failed:%s", why);
    return text;
}

void status_answer(uint32_t reason) {
    char wifi[WORD_BYTES], mqtt[WORD_BYTES];
    const struct network_status network = network_status();
    const char *refused;
    console_answer(
        "status chip=%s version=%u phase=%s radio=%s wifi=%s mqtt=%s heap=%u heap_min=%u boot=%s "
        "uptime_ms=%u guest=%08x owner=%s lost=%u usb_lost=%u arena=%u stack=%u wifi_reason=%u "
        "wifi_tries=%u "
        "wifi_power=%d panics=%u held=%s",
        VERSION_CHIP, KS_ABI_VERSION, phase_names[host_phase()], radio_power_sense() ? "on" : "off",
        word_of(wifi, network.wifi, "joining", network.wifi_why),
        word_of(mqtt, network.mqtt, "connecting", network.mqtt_why),
        (unsigned)esp_get_free_heap_size(), (unsigned)esp_get_minimum_free_heap_size(),
        boot_names[reason], (unsigned)hal_now(), (unsigned)guest_partition_crc(),
        owner_partition(&refused) != NULL ? "present" : "none", (unsigned)console_out_lost(),
        (unsigned)console_out_usb_lost(), (unsigned)guest_arena_used(),
        (unsigned)interrupts_stack_left(), (unsigned)network.wifi_reason,
        (unsigned)network.wifi_tries, network.wifi_power / 4, (unsigned)retained_panics(),
        host_radio_held() ? "yes" : "no");
}
