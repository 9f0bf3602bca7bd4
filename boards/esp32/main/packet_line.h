/* Sends records over a line of packets that may have no reader, such as USB. The next packet is
 * sent when the last one was taken. After PACKET_PATIENCE turns without that, records are dropped
 * until a packet is taken, so that nothing waits for an absent reader. Pure: the caller moves the
 * packets. */
#ifndef PACKET_LINE_H
#define PACKET_LINE_H

#include <stdbool.h>
#include <stdint.h>

/* One byte less than a full-speed endpoint holds: a full packet does not end a transfer, and the
 * reader's system would hold it back. */
#define PACKET_BYTES 63u
/* After this many turns in a row without room, the line counts as without a reader. */
#define PACKET_PATIENCE 5u

/* All zero is the initial state. */
struct packet_line {
    uint32_t sent;  /* bytes of the current record */
    uint32_t still; /* turns in a row without room */
    bool deaf;      /* nobody reads, until a packet is taken */
    bool left;      /* the current record is dropped */
    bool torn;      /* a record was dropped in the middle: a line end is due */
    uint32_t lost;  /* records dropped, completely or in part */
};

/* Begins another record. */
void packet_next(struct packet_line *line);
/* Takes the record's next packet if there is `room` for one. Returns its length, 0 for none. */
uint32_t packet_take(struct packet_line *line, const uint8_t *record, uint32_t len, bool room,
                     uint8_t *packet);
/* Ends a turn. Returns whether to wait for another. */
bool packet_pass(struct packet_line *line, uint32_t len);

#endif
