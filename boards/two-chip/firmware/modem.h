/* The seam between the host and whatever the modem speaks. A driver fills in the first part and
 * uses the second; it allocates nothing and waits for nothing. */
#ifndef MODEM_H
#define MODEM_H

#include <stdbool.h>
#include <stdint.h>

/* --- a driver supplies; each is called masked --- */

/* The radio's enable went up or down. Down: in an interrupt perhaps, and all that was begun is
 * over. */
void modem_power(bool on);
/* The host has a message to a principal (KS_PRINCIPAL) on a channel (KS_CHANNEL). Without room it
 * is dropped, as a radio would. */
void modem_send(uint32_t principal, uint32_t channel, const uint8_t *bytes, uint32_t len);
/* Takes what has arrived and calls host_link() and host_received(); called at each
 * sample of the contacts and when bytes arrive. */
void modem_feed(void);

/* --- and calls: the UART to the modem --- */

/* Returns the number of bytes read, at most `max`. */
uint32_t modem_read(uint8_t *bytes, uint32_t max);
/* How many bytes modem_write() accepts now. */
uint32_t modem_room(void);
void modem_write(const uint8_t *bytes, uint32_t len);

#endif
