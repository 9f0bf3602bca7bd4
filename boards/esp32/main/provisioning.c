/* See provisioning.h. Credentials are tried before they are stored, so that a typing error does not
 * replace credentials that work. Where they cannot be tried (the switch is not at ON, or there is
 * no owner), they are stored, the answer is CANNOT_CONNECT, and a line of text says why. */
#include "provisioning.h"

#include <stdio.h>

#include "console_out.h"
#include "credentials.h"
#include "hal.h"
#include "network.h"
#include "partitions.h"
#include "version.h"

#define JOIN_MS 30000u

static struct improv_wifi trying;
static bool joining, listing;
static uint32_t since;

static void send(enum improv_type type, const uint8_t *data, uint8_t len) {
    uint8_t frame[IMPROV_FRAME_MAX];
    console_bytes(frame, improv_frame(frame, type, data, len));
}

static void send_state(enum improv_state state) {
    const uint8_t data = (uint8_t)state;
    send(IMPROV_STATE, &data, 1);
}

static void send_error(enum improv_error error) {
    const uint8_t data = (uint8_t)error;
    send(IMPROV_ERROR, &data, 1);
}

static void send_result(uint8_t command, const char *const *texts, uint32_t count) {
    uint8_t data[IMPROV_DATA_MAX];
    const uint8_t len = improv_result(data, command, texts, count);
    if (len > 0) send(IMPROV_RESULT, data, len);
}

/* Why the radio cannot be used; the network is not ready. */
static const char *why_not(void) {
    const char *refused;
    return owner_partition(&refused) == NULL ? "there is no owner: killswitch flash --keys"
                                             : "the switch is not at ON";
}

static enum improv_state state_now(void) {
    if (joining) return IMPROV_PROVISIONING;
    return network_status().wifi == NETWORK_UP ? IMPROV_PROVISIONED : IMPROV_READY;
}

static void settings(const uint8_t *body, uint8_t len) {
    if (!improv_wifi(body, len, &trying)) {
        send_error(IMPROV_INVALID_RPC);
        return;
    }
    send_error(IMPROV_NO_ERROR);
    if (network_ready()) {
        joining = true;
        since = hal_now();
        send_state(IMPROV_PROVISIONING);
        network_join(trying.ssid, trying.password);
        return;
    }
    const bool saved = credentials_save(&trying);
    send_error(IMPROV_CANNOT_CONNECT);
    if (!saved) console_answer("error nvs is full: credentials were not stored");
    else console_answer("stored, not tried: %s", why_not());
}

/* Sends one result for each network, and one without texts that ends the list. */
static void list(const struct scan_list *heard) {
    for (uint32_t i = 0; i < heard->count; i++) {
        const struct scan_network *network = &heard->networks[i];
        char rssi[8];
        (void)snprintf(rssi, sizeof rssi, "%d", network->rssi);
        const char *const texts[] = {network->ssid, rssi, network->locked ? "YES" : "NO"};
        send_result(IMPROV_SCAN, texts, sizeof texts / sizeof *texts);
    }
    send_result(IMPROV_SCAN, NULL, 0);
}

static void scan(void) {
    if (network_ready()) {
        if (!listing) network_scan();
        listing = true;
        return;
    }
    send_result(IMPROV_SCAN, NULL, 0);
    console_answer("no scan: %s", why_not());
}

void provisioning_frame(enum improv_type type, const uint8_t *data, uint8_t len) {
    uint8_t command, body_len;
    const uint8_t *body;
    if (type != IMPROV_RPC) return;
    if (!improv_rpc(data, len, &command, &body, &body_len)) {
        send_error(IMPROV_INVALID_RPC);
        return;
    }
    if (command == IMPROV_WIFI_SETTINGS) settings(body, body_len);
    else if (command == IMPROV_GET_STATE) {
        send_state(state_now());
        if (state_now() == IMPROV_PROVISIONED) send_result(IMPROV_GET_STATE, NULL, 0);
    } else if (command == IMPROV_DEVICE_INFO) {
        const char *refused;
        const struct owner *owner = owner_partition(&refused);
        const char *const texts[] = {"killswitch", VERSION_TEXT, VERSION_CHIP,
                                     owner == NULL ? "unowned" : owner->device};
        send_result(IMPROV_DEVICE_INFO, texts, sizeof texts / sizeof *texts);
    } else if (command == IMPROV_SCAN) scan();
    else send_error(IMPROV_UNKNOWN_RPC);
}

void provisioning_broken(void) { send_error(IMPROV_INVALID_RPC); }

void provisioning_greet(void) {
    const char *refused;
    if (owner_partition(&refused) == NULL)
        console_answer("owner none reason=%s: no keys, no network: killswitch provision", refused);
}

bool provisioning_line(const char *line) {
    (void)line;
    return false;
}

/* Returns to the stored credentials, if there are any. */
static void failed(void) {
    struct improv_wifi stored;
    joining = false;
    send_error(IMPROV_CANNOT_CONNECT);
    send_state(IMPROV_READY);
    if (credentials_load(&stored)) network_join(stored.ssid, stored.password);
}

void provisioning_poll(void) {
    const struct scan_list *heard = listing ? network_heard() : NULL;
    if (heard != NULL) {
        listing = false;
        list(heard);
    }
    if (!joining) return;
    const struct network_status status = network_status();
    if (status.wifi == NETWORK_UP) {
        joining = false;
        const bool saved = credentials_save(&trying);
        send_state(IMPROV_PROVISIONED);
        send_result(IMPROV_WIFI_SETTINGS, NULL, 0);
        if (!saved) console_answer("error nvs is full: credentials hold until the next restart");
    } else if (status.wifi == NETWORK_FAILED || hal_now() - since > JOIN_MS) failed();
}
