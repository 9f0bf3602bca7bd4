/* See credentials.h. */
#include "credentials.h"

#include <string.h>

#include "flash_busy.h"
#include "nvs.h"
#include "nvs_flash.h"

#define NAMESPACE "wifi"

bool credentials_open(void) {
    static bool opened;
    if (opened) return true;
    esp_err_t state = nvs_flash_init();
    if (state == ESP_ERR_NVS_NO_FREE_PAGES || state == ESP_ERR_NVS_NEW_VERSION_FOUND) {
        if (nvs_flash_erase() != ESP_OK) return false;
        state = nvs_flash_init();
    }
    opened = state == ESP_OK;
    return opened;
}

bool credentials_load(struct improv_wifi *wifi) {
    nvs_handle_t handle;
    if (!credentials_open() || nvs_open(NAMESPACE, NVS_READONLY, &handle) != ESP_OK) return false;
    size_t ssid_len = sizeof wifi->ssid;
    size_t password_len = sizeof wifi->password;
    wifi->password[0] = '\0';
    const esp_err_t state = nvs_get_str(handle, "ssid", wifi->ssid, &ssid_len);
    (void)nvs_get_str(handle, "password", wifi->password, &password_len);
    nvs_close(handle);
    return state == ESP_OK && wifi->ssid[0] != '\0';
}

static bool same(const struct improv_wifi *wifi) {
    struct improv_wifi stored;
    return credentials_load(&stored) && strcmp(stored.ssid, wifi->ssid) == 0 &&
           strcmp(stored.password, wifi->password) == 0;
}

static bool open_to_write(nvs_handle_t *handle) {
    return credentials_open() && nvs_open(NAMESPACE, NVS_READWRITE, handle) == ESP_OK;
}

bool credentials_save(const struct improv_wifi *wifi) {
    nvs_handle_t handle;
    if (same(wifi)) return true;
    if (!open_to_write(&handle)) return false;
    flash_busy_begin();
    const bool saved = nvs_set_str(handle, "ssid", wifi->ssid) == ESP_OK &&
                       nvs_set_str(handle, "password", wifi->password) == ESP_OK &&
                       nvs_commit(handle) == ESP_OK;
    flash_busy_end();
    nvs_close(handle);
    return saved;
}

/* A setting of a few bytes; false if there is none. */
static bool load(const char *key, void *value, size_t len) {
    nvs_handle_t handle;
    size_t found = len;
    if (!credentials_open() || nvs_open(NAMESPACE, NVS_READONLY, &handle) != ESP_OK) return false;
    const esp_err_t state = nvs_get_blob(handle, key, value, &found);
    nvs_close(handle);
    return state == ESP_OK && found == len;
}

static bool save(const char *key, const void *value, size_t len) {
    nvs_handle_t handle;
    if (!open_to_write(&handle)) return false;
    flash_busy_begin();
    const bool saved =
        nvs_set_blob(handle, key, value, len) == ESP_OK && nvs_commit(handle) == ESP_OK;
    flash_busy_end();
    nvs_close(handle);
    return saved;
}

int8_t credentials_power(void) {
    int8_t power;
    return load("power", &power, sizeof power) ? power : 0;
}

bool credentials_set_power(int8_t power) { return save("power", &power, sizeof power); }

void credentials_country(char country[CREDENTIALS_COUNTRY]) {
    if (!load("country", country, CREDENTIALS_COUNTRY - 1))
        memcpy(country, "01", CREDENTIALS_COUNTRY - 1);
    country[CREDENTIALS_COUNTRY - 1] = '\0';
}

bool credentials_set_country(const char *country) {
    return save("country", country, CREDENTIALS_COUNTRY - 1);
}
