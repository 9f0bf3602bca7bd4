/* The two UARTs: console and modem, each with a ring either way. */
#ifndef UART_H
#define UART_H

#include <stdbool.h>
#include <stdint.h>

#include "byte_ring.h"

struct uart {
    uint32_t base;
    struct byte_ring *out, *in;
};

extern struct uart uart_console, uart_modem;

/* 115200 baud, 8N1; `flow`: RTS and CTS are wired. One that runs is left as it is. */
void uart_start(struct uart *uart, bool flow);
/* Hands the UART what is in the ring, as far as it takes it. */
void uart_push(struct uart *uart);
/* There is room in `in` again. */
void uart_resume(struct uart *uart);

#endif
