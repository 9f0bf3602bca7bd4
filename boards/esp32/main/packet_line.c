/* See packet_line.h. */
#include "packet_line.h"

#include <string.h>

static const uint8_t line_end[] = {'\r', '\n'};

void packet_next(struct packet_line *line) {
    line->sent = 0;
    line->still = 0;
    line->left = false;
}

uint32_t packet_take(struct packet_line *line, const uint8_t *record, uint32_t len, bool room,
                     uint8_t *packet) {
    if (!room || line->left || line->sent >= len) return 0;
    uint32_t count = 0;
    if (line->torn) {
        memcpy(packet, line_end, sizeof line_end);
        count = sizeof line_end;
    }
    uint32_t part = PACKET_BYTES - count;
    if (part > len - line->sent) part = len - line->sent;
    memcpy(packet + count, record + line->sent, part);
    line->sent += part;
    line->still = 0;
    line->deaf = false;
    line->torn = false;
    return count + part;
}

bool packet_pass(struct packet_line *line, uint32_t len) {
    if (line->left || line->sent >= len) return false;
    if (!line->deaf && ++line->still < PACKET_PATIENCE) return true;
    line->deaf = true;
    line->left = true;
    line->torn = line->torn || line->sent > 0;
    line->lost++;
    return false;
}
