/* Output on UART0 and, where the chip has it, its own USB: the trace, which survives a restart, the
 * log of ESP-IDF, and answers. Any task may hand lines in; the console's task writes them. */
#ifndef CONSOLE_OUT_H
#define CONSOLE_OUT_H

#include <stdbool.h>
#include <stdint.h>

/* Called once, before the first line: keeps the lines that were not written before a restart. */
void console_out_boot(void);

/* Queues a trace line, with the time before it. Safe in an interrupt, with the cache off. Without
 * room the line is dropped and counted in console_out_lost(). */
void console_trace(const char *line, uint32_t len);
uint32_t console_out_lost(void);
/* Lines that went out on the UART but not, or not completely, over USB, because nobody read there.
 */
uint32_t console_out_usb_lost(void);

/* Queues a line of text, given without its end; dropped without room. Called from a task. */
void console_line(const char *line, uint32_t len);

/* Takes over the log of ESP-IDF, so that its lines come between ours and never within one. */
void console_log_start(void);

/* --- for the console's task --- */

/* Writes bytes, unchanged. */
void console_bytes(const void *bytes, uint32_t len);
/* Writes `= `, the formatted text, and a line end. Longer text is cut off. */
__attribute__((format(printf, 1, 2))) void console_answer(const char *format, ...);
/* Writes all queued lines. */
void console_drain(void);

/* --- for the restart --- */

/* Finishes the line that is being written: at most 450 bytes, 40 ms. Safe in an interrupt. */
void console_finish(void);

#endif
