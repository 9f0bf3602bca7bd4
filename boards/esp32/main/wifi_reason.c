/* See wifi_reason.h. Sources: ESP-IDF Programming Guide, "Wi-Fi Reason Code"; IEEE 802.11, table
 * 9-49. */
#include "wifi_reason.h"

#include <stdbool.h>

#include "esp_wifi.h"

/* Newer than the oldest ESP-IDF that this builds with. */
#define NO_COMPATIBLE_SECURITY 210u
#define BELOW_AUTHMODE 211u
#define BELOW_RSSI 212u

enum cause {
    OTHER,
    ABSENT,
    OLD_SECURITY,
    SECURITY,
    WEAK,
    NO_ANSWER,
    PASSWORD,
    REJECTED,
    FULL,
    REFUSED,
    LOST,
    ADDRESS,
    NO_RESULT
};

static const struct wifi_cause causes[] = {
    [OTHER] = {"disconnected", "the access point ended the connection; the board tries again"},
    [ABSENT] = {"no-access-point",
                "check the name, capital letters too; the board hears 2.4 GHz only, and "
                "hidden names on channels 12 and 13 only with wifi-country set"},
    [OLD_SECURITY] = {"old-security",
                      "the access point offers less than WPA2: set it to WPA2 or WPA3"},
    [SECURITY] = {"security", "set the access point to WPA2 or WPA3 Personal with AES (CCMP)"},
    [WEAK] = {"weak-signal", "move the board closer to the access point"},
    [NO_ANSWER] = {"no-answer",
                   "the access point does not answer: move closer, try wifi-power 8, or look for "
                   "a list of allowed devices on it"},
    [PASSWORD] = {"wrong-password", "type the password again, capital letters count"},
    [REJECTED] = {"rejected",
                  "check the password, and the list of allowed devices on the access point"},
    [FULL] = {"full", "too many devices on the access point: remove one"},
    [REFUSED] = {"refused", "the access point refused the board: restart it, or look at its log"},
    [LOST] = {"lost", "the access point is not heard any more; the board tries again"},
    [ADDRESS] = {"no-address", "joined, but no address came: is DHCP on at the router?"},
    [NO_RESULT] = {"no-result", "the access point neither accepted nor refused in time: try again"},
};

static enum cause cause_of(uint32_t reason) {
    switch (reason) {
    case WIFI_REASON_NO_AP_FOUND: return ABSENT;
    case BELOW_AUTHMODE: return OLD_SECURITY;
    case NO_COMPATIBLE_SECURITY:
    case WIFI_REASON_IE_INVALID:
    case WIFI_REASON_802_1X_AUTH_FAILED: return SECURITY;
    case BELOW_RSSI: return WEAK;
    case WIFI_REASON_AUTH_EXPIRE: return NO_ANSWER;
    case WIFI_REASON_MIC_FAILURE:
    case WIFI_REASON_4WAY_HANDSHAKE_TIMEOUT:
    case WIFI_REASON_HANDSHAKE_TIMEOUT: return PASSWORD;
    case WIFI_REASON_AUTH_FAIL: return REJECTED;
    case WIFI_REASON_ASSOC_TOOMANY: return FULL;
    case WIFI_REASON_ASSOC_FAIL:
    case WIFI_REASON_CONNECTION_FAIL: return REFUSED;
    case WIFI_REASON_BEACON_TIMEOUT: return LOST;
    case CAUSE_NO_ADDRESS: return ADDRESS;
    case CAUSE_NO_RESULT: return NO_RESULT;
    default: return OTHER;
    }
}

const struct wifi_cause *join_cause(uint32_t reason) {
    const bool cipher =
        reason >= WIFI_REASON_IE_IN_4WAY_DIFFERS && reason <= WIFI_REASON_CIPHER_SUITE_REJECTED;
    const enum cause cause = cause_of(reason);
    return &causes[cause == OTHER && cipher ? SECURITY : cause];
}
