/* The switch's contacts, the button and, on a fixture, the lines it senses: both-edge interrupts
 * and a timer of 1 to 10 ms, both of which enter the host; and the host's mask over them. Must not
 * know the gate or the radio's stack. */
#ifndef CONTACTS_H
#define CONTACTS_H

#include <stdbool.h>
#include <stdint.h>

/* First thing of all: the pins become inputs with pull-downs. Masked from here on. */
void contacts_pins(void);
/* Starts the interrupts, in the task that is the host. */
void contacts_start(void);
/* bit 0 NO closed, bit 1 NC closed. */
uint32_t contacts_level(void);
bool contacts_button(void);
/* Levels of the lines that a fixture senses, a bit each. */
uint32_t contacts_lines(void);

/* No interrupt enters the host while masked: one that comes is served when it ends. */
void contacts_mask(void);
/* Returns whether one had come. */
bool contacts_unmask(void);
/* Called masked: sleeps until an interrupt was served that left the host something to do, or
 * somebody calls contacts_wake(). Returns unmasked. */
void contacts_sleep(void);
/* From a task. */
void contacts_wake(void);
/* Bytes of the host's stack that were never used. */
uint32_t contacts_stack_left(void);

#endif
