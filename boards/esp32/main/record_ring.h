/* A bounded ring of records over storage of its user. Holds no lock: its user does. What is in it
 * may have been there before a reset, so ring_check() trusts none of it. Knows no record. */
#ifndef RECORD_RING_H
#define RECORD_RING_H

#include <stdbool.h>
#include <stdint.h>

struct record_ring {
    uint8_t *bytes;
    uint32_t size;
    uint32_t first; /* of the oldest record */
    uint32_t used;
};

/* Puts `head` and `body` in as one record; false if there is no room. Together at most 65535. */
bool ring_push(struct record_ring *ring, const void *head, uint32_t head_len, const void *body,
               uint32_t body_len);
/* Copies the oldest record's first `max` bytes out and drops it. Returns its whole length; -1 if
 * there is none. */
int32_t ring_pop(struct record_ring *ring, void *bytes, uint32_t max);
/* Whether every record lies within what is used. */
bool ring_check(const struct record_ring *ring);

#endif
