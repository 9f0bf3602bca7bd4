/* What the files of this firmware offer each other. Pin numbers come from board.json. */
#ifndef BOARD_H
#define BOARD_H

#include <stdbool.h>
#include <stdint.h>

#include "chip.h"
#include "retained_block.h"

/* --- clocks.c --- */

/* The crystal for timer, UARTs and ADC; the processor at 125 MHz. Called before variables are
 * initialised. */
void clocks_start(void);
/* The processor on the crystal's 12 MHz, while the ring oscillator is read; and back. */
void clocks_slow(void);
void clocks_fast(void);
/* Takes peripherals out of reset. */
void unreset(uint32_t which);

/* --- contacts.c: the edge, the timer, and the host that they call --- */

/* Sets up the inputs, the radio's enable (off) and the modem's boot strap (high). */
void contacts_pins(void);
/* Enables the interrupts of edges and timer. Called masked. */
void contacts_start(void);
/* The mask is a flag: an edge takes the radio's enable away whether it is set or not. Returns
 * whether it was set. */
bool contacts_mask(void);
/* Serves what arrived while masked. */
void contacts_unmask(void);
/* Called masked: sleeps until an interrupt is pending. Returns masked. */
void contacts_sleep(void);
/* Requests service as soon as the mask allows. Safe in an interrupt, and with the flash off. */
void contacts_pend(void);
/* Whether the host is being called, for an edge or by the timer. */
bool contacts_serving(void);
bool contacts_button(void);
/* NO is bit 0, NC bit 1: the levels now, or those of an edge that the host has not seen yet. */
uint32_t contacts_level(void);
bool contacts_rail(void);
/* The radio's enable. On only while the contacts are cleanly ON and no edge is unserved. */
void contacts_radio(bool on);
/* The host must be called at this time, in ms, at the latest. */
void contacts_alarm(uint32_t at);
/* Sleeps for `ms` before the host runs. */
void contacts_wait(uint32_t ms);

/* --- outputs.c --- */

/* `cold`: the supply has just come on. */
void outputs_start(bool cold);
/* After the retained block was lost: takes the levels from the pins. */
void outputs_adopt(void);
bool outputs_set(uint32_t pin, uint32_t level);

/* --- restart.c: the clock, the reason of the boot, restarts --- */

struct retained_block *retained(void);
/* Called once, at start-up. Returns KS_BOOT. */
uint32_t restart_reason(void);
/* How long this boot must wait, in ms. Called once. */
uint32_t restart_delay(void);
/* Microseconds since the chip's timer began, modulo 2^32, of the ms that hal_now() is in. */
uint32_t clock_ms_began(void);
void watchdog_start(void);
void watchdog_feed(void);

/* --- hal_rp2040.c --- */

/* Starts the temperature sensor. */
void hal_start(void);
/* Checks the images of guest and owner. */
void images_read(void);
/* Why there is no guest, or no owner; null if there is one. */
const char *guest_missing(void);
const char *owner_missing(void);
const uint8_t *guest_bytes(uint32_t *len);
uint32_t guest_digest(void);
/* Reads the die's temperature. Not from an interrupt. */
void temperature_poll(void);

/* --- storage.c --- */

/* The seed of the next boot's randomness, 32 bytes; false if there is none. */
bool storage_seed_read(uint8_t *seed);
bool storage_seed_write(const uint8_t *seed);
void storage_forget(void);

/* --- random.c --- */

/* Reads the ring oscillator and prepares the epoch. Once, unmasked, with clk_sys on the crystal. */
void random_collect(void);
/* Null while the source is good, else the name of the health test that it failed. */
const char *random_fault(void);

/* --- console.c --- */

/* Keeps the lines that the last run did not send. `reason`: KS_BOOT, for `status`. */
void console_boot(uint32_t reason);
/* Reports a missing image, once. */
void console_greet(void);
/* Prints `= `, two texts and an end of line. */
void console_answer(const char *text, const char *more);
/* Executes typed commands. Called masked, when nothing else is due. Returns whether there was one.
 */
bool console_poll(void);
uint32_t console_lost(void);

/* --- main.c --- */

/* Called when the gate samples for the first time: does the slow work that precedes loading the
 * guest. */
void main_gate_runs(void);
/* Bytes of the guest's stack that were never used. */
uint32_t stack_left(void);

#endif
