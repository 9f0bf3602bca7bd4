/* The HAL of a board whose pins are a page that it shares with a harness, and what a machine (a
 * process, an emulated chip) supplies for it. */
#ifndef BENCH_H
#define BENCH_H

#include "host.h"
#include "page.h"

/* --- the machine supplies --- */

extern const struct page_in *page_in;
extern struct page_out *page_out;

/* Sends one answer to the harness. */
void machine_answer(uint8_t answer);
/* No interrupt enters while masked (false). Returns what was before. */
bool machine_interrupts(bool on);
/* Called masked: sleeps until an interrupt was served. Returns masked. */
void machine_wait(void);
/* Starts over from the reset vector. */
_Noreturn void machine_reset(void);
/* A counter of the processor's work, or 0 if the machine has none that repeats. */
uint32_t machine_count(void);

/* --- and calls --- */

/* Once, masked, with the page in place: waits for the time to boot, and boots. */
_Noreturn void bench_main(const uint8_t *guest, uintptr_t stack_floor);
/* The doorbell: the contacts may have changed, time has passed. `entry`: machine_count() at the
 * interrupt's entry. */
void bench_doorbell(uint32_t entry);
/* From a timer, `ms` of processor time apart, while the processor works. */
void bench_timer(uint32_t ms);

#endif
