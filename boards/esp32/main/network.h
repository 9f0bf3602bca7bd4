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
void network_send(uint32_t channel, const uint8_t *bytes, uint32_t len);

/* --- for the console --- */

enum network_state { NETWORK_OFF, NETWORK_TRYING, NETWORK_UP, NETWORK_FAILED };

struct network_status {
    enum network_state wifi, mqtt;
    /* Why it failed, in one word. */
    const char *wifi_why, *mqtt_why;
};

struct network_status network_status(void);
/* Whether the radio may be used and the board has an owner. */
bool network_ready(void);
/* Leaves the access point, if any, and tries these credentials; network_status() has the result. */
void network_join(const char *ssid, const char *password);
/* Starts a scan; requires network_ready(). It takes at most 15 s. */
void network_scan(void);
/* The result of the scan; null while it runs. Empty if nothing was found or the scan failed. */
const struct scan_list *network_heard(void);

#endif
