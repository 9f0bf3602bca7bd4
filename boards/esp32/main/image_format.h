/* The contents of the partitions `guest` and `owner`: eight letters, u32 length, u32 CRC-32, body;
 * little-endian. All of it is validated. */
#ifndef IMAGE_FORMAT_H
#define IMAGE_FORMAT_H

#include <stdbool.h>
#include <stdint.h>

#include "abi.gen.h"

#define IMAGE_HEADER_BYTES 16u
#define GUEST_MAGIC "KSGUEST1"
#define OWNER_MAGIC "KSOWNER1"
#define KEY_BYTES 32u
#define DEVICE_MAX 32u
#define BROKER_MAX 255u

/* Checks the header alone. Returns null and the length of the body, which ends within the `size`
 * bytes of the partition, or the reason: "blank", "magic", "length". */
const char *image_header(const uint8_t *header, uint32_t size, const char *magic, uint32_t *len);
/* Checks a whole image of `size` bytes; as image_header(), with the further reason "crc". */
const char *image_check(const uint8_t *image, uint32_t size, const char *magic, uint32_t *len);

struct owner {
    uint8_t keys[KS_PRINCIPAL_COUNT][KEY_BYTES];
    char device[DEVICE_MAX + 1];
    char broker[BROKER_MAX + 1];
    /* PEM in the image, without an end; length 0: the bundle of authorities. */
    const uint8_t *ca;
    uint32_t ca_len;
};

/* Reads an owner image's body. Null if it is good; otherwise the reason: "length", "device",
 * "broker". */
const char *owner_read(const uint8_t *body, uint32_t len, struct owner *owner);

#endif
