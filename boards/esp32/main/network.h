/* The network: Wi-Fi station and MQTT session, in a task of their own. Nothing of Wi-Fi, lwIP or
 * the event loop is initialised before the host powers the radio. Retries without end, with
 * back-off; never restarts the board. */
#ifndef NETWORK_H
#define NETWORK_H

#include <stdbool.h>
#include <stdint.h>

#include "scan_list.h"

/* Creates the task; it sleeps until network_radio(). */
void network_start(void);

/* --- for the host; none waits --- */

/* The radio may be used from now on. */
void network_radio(void);
/* Queues a message (KS_CHANNEL); dropped without room. */
void network_send(uint32_t principal, uint32_t channel, const uint8_t *bytes, uint32_t len);

/* --- for the console --- */

enum network_state { NETWORK_OFF, NETWORK_TRYING, NETWORK_UP, NETWORK_FAILED };

struct network_status {
    enum network_state wifi, mqtt;
    /* Why it failed, in one word; and for Wi-Fi what to do. */
    const char *wifi_why, *mqtt_why, *wifi_fix;
    /* The last reason code (wifi_reason.h), and the failed tries in a row. */
    uint32_t wifi_reason, wifi_tries;
    /* The transmit power that was set, in 0.25 dBm; 0: the library's default. */
    int8_t wifi_power;
    /* The network_join() that the rest is about; 0: none yet. */
    uint32_t request;
};

struct network_status network_status(void);
/* Whether the radio may be used and the board has an owner. */
bool network_ready(void);
/* Leaves the access point, if any, and tries these credentials until others are given. Returns the
 * number by which network_status() reports the result. */
uint32_t network_join(const struct improv_wifi *wifi);
/* Starts a scan; requires network_ready(). It takes at most 15 s. */
void network_scan(void);
/* The result of the scan; null while it runs. Empty if nothing was found or the scan failed. */
const struct scan_list *network_heard(void);

#endif
