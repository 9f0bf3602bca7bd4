/* See usb_port.h. It accesses the hardware without ESP-IDF's driver, which needs an interrupt and
 * two rings and cannot be called from the interrupt that ends in a restart. */
#include "usb_port.h"

#include "soc/soc_caps.h"

#if SOC_USB_SERIAL_JTAG_SUPPORTED
#include "hal/usb_serial_jtag_ll.h"

bool usb_port_here(void) { return true; }

bool usb_port_room(void) { return usb_serial_jtag_ll_txfifo_writable() != 0; }

void usb_port_send(const uint8_t *packet, uint32_t len) {
    (void)usb_serial_jtag_ll_write_txfifo(packet, len);
    usb_serial_jtag_ll_txfifo_flush();
}

uint32_t usb_port_read(uint8_t *bytes, uint32_t max) {
    return (uint32_t)usb_serial_jtag_ll_read_rxfifo(bytes, max);
}

#else

bool usb_port_here(void) { return false; }

bool usb_port_room(void) { return false; }

void usb_port_send(const uint8_t *packet, uint32_t len) { (void)packet, (void)len; }

uint32_t usb_port_read(uint8_t *bytes, uint32_t max) {
    (void)bytes, (void)max;
    return 0;
}

#endif
