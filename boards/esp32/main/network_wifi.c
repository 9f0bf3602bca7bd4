/* The Wi-Fi station of ESP-IDF: start, connection, scan, settings. Its events become bits of the
 * network's task. */
#include <stdlib.h>
#include <string.h>

#include "credentials.h"
#include "esp_event.h"
#include "esp_netif.h"
#include "esp_wifi.h"
#include "flash_busy.h"
#include "network_parts.h"
#include "radio_power.h"

/* How many records of a scan are fetched, strongest first. */
#define SCAN_RECORDS 24u

static esp_netif_t *netif;
static bool begun;
static volatile uint32_t last_reason;

/* In ESP-IDF's event task. */
static void on_wifi(void *unused, esp_event_base_t base, int32_t id, void *data) {
    (void)unused, (void)base;
    if (id == WIFI_EVENT_SCAN_DONE) network_tell(NETWORK_SCANNED);
    else if (id == WIFI_EVENT_STA_CONNECTED) {
        /* IPv6: a link-local address first; router advertisements bring the others. */
        (void)esp_netif_create_ip6_linklocal(netif);
        network_tell(NETWORK_WIFI_JOINED);
    } else if (id == WIFI_EVENT_STA_DISCONNECTED) {
        const wifi_event_sta_disconnected_t *event = data;
        last_reason = event->reason;
        network_tell(NETWORK_WIFI_DOWN);
    }
}

/* Whether an IPv6 address reaches beyond the link. */
static bool routable(ip_event_got_ip6_t *event) {
    const esp_ip6_addr_type_t type = esp_netif_ip6_get_addr_type(&event->ip6_info.ip);
    return type == ESP_IP6_ADDR_IS_GLOBAL || type == ESP_IP6_ADDR_IS_UNIQUE_LOCAL;
}

static void on_address(void *unused, esp_event_base_t base, int32_t id, void *data) {
    (void)unused, (void)base;
    if (id == IP_EVENT_STA_GOT_IP || (id == IP_EVENT_GOT_IP6 && routable(data)))
        network_tell(NETWORK_WIFI_ADDRESS);
    else if (id == IP_EVENT_STA_LOST_IP) network_tell(NETWORK_WIFI_NO_ADDRESS);
}

/* The first start stores the calibration of the radio. */
static bool start(void) {
    flash_busy_begin();
    const bool started = esp_wifi_start() == ESP_OK;
    flash_busy_end();
    return started;
}

static bool begin(void) {
    wifi_init_config_t config = WIFI_INIT_CONFIG_DEFAULT();
    char country[CREDENTIALS_COUNTRY];
    if (!credentials_open()) return false;
    radio_power_on();
    if (esp_netif_init() != ESP_OK || esp_event_loop_create_default() != ESP_OK) return false;
    netif = esp_netif_create_default_wifi_sta();
    if (netif == NULL || esp_wifi_init(&config) != ESP_OK) return false;
    credentials_country(country);
    /* The access point's own country information takes precedence while joined (802.11d). An
     * unknown code leaves the default. */
    (void)esp_wifi_set_country_code(country, true);
    return esp_event_handler_register(WIFI_EVENT, ESP_EVENT_ANY_ID, on_wifi, NULL) == ESP_OK &&
           esp_event_handler_register(IP_EVENT, ESP_EVENT_ANY_ID, on_address, NULL) == ESP_OK &&
           esp_wifi_set_storage(WIFI_STORAGE_RAM) == ESP_OK &&
           esp_wifi_set_mode(WIFI_MODE_STA) == ESP_OK && start();
}

const char *wifi_begin(void) {
    static bool tried;
    if (!tried) begun = begin();
    tried = true;
    return begun ? NULL : "no-memory";
}

bool wifi_join(const struct improv_wifi *wifi) {
    wifi_config_t config;
    memset(&config, 0, sizeof config);
    memcpy(config.sta.ssid, wifi->ssid, strlen(wifi->ssid));
    memcpy(config.sta.password, wifi->password, strlen(wifi->password));
    /* Without a password, an open network; otherwise at least WPA2. */
    config.sta.threshold.authmode = wifi->password[0] == '\0' ? WIFI_AUTH_OPEN : WIFI_AUTH_WPA2_PSK;
    config.sta.pmf_cfg.capable = true;
    config.sta.sae_pwe_h2e = WPA3_SAE_PWE_BOTH;
    /* The strongest access point of the name, and not the first that is heard. */
    config.sta.scan_method = WIFI_ALL_CHANNEL_SCAN;
    config.sta.sort_method = WIFI_CONNECT_AP_BY_SIGNAL;
    return esp_wifi_set_config(WIFI_IF_STA, &config) == ESP_OK && esp_wifi_connect() == ESP_OK;
}

void station_leave(void) { (void)esp_wifi_disconnect(); }

uint32_t station_reason(void) { return last_reason; }

void station_power(int8_t power) { (void)esp_wifi_set_max_tx_power(power); }

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
