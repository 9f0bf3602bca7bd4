/* See console_out.h. Placed in RAM (linker.lf), because interrupts call it. */
#include "console_out.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "abi.gen.h"
#include "esp_attr.h"
#include "esp_log.h"
#include "esp_rom_sys.h"
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#include "hal/uart_ll.h"
#include "packet_line.h"
#include "record_ring.h"
#include "retained.h"
#include "trace.h"
#include "usb_port.h"

#define PORT UART_LL_GET_HW(0)
#define TRACE_BYTES 3072u
/* These last bytes are kept for lines about the board itself: a flood of messages may drop its own
 * lines, but not those of the cut that ends it. */
#define TRACE_RESERVE 768u
#define LOG_BYTES 1024u
#define MAGIC 0x4b535452u
/* The longest line: `status`. A trace line is at most 176 bytes (trace.h). */
#define OUT_BYTES 448u
#define LOG_LINE 160
/* How long a restart waits for a reader on USB after the UART is done, in us. A computer that reads
 * takes a packet within one USB frame, 1 ms. */
#define USB_FINISH_US 2000u
#define USB_STEP_US 10u

/* The trace waits in RTC memory, which a restart does not clear. */
static RTC_NOINIT_ATTR struct {
    uint32_t magic;
    struct record_ring ring;
    uint8_t bytes[TRACE_BYTES];
} kept;
static uint8_t log_bytes[LOG_BYTES];
static struct record_ring log_ring = {log_bytes, LOG_BYTES, 0, 0};
static portMUX_TYPE lock = portMUX_INITIALIZER_UNLOCKED;
static volatile uint32_t lost;

/* The record that is being written, and how much of it the UART has. */
static struct {
    uint32_t len;
    uint32_t sent;
    uint8_t bytes[OUT_BYTES];
} out;
/* The same, over USB. */
static struct packet_line usb;

void console_out_boot(void) {
    const bool good = kept.magic == MAGIC && kept.ring.size == TRACE_BYTES &&
                      kept.ring.bytes == kept.bytes && ring_check(&kept.ring);
    if (good) return;
    kept.ring = (struct record_ring){kept.bytes, TRACE_BYTES, 0, 0};
    kept.magic = MAGIC;
}

/* --- queueing --- */

static uint32_t time_text(char *text) {
    char digits[10];
    uint32_t count = 0, len = 0, value = retained_now();
    do digits[count++] = (char)('0' + value % 10u);
    while ((value /= 10u) != 0);
    text[len++] = '@';
    while (count > 0) text[len++] = digits[--count];
    text[len++] = ' ';
    return len;
}

void console_trace(const char *line, uint32_t len) {
    char time[12];
    portENTER_CRITICAL_SAFE(&lock);
    const uint32_t time_len = time_text(time);
    const bool tight = TRACE_BYTES - kept.ring.used < TRACE_RESERVE;
    if ((tight && trace_is_chatter(line, len)) || !ring_push(&kept.ring, time, time_len, line, len))
        lost++;
    portEXIT_CRITICAL_SAFE(&lock);
}

uint32_t console_out_lost(void) { return lost; }

void console_line(const char *line, uint32_t len) {
    portENTER_CRITICAL_SAFE(&lock);
    (void)ring_push(&log_ring, "", 0, line, len);
    portEXIT_CRITICAL_SAFE(&lock);
}

uint32_t console_out_usb_lost(void) { return usb.lost; }

static int on_log(const char *format, va_list values) {
    char line[LOG_LINE];
    int len = vsnprintf(line, sizeof line, format, values);
    if (len >= LOG_LINE) len = LOG_LINE - 1;
    while (len > 0 && (line[len - 1] == '\n' || line[len - 1] == '\r')) len--;
    if (len <= 0) return 0;
    console_line(line, (uint32_t)len);
    return len;
}

void console_log_start(void) { (void)esp_log_set_vprintf(on_log); }

/* --- writing --- */

/* Writes as much as the chip's buffers take. */
static void push_some(void) {
    uint8_t packet[PACKET_BYTES];
    uint32_t room = uart_ll_get_txfifo_len(PORT);
    if (room > out.len - out.sent) room = out.len - out.sent;
    uart_ll_write_txfifo(PORT, out.bytes + out.sent, room);
    out.sent += room;
    const uint32_t len = packet_take(&usb, out.bytes, out.len, usb_port_room(), packet);
    if (len > 0) usb_port_send(packet, len);
}

static void write_out(void) {
    for (;;) {
        portENTER_CRITICAL(&lock);
        push_some();
        const bool waits = usb_port_here() && packet_pass(&usb, out.len);
        const bool more = out.sent < out.len || waits;
        portEXIT_CRITICAL(&lock);
        if (!more) return;
        vTaskDelay(1);
    }
}

static void set_out(const void *bytes, uint32_t len) {
    portENTER_CRITICAL(&lock);
    memcpy(out.bytes, bytes, len);
    out.len = len;
    out.sent = 0;
    packet_next(&usb);
    portEXIT_CRITICAL(&lock);
}

void console_bytes(const void *bytes, uint32_t len) {
    const uint8_t *at = bytes;
    while (len > 0) {
        const uint32_t part = len < OUT_BYTES ? len : OUT_BYTES;
        set_out(at, part);
        write_out();
        at += part;
        len -= part;
    }
}

void console_answer(const char *format, ...) {
    char line[OUT_BYTES];
    va_list values;
    va_start(values, format);
    int len = vsnprintf(line + 2, sizeof line - 4, format, values);
    va_end(values);
    if (len < 0) return;
    if (len > (int)sizeof line - 5) len = (int)sizeof line - 5;
    memcpy(line, "= ", 2);
    memcpy(line + 2 + len, "\r\n", 2);
    console_bytes(line, (uint32_t)len + 4);
}

/* Moves the oldest line of a ring into `out`; false if there is none. */
static bool next_line(struct record_ring *ring) {
    portENTER_CRITICAL(&lock);
    int32_t len = ring_pop(ring, out.bytes, OUT_BYTES - 2);
    if (len > (int32_t)OUT_BYTES - 2) len = OUT_BYTES - 2;
    out.sent = 0;
    packet_next(&usb);
    out.len = len < 0 ? 0 : (uint32_t)len;
    if (len >= 0) {
        out.bytes[out.len++] = '\r';
        out.bytes[out.len++] = '\n';
    }
    portEXIT_CRITICAL(&lock);
    return len >= 0;
}

void console_drain(void) {
    while (next_line(&kept.ring)) write_out();
    while (next_line(&log_ring)) write_out();
}

void console_finish(void) {
    while (out.sent < out.len || !uart_ll_is_tx_idle(PORT)) push_some();
    if (!usb_port_here()) return;
    for (uint32_t us = 0; us < USB_FINISH_US && !usb.deaf; us += USB_STEP_US) {
        if (usb_port_room() && usb.sent >= out.len) return;
        push_some();
        esp_rom_delay_us(USB_STEP_US);
    }
}
