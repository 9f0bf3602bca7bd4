/* See improv.h. */
#include "improv.h"

#include <string.h>

#define VERSION 1u
#define LETTERS 6u

static const uint8_t letters[LETTERS] = {'I', 'M', 'P', 'R', 'O', 'V'};

void improv_reset(struct improv_reader *reader) { memset(reader, 0, sizeof *reader); }

static enum improv_found release(struct improv_reader *reader, uint8_t byte) {
    /* A new frame can begin only here: no other letter of "IMPROV" is an I. */
    const uint32_t held = reader->have;
    memcpy(reader->text, letters, held);
    reader->released = held;
    reader->have = 0;
    if (byte == letters[0]) {
        reader->have = 1;
        reader->sum = byte;
        return reader->released > 0 ? IMPROV_TEXT : IMPROV_INSIDE;
    }
    reader->text[reader->released++] = byte;
    return IMPROV_TEXT;
}

static enum improv_found finish(struct improv_reader *reader, uint8_t byte) {
    const bool good = byte == reader->sum && reader->version == VERSION;
    reader->have = 0;
    reader->line_end = true;
    return good ? IMPROV_FRAME : IMPROV_BROKEN;
}

enum improv_found improv_feed(struct improv_reader *reader, uint8_t byte) {
    reader->released = 0;
    const bool after = reader->line_end;
    reader->line_end = false;
    if (after && byte == '\n') return IMPROV_INSIDE;
    if (after && byte == '\r') {
        reader->line_end = true;
        return IMPROV_INSIDE;
    }
    const uint32_t at = reader->have;
    if (at < LETTERS && byte != letters[at]) return release(reader, byte);
    if (at == 0) reader->sum = 0;
    if (at >= IMPROV_HEAD_BYTES && at == IMPROV_HEAD_BYTES + (uint32_t)reader->len)
        return finish(reader, byte);
    if (at == 6) reader->version = byte;
    else if (at == 7) reader->type = byte;
    else if (at == 8) reader->len = byte;
    else if (at >= IMPROV_HEAD_BYTES) reader->data[at - IMPROV_HEAD_BYTES] = byte;
    reader->sum = (uint8_t)(reader->sum + byte);
    reader->have = at + 1;
    return IMPROV_INSIDE;
}

uint32_t improv_frame(uint8_t *frame, enum improv_type type, const uint8_t *data, uint8_t len) {
    uint8_t sum = 0;
    memcpy(frame, letters, LETTERS);
    frame[6] = VERSION;
    frame[7] = (uint8_t)type;
    frame[8] = len;
    memcpy(frame + IMPROV_HEAD_BYTES, data, len);
    const uint32_t end = IMPROV_HEAD_BYTES + len;
    for (uint32_t i = 0; i < end; i++) sum = (uint8_t)(sum + frame[i]);
    frame[end] = sum;
    frame[end + 1] = '\n';
    return end + 2;
}

uint8_t improv_result(uint8_t *data, uint8_t command, const char *const *texts, uint32_t count) {
    uint32_t at = 2;
    for (uint32_t i = 0; i < count; i++) {
        const size_t len = strlen(texts[i]);
        if (len > IMPROV_DATA_MAX - at - 1) return 0;
        data[at++] = (uint8_t)len;
        memcpy(data + at, texts[i], len);
        at += (uint32_t)len;
    }
    data[0] = command;
    data[1] = (uint8_t)(at - 2);
    return (uint8_t)at;
}

bool improv_rpc(const uint8_t *data, uint8_t len, uint8_t *command, const uint8_t **body,
                uint8_t *body_len) {
    if (len < 2 || data[1] != len - 2) return false;
    *command = data[0];
    *body = data + 2;
    *body_len = data[1];
    return true;
}

/* One text with its length before it; false if it does not fit or holds a zero byte. */
static bool text_of(const uint8_t *body, uint32_t len, uint32_t *at, char *text, uint32_t max) {
    if (*at >= len) return false;
    const uint32_t count = body[(*at)++];
    if (count > max || count > len - *at) return false;
    if (count > 0 && memchr(body + *at, 0, count) != NULL) return false;
    memcpy(text, body + *at, count);
    text[count] = '\0';
    *at += count;
    return true;
}

bool improv_wifi(const uint8_t *body, uint8_t len, struct improv_wifi *wifi) {
    uint32_t at = 0;
    if (!text_of(body, len, &at, wifi->ssid, IMPROV_SSID_MAX)) return false;
    if (!text_of(body, len, &at, wifi->password, IMPROV_PASSWORD_MAX)) return false;
    return at == len && wifi->ssid[0] != '\0';
}
