/* Start-up and fault handling. The contacts are read before anything slow. */
#include <stdlib.h>
#include <string.h>

#include "board.h"
#include "hal.h"
#include "host.h"
#include "modem.h"
#include "uart.h"

#define BLOCKS                                                                                     \
    (RESET_IO_BANK0 | RESET_IO_QSPI | RESET_PADS_BANK0 | RESET_PADS_QSPI | RESET_UART0 |           \
     RESET_UART1)
#define STACK_MARK 0xa5a5a5a5u

extern uint32_t stack_bottom[], stack_top[];
extern uint8_t arena_begin[], arena_end[];

static struct host_image image;

_Noreturn void machine_main(void);
void isr_fault(void);
_Noreturn void __assert_func(const char *file, int line, const char *function, const char *what);

uint32_t stack_left(void) {
    const uint32_t *at = stack_bottom;
    while (at < stack_top && *at == STACK_MARK) at++;
    return (uint32_t)(at - stack_bottom) * sizeof *at;
}

/* An exception while the guest runs counts as the guest's trap: most likely its stack left SRAM. */
void isr_fault(void) {
    uint32_t calls;
    if (host_in_guest(&calls)) host_trap();
    console_answer("fault", "");
    hal_restart(KS_BOOT_WATCHDOG, 0);
}

_Noreturn void __assert_func(const char *file, int line, const char *function, const char *what) {
    (void)line, (void)function, (void)what;
    console_answer("fault assert ", file);
    hal_restart(KS_BOOT_WATCHDOG, 0);
}

_Noreturn void abort(void) { hal_restart(KS_BOOT_WATCHDOG, 0); }

static void uart_pin(uint32_t pin, bool in) {
    /* A modem without supply leaves its lines open: they rest high, which is silence. */
    REG(PAD(pin)) = PAD_INPUT | PAD_SCHMITT | PAD_4MA | (in ? PAD_PULL_UP : 0);
    REG(IO_CTRL(pin)) = IO_UART;
}

static void uarts(void) {
    uart_pin(PIN_CONSOLE_TX, false);
    uart_pin(PIN_CONSOLE_RX, true);
    uart_pin(PIN_MODEM_TX, false);
    uart_pin(PIN_MODEM_RX, true);
    uart_pin(PIN_MODEM_CTS, true);
    uart_pin(PIN_MODEM_RTS, false);
    uart_start(&uart_console, false);
    uart_start(&uart_modem, true);
}

void main_gate_runs(void) {
    memset(arena_begin, 0, (size_t)(arena_end - arena_begin));
    images_read();
    image.guest = guest_bytes(&image.guest_len);
    console_greet();
}

_Noreturn void machine_main(void) {
    unreset(BLOCKS);
    contacts_pins();
    image.reason = restart_reason();
    outputs_start(image.reason == KS_BOOT_POWER_ON);
    console_boot(image.reason);
    watchdog_start();
    uarts();
    contacts_start();
    contacts_wait(restart_delay());
    hal_start();
    image.stack_floor = (uintptr_t)stack_bottom + KS_STACK_MARGIN;
    host_boot(&image);
}
