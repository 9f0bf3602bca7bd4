/* See storage.h. A region is divided into blobs of one journal record, so that writing a record
 * costs 128 bytes of flash and not a page. A blob never written reads 0xff, like erased flash. */
#include "storage.h"

#include <stdio.h>
#include <string.h>

#include "esp_partition.h"
#include "flash_busy.h"
#include "nvs.h"
#include "nvs_flash.h"
#include "retained.h"

#define PARTITION "storage"
#define NAMESPACE "regions"
#define BLOB_BYTES KS_JOURNAL_SLOT_BYTES
#define KEY_BYTES 8u

static nvs_handle_t handle;
static bool opened;

static bool open_regions(void) {
    if (opened) return true;
    esp_err_t state = nvs_flash_init_partition(PARTITION);
    if (state == ESP_ERR_NVS_NO_FREE_PAGES || state == ESP_ERR_NVS_NEW_VERSION_FOUND) {
        /* This firmware cannot read it: start with an empty one. */
        if (nvs_flash_erase_partition(PARTITION) != ESP_OK) return false;
        state = nvs_flash_init_partition(PARTITION);
    }
    if (state != ESP_OK) return false;
    opened = nvs_open_from_partition(PARTITION, NAMESPACE, NVS_READWRITE, &handle) == ESP_OK;
    return opened;
}

static void key_of(char *key, uint32_t region, uint32_t blob) {
    (void)snprintf(key, KEY_BYTES, "%c%u", region == KS_REGION_CONFIG ? 'c' : 'j',
                   (unsigned)(blob % 1000u));
}

static bool read_blob(uint32_t region, uint32_t blob, uint8_t *bytes) {
    char key[KEY_BYTES];
    size_t len = BLOB_BYTES;
    key_of(key, region, blob);
    const esp_err_t state = nvs_get_blob(handle, key, bytes, &len);
    if (state == ESP_ERR_NVS_NOT_FOUND) memset(bytes, 0xff, BLOB_BYTES);
    else if (state != ESP_OK || len != BLOB_BYTES) return false;
    return true;
}

static bool write_blob(uint32_t region, uint32_t blob, const uint8_t *bytes) {
    char key[KEY_BYTES];
    key_of(key, region, blob);
    flash_busy_begin();
    const bool written =
        nvs_set_blob(handle, key, bytes, BLOB_BYTES) == ESP_OK && nvs_commit(handle) == ESP_OK;
    flash_busy_end();
    return written;
}

/* How many of `len` bytes at `offset` are in its blob. */
static uint32_t within(uint32_t offset, uint32_t len) {
    const uint32_t room = BLOB_BYTES - offset % BLOB_BYTES;
    return len < room ? len : room;
}

bool hal_storage_read(uint32_t region, uint32_t offset, uint8_t *bytes, uint32_t len) {
    if (region == KS_REGION_RETAINED) {
        memcpy(bytes, retained()->region + offset, len);
        return true;
    }
    if (!open_regions()) return false;
    for (uint32_t done = 0; done < len;) {
        uint8_t blob[BLOB_BYTES];
        const uint32_t at = offset + done;
        const uint32_t part = within(at, len - done);
        if (!read_blob(region, at / BLOB_BYTES, blob)) return false;
        memcpy(bytes + done, blob + at % BLOB_BYTES, part);
        done += part;
    }
    return true;
}

bool hal_storage_write(uint32_t region, uint32_t offset, const uint8_t *bytes, uint32_t len) {
    if (region == KS_REGION_RETAINED) {
        memcpy(retained()->region + offset, bytes, len);
        retained_seal(retained());
        return true;
    }
    if (!open_regions()) return false;
    for (uint32_t done = 0; done < len;) {
        uint8_t blob[BLOB_BYTES];
        const uint32_t at = offset + done;
        const uint32_t part = within(at, len - done);
        if (part < BLOB_BYTES && !read_blob(region, at / BLOB_BYTES, blob)) return false;
        memcpy(blob + at % BLOB_BYTES, bytes + done, part);
        if (!write_blob(region, at / BLOB_BYTES, blob)) return false;
        done += part;
    }
    return true;
}

static void erase(const char *name) {
    const esp_partition_t *found =
        esp_partition_find_first(ESP_PARTITION_TYPE_DATA, ESP_PARTITION_SUBTYPE_ANY, name);
    if (found == NULL) return;
    flash_busy_begin();
    (void)esp_partition_erase_range(found, 0, found->size);
    flash_busy_end();
}

void storage_erase(bool owner) {
    if (owner) erase("owner");
    erase(PARTITION);
    erase("nvs");
    retained_forget();
}
