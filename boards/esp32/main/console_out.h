/* What goes out on the serial line, and on the chip's own USB where it has one: the trace, which
 * outlives a restart, the chip's own log, answers. One task writes; anybody may hand lines in. Must
 * not know what lines mean. */
#ifndef CONSOLE_OUT_H
#define CONSOLE_OUT_H

#include <stdbool.h>
#include <stdint.h>

/* Once, before the first line: keeps what a restart left unsaid. */
void console_out_boot(void);

/* A trace line with its time before it and its end behind. Safe in an interrupt, with the cache
 * off. Without room it is dropped, and console_out_lost() counts it. */
void console_trace(const char *line, uint32_t len);
uint32_t console_out_lost(void);
/* Lines that went out on the UART and not, or not whole, over USB: nobody read there. */
uint32_t console_out_usb_lost(void);

/* A line of text as it is, without its end; dropped without room. In a task. */
void console_line(const char *line, uint32_t len);

/* Takes the chip's own log over: its lines come between ours, never within. */
void console_log_start(void);

/* --- the writing task's --- */

/* Bytes as they are, at once. */
void console_bytes(const void *bytes, uint32_t len);
/* `= `, the text as printf makes it, and its end. */
__attribute__((format(printf, 1, 2))) void console_answer(const char *format, ...);
/* Writes what waits. */
void console_drain(void);

/* --- the restart's --- */

/* Lets the line that is being written end: at most 330 bytes, 31 ms. Safe in an interrupt. */
void console_finish(void);

#endif
