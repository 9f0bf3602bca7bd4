/* The heap, the partitions and NVS. A write keeps the flash busy, with time passing meanwhile. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "world.h"

/* The firmware is compiled with these names as macros; here they are the real ones. */
#undef malloc
#undef free
void *malloc(size_t size);
void free(void *block);

#define HEAP_BYTES 180000u
#define WRITE_US 800u
/* A sector's erase: every 16th write. In us. */
#define ERASE_US 45000u
#define HANDLES 32u

/* --- the heap --- */

static uint32_t used;

void *world_alloc(uint32_t size) {
    if (size + 8u > HEAP_BYTES - used) return NULL;
    uint64_t *block = malloc(size + 8u);
    if (block == NULL) abort();
    *block = size;
    used += size + 8u;
    if (HEAP_BYTES - used < world->heap_least) world->heap_least = HEAP_BYTES - used;
    return block + 1;
}

void world_free(void *block) {
    if (block == NULL) return;
    uint64_t *whole = (uint64_t *)block - 1;
    used -= (uint32_t)*whole + 8u;
    free(whole);
}

void *idf_malloc(size_t size) { return world_alloc((uint32_t)size); }
void idf_free(void *block) { world_free(block); }

uint32_t esp_get_free_heap_size(void) { return HEAP_BYTES - used; }
uint32_t esp_get_minimum_free_heap_size(void) { return world->heap_least; }

/* --- partitions --- */

static const struct {
    const char *name;
    int subtype;
    esp_partition_t partition;
} table[] = {
    {"nvs", 2, {0x6000}},
    {"guest", 0x40, {64}},
    {"owner", 0x41, {0x2000}},
    {"storage", 2, {0x20000}},
};

const esp_partition_t *esp_partition_find_first(esp_partition_type_t type,
                                                esp_partition_subtype_t subtype,
                                                const char *label) {
    (void)type;
    for (uint32_t i = 0; i < sizeof table / sizeof *table; i++) {
        if (label != NULL ? strcmp(table[i].name, label) == 0 : table[i].subtype == (int)subtype)
            return &table[i].partition;
    }
    return NULL;
}

static const char *name_of(const esp_partition_t *partition) {
    for (uint32_t i = 0; i < sizeof table / sizeof *table; i++)
        if (&table[i].partition == partition) return table[i].name;
    abort();
}

esp_err_t esp_partition_mmap(const esp_partition_t *partition, size_t offset, size_t size,
                             esp_partition_mmap_memory_t memory, const void **out,
                             esp_partition_mmap_handle_t *handle) {
    (void)offset, (void)size, (void)memory, (void)handle;
    *out = strcmp(name_of(partition), "owner") == 0 ? world->owner : world->guest;
    return ESP_OK;
}

static void busy(uint32_t us) {
    if (world->flash_busy_until < world->now + us) world->flash_busy_until = world->now + us;
    world_spend(us);
}

static void forget(const char *partition) {
    for (uint32_t i = 0; i < WORLD_NVS; i++)
        if (strncmp(world->nvs[i].space, partition, strlen(partition)) == 0)
            world->nvs[i].used = false;
}

esp_err_t esp_partition_erase_range(const esp_partition_t *partition, size_t offset, size_t size) {
    const char *name = name_of(partition);
    (void)offset;
    world_say("erase %s", name);
    if (strcmp(name, "owner") == 0) memset(world->owner, 0xff, size);
    else forget(name);
    busy(ERASE_US);
    return ESP_OK;
}

/* --- NVS --- */

static char opened[HANDLES][24];
static uint32_t handles;

esp_err_t nvs_flash_init(void) { return ESP_OK; }
esp_err_t nvs_flash_erase(void) { return ESP_OK; }
esp_err_t nvs_flash_init_partition(const char *partition) {
    (void)partition;
    return ESP_OK;
}
esp_err_t nvs_flash_erase_partition(const char *partition) {
    forget(partition);
    return ESP_OK;
}

static struct world_nvs *find(const char *space, const char *key) {
    for (uint32_t i = 0; i < WORLD_NVS; i++) {
        struct world_nvs *entry = &world->nvs[i];
        if (entry->used && strcmp(entry->space, space) == 0 &&
            (key == NULL || strcmp(entry->key, key) == 0))
            return entry;
    }
    return NULL;
}

esp_err_t nvs_open_from_partition(const char *partition, const char *name, nvs_open_mode_t mode,
                                  nvs_handle_t *handle) {
    char space[24];
    (void)snprintf(space, sizeof space, "%s/%s", partition, name);
    if (mode == NVS_READONLY && find(space, NULL) == NULL) return ESP_ERR_NVS_NOT_FOUND;
    *handle = handles++ % HANDLES;
    memcpy(opened[*handle], space, sizeof space);
    return ESP_OK;
}

esp_err_t nvs_open(const char *name, nvs_open_mode_t mode, nvs_handle_t *handle) {
    return nvs_open_from_partition("nvs", name, mode, handle);
}

void nvs_close(nvs_handle_t handle) { (void)handle; }
esp_err_t nvs_commit(nvs_handle_t handle) {
    (void)handle;
    return ESP_OK;
}

static esp_err_t get(nvs_handle_t handle, const char *key, void *value, size_t *len, bool text) {
    const struct world_nvs *entry = find(opened[handle], key);
    if (entry == NULL || entry->text != text) return ESP_ERR_NVS_NOT_FOUND;
    if (entry->len > *len) return ESP_FAIL;
    *len = entry->len;
    memcpy(value, entry->bytes, entry->len);
    return ESP_OK;
}

static esp_err_t set(nvs_handle_t handle, const char *key, const void *value, size_t len,
                     bool text) {
    struct world_nvs *entry = find(opened[handle], key);
    if (world->nvs_full) return ESP_FAIL;
    for (uint32_t i = 0; entry == NULL && i < WORLD_NVS; i++)
        if (!world->nvs[i].used) entry = &world->nvs[i];
    if (entry == NULL || len > sizeof entry->bytes) return ESP_FAIL;
    world->nvs_writes++;
    busy(world->nvs_writes % 16u == 0 ? ERASE_US : WRITE_US);
    entry->used = true;
    entry->text = text;
    entry->len = (uint32_t)len;
    memcpy(entry->space, opened[handle], sizeof entry->space);
    (void)snprintf(entry->key, sizeof entry->key, "%s", key);
    memcpy(entry->bytes, value, len);
    return ESP_OK;
}

esp_err_t nvs_get_blob(nvs_handle_t handle, const char *key, void *value, size_t *len) {
    return get(handle, key, value, len, false);
}
esp_err_t nvs_set_blob(nvs_handle_t handle, const char *key, const void *value, size_t len) {
    return set(handle, key, value, len, false);
}
esp_err_t nvs_get_str(nvs_handle_t handle, const char *key, char *value, size_t *len) {
    return get(handle, key, value, len, true);
}
esp_err_t nvs_set_str(nvs_handle_t handle, const char *key, const char *value) {
    return set(handle, key, value, strlen(value) + 1, true);
}
