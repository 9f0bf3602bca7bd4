/* See uart.h. PL011, RP2040 data sheet 4.2. Both run on the crystal's 12 MHz, whatever the
 * processor's clock. A ring that is full leaves bytes in the UART, whose RTS then holds the sender.
 */
#include "uart.h"

#include "board.h"

/* 12 MHz / (16 * 115200) = 6.51. */
#define DIVIDER 6u
#define DIVIDER_64THS 33u
#define LCR_8N1_FIFOS (3u << 5 | 1u << 4)
#define CR_ENABLE (1u | 1u << 8 | 1u << 9)
#define CR_FLOW (1u << 14 | 1u << 15)
/* Interrupts at half a FIFO; a silence tells of less. */
#define IFLS_HALF (2u | 2u << 3)
#define RX_INTERRUPTS (UART_INT_RX | UART_INT_SILENCE)
#define MODEM_IN 4096u
#define MODEM_OUT 4096u
#define CONSOLE_IN 128u

void isr_console(void);
void isr_modem(void);

static uint8_t modem_in[MODEM_IN], modem_out[MODEM_OUT], console_in[CONSOLE_IN];
static struct byte_ring modem_in_ring = {modem_in, MODEM_IN, 0, 0};
static struct byte_ring modem_out_ring = {modem_out, MODEM_OUT, 0, 0};
static struct byte_ring console_in_ring = {console_in, CONSOLE_IN, 0, 0};
struct uart uart_modem = {UART1, &modem_out_ring, &modem_in_ring};
/* Its ring is console.c's, where a restart does not touch it. */
struct uart uart_console = {UART0, 0, &console_in_ring};

INLINE void send(const struct uart *uart) {
    struct byte_ring *ring = uart->out;
    while (ring_used(ring) > 0 && (REG(uart->base + UART_FLAGS) & UART_TX_FULL) == 0)
        REG(uart->base + UART_DATA) = ring_take(ring);
    if (ring_used(ring) > 0) REG_SET(uart->base + UART_IMSC) = UART_INT_TX;
    else REG_CLR(uart->base + UART_IMSC) = UART_INT_TX;
}

INLINE void receive(const struct uart *uart) {
    struct byte_ring *ring = uart->in;
    while ((REG(uart->base + UART_FLAGS) & UART_RX_EMPTY) == 0) {
        if (ring_free(ring) == 0) {
            REG_CLR(uart->base + UART_IMSC) = RX_INTERRUPTS;
            break;
        }
        ring_add(ring, (uint8_t)REG(uart->base + UART_DATA));
    }
    REG(uart->base + UART_ICR) = RX_INTERRUPTS;
}

INLINE void serve(const struct uart *uart) {
    const uint32_t before = uart->in->put;
    receive(uart);
    const uint32_t primask = irq_save();
    send(uart);
    irq_restore(primask);
    if (uart->in->put != before) contacts_pend();
}

IN_RAM void isr_console(void) { serve(&uart_console); }
IN_RAM void isr_modem(void) { serve(&uart_modem); }

void uart_push(struct uart *uart) {
    const uint32_t primask = irq_save();
    send(uart);
    irq_restore(primask);
}

void uart_resume(struct uart *uart) {
    const uint32_t primask = irq_save();
    receive(uart);
    REG_SET(uart->base + UART_IMSC) = RX_INTERRUPTS;
    irq_restore(primask);
}

void uart_start(struct uart *uart, bool flow) {
    if ((REG(uart->base + UART_CR) & 1u) == 0) {
        REG(uart->base + UART_IBRD) = DIVIDER;
        REG(uart->base + UART_FBRD) = DIVIDER_64THS;
        REG(uart->base + UART_LCR) = LCR_8N1_FIFOS;
        REG(uart->base + UART_IFLS) = IFLS_HALF;
        REG(uart->base + UART_CR) = CR_ENABLE | (flow ? CR_FLOW : 0);
    }
    REG(uart->base + UART_IMSC) = RX_INTERRUPTS;
    uart_push(uart);
}
