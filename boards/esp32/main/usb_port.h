/* The chip's own USB serial port, packet by packet; a chip without one takes and gives nothing.
 * Safe in an interrupt, with the cache off. Must not know what goes over it. */
#ifndef USB_PORT_H
#define USB_PORT_H

#include <stdbool.h>
#include <stdint.h>

/* Whether the chip has one. */
bool usb_port_here(void);
/* Whether the last packet was taken: by a program that has the port open. */
bool usb_port_room(void);
/* Sends one packet; there must be room. At most 64 bytes. */
void usb_port_send(const uint8_t *packet, uint32_t len);
/* What came, without waiting. What is not fetched waits at the other end. */
uint32_t usb_port_read(uint8_t *bytes, uint32_t max);

#endif
