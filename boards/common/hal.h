/* What a board supplies: pins, time, radio power, storage. All that differs between boards is here.
 * Twin: host-sim/hal.ts. */
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

/* Milliseconds since the supply came up, modulo 2^32; never backwards. */
uint32_t hal_now(void);
/* bit 0 NO closed, bit 1 NC closed, bit 2 rail up: the low three bits of the gate's inputs. */
uint32_t hal_sense(void);
/* Bit KS_INPUT_BUTTON, levels of sensed lines above KS_INPUT_LINES_SHIFT, the temperature above
 * KS_INPUT_TEMPERATURE_SHIFT. */
uint32_t hal_inputs(void);
/* Radio power. Off takes effect before the call returns, waits for nothing, and is safe in an
 * interrupt. */
void hal_radio(bool on);
/* Drives a pin; returns whether its level changed. Levels are held through a restart. */
bool hal_gpio(uint32_t pin, uint32_t level);
/* Passes a message to the network stack. Called only with the radio on and the session up. */
void hal_link_send(uint32_t channel, const uint8_t *bytes, uint32_t len);
/* Fills with random bytes from the board's source. */
void hal_random(uint8_t *bytes, uint32_t len);
/* HMAC-SHA256 under the principal's key, KS_TAG_BYTES into `tag`; false if it has none here. */
KS_MUST_USE bool hal_mac(uint32_t principal, const uint8_t *bytes, uint32_t len, uint8_t *tag);
/* Reads from a region (KS_REGION); false on an I/O error. */
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
