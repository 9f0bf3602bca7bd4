/* The pins that are read: the switch's contacts, the button and, on a fixture, the lines it senses.
 */
#ifndef CONTACTS_H
#define CONTACTS_H

#include <stdbool.h>
#include <stdint.h>

/* Makes the pins inputs with pull-downs. To be called before anything else. */
void contacts_pins(void);
/* Calls `on_edge` in an interrupt on every edge of the contacts, and of the other pins where the
 * chip allows it. */
void contacts_start(void (*on_edge)(void *));
/* Bit 0: NO closed. Bit 1: NC closed. */
#define CONTACTS_KILL 2u
uint32_t contacts_level(void);
bool contacts_button(void);
/* Whether sensed lines have no interrupt: only the timer sees them change. */
bool contacts_sampled(void);
/* Levels of the lines that a fixture senses, one bit each. */
uint32_t contacts_lines(void);

#endif
