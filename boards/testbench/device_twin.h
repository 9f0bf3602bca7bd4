/* See device_twin.c. */
#ifndef DEVICE_TWIN_H
#define DEVICE_TWIN_H

#include "abi.gen.h"
#include "hal.h"

/* LIVE in an epoch, the session up. */
void device_twin_begin(const uint8_t *epoch);
void device_twin_tick(uint32_t now, uint32_t inputs);
/* Whether the message was a command and was answered; it may be written to. */
bool device_twin_command(uint8_t *message, uint32_t len);

#endif
