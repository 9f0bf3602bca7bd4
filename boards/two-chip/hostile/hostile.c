/* A hostile native image: it ignores the contacts, drives every pin of the chip high, the radio's
 * enable included, and sends without end. The board's tier promises that the circuit keeps the
 * radio off all the same. */
#include <stdint.h>

#include "chip.h"

#define PINS 30u
#define ALL 0x3fffffffu
#define TICK_ENABLE (1u << 9)
#define TICK_MHZ 12u
#define PERIOD_US 100000u
#define DIVIDER 6u
#define DIVIDER_64THS 33u
#define LCR_8N1_FIFOS (3u << 5 | 1u << 4)
#define CR_ENABLE (1u | 1u << 8 | 1u << 9)
#define BLOCKS (RESET_IO_BANK0 | RESET_PADS_BANK0 | RESET_TIMER | RESET_UART0 | RESET_UART1)

void hostile_main(void);

static void drive_all(void) {
    REG(SIO_OUT_SET) = ALL;
    REG(SIO_OE_SET) = ALL;
    for (uint32_t pin = 0; pin < PINS; pin++) {
        if (pin == PIN_MODEM_TX || pin == PIN_CONSOLE_TX) continue;
        REG(PAD(pin)) = PAD_4MA | PAD_INPUT;
        REG(IO_CTRL(pin)) = IO_SIO;
    }
    REG(IO_CTRL(PIN_MODEM_TX)) = IO_UART;
    REG(IO_CTRL(PIN_CONSOLE_TX)) = IO_UART;
}

static void uart(uint32_t base) {
    REG(base + UART_IBRD) = DIVIDER;
    REG(base + UART_FBRD) = DIVIDER_64THS;
    REG(base + UART_LCR) = LCR_8N1_FIFOS;
    REG(base + UART_CR) = CR_ENABLE;
}

/* A frame that the test harness in the modem's place accepts as a message (see link_frames.c):
 * channel TELEMETRY, one byte 0xf6. */
static void spoil(void) {
    static const uint8_t frame[] = {0x02, 'S', 2, 0, 2, 0xf6, 0x26, 0xbf, 0x70, 0x75};
    for (uint32_t i = 0; i < sizeof frame; i++) REG(UART1 + UART_DATA) = frame[i];
}

static void say(const char *text) {
    while (*text != '\0') REG(UART0 + UART_DATA) = (uint8_t)*text++;
}

void hostile_main(void) {
    REG_CLR(RESETS_BASE) = BLOCKS;
    REG(XOSC_CTRL) = 0xaa0u | 0xfabu << 12;
    REG(CLK_PERI_CTRL) = CLK_ENABLE | 4u << 5;
    REG(WATCHDOG_TICK) = TICK_ENABLE | TICK_MHZ;
    uart(UART0);
    uart(UART1);
    drive_all();
    say("@0 boot reason=");
    say((REG(CHIP_RESET) & CHIP_RESET_HAD_POR) != 0 ? "POWER_ON\r\n" : "RESET\r\n");
    REG(TIMER_INTE) = 1;
    REG(NVIC_ISER) = 1u << IRQ_TIMER;
    for (;;) {
        drive_all();
        spoil();
        REG(TIMER_INTR) = 1;
        REG(TIMER_ALARM0) = REG(TIMER_RAWL) + PERIOD_US;
        __asm__ volatile("wfi");
    }
}
