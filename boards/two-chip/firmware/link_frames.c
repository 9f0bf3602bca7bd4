/* A driver of modem.h for a test harness in the modem's place: link and messages in plain frames.
 *
 * A frame: 0x02, kind, length (two bytes, low first), body, CRC-32 of kind to body (four bytes, low
 * first). To the board: 'U' link up, 'D' link down, 'M' a message. From it: 'S', a byte (the
 * principal above bit 4, the channel below) and a message. Twin:
 * host-sim/targets/rp2040/link-frames.ts. */
#include <string.h>

#include "abi.gen.h"
#include "crc32.h"
#include "host.h"
#include "modem.h"

#define START 2u
#define HEAD 4u
#define CRC_BYTES 4u
#define READ_BYTES 32u

static struct {
    uint32_t have;    /* bytes of the frame so far */
    uint32_t len;     /* of the body */
    uint32_t crc;     /* of the received bytes */
    uint32_t claimed; /* the CRC in the frame */
    uint8_t kind;
    uint8_t body[KS_MESSAGE_MAX];
} frame;

static void ended(void) {
    if (frame.crc != frame.claimed) return;
    if (frame.kind == 'M') host_received(frame.body, frame.len);
    else if (frame.kind == 'U' || frame.kind == 'D') host_link(frame.kind == 'U');
}

static void take(uint8_t byte) {
    const uint32_t at = frame.have++;
    if (at == 0) {
        if (byte != START) frame.have = 0;
        frame.crc = frame.claimed = 0;
        return;
    }
    if (at < HEAD + frame.len || at < HEAD) frame.crc = crc32_update(frame.crc, &byte, 1);
    if (at == 1) frame.kind = byte;
    else if (at == 2) frame.len = byte;
    else if (at == 3) frame.len |= (uint32_t)byte << 8;
    else if (at < HEAD + frame.len) {
        /* The bytes of a message that is too long are not kept, only its length. */
        if (at - HEAD < sizeof frame.body) frame.body[at - HEAD] = byte;
    } else frame.claimed |= (uint32_t)byte << 8u * (at - HEAD - frame.len);
    if (frame.have < HEAD || frame.have < HEAD + frame.len + CRC_BYTES) return;
    frame.have = 0;
    ended();
}

void modem_power(bool on) {
    (void)on;
    frame.have = 0;
}

void modem_feed(void) {
    uint8_t bytes[READ_BYTES];
    for (uint32_t len = modem_read(bytes, sizeof bytes); len > 0;
         len = modem_read(bytes, sizeof bytes))
        for (uint32_t i = 0; i < len; i++) take(bytes[i]);
}

void modem_send(uint32_t principal, uint32_t channel, const uint8_t *bytes, uint32_t len) {
    const uint8_t to = (uint8_t)(principal << 4 | channel);
    const uint32_t body = len + 1;
    const uint8_t head[6] = {START, 'S', (uint8_t)body, (uint8_t)(body >> 8), to, 0};
    if (modem_room() < HEAD + body + CRC_BYTES) return;
    const uint32_t crc = crc32_update(crc32_update(0, head + 1, 4), bytes, len);
    const uint8_t tail[CRC_BYTES] = {(uint8_t)crc, (uint8_t)(crc >> 8), (uint8_t)(crc >> 16),
                                     (uint8_t)(crc >> 24)};
    modem_write(head, 5);
    modem_write(bytes, len);
    modem_write(tail, CRC_BYTES);
}
