/* See provisioning.h. Credentials are tried before they are stored, so that a typing error does not
 * replace credentials that work. Where they cannot be tried (the switch is not at ON, or there is
 * no owner), they are stored, the answer is CANNOT_CONNECT, and a line of text says why. What joins
 * later than the answer is stored then. */
#include "provisioning.h"

#include <stdio.h>

#include "console_out.h"
#include "contacts.h"
#include "credentials.h"
#include "hal.h"
#include "host_interrupts.h"
#include "network.h"
#include "partitions.h"
#include "version.h"
#include "wifi_reason.h"

/* An answer is due within this: clients of Improv wait little longer. */
#define JOIN_MS 30000u
/* So many failed tries in a row are an answer earlier. */
#define TRIES_MAX 5u

/* What was given last, and its network_join(); it is tried, and not stored yet. */
static struct improv_wifi trying;
static uint32_t request;
static bool unsaved;
/* Somebody waits for the result; or for the networks of a scan. */
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

/* Credentials that work are replaced only with the user at the device: at KILL, or after a press of
 * the button. */
static bool allowed(void) {
    struct improv_wifi stored;
    return contacts_level() == CONTACTS_KILL || interrupts_pressed() || !credentials_load(&stored);
}

static void store_untried(void) {
    const bool saved = credentials_save(&trying);
    unsaved = false;
    send_error(IMPROV_CANNOT_CONNECT);
    if (!saved) console_answer("error nvs is full: credentials were not stored");
    else console_answer("stored, not tried: %s", why_not());
}

static void settings(const uint8_t *body, uint8_t len) {
    struct improv_wifi given;
    if (!improv_wifi(body, len, &given)) {
        send_error(IMPROV_INVALID_RPC);
        return;
    }
    if (!allowed()) {
        send_error(IMPROV_CANNOT_CONNECT);
        console_answer(
            "refused: the board has credentials: press its button, then send new ones within a "
            "minute; or put the switch to KILL first");
        return;
    }
    send_error(IMPROV_NO_ERROR);
    trying = given;
    if (!network_ready()) {
        store_untried();
        return;
    }
    joining = true;
    unsaved = true;
    since = hal_now();
    send_state(IMPROV_PROVISIONING);
    request = network_join(&trying);
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

static void joined(void) {
    const bool saved = credentials_save(&trying);
    unsaved = false;
    send_state(IMPROV_PROVISIONED);
    if (joining) send_result(IMPROV_WIFI_SETTINGS, NULL, 0);
    joining = false;
    if (!saved) console_answer("error nvs is full: credentials hold until the next restart");
}

/* Reports the failure and returns to the stored credentials. If there are none, goes on trying
 * these. */
static void failed(const struct network_status *status) {
    struct improv_wifi stored;
    const bool known = status->wifi == NETWORK_FAILED || status->wifi_tries > 0;
    joining = false;
    send_error(IMPROV_CANNOT_CONNECT);
    console_answer("not joined reason=%s code=%u tries=%u: %s",
                   known ? status->wifi_why : "no-result", (unsigned)status->wifi_reason,
                   (unsigned)status->wifi_tries,
                   known ? status->wifi_fix : join_cause(CAUSE_NO_RESULT)->fix);
    send_state(IMPROV_READY);
    if (!credentials_load(&stored)) return;
    unsaved = false;
    (void)network_join(&stored);
}

void provisioning_poll(void) {
    const struct scan_list *heard = listing ? network_heard() : NULL;
    if (heard != NULL) {
        listing = false;
        list(heard);
    }
    if (!joining && !unsaved) return;
    const struct network_status status = network_status();
    const bool ours = status.request == request;
    if (ours && status.wifi == NETWORK_UP) joined();
    else if (!joining) return;
    else if ((ours && status.wifi_tries >= TRIES_MAX) || hal_now() - since > JOIN_MS)
        failed(&status);
}
