/* A bounded ring of records in the caller's storage. The caller locks. Its contents may be older
 * than a reset: ring_check() validates them. */
#ifndef RECORD_RING_H
#define RECORD_RING_H

#include <stdbool.h>
#include <stdint.h>

struct record_ring {
    uint8_t *bytes;
    uint32_t size;
    uint32_t first; /* where the oldest record begins */
    uint32_t used;
};

/* Appends `head` and `body` as one record, at most 65535 bytes; false if there is no room. */
bool ring_push(struct record_ring *ring, const void *head, uint32_t head_len, const void *body,
               uint32_t body_len);
/* Removes the oldest record and copies its first `max` bytes. Returns its full length; -1 if there
 * is none. */
int32_t ring_pop(struct record_ring *ring, void *bytes, uint32_t max);
/* Whether the ring is consistent: every record lies within the used part. */
bool ring_check(const struct record_ring *ring);

#endif
