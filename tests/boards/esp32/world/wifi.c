/* Wi-Fi station, access points, DHCP and router advertisements behind ESP-IDF's interface. Events
 * come late and in order, as from ESP-IDF's event task. Behaviour as in ESP-IDF's "Wi-Fi Driver"
 * guide. */
#include <string.h>

#include "world.h"

#define ESP_ERR_WIFI_STATE 0x3006
#define ESP_ERR_WIFI_CONN 0x3007
#define EVENTS 32u
#define SCAN_US 2400000u
#define CHANNEL_US 120000u
#define JOIN_US 150000u
#define HANDSHAKE_US 4000000u
#define AUTH_US 1000000u
#define DHCP_US 900000u
#define ADVERTISEMENT_US 1200000u
#define BEACONS_US 6000000u
#define STA_BYTES 38000u

esp_event_base_t const WIFI_EVENT = "WIFI_EVENT";
esp_event_base_t const IP_EVENT = "IP_EVENT";

static struct {
    uint64_t at;
    int32_t id;
    bool ip;
    uint32_t reason;
    int32_t joined; /* the access point that is then joined; -1: none */
} events[EVENTS];
static uint32_t event_count;
static esp_event_handler_t on_wifi, on_ip;
static bool started, connecting, scanning, linklocal;
static int32_t associated = -1;
static bool address, address6;
static wifi_sta_config_t sta;
static int power = 80;
static char country[3] = "01";

static void later(uint64_t us, bool ip, int32_t id, uint32_t reason, int32_t joined) {
    if (event_count == EVENTS) world_panic("too many events");
    uint32_t at = event_count++;
    /* Sorted by time; events of the same time stay in order. */
    for (; at > 0 && events[at - 1].at > world->now + us; at--) events[at] = events[at - 1];
    events[at].at = world->now + us;
    events[at].ip = ip;
    events[at].id = id;
    events[at].reason = reason;
    events[at].joined = joined;
}

static void forget(bool ip, int32_t id) {
    uint32_t kept = 0;
    for (uint32_t i = 0; i < event_count; i++)
        if (events[i].ip != ip || events[i].id != id) events[kept++] = events[i];
    event_count = kept;
}

/* --- the air --- */

static bool heard(const struct world_ap *ap) {
    if (!ap->used || !ap->on) return false;
    /* In world safe mode channels 12 and 13 are only listened on: a hidden name is not asked for.
     */
    return !ap->hidden || ap->channel <= 11 || strcmp(country, "01") != 0;
}

static bool named(const struct world_ap *ap) {
    uint32_t len = 0;
    while (len < sizeof sta.ssid && sta.ssid[len] != 0) len++;
    return ap->ssid_len == len && memcmp(ap->ssid, sta.ssid, len) == 0;
}

static bool too_weak(const struct world_ap *ap) {
    return sta.threshold.authmode != WIFI_AUTH_OPEN && ap->auth < sta.threshold.authmode;
}

/* The access point that would be joined, or -1 and the reason. */
static int32_t choose(uint32_t *reason) {
    int32_t best = -1;
    *reason = WIFI_REASON_NO_AP_FOUND;
    for (uint32_t i = 0; i < WORLD_APS; i++) {
        const struct world_ap *ap = &world->aps[i];
        if (!heard(ap) || !named(ap)) continue;
        if (ap->enterprise || too_weak(ap)) {
            if (best < 0) *reason = ap->enterprise ? 210 : 211;
            continue;
        }
        const struct world_ap *other = best < 0 ? NULL : &world->aps[best];
        const bool better = other == NULL || (sta.scan_method == WIFI_ALL_CHANNEL_SCAN
                                                  ? ap->rssi > other->rssi
                                                  : ap->channel < other->channel);
        if (better) best = (int32_t)i;
    }
    return best;
}

static bool password_good(const struct world_ap *ap) {
    if (ap->auth == WIFI_AUTH_OPEN) return sta.password[0] == 0;
    return strncmp((const char *)ap->password, (const char *)sta.password, sizeof sta.password) ==
           0;
}

esp_err_t esp_wifi_connect(void) {
    uint32_t reason;
    if (!started || connecting || associated >= 0) return ESP_ERR_WIFI_CONN;
    connecting = true;
    const int32_t found = choose(&reason);
    struct world_ap *ap = &world->aps[found < 0 ? 0 : found];
    const uint64_t scan =
        found >= 0 && sta.scan_method == WIFI_FAST_SCAN ? ap->channel * CHANNEL_US : SCAN_US;
    world_say("wifi connect power=%d country=%s", power, country);
    world->tries++;
    if (found < 0) later(scan, false, WIFI_EVENT_STA_DISCONNECTED, reason, -1);
    else if (power > ap->loudest) later(scan + AUTH_US, false, WIFI_EVENT_STA_DISCONNECTED, 2, -1);
    else if (ap->refusals > 0) {
        ap->refusals--;
        later(scan + AUTH_US, false, WIFI_EVENT_STA_DISCONNECTED, ap->reason, -1);
    } else if (!password_good(ap))
        later(scan + HANDSHAKE_US, false, WIFI_EVENT_STA_DISCONNECTED, 15, -1);
    else later(scan + JOIN_US, false, WIFI_EVENT_STA_CONNECTED, 0, found);
    return ESP_OK;
}

static void down(void) {
    if (address) world->up_total += world->now - world->up_since;
    connecting = false;
    associated = -1;
    address = false;
    address6 = false;
    forget(true, IP_EVENT_STA_GOT_IP);
    forget(true, IP_EVENT_GOT_IP6);
    forget(false, WIFI_EVENT_STA_CONNECTED);
}

esp_err_t esp_wifi_disconnect(void) {
    if (!connecting && associated < 0) return ESP_OK;
    if (connecting) forget(false, WIFI_EVENT_STA_DISCONNECTED);
    down();
    mqtt_lost();
    later(1000, false, WIFI_EVENT_STA_DISCONNECTED, WIFI_REASON_ASSOC_LEAVE, -1);
    return ESP_OK;
}

void wifi_kick(uint32_t ap, uint32_t reason) {
    if (associated != (int32_t)ap) return;
    mqtt_lost();
    later(0, false, WIFI_EVENT_STA_DISCONNECTED, reason, -1);
}

void wifi_ap_changed(uint32_t ap) {
    if (associated != (int32_t)ap) return;
    if (!world->aps[ap].on) {
        mqtt_lost();
        later(BEACONS_US, false, WIFI_EVENT_STA_DISCONNECTED, WIFI_REASON_BEACON_TIMEOUT, -1);
    } else if (world->aps[ap].dhcp && !address) later(DHCP_US, true, IP_EVENT_STA_GOT_IP, 0, -1);
}

bool wifi_has_address(bool ipv6) { return ipv6 ? address6 : address; }

bool wifi_reaches(bool ipv6) {
    return associated >= 0 && world->aps[associated].on && wifi_has_address(ipv6);
}

static void joined(int32_t ap) {
    connecting = false;
    associated = ap;
    world->associations++;
    world_say("wifi associated bssid=%u", world->aps[ap].bssid);
    if (world->aps[ap].dhcp) later(DHCP_US, true, IP_EVENT_STA_GOT_IP, 0, -1);
}

uint64_t wifi_due(void) { return event_count == 0 ? WORLD_NEVER : events[0].at; }

static void got_address(bool ipv6) {
    if (!address && !address6) world->up_since = world->now;
    if (ipv6) address6 = true;
    else address = true;
    world_say("wifi address%s", ipv6 ? " ipv6" : "");
}

void wifi_fire(void) {
    const int32_t id = events[0].id;
    const bool ip = events[0].ip;
    const uint32_t reason = events[0].reason;
    const int32_t ap = events[0].joined;
    memmove(events, events + 1, --event_count * sizeof *events);
    if (ip) {
        ip_event_got_ip6_t got6 = {.ip6_info.ip.addr = {0xfd}};
        got_address(id == IP_EVENT_GOT_IP6);
        if (on_ip != NULL) on_ip(NULL, IP_EVENT, id, &got6);
        return;
    }
    wifi_event_sta_disconnected_t event = {.reason = (uint8_t)reason};
    if (id == WIFI_EVENT_STA_CONNECTED) joined(ap);
    else if (id == WIFI_EVENT_SCAN_DONE) scanning = false;
    else if (reason != WIFI_REASON_ASSOC_LEAVE || associated >= 0) {
        down();
        mqtt_lost();
        world_say("wifi disconnected reason=%u", reason);
    }
    if (on_wifi != NULL) on_wifi(NULL, WIFI_EVENT, id, &event);
}

/* --- the rest of the interface --- */

esp_err_t esp_event_loop_create_default(void) { return ESP_OK; }

esp_err_t esp_event_handler_register(esp_event_base_t base, int32_t id, esp_event_handler_t handler,
                                     void *argument) {
    (void)id, (void)argument;
    if (base == WIFI_EVENT) on_wifi = handler;
    else on_ip = handler;
    return ESP_OK;
}

esp_err_t esp_netif_init(void) { return ESP_OK; }
esp_netif_t *esp_netif_create_default_wifi_sta(void) { return (esp_netif_t *)&sta; }

esp_err_t esp_netif_create_ip6_linklocal(esp_netif_t *netif) {
    (void)netif;
    linklocal = true;
    if (associated >= 0 && world->aps[associated].ipv6)
        later(ADVERTISEMENT_US, true, IP_EVENT_GOT_IP6, 0, -1);
    return ESP_OK;
}

esp_ip6_addr_type_t esp_netif_ip6_get_addr_type(esp_ip6_addr_t *given) {
    return given->addr[0] == 0xfd ? ESP_IP6_ADDR_IS_UNIQUE_LOCAL : ESP_IP6_ADDR_IS_LINK_LOCAL;
}

esp_err_t esp_wifi_init(const wifi_init_config_t *config) {
    (void)config;
    return world_alloc(STA_BYTES) == NULL ? ESP_FAIL : ESP_OK;
}

esp_err_t esp_wifi_set_storage(wifi_storage_t storage) {
    (void)storage;
    return ESP_OK;
}

esp_err_t esp_wifi_set_mode(wifi_mode_t mode) {
    (void)mode;
    return ESP_OK;
}

esp_err_t esp_wifi_set_config(wifi_interface_t interface, wifi_config_t *config) {
    (void)interface;
    if (connecting) return ESP_ERR_WIFI_STATE;
    sta = config->sta;
    return ESP_OK;
}

esp_err_t esp_wifi_start(void) {
    started = true;
    return ESP_OK;
}

esp_err_t esp_wifi_set_max_tx_power(int8_t given) {
    if (!started || given < 8 || given > 84) return ESP_FAIL;
    power = given;
    return ESP_OK;
}

esp_err_t esp_wifi_set_country_code(const char *given, bool ieee80211d) {
    (void)ieee80211d;
    if (strlen(given) != 2) return ESP_FAIL;
    memcpy(country, given, sizeof country);
    return ESP_OK;
}

esp_err_t esp_wifi_scan_start(const wifi_scan_config_t *config, bool wait) {
    (void)config, (void)wait;
    if (!started || connecting || scanning) return ESP_ERR_WIFI_STATE;
    scanning = true;
    later(SCAN_US, false, WIFI_EVENT_SCAN_DONE, 0, -1);
    return ESP_OK;
}

esp_err_t esp_wifi_scan_stop(void) {
    if (scanning) forget(false, WIFI_EVENT_SCAN_DONE);
    scanning = false;
    return ESP_OK;
}

esp_err_t esp_wifi_clear_ap_list(void) { return ESP_OK; }

esp_err_t esp_wifi_scan_get_ap_records(uint16_t *count, wifi_ap_record_t *records) {
    uint16_t found = 0;
    for (uint32_t i = 0; i < WORLD_APS && found < *count; i++) {
        const struct world_ap *ap = &world->aps[i];
        if (!heard(ap)) continue;
        wifi_ap_record_t *record = &records[found++];
        memset(record, 0, sizeof *record);
        if (!ap->hidden) memcpy(record->ssid, ap->ssid, ap->ssid_len);
        record->rssi = (int8_t)ap->rssi;
        record->authmode = ap->auth;
    }
    *count = found;
    return ESP_OK;
}
