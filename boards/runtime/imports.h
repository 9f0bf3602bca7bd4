/* The guest's imports, as both engines bind them. Every parameter and result is an i32. */
#ifndef IMPORTS_H
#define IMPORTS_H

#include <stdint.h>

void import_gpio_write(uint32_t pin, uint32_t level);
void import_radio_request(uint32_t on);
uint32_t import_net_send(uint32_t principal, uint32_t channel, uint32_t ptr, uint32_t len);
uint32_t import_mac_verify(uint32_t principal, uint32_t ptr, uint32_t len, uint32_t tag);
uint32_t import_mac_sign(uint32_t principal, uint32_t ptr, uint32_t len, uint32_t tag);
void import_random(uint32_t ptr, uint32_t len);
uint32_t import_storage_read(uint32_t region, uint32_t offset, uint32_t ptr, uint32_t len);
uint32_t import_storage_write(uint32_t region, uint32_t offset, uint32_t ptr, uint32_t len);
void import_log(uint32_t ptr, uint32_t len);
void import_mark(uint32_t id);

#endif
