/* Relay and lamp. Their levels outlive a restart in the retained block, and on the pins themselves
 * when only the processors are reset. A pin with PIN_LAMP_TOO shows the lamp as well. */
#include "board.h"

#include <assert.h>

static const uint32_t masks[KS_BOARD_PINS] = {1u << PIN_RELAY, 1u << PIN_LAMP | 1u << PIN_LAMP_TOO};

/* Pins that were driven since the supply came up, a bit each, and the complement. */
static NO_INIT uint32_t driven, not_driven;

static void put(uint32_t pin) {
    REG(retained()->levels[pin] != 0 ? SIO_OUT_SET : SIO_OUT_CLR) = masks[pin];
}

static void drive(uint32_t pin) {
    REG(PAD(pin)) = PAD_4MA | PAD_SCHMITT | PAD_INPUT | PAD_PULL_DOWN;
    REG(IO_CTRL(pin)) = IO_SIO;
}

void outputs_start(bool cold) {
    if (cold || driven != ~not_driven) driven = 0;
    not_driven = ~driven;
    /* The level is set before the direction, so that the pin never drives a wrong level. */
    for (uint32_t pin = 0; pin < KS_BOARD_PINS; pin++) {
        put(pin);
        REG(SIO_OE_SET) = masks[pin];
    }
    drive(PIN_RELAY);
    drive(PIN_LAMP);
    drive(PIN_LAMP_TOO);
}

void outputs_adopt(void) {
    for (uint32_t pin = 0; pin < KS_BOARD_PINS; pin++)
        retained()->levels[pin] = (REG(SIO_OUT) & masks[pin]) != 0 ? 1u : 0;
    retained_seal(retained());
}

bool outputs_set(uint32_t pin, uint32_t level) {
    assert(pin < KS_BOARD_PINS && level <= 1);
    if (retained()->levels[pin] == level && (driven & 1u << pin) != 0) return false;
    driven |= 1u << pin;
    not_driven = ~driven;
    retained()->levels[pin] = level;
    retained_seal(retained());
    put(pin);
    return true;
}
