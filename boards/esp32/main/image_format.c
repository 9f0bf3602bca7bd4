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
    if (memcmp(header, magic, MAGIC_BYTES) != 0) {
        const bool old = memcmp(header, OWNER_MAGIC, OWNER_MAGIC_COMMON) == 0;
        return old && strcmp(magic, OWNER_MAGIC) == 0 ? "old" : "magic";
    }
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

/* A text behind its length, with a zero after it and none within. */
static const char *take_text(struct reader *reader, uint32_t length_bytes) {
    const uint32_t len = take_number(reader, length_bytes);
    const uint8_t *text = take(reader, len < UINT16_MAX ? len + 1 : UINT32_MAX);
    if (text == NULL || memchr(text, 0, len + 1) != text + len) {
        reader->short_of = true;
        return "";
    }
    return (const char *)text;
}

/* 1 to 32 of A-Z a-z 0-9 _ -: it becomes a level of a topic. */
static bool device_name(const char *name) {
    const size_t len = strlen(name);
    if (len == 0 || len > DEVICE_MAX) return false;
    for (uint32_t i = 0; i < len; i++) {
        const uint8_t c = (uint8_t)name[i];
        const uint8_t letter = c | 0x20u;
        const bool good = (letter >= 'a' && letter <= 'z') || (c >= '0' && c <= '9');
        if (!good && c != '_' && c != '-') return false;
    }
    return true;
}

static bool broker_good(const struct owner *owner, uint32_t tls) {
    const size_t len = strlen(owner->host);
    const bool certified = owner->certificate[0] != '\0';
    return tls <= 1 && owner->port != 0 && len > 0 && len <= HOST_MAX &&
           certified == (owner->key[0] != '\0') &&
           (tls == 1 || (owner->ca[0] == '\0' && !certified));
}

const char *owner_read(const uint8_t *body, uint32_t len, struct owner *owner) {
    struct reader reader = {body, len, false};
    const uint8_t *keys = take(&reader, sizeof owner->secrets);
    memset(owner, 0, sizeof *owner);
    owner->device = take_text(&reader, 1);
    const uint32_t tls = take_number(&reader, 1);
    owner->tls = tls == 1;
    owner->port = (uint16_t)take_number(&reader, 2);
    owner->host = take_text(&reader, 1);
    owner->user = take_text(&reader, 2);
    owner->password = take_text(&reader, 2);
    owner->ca = take_text(&reader, 2);
    owner->certificate = take_text(&reader, 2);
    owner->key = take_text(&reader, 2);
    if (reader.short_of || reader.left != 0) return "length";
    memcpy(owner->secrets, keys, sizeof owner->secrets);
    if (!device_name(owner->device)) return "device";
    return broker_good(owner, tls) ? NULL : "broker";
}

bool owner_secret(const struct owner *owner, uint32_t principal, uint8_t *secret) {
    uint32_t any = 0;
    for (uint32_t i = 0; i < KS_SECRET_BYTES; i++) {
        secret[i] = owner->secrets[principal][i];
        any |= secret[i];
    }
    return any != 0;
}
