/* See credentials.h. */
#include "credentials.h"

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

bool credentials_save(const struct improv_wifi *wifi) {
    nvs_handle_t handle;
    if (!credentials_open() || nvs_open(NAMESPACE, NVS_READWRITE, &handle) != ESP_OK) return false;
    const bool saved = nvs_set_str(handle, "ssid", wifi->ssid) == ESP_OK &&
                       nvs_set_str(handle, "password", wifi->password) == ESP_OK &&
                       nvs_commit(handle) == ESP_OK;
    nvs_close(handle);
    return saved;
}
