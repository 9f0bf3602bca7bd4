/* The gate written by hand in C, to measure its translation against; nothing else uses it.
 * Behaviour: firmware/gate/gate.ts. */
#include "gate_twin.h"

enum { ARM_MS = 50, TRAVEL_MS = 20, DISCHARGE_MS = 100, GAP_MS = 10 };
enum {
    KILLED = 0x0000,
    TRAVEL = 0x0f00,
    ARMING = 0x3300,
    FAULT_CONTACT = 0x5500,
    FAULT_RAIL = 0x6600,
    LIVE = 0xff80
};

static uint32_t next(uint32_t payload, uint32_t inputs) {
    const uint32_t code = payload & 0xff00u;
    const uint32_t counted = (payload & 0x7fu) + ((inputs >> 8) & 0xffu);
    const uint32_t position = inputs & 3u;
    if (code == FAULT_CONTACT) return position == 2 ? KILLED : FAULT_CONTACT;
    if (code == FAULT_RAIL) return (inputs & 7u) == 2 ? KILLED : FAULT_RAIL;
    if (position == 1) {
        if (payload == LIVE) return LIVE;
        if (code != ARMING || (payload & 0xffu) >= ARM_MS || ((inputs >> 8) & 0xffu) > GAP_MS)
            return ARMING;
        return counted >= ARM_MS ? LIVE : ARMING + counted;
    }
    if (position != 2) {
        if (code != TRAVEL) return TRAVEL;
        return counted > TRAVEL_MS ? FAULT_CONTACT : TRAVEL + counted;
    }
    if ((inputs & 4u) == 0) return KILLED;
    if (code != KILLED || (payload & 0x7fu) == 0) return KILLED + 1;
    return counted > DISCHARGE_MS ? FAULT_RAIL : KILLED + counted;
}

uint32_t gate_twin_step(uint32_t word, uint32_t inputs) {
    const bool checks = ((word >> 16) ^ word) << 16 == 0xffff0000u;
    const uint32_t payload = next(checks ? word & 0xffffu : KILLED, inputs);
    return ~payload << 16 | payload;
}
