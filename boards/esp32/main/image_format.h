/* The contents of the partitions `guest` and `owner`: eight letters, u32 length, u32 CRC-32, body;
 * little-endian. All of it is validated. */
#ifndef IMAGE_FORMAT_H
#define IMAGE_FORMAT_H

#include <stdbool.h>
#include <stdint.h>

#include "abi.gen.h"

#define IMAGE_HEADER_BYTES 16u
#define GUEST_MAGIC "KSGUEST1"
#define OWNER_MAGIC "KSOWNER3"
/* Earlier layouts, with this many letters in common: they had other keys, or the broker as a URL.
 */
#define OWNER_MAGIC_COMMON 7u
#define DEVICE_MAX 32u
#define HOST_MAX 253u

/* Checks the header alone. Returns null and the length of the body, which ends within the `size`
 * bytes of the partition, or the reason: "blank", "magic", "old", "length". */
const char *image_header(const uint8_t *header, uint32_t size, const char *magic, uint32_t *len);
/* Checks a whole image of `size` bytes; as image_header(), with the further reason "crc". */
const char *image_check(const uint8_t *image, uint32_t size, const char *magic, uint32_t *len);

/* What the owner sets. Texts point into the image and end with a zero. */
struct owner {
    /* By KS_PRINCIPAL; all zero: the device has none. */
    uint8_t secrets[KS_PRINCIPAL_COUNT][KS_SECRET_BYTES];
    const char *device;
    /* The broker. */
    bool tls;
    uint16_t port;
    const char *host;
    /* Empty: none. */
    const char *user, *password;
    /* PEM. Without `ca`, the authorities that the firmware brings. Without `certificate`, no client
     * certificate; with it, `key` is there too. */
    const char *ca, *certificate, *key;
};

/* Reads an owner image's body. Returns null, or the reason: "length", "device", "broker". */
const char *owner_read(const uint8_t *body, uint32_t len, struct owner *owner);
/* Copies a principal's secret, KS_SECRET_BYTES. False if the device has none. */
bool owner_secret(const struct owner *owner, uint32_t principal, uint8_t *secret);

#endif
