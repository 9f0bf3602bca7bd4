/* A ring of bytes between an interrupt and the rest: one puts, one takes. Inline, because an
 * interrupt may run while flash cannot be read. The size is a power of two. */
#ifndef BYTE_RING_H
#define BYTE_RING_H

#include "chip.h"

struct byte_ring {
    uint8_t *bytes;
    uint32_t size;
    volatile uint32_t put, taken;
};

INLINE uint32_t ring_used(const struct byte_ring *ring) { return ring->put - ring->taken; }
INLINE uint32_t ring_free(const struct byte_ring *ring) { return ring->size - ring_used(ring); }

INLINE void ring_add(struct byte_ring *ring, uint8_t byte) {
    ring->bytes[ring->put & (ring->size - 1)] = byte;
    ring->put++;
}

INLINE uint8_t ring_take(struct byte_ring *ring) {
    const uint8_t byte = ring->bytes[ring->taken & (ring->size - 1)];
    ring->taken++;
    return byte;
}

#endif
