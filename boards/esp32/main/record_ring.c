/* See record_ring.h. A record is its length, two bytes little-endian, and its bytes. */
#include "record_ring.h"

#define LENGTH_BYTES 2u

static void put(struct record_ring *ring, const uint8_t *bytes, uint32_t len) {
    for (uint32_t i = 0; i < len; i++)
        ring->bytes[(ring->first + ring->used + i) % ring->size] = bytes[i];
    ring->used += len;
}

static uint32_t length_at(const struct record_ring *ring, uint32_t at) {
    return ring->bytes[at % ring->size] | (uint32_t)ring->bytes[(at + 1) % ring->size] << 8;
}

bool ring_push(struct record_ring *ring, const void *head, uint32_t head_len, const void *body,
               uint32_t body_len) {
    const uint32_t len = head_len + body_len;
    if (len > UINT16_MAX || LENGTH_BYTES + len > ring->size - ring->used) return false;
    const uint8_t length[LENGTH_BYTES] = {(uint8_t)len, (uint8_t)(len >> 8)};
    put(ring, length, LENGTH_BYTES);
    put(ring, head, head_len);
    put(ring, body, body_len);
    return true;
}

int32_t ring_pop(struct record_ring *ring, void *bytes, uint32_t max) {
    if (ring->used == 0) return -1;
    const uint32_t len = length_at(ring, ring->first);
    uint8_t *to = bytes;
    for (uint32_t i = 0; i < len && i < max; i++)
        to[i] = ring->bytes[(ring->first + LENGTH_BYTES + i) % ring->size];
    ring->first = (ring->first + LENGTH_BYTES + len) % ring->size;
    ring->used -= LENGTH_BYTES + len;
    return (int32_t)len;
}

bool ring_check(const struct record_ring *ring) {
    if (ring->first >= ring->size || ring->used > ring->size) return false;
    uint32_t left = ring->used;
    for (uint32_t at = ring->first; left > 0;) {
        if (left < LENGTH_BYTES) return false;
        const uint32_t whole = LENGTH_BYTES + length_at(ring, at);
        if (whole > left) return false;
        left -= whole;
        at += whole;
    }
    return true;
}
