/* See console.h. */
#include "console.h"

#include <string.h>

#include "command_line.h"
#include "console_out.h"
#include "contacts.h"
#include "credentials.h"
#include "driver/uart.h"
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#include "hal.h"
#include "improv.h"
#include "provisioning.h"
#include "crc32.h"
#include "partitions.h"
#include "retained.h"
#include "status.h"
#include "storage.h"
#include "temperature.h"
#include "usb_port.h"

#define PORT UART_NUM_0
#define TASK_STACK 4096u
#define TASK_PRIORITY 2
#define READ_BYTES 64u
/* The driver requires more than the 128 bytes of the hardware's buffer. */
#define RX_BYTES 512
/* A frame of which no byte arrives for this long is abandoned. */
#define SILENCE_MS 500u
#define JOURNAL_BYTES (KS_JOURNAL_SLOTS * KS_JOURNAL_SLOT_BYTES)
#define JOURNAL_LINE 32u

static const char help[] =
    "help: status, journal, factory-reset (hold the button; --all: keys too), "
    "wifi-power auto|2..20 (dBm), wifi-country XX, help";
#define POWER_MAX_DBM 20u
#define POWER_MIN_DBM 2u

static void hex(char *text, const uint8_t *bytes, uint32_t len) {
    static const char digits[] = "0123456789abcdef";
    for (uint32_t i = 0; i < len; i++) {
        text[2 * i] = digits[bytes[i] >> 4];
        text[2 * i + 1] = digits[bytes[i] & 15u];
    }
    text[2 * len] = '\0';
}

static void journal(void) {
    uint8_t bytes[JOURNAL_LINE];
    char text[2 * JOURNAL_LINE + 1];
    uint32_t crc = 0;
    console_answer("journal len=%u", (unsigned)JOURNAL_BYTES);
    for (uint32_t at = 0; at < JOURNAL_BYTES; at += JOURNAL_LINE) {
        if (!hal_storage_read(KS_REGION_JOURNAL, at, bytes, JOURNAL_LINE)) {
            console_answer("error the journal cannot be read at %u", (unsigned)at);
            return;
        }
        crc = crc32_update(crc, bytes, JOURNAL_LINE);
        hex(text, bytes, JOURNAL_LINE);
        console_answer("journal at=%u %s", (unsigned)at, text);
        console_drain();
    }
    console_answer("journal crc=%08x", (unsigned)crc);
}

static void factory_reset(bool all) {
    if (!contacts_button()) {
        console_answer("error factory-reset: hold the button down and send it again");
        return;
    }
    storage_erase(all);
    console_answer("done");
    console_drain();
    hal_restart(KS_BOOT_POWER_ON, 0);
}

static void wifi_power_command(const char *word) {
    uint32_t dbm = 0;
    for (uint32_t i = 0; word[i] >= '0' && word[i] <= '9' && i < 2; i++)
        dbm = dbm * 10 + (uint32_t)(word[i] - '0');
    const bool number = strlen(word) == (dbm < 10 ? 1u : 2u);
    if (strcmp(word, "auto") == 0) dbm = 0;
    else if (!number || dbm < POWER_MIN_DBM || dbm > POWER_MAX_DBM) {
        console_answer("error wifi-power takes auto or 2 to 20, in dBm");
        return;
    }
    if (credentials_set_power((int8_t)(4 * dbm)))
        console_answer("stored, used from the next join on");
    else console_answer("error nvs is full: not stored");
}

static void wifi_country_command(const char *word) {
    bool good = strlen(word) == 2;
    for (uint32_t i = 0; good && i < 2; i++)
        good = (word[i] >= 'A' && word[i] <= 'Z') || strcmp(word, "01") == 0;
    if (!good) console_answer("error wifi-country takes two capital letters, or 01 for everywhere");
    else if (credentials_set_country(word)) console_answer("stored, used from the next boot on");
    else console_answer("error nvs is full: not stored");
}

static void obey(struct command_line *line, uint32_t reason) {
    switch (command_of(line)) {
    case COMMAND_NONE: return;
    case COMMAND_STATUS: status_answer(reason); return;
    case COMMAND_JOURNAL: journal(); return;
    case COMMAND_FACTORY_RESET: factory_reset(false); return;
    case COMMAND_FACTORY_RESET_ALL: factory_reset(true); return;
    case COMMAND_WIFI_POWER: wifi_power_command(line->word); return;
    case COMMAND_WIFI_COUNTRY: wifi_country_command(line->word); return;
    case COMMAND_ATTEST: console_answer("error this board makes no attestations"); return;
    case COMMAND_HELP: console_answer("%s", help); return;
    case COMMAND_TOO_LONG:
        console_answer("error line longer than %u bytes: try help", (unsigned)COMMAND_LINE_MAX);
        return;
    default:
        if (!provisioning_line(line->text))
            console_answer("error unknown command \"%s\": try help", line->text);
    }
}

/* One of the two ports that commands arrive on. */
struct source {
    struct improv_reader reader;
    struct command_line line;
    uint32_t last;
};

static void take(struct source *from, uint8_t byte, uint32_t reason) {
    struct improv_reader *reader = &from->reader;
    const uint32_t now = hal_now();
    if (now - from->last > SILENCE_MS) improv_reset(reader);
    from->last = now;
    const enum improv_found found = improv_feed(reader, byte);
    if (found == IMPROV_FRAME)
        provisioning_frame((enum improv_type)reader->type, reader->data, reader->len);
    else if (found == IMPROV_BROKEN) provisioning_broken();
    for (uint32_t i = 0; i < reader->released; i++)
        if (command_feed(&from->line, reader->text[i])) obey(&from->line, reason);
}

/* Printed once, at the start. */
static void greet(void) {
    const char *refused;
    uint32_t len;
    console_bytes("\r\n", 2);
    if (guest_partition(&len, &refused) == NULL)
        console_answer("guest refused reason=%s: killswitch flash --guest", refused);
    if (retained_panics() > 0)
        console_answer(
            "panics=%u since the supply came up%s", (unsigned)retained_panics(),
            retained_radio_held() ? ": the radio stays off until the switch has been at KILL" : "");
    provisioning_greet();
}

static void console_task(void *argument) {
    static struct source uart, usb;
    const uint32_t reason = (uint32_t)(uintptr_t)argument;
    uint8_t bytes[READ_BYTES];
    greet();
    for (;;) {
        console_drain();
        const int count = uart_read_bytes(PORT, bytes, sizeof bytes, 1);
        for (int i = 0; i < count; i++) take(&uart, bytes[i], reason);
        const uint32_t by_usb = usb_port_read(bytes, sizeof bytes);
        for (uint32_t i = 0; i < by_usb; i++) take(&usb, bytes[i], reason);
        provisioning_poll();
        temperature_poll();
    }
}

void console_start(uint32_t reason) {
    console_log_start();
    ESP_ERROR_CHECK(uart_driver_install(PORT, RX_BYTES, 0, 0, NULL, 0));
    (void)xTaskCreate(console_task, "console", TASK_STACK, (void *)(uintptr_t)reason, TASK_PRIORITY,
                      NULL);
}
