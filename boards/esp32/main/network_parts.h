/* Interfaces between the files of the network: task, Wi-Fi, MQTT. */
#ifndef NETWORK_PARTS_H
#define NETWORK_PARTS_H

#include "image_format.h"
#include "network.h"

/* Events, as bits of the task's notification. */
#define NETWORK_RADIO 1u
#define NETWORK_JOIN 2u
#define NETWORK_WIFI_UP 4u
#define NETWORK_WIFI_DOWN 8u
#define NETWORK_MQTT_DOWN 16u
#define NETWORK_OUTBOX 32u
#define NETWORK_SCAN 64u
#define NETWORK_SCANNED 128u

/* Notifies the task. */
void network_tell(uint32_t bits);

/* The delay before the next attempt, in ms: random between half and all of a ceiling, which doubles
 * with
 * `*attempts` from 1 s to 30 s. Counts `*attempts`. */
uint32_t network_delay(uint32_t *attempts);

/* Starts Wi-Fi, once. Null, or why it cannot. */
const char *wifi_begin(void);
/* Begins to join. */
void wifi_join(const char *ssid, const char *password);
void wifi_state(struct network_status *status);
/* Starts a scan; false if it cannot start now, as while the station joins. NETWORK_SCANNED reports
 * its end. */
bool wifi_scan(void);
void wifi_scan_stop(void);
/* Fetches the result of the scan. */
void wifi_heard(struct scan_list *list);
/* Forgets the result of the last join, because another begins. */
void wifi_again(void);

/* Opens a session, or opens it again after it went down. */
void mqtt_open(const struct owner *owner);
void mqtt_state(struct network_status *status);
/* Waits until the stack has taken the message; drops it if the session is down. */
void mqtt_publish(uint32_t channel, const uint8_t *bytes, uint32_t len);

#endif
