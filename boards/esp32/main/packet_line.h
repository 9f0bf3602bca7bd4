/* A record at a time over a line of packets that may have no reader, such as USB. A packet is put
 * in where the one before was taken; a reader that takes none for a while is left behind, so that
 * nothing waits for one that is not there. Pure: must not know what carries the packets. */
#ifndef PACKET_LINE_H
#define PACKET_LINE_H

#include <stdbool.h>
#include <stdint.h>

/* One less than an endpoint of full speed holds: a packet that is full does not end a transfer, and
 * the reader's system would keep it back. */
#define PACKET_BYTES 63u
/* So many turns in a row without room, and nobody reads. */
#define PACKET_PATIENCE 5u

/* All zero is a line to begin with. */
struct packet_line {
    uint32_t sent;  /* of the record that goes out */
    uint32_t still; /* turns in a row without room */
    bool deaf;      /* nobody reads, until a packet is taken */
    bool left;      /* this record is left as it is */
    bool torn;      /* a record was left in its midst: a line end is due */
    uint32_t lost;  /* records that were left, all or in part */
};

/* Another record goes out. */
void packet_next(struct packet_line *line);
/* The next of the record's packets, if there is `room` for one: its length, 0 for none. */
uint32_t packet_take(struct packet_line *line, const uint8_t *record, uint32_t len, bool room,
                     uint8_t *packet);
/* A turn passes. Whether another is worth its wait. */
bool packet_pass(struct packet_line *line, uint32_t len);

#endif
