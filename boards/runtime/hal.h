/* What a board supplies: pins, time, radio power, storage. All that differs between boards is here.
 * Twin: host-sim/sim/hal.ts. */
#ifndef HAL_H
#define HAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define KS_MUST_USE __attribute__((warn_unused_result))

/* How many of KS_PIN this board has: relay and lamp, unless its build says more. A guest that
 * drives another traps. */
#ifndef KS_BOARD_PINS
#define KS_BOARD_PINS 2u
#endif

/* 1 on a board whose radio, once its power was taken, works again only after a restart: the host
 * then restarts when the guest has released the radio. */
#ifndef KS_RADIO_RESTARTS
#define KS_RADIO_RESTARTS 0
#endif

/* 1 on a board that makes attestations. Another needs neither hal_device() and hal_attested() nor
 * HAL_REGION_IDENTITY. */
#ifndef KS_ATTEST
#define KS_ATTEST 0
#endif

/* What a board without a sensor reports as its temperature. */
#define HAL_NO_TEMPERATURE INT16_MIN

/* A region of the storage besides KS_REGION, for the host alone: no import of a guest reaches it.
 */
#define HAL_REGION_IDENTITY KS_REGION_COUNT
#define HAL_IDENTITY_BYTES 36u
/* Longest name of a device, in bytes. */
#define HAL_DEVICE_MAX 32u

/* Milliseconds since the supply came up, modulo 2^32; never backwards. */
uint32_t hal_now(void);
/* bit 0 NO closed, bit 1 NC closed, bit 2 rail up: the low three bits of the gate's inputs. */
uint32_t hal_sense(void);
/* Bit KS_INPUT_BUTTON, levels of sensed lines above KS_INPUT_LINES_SHIFT, the temperature above
 * KS_INPUT_TEMPERATURE_SHIFT, in 0.1 degrees Celsius, or HAL_NO_TEMPERATURE. */
uint32_t hal_inputs(void);
/* Radio power. Off takes effect before the call returns, waits for nothing, and is safe in an
 * interrupt. */
void hal_radio(bool on);
/* Drives a pin; returns whether its level changed. Levels are held through a restart. */
bool hal_gpio(uint32_t pin, uint32_t level);
/* Passes a message to the network stack. Called only with the radio on and the session up. */
void hal_link_send(uint32_t principal, uint32_t channel, const uint8_t *bytes, uint32_t len);
/* Fills with random bytes from the board's source. */
void hal_random(uint8_t *bytes, uint32_t len);
/* The secret of a principal, KS_SECRET_BYTES; false or all zeroes if the device has none. */
KS_MUST_USE bool hal_secret(uint32_t principal, uint8_t *secret);
/* The device's name, as in its topics: at most HAL_DEVICE_MAX bytes. Returns its length. */
KS_MUST_USE uint32_t hal_device(uint8_t *name);
/* Takes an attestation; none, with a length of 0, if the device's key can be neither read nor
 * stored. */
void hal_attested(const uint8_t *bytes, uint32_t len);
/* Reads from a region (KS_REGION, HAL_REGION_IDENTITY); false on an I/O error. */
KS_MUST_USE bool hal_storage_read(uint32_t region, uint32_t offset, uint8_t *bytes, uint32_t len);
/* Writes in ascending order; false on an I/O error. */
KS_MUST_USE bool hal_storage_write(uint32_t region, uint32_t offset, const uint8_t *bytes,
                                   uint32_t len);
/* One line of the trace, `<kind> <detail>`, without a line end; the board adds the time. */
void hal_trace(const char *line, uint32_t len);
/* A real restart: nothing in RAM survives but the retained region and the level of the pins. The
 * board boots again for `reason` (KS_BOOT), no sooner than after `delay_ms`. Safe in an interrupt.
 */
_Noreturn void hal_restart(uint32_t reason, uint32_t delay_ms);
/* Masks (false) or unmasks (true) every interrupt that enters the host. */
void hal_interrupts(bool on);
/* Called masked, with nothing left to do: sleeps until an interrupt was served. Returns unmasked.
 */
void hal_idle(void);

#endif
