/* See partitions.h. Both partitions stay mapped: they are read while the board runs. */
#include "partitions.h"

#include "crc32.h"
#include "esp_partition.h"

#define SUBTYPE_GUEST 0x40
#define SUBTYPE_OWNER 0x41

static const uint8_t *map(int subtype, uint32_t *size) {
    esp_partition_mmap_handle_t handle;
    const void *mapped = NULL;
    const esp_partition_t *found =
        esp_partition_find_first(ESP_PARTITION_TYPE_DATA, (esp_partition_subtype_t)subtype, NULL);
    if (found == NULL) return NULL;
    if (esp_partition_mmap(found, 0, found->size, ESP_PARTITION_MMAP_DATA, &mapped, &handle) !=
        ESP_OK)
        return NULL;
    *size = found->size;
    return mapped;
}

static const uint8_t *guest;
static uint32_t guest_len;
static const char *guest_refused = "unread";

static void read_guest(void) {
    uint32_t size = 0;
    const uint8_t *image = map(SUBTYPE_GUEST, &size);
    guest_refused = "partition";
    if (image == NULL) return;
    guest_refused = image_check(image, size, GUEST_MAGIC, &guest_len);
    if (guest_refused == NULL) guest = image + IMAGE_HEADER_BYTES;
}

const uint8_t *guest_partition(uint32_t *len, const char **refused) {
    static bool read;
    if (!read) read_guest();
    read = true;
    *len = guest_len;
    *refused = guest_refused;
    return guest;
}

uint32_t guest_partition_crc(void) { return guest == NULL ? 0 : crc32_update(0, guest, guest_len); }

static const char *read_owner(struct owner *owner) {
    uint32_t size = 0, len = 0;
    const uint8_t *image = map(SUBTYPE_OWNER, &size);
    if (image == NULL) return "partition";
    const char *refused = image_check(image, size, OWNER_MAGIC, &len);
    return refused != NULL ? refused : owner_read(image + IMAGE_HEADER_BYTES, len, owner);
}

const struct owner *owner_partition(const char **refused) {
    static struct owner owner;
    static const char *reason;
    static bool read;
    if (!read) reason = read_owner(&owner);
    read = true;
    *refused = reason;
    return reason == NULL ? &owner : NULL;
}
