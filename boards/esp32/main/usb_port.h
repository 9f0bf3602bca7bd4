/* The chip's own USB serial port, packet by packet; without effect on a chip that has none. Safe in
 * an interrupt, with the cache off. */
#ifndef USB_PORT_H
#define USB_PORT_H

#include <stdbool.h>
#include <stdint.h>

/* Whether the chip has one. */
bool usb_port_here(void);
/* Whether the last packet was taken, that is, whether a program has the port open. */
bool usb_port_room(void);
/* Sends one packet of at most 64 bytes; there must be room. */
void usb_port_send(const uint8_t *packet, uint32_t len);
/* Reads what has arrived, without waiting. The computer keeps what is not read. */
uint32_t usb_port_read(uint8_t *bytes, uint32_t max);

#endif
