/* See image_format.h. */
#include "image_format.h"

#include <string.h>

#include "crc32.h"

#define MAGIC_BYTES 8u

struct reader {
    const uint8_t *at;
    uint32_t left;
    bool short_of; /* a read went beyond the end */
};

static uint32_t word_at(const uint8_t *at) {
    return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static const uint8_t *take(struct reader *reader, uint32_t len) {
    if (reader->short_of || len > reader->left) {
        reader->short_of = true;
        return NULL;
    }
    const uint8_t *bytes = reader->at;
    reader->at += len;
    reader->left -= len;
    return bytes;
}

static uint32_t take_number(struct reader *reader, uint32_t bytes) {
    const uint8_t *at = take(reader, bytes);
    uint32_t value = 0;
    for (uint32_t i = 0; at != NULL && i < bytes; i++) value |= (uint32_t)at[i] << (8 * i);
    return value;
}

const char *image_header(const uint8_t *header, uint32_t size, const char *magic, uint32_t *len) {
    if (size < IMAGE_HEADER_BYTES) return "length";
    uint32_t blank = 0;
    for (uint32_t i = 0; i < IMAGE_HEADER_BYTES; i++) blank += header[i] == 0xff ? 1u : 0u;
    if (blank == IMAGE_HEADER_BYTES) return "blank";
    if (memcmp(header, magic, MAGIC_BYTES) != 0) return "magic";
    const uint32_t body = word_at(header + 8);
    if (body == 0 || body > size - IMAGE_HEADER_BYTES) return "length";
    *len = body;
    return NULL;
}

const char *image_check(const uint8_t *image, uint32_t size, const char *magic, uint32_t *len) {
    uint32_t body = 0;
    const char *refused = image_header(image, size, magic, &body);
    if (refused != NULL) return refused;
    if (crc32_update(0, image + IMAGE_HEADER_BYTES, body) != word_at(image + 12)) return "crc";
    *len = body;
    return NULL;
}

/* 1 to 32 of A-Z a-z 0-9 _ -: it becomes a level of a topic. */
static bool device_name(const uint8_t *name, uint32_t len) {
    if (len == 0 || len > DEVICE_MAX) return false;
    for (uint32_t i = 0; i < len; i++) {
        const uint8_t c = name[i];
        const uint8_t letter = c | 0x20u;
        const bool good = (letter >= 'a' && letter <= 'z') || (c >= '0' && c <= '9');
        if (!good && c != '_' && c != '-') return false;
    }
    return true;
}

static bool begins(const uint8_t *text, uint32_t len, const char *with) {
    const size_t prefix = strlen(with);
    return len > prefix && memcmp(text, with, prefix) == 0;
}

static bool broker_url(const uint8_t *url, uint32_t len) {
    if (len > BROKER_MAX) return false;
    for (uint32_t i = 0; i < len; i++)
        if (url[i] <= 0x20 || url[i] >= 0x7f) return false;
    return begins(url, len, "mqtt://") || begins(url, len, "mqtts://");
}

const char *owner_read(const uint8_t *body, uint32_t len, struct owner *owner) {
    struct reader reader = {body, len, false};
    const uint8_t *keys = take(&reader, sizeof owner->keys);
    const uint32_t device_len = take_number(&reader, 1);
    const uint8_t *device = take(&reader, device_len);
    const uint32_t broker_len = take_number(&reader, 2);
    const uint8_t *broker = take(&reader, broker_len);
    const uint32_t ca_len = take_number(&reader, 2);
    const uint8_t *ca = take(&reader, ca_len);
    if (reader.short_of || reader.left != 0) return "length";
    if (!device_name(device, device_len)) return "device";
    if (!broker_url(broker, broker_len)) return "broker";
    memset(owner, 0, sizeof *owner);
    memcpy(owner->keys, keys, sizeof owner->keys);
    memcpy(owner->device, device, device_len);
    memcpy(owner->broker, broker, broker_len);
    owner->ca = ca;
    owner->ca_len = ca_len;
    return NULL;
}
