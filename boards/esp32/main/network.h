/* The network: Wi-Fi station and MQTT session, in a task of their own, from the moment that the
 * host powers the radio. Before it nothing of Wi-Fi, lwIP or the event loop exists. Retries for
 * ever, with back-off; never restarts the board. Must not know the gate, or what messages mean. */
#ifndef NETWORK_H
#define NETWORK_H

#include <stdbool.h>
#include <stdint.h>

#include "scan_list.h"

/* Makes the task; it sleeps. */
void network_start(void);

/* --- the host's; none waits --- */

/* The radio may run from now on. */
void network_radio(void);
/* Puts a message (KS_CHANNEL) in the outbox; without room it is dropped, as a radio would. */
void network_send(uint32_t channel, const uint8_t *bytes, uint32_t len);

/* --- the console's --- */

enum network_state { NETWORK_OFF, NETWORK_TRYING, NETWORK_UP, NETWORK_FAILED };

struct network_status {
    enum network_state wifi, mqtt;
    /* Why it failed: one word. */
    const char *wifi_why, *mqtt_why;
};

struct network_status network_status(void);
/* Whether the radio may run and there is an owner to run it for. */
bool network_ready(void);
/* Leaves the access point, if any, and tries these credentials; network_status() tells. */
void network_join(const char *ssid, const char *password);
/* Begins to listen for access points, where network_ready(); at most 15 s. */
void network_scan(void);
/* What was heard; null while it listens. Nothing may be heard, or it could not listen. */
const struct scan_list *network_heard(void);

#endif
