/* Interfaces between the files of the network: task, joining, Wi-Fi, MQTT. All of it runs in the
 * network's task unless it says otherwise. */
#ifndef NETWORK_PARTS_H
#define NETWORK_PARTS_H

#include "credentials.h"
#include "image_format.h"
#include "network.h"

#define NETWORK_NEVER UINT32_MAX

/* Events, as bits of the task's notification. */
#define NETWORK_RADIO 1u
#define NETWORK_JOIN 2u
#define NETWORK_WIFI_JOINED 4u
#define NETWORK_WIFI_ADDRESS 8u
#define NETWORK_WIFI_NO_ADDRESS 16u
#define NETWORK_WIFI_DOWN 32u
#define NETWORK_MQTT_DOWN 64u
#define NETWORK_OUTBOX 128u
#define NETWORK_SCAN 256u
#define NETWORK_SCANNED 512u

/* Notifies the task. Called from any task. */
void network_tell(uint32_t bits);

/* The delay before the next attempt, in ms: random between half and all of a ceiling, which doubles
 * with
 * `*attempts` from 1 s to 30 s. Counts `*attempts`. */
uint32_t network_delay(uint32_t *attempts);

/* --- joining: network_join.c --- */

/* Joins with these credentials; leaves first what is joined. */
void join_begin(const struct improv_wifi *wifi, uint32_t request);
/* Takes the events of Wi-Fi. */
void join_events(uint32_t bits);
/* When join_due() has something to do, in ms; NETWORK_NEVER for never. */
extern uint32_t join_in;
void join_due(void);
bool join_up(void);
/* Wi-Fi could not be started, or there is nothing to join. */
void join_failed(const char *word);
/* Called from any task. */
void join_state(struct network_status *status);

/* --- Wi-Fi: network_wifi.c --- */

/* Starts Wi-Fi, once. Null, or why it cannot. */
const char *wifi_begin(void);
/* Begins to join; false if ESP-IDF refuses. */
bool wifi_join(const struct improv_wifi *wifi);
/* Ends a connection or an attempt. NETWORK_WIFI_DOWN follows, if there was one. */
void station_leave(void);
/* The reason of the last NETWORK_WIFI_DOWN. */
uint32_t station_reason(void);
/* Sets the transmit power, in 0.25 dBm. */
void station_power(int8_t power);
/* Starts a scan; false if it cannot start now, as while the station joins. NETWORK_SCANNED reports
 * its end. */
bool wifi_scan(void);
void wifi_scan_stop(void);
/* Fetches the result of the scan. */
void wifi_heard(struct scan_list *list);

/* --- MQTT: network_mqtt.c --- */

/* Opens a session, or opens it again after it went down. */
void mqtt_open(const struct owner *owner);
void mqtt_state(struct network_status *status);
/* Waits until the stack has taken the message; drops it if the session is down. */
void mqtt_publish(uint32_t principal, uint32_t channel, const uint8_t *bytes, uint32_t len);

#endif
