/* See modem.h: the driver's side of UART1. */
#include "board.h"
#include "modem.h"
#include "uart.h"

uint32_t modem_read(uint8_t *bytes, uint32_t max) {
    struct byte_ring *ring = uart_modem.in;
    uint32_t len = 0;
    while (len < max && ring_used(ring) > 0) bytes[len++] = ring_take(ring);
    if (len > 0) uart_resume(&uart_modem);
    return len;
}

uint32_t modem_room(void) { return ring_free(uart_modem.out); }

void modem_write(const uint8_t *bytes, uint32_t len) {
    for (uint32_t i = 0; i < len && ring_free(uart_modem.out) > 0; i++)
        ring_add(uart_modem.out, bytes[i]);
    uart_push(&uart_modem);
}
