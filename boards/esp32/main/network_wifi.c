/* The Wi-Fi station: starts ESP-IDF's Wi-Fi, joins a network, reports the state. */
#include <stdlib.h>
#include <string.h>

#include "credentials.h"
#include "esp_event.h"
#include "esp_netif.h"
#include "esp_wifi.h"
#include "network_parts.h"
#include "radio_power.h"

/* How many records of a scan are fetched, strongest first. */
#define SCAN_RECORDS 24u

static volatile enum network_state state;
static const char *volatile why = "";
static bool begun;

/* One word for the status line. */
static const char *word_of(uint8_t reason) {
    switch (reason) {
    case WIFI_REASON_NO_AP_FOUND: return "no-access-point";
    case WIFI_REASON_AUTH_FAIL:
    case WIFI_REASON_AUTH_EXPIRE:
    case WIFI_REASON_MIC_FAILURE:
    case WIFI_REASON_HANDSHAKE_TIMEOUT:
    case WIFI_REASON_4WAY_HANDSHAKE_TIMEOUT: return "wrong-password";
    case WIFI_REASON_ASSOC_FAIL:
    case WIFI_REASON_CONNECTION_FAIL: return "refused";
    case WIFI_REASON_BEACON_TIMEOUT: return "lost";
    default: return "disconnected";
    }
}

static void on_wifi(void *unused, esp_event_base_t base, int32_t id, void *data) {
    (void)unused, (void)base;
    if (id == WIFI_EVENT_SCAN_DONE) network_tell(NETWORK_SCANNED);
    if (id != WIFI_EVENT_STA_DISCONNECTED) return;
    const wifi_event_sta_disconnected_t *event = data;
    /* We left, to join another access point. */
    if (event->reason == WIFI_REASON_ASSOC_LEAVE) return;
    why = word_of(event->reason);
    state = NETWORK_FAILED;
    network_tell(NETWORK_WIFI_DOWN);
}

static void on_address(void *unused, esp_event_base_t base, int32_t id, void *data) {
    (void)unused, (void)base, (void)data;
    if (id != IP_EVENT_STA_GOT_IP) return;
    state = NETWORK_UP;
    network_tell(NETWORK_WIFI_UP);
}

static bool begin(void) {
    wifi_init_config_t config = WIFI_INIT_CONFIG_DEFAULT();
    if (!credentials_open()) return false;
    radio_power_on();
    if (esp_netif_init() != ESP_OK || esp_event_loop_create_default() != ESP_OK) return false;
    if (esp_netif_create_default_wifi_sta() == NULL || esp_wifi_init(&config) != ESP_OK)
        return false;
    return esp_event_handler_register(WIFI_EVENT, ESP_EVENT_ANY_ID, on_wifi, NULL) == ESP_OK &&
           esp_event_handler_register(IP_EVENT, ESP_EVENT_ANY_ID, on_address, NULL) == ESP_OK &&
           esp_wifi_set_storage(WIFI_STORAGE_RAM) == ESP_OK &&
           esp_wifi_set_mode(WIFI_MODE_STA) == ESP_OK && esp_wifi_start() == ESP_OK;
}

const char *wifi_begin(void) {
    static bool tried;
    if (!tried) begun = begin();
    tried = true;
    return begun ? NULL : "no-memory";
}

void wifi_again(void) {
    if (state == NETWORK_FAILED || state == NETWORK_UP) state = NETWORK_TRYING;
}

void wifi_join(const char *ssid, const char *password) {
    wifi_config_t config;
    memset(&config, 0, sizeof config);
    memcpy(config.sta.ssid, ssid, strlen(ssid));
    memcpy(config.sta.password, password, strlen(password));
    /* Without a password, an open network; otherwise at least WPA2. */
    config.sta.threshold.authmode = password[0] == '\0' ? WIFI_AUTH_OPEN : WIFI_AUTH_WPA2_PSK;
    config.sta.pmf_cfg.capable = true;
    config.sta.sae_pwe_h2e = WPA3_SAE_PWE_BOTH;
    (void)esp_wifi_disconnect();
    state = NETWORK_TRYING;
    if (esp_wifi_set_config(WIFI_IF_STA, &config) == ESP_OK && esp_wifi_connect() == ESP_OK) return;
    why = "refused";
    state = NETWORK_FAILED;
    network_tell(NETWORK_WIFI_DOWN);
}

bool wifi_scan(void) { return esp_wifi_scan_start(NULL, false) == ESP_OK; }

void wifi_scan_stop(void) {
    (void)esp_wifi_scan_stop();
    (void)esp_wifi_clear_ap_list();
}

void wifi_heard(struct scan_list *list) {
    uint16_t count = SCAN_RECORDS;
    wifi_ap_record_t *records = malloc(SCAN_RECORDS * sizeof *records);
    list->count = 0;
    if (records == NULL || esp_wifi_scan_get_ap_records(&count, records) != ESP_OK) {
        (void)esp_wifi_clear_ap_list();
        count = 0;
    }
    for (uint32_t i = 0; i < count; i++) {
        const wifi_auth_mode_t mode = records[i].authmode;
        scan_add(list, (const char *)records[i].ssid, records[i].rssi,
                 mode != WIFI_AUTH_OPEN && mode != WIFI_AUTH_OWE);
    }
    free(records);
}

void wifi_state(struct network_status *status) {
    status->wifi = state;
    status->wifi_why = why;
}
